/** `npm start`, the first line of the README: what stops npm stops everything. */
import { spawn } from 'node:child_process';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { projectFolder } from '../support/command-line.ts';
import { eventually } from '../support/dev-process.ts';
import { temporaryFolder } from '../support/temp.ts';

it('starts everything, and leaves nothing running when npm alone is told to stop', async () => {
  const data = join(await temporaryFolder('npm-start'), 'data');
  const words = ['start', '--', '--port', '0', '--data', data];
  const child = spawn('npm', words, { cwd: projectFolder, stdio: ['ignore', 'pipe', 'ignore'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const ended = new Promise<number | null>((done) => child.on('close', done));
  await eventually('towpath dev is ready', async () => (output.includes('is ready') ? true : null));
  const url = /http:\/\/127\.0\.0\.1:[0-9]+/.exec(output)?.[0] ?? '';

  child.kill('SIGTERM');

  expect(await ended).toBe(0);
  await expect(fetch(url)).rejects.toThrow();
  await expect(access(join(data, 'dev.json'))).rejects.toThrow();
});
