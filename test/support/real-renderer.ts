/** The renderer as `towpath listen` has it: the set `agent-server`, every schema, the policy. */
import { readSchemaCatalogue } from '../../src/adapters/schema-folder.ts';
import { readTemplateSet } from '../../src/adapters/template-folder.ts';
import { compileTemplateSet } from '../../src/core/template/compile.ts';
import { compileSchemas } from '../../src/core/validate/manifest-schemas.ts';
import type { Renderer } from '../../src/listener/context.ts';
import { createRenderer } from '../../src/listener/renderer.ts';

export async function realRenderer(): Promise<Renderer> {
  const set = compileTemplateSet(await readTemplateSet('agent-server', '.'));
  return createRenderer(set, compileSchemas(readSchemaCatalogue()));
}
