/** The configuration of a `towpath dev` that runs here, so that commands beside it need none of their own. */
import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** Where `towpath dev` keeps everything unless it is told otherwise. */
const dataFolder = '.towpath';

/** What every command takes where no other file is named. */
export const defaultConfiguration = 'towpath.yaml';

/** In this folder or one around it; null where none runs. `dev.json` is there exactly while it does. */
export function configurationOfRunningDev(from: string = process.cwd()): string | null {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const data = join(folder, dataFolder);
    const path = join(data, defaultConfiguration);
    if (existsSync(join(data, 'dev.json')) && existsSync(path)) return relative(from, path) || path;
    if (folder === dirname(folder)) return null;
  }
}
