/** Runs `towpath` as its users do: a process of its own. */
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';

export const projectFolder = resolve(import.meta.dirname, '../..');
const entry = join(projectFolder, 'src/cli/towpath.cjs');

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export function startTowpath(words: readonly string[], options: RunOptions = {}) {
  return spawn(process.execPath, [entry, ...words], {
    cwd: options.cwd ?? projectFolder,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

export async function runTowpath(words: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const child = startTowpath(words, options);
  const stdout = child.stdout.setEncoding('utf8').toArray();
  const stderr = child.stderr.setEncoding('utf8').toArray();
  const code = await new Promise<number | null>((done) => child.on('close', done));
  return { code, stdout: (await stdout).join(''), stderr: (await stderr).join('') };
}
