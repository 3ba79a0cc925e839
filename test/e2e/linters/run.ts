/** Runs a linter to its end; that it has found something is no failure. */
import { execFile } from 'node:child_process';

/** The codes by which linters say that they found something: 1, and kube-score's and conftest's 2. */
const found = new Set([0, 1, 2]);

export async function run(program: string, args: readonly string[]): Promise<string> {
  // Nothing of this machine's settings, so that no linter reads a configuration that nobody has listed.
  const env = { PATH: process.env['PATH'], HOME: '/nonexistent', LANG: 'C.UTF-8' };
  return await new Promise((done, fail) => {
    execFile(program, [...args], { env, maxBuffer: 256 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (!error || (found.has(Number(error.code)) && stdout !== '')) done(stdout);
      else fail(new Error(`Cannot run ${program}: ${stderr.trim().slice(-2_000) || error.message}`));
    });
  });
}
