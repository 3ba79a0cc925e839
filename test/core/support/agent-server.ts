/** The shipped sets and the vendored schemas, compiled once for a test file. */
import { readSchemaCatalogue } from '../../../src/adapters/schema-folder.ts';
import { readTemplateSet } from '../../../src/adapters/template-folder.ts';
import { compileTemplateSet } from '../../../src/core/template/compile.ts';
import { renderDeployment } from '../../../src/core/template/render.ts';
import type { RenderInput } from '../../../src/core/template/set.ts';
import { validationContext } from '../../../src/core/validate/context.ts';
import { compileSchemas } from '../../../src/core/validate/manifest-schemas.ts';
import { validateDeployment } from '../../../src/core/validate/validate.ts';
import type { FileTree } from '../../../src/domain/file-tree.ts';
import { describeFinding } from '../../../src/domain/finding.ts';

export const agentServerSet = compileTemplateSet(await readTemplateSet('agent-server', '.'));
const agentSet = compileTemplateSet(await readTemplateSet('lgp', '.'));
const schemas = compileSchemas(readSchemaCatalogue());

export function render(input: RenderInput): ReadonlyMap<string, string> {
  return renderDeployment(input.namespace.templates === 'lgp' ? agentSet : agentServerSet, input);
}

/** What validation says about a rendered deployment, as people read it. */
export function problemsOf(input: RenderInput): string[] {
  return complaintsAbout(render(input), input);
}

/** The same about files that a test has changed. */
export function complaintsAbout(files: ReadonlyMap<string, string>, input: RenderInput): string[] {
  return validateDeployment(files as FileTree, validationContext(input), schemas).map(describeFinding);
}
