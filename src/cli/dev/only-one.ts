/** A data folder has one `towpath dev`: the second is told where the first one answers. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TowpathError } from '../../domain/failure.ts';
import { type DevFile, devFileName } from './dev-file.ts';

const patienceMs = 5_000;

/** Throws where one answers; a note that a killed one has left behind is none. */
export async function refuseSecond(dataFolder: string): Promise<void> {
  const url = await urlIn(dataFolder);
  if (url === null || !(await answers(url))) return;
  const message =
    `Cannot start: "towpath dev" is already running at ${url}, with its data in "${dataFolder}"; use that one, ` +
    'or start another with --data and --port';
  throw new TowpathError('terminal', 'AlreadyRunning', message);
}

export function alreadyStarting(data: string): TowpathError {
  const message = `Cannot start: another "towpath dev" is just starting or stopping with its data in "${data}"; wait for it, or name another folder with --data`;
  return new TowpathError('terminal', 'AlreadyRunning', message);
}

async function urlIn(dataFolder: string): Promise<string | null> {
  try {
    const { url } = JSON.parse(await readFile(join(dataFolder, devFileName), 'utf8')) as Partial<DevFile>;
    return typeof url === 'string' ? url : null;
  } catch {
    return null;
  }
}

/** Whoever listens there now may be somebody else, who does not know this call. */
async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/towpath/v1/info`, { signal: AbortSignal.timeout(patienceMs) });
    await response.body?.cancel();
    return response.ok || response.status === 401;
  } catch {
    return false;
  }
}
