/** A real `towpath listen` as a process of its own, which tests kill, pause and read. */
import { startTowpath } from '../../support/command-line.ts';
import { eventually } from '../harness/eventually.ts';

export interface ListenerProcess {
  readonly pid: number;
  /** All that it has written so far. */
  output(): string;
  signal(signal: NodeJS.Signals): void;
  /** Sends a signal and waits for its end; answers the exit code, null where the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

export async function startListenerProcess(words: readonly string[]): Promise<ListenerProcess> {
  const child = startTowpath(['listen', '--json', ...words]);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  await eventually('the listener to listen', () => {
    if (isOver) throw new Error(`it ended with ${child.exitCode}:\n${output}`);
    return /"Listening"|"Standing by"/.test(output);
  });
  return {
    pid: child.pid ?? 0,
    output: () => output,
    signal: (signal) => {
      if (!isOver) child.kill(signal);
    },
    end: (signal) => {
      if (!isOver) child.kill(signal);
      return ended;
    },
  };
}
