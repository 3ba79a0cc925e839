/** Where the harness keeps things: built programs in the user's cache, outside the checkout. */
import { homedir } from 'node:os';
import { join } from 'node:path';

export const modulesFolder = join(import.meta.dirname, '../modules');

/** `$TOWPATH_E2E_CACHE`, or a folder in the cache that `.ci/run` uses, too. */
export function cacheFolder(): string {
  const { TOWPATH_E2E_CACHE: own, XDG_CACHE_HOME: caches } = process.env;
  return own || join(caches || join(homedir(), '.cache'), 'towpath', 'e2e');
}
