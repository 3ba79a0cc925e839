/** Reads the vendored schemas that lie beside the templates, from a checkout as from an installed package. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SchemaBundle, SchemaCatalogue } from '../core/validate/manifest-schemas.ts';

const vendored = fileURLToPath(new URL('../../templates/schemas', import.meta.url));

export function readSchemaCatalogue(folder: string = vendored): SchemaCatalogue {
  const kubernetes = new Map<string, SchemaBundle>();
  const custom: SchemaBundle[] = [];
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
    const bundle = JSON.parse(readFileSync(join(folder, file), 'utf8')) as SchemaBundle;
    const version = /^kubernetes-([0-9]+\.[0-9]+)\.json$/.exec(file)?.[1];
    if (version === undefined) custom.push(bundle);
    else kubernetes.set(version, bundle);
  }
  return { kubernetes, custom };
}
