/** Fills a folder of the cache once a machine. */
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A mark is written last, so that what broke off is done again. A venv cannot be moved, so it is made in its place. */
export function once(folder: string, make: (folder: string) => void): void {
  const mark = join(folder, '.complete');
  if (existsSync(mark)) return;
  rmSync(folder, { recursive: true, force: true });
  make(folder);
  writeFileSync(`${mark}.new`, '');
  renameSync(`${mark}.new`, mark);
}
