/** Asks a person on the terminal; where there is none, only `--yes` goes on. */
import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import { TowpathError } from '../../domain/failure.ts';

interface Terminal {
  readonly input: Readable;
  readonly output: Writable;
  readonly isTerminal: boolean;
}

export interface Question {
  /** Such as `release "chat"`. */
  readonly action: string;
  readonly question: string;
}

/** Questions go to standard error: standard output may be a program's. */
export function processTerminal(): Terminal {
  const isTerminal = process.stdin.isTTY === true && process.stderr.isTTY === true;
  return { input: process.stdin, output: process.stderr, isTerminal };
}

export async function confirmed({ action, question }: Question, terminal: Terminal): Promise<boolean> {
  if (!terminal.isTerminal) {
    const message = `Cannot ${action} unasked: standard input is no terminal; look at what it would do, and run it again with --yes`;
    throw new TowpathError('terminal', 'NotConfirmed', message);
  }
  const reader = createInterface({ input: terminal.input, output: terminal.output });
  // Ctrl-C and Ctrl-D leave the question as it stands, and what is said next on its line.
  const closed = new Promise<string>((done) => reader.once('close', () => done('\n')));
  try {
    const answer = await Promise.race([reader.question(`${question} [y/N] `), closed]);
    if (answer === '\n') terminal.output.write(answer);
    return /^y(?:es)?$/i.test(answer.trim());
  } finally {
    reader.close();
  }
}
