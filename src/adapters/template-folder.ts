/** Reads a template set: one that comes with Towpath, by its name, or a folder of the user's own. */
import { existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { TemplateSource } from '../core/template/set.ts';
import { TowpathError } from '../domain/failure.ts';
import { readConfiguredFile, textOf, whyUnreadable } from './files/configured-file.ts';

/** Beside `src` in a checkout and beside `dist` in the package: two folders up from this file either way. */
const shipped = resolve(import.meta.dirname, '../../templates');

/**
 * `templates` is what the configuration says: a plain name is a set that comes with Towpath, anything with a `/` or
 * a leading `.` is a folder, relative to `base` (the configuration file's own folder).
 */
export async function readTemplateSet(templates: string, base: string): Promise<TemplateSource> {
  const own = /[/\\]|^\./.test(templates);
  const folder = own ? resolve(base, templates) : join(shipped, templates);
  if (own ? !existsSync(folder) : !(await shippedSets()).includes(templates)) {
    throw await unknownSet(templates, own ? folder : null);
  }
  return { name: basename(folder), origin: own ? folder : `the set "${templates}"`, files: await readFiles(folder) };
}

async function readFiles(folder: string): Promise<ReadonlyMap<string, string>> {
  if (!statSync(folder).isDirectory()) throw unreadable(folder, 'it is not a folder');
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause) => {
    throw unreadable(folder, whyUnreadable(cause), cause);
  });
  const files = new Map<string, string>();
  for (const entry of entries.filter(({ name }) => !name.startsWith('.'))) {
    if (entry.isDirectory())
      throw unreadable(folder, `it holds the folder "${entry.name}"; a set is one folder of files`);
    const text = await readConfiguredFile(join(folder, entry.name))
      .then(textOf)
      .catch((cause) => {
        throw unreadable(folder, `${entry.name}: ${whyUnreadable(cause)}`, cause);
      });
    files.set(entry.name, text);
  }
  return files;
}

function unreadable(folder: string, why: string, cause?: unknown): TowpathError {
  const message = `Cannot read the templates in ${folder}: ${why}`;
  return new TowpathError('terminal', 'UnreadableTemplates', message, { cause });
}

async function unknownSet(templates: string, folder: string | null): Promise<TowpathError> {
  const why = folder
    ? `there is no folder ${folder}`
    : `no set of this name comes with Towpath, only ${(await shippedSets()).join(', ')}`;
  const message = `Cannot read the templates "${templates}": ${why}; a folder of your own is written with a "/"`;
  return new TowpathError('terminal', 'UnknownTemplates', message);
}

/** Other things lie beside the sets, such as the schemas that rendered objects are validated against. */
async function shippedSets(): Promise<string[]> {
  const files = await readdir(shipped, { recursive: true }).catch(() => []);
  return [...new Set(files.filter((file) => file.endsWith('.hbs')).map((file) => dirname(file)))].sort();
}
