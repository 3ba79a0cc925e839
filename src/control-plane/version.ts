/** Which Towpath this is: the version of the package. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The same place seen from `src/` and from `dist/`. */
const packageFile = join(import.meta.dirname, '../../package.json');

export const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { readonly version: string };
