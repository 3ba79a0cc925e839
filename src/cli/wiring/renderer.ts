/** Render and validate as one port of the listener: a template set, the schemas, the policy, the last look for secrets. */
import { readSchemaCatalogue } from '../../adapters/schema-folder.ts';
import { readTemplateSet } from '../../adapters/template-folder.ts';
import { compileTemplateSet } from '../../core/template/compile.ts';
import { compileSchemas, type ManifestSchemas } from '../../core/validate/manifest-schemas.ts';
import type { Namespace } from '../../domain/configuration-namespace.ts';
import type { Renderer } from '../../listener/context.ts';
import { createRenderer } from '../../listener/renderer.ts';

/** Each kind of `schemas` is compiled when it is first met, for all namespaces. */
export async function openRenderer(settings: Namespace, schemas: ManifestSchemas): Promise<Renderer> {
  return createRenderer(compileTemplateSet(await readTemplateSet(settings.templates, process.cwd())), schemas);
}

let vendored: ManifestSchemas | undefined;

/** Once a process: a term of leadership that a busy machine ended early leaves the next one what it has compiled. */
export function readSchemas(): ManifestSchemas {
  vendored ??= compileSchemas(readSchemaCatalogue());
  return vendored;
}
