#!/usr/bin/env node
/** The command line: one command runs, and a failure becomes one message and an exit code. */
import { CommanderError } from 'commander';
import { failureText } from './failure-text.ts';
import { outliveReaders } from './output.ts';
import { towpath } from './program.ts';
import { standWhereStarted } from './start-folder.ts';

outliveReaders();
standWhereStarted();
process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
  try {
    const program = towpath();
    await program.parseAsync(words, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // Commander has already said what is wrong, or has shown the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode;
    process.stderr.write(`${failureText(error)}\n`);
    return 1;
  }
}
