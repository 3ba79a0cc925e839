/** Starts an installed `towpath dev`, asks it something, and stops it. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DevFile } from '../../src/cli/dev/dev-file.ts';
import { eventually } from '../support/dev-process.ts';

export async function startInstalled(
  program: string,
  folder: string,
): Promise<{ answered: number; code: number | null }> {
  const data = join(folder, 'data');
  const child = spawn(program, ['dev', '--port', '0', '--data', data], { cwd: folder, stdio: 'ignore' });
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  const file = await eventually('dev.json', async () =>
    readFile(join(data, 'dev.json'), 'utf8').then(
      (text) => JSON.parse(text) as DevFile,
      () => null,
    ),
  );
  const { status } = await fetch(`${file.url}/v2/deployments`, { headers: { 'X-Api-Key': file.apiKey } });
  child.kill('SIGTERM');
  return { answered: status, code: await ended };
}
