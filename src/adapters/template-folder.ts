/** Reads a template set: one that comes with Towpath, by its name, or a folder of the user's own. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { TemplateSource } from '../core/template-set.ts';
import { TowpathError } from '../domain/failure.ts';

/** Beside `src` in a checkout and beside `dist` in the package: two folders up from this file either way. */
const shipped = resolve(import.meta.dirname, '../../templates');

/**
 * `templates` is what the configuration says: a plain name is a set that comes with Towpath, anything with a `/` or
 * a leading `.` is a folder, relative to `base` (the configuration file's own folder).
 */
export async function readTemplateSet(templates: string, base: string): Promise<TemplateSource> {
  const own = /[/\\]|^\./.test(templates);
  const folder = own ? resolve(base, templates) : join(shipped, templates);
  if (!existsSync(folder)) throw await unknownSet(templates, own ? folder : null);
  const files = await readFiles(folder);
  return { name: basename(folder), origin: own ? folder : `the set "${templates}"`, files };
}

async function readFiles(folder: string): Promise<ReadonlyMap<string, string>> {
  try {
    const entries = (await readdir(folder, { withFileTypes: true })).filter((entry) => !entry.name.startsWith('.'));
    return new Map(
      await Promise.all(entries.map(async ({ name }) => [name, await readFile(join(folder, name), 'utf8')] as const)),
    );
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TowpathError('terminal', 'UnreadableTemplates', `Cannot read the templates in ${folder}: ${why}`, {
      cause,
    });
  }
}

async function unknownSet(templates: string, folder: string | null): Promise<TowpathError> {
  const known = (await readdir(shipped).catch(() => [])).sort().join(', ');
  const why = folder ? `there is no folder ${folder}` : `no set of this name comes with Towpath, only ${known}`;
  const message = `Cannot read the templates "${templates}": ${why}; a folder of your own is written with a "/"`;
  return new TowpathError('terminal', 'UnknownTemplates', message);
}
