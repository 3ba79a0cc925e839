/** The version of this installation, from its package.json. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The package's folder, the same number of steps up from `src/cli` and from `dist/cli`. */
export const packageFolder = join(import.meta.dirname, '..', '..');

export function version(): string {
  const text = readFileSync(join(packageFolder, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
