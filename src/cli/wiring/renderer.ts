/** Render and validate as one port of the listener: a template set, the schemas, the policy, the last look for secrets. */
import { readSchemaCatalogue } from '../../adapters/schema-folder.ts';
import { readTemplateSet } from '../../adapters/template-folder.ts';
import { compileTemplateSet } from '../../core/compile-template-set.ts';
import { compileSchemas, type ManifestSchemas } from '../../core/manifest-schemas.ts';
import { findPlantedSecrets } from '../../core/planted-secrets.ts';
import { checkPolicy } from '../../core/policy.ts';
import { renderDeployment } from '../../core/render.ts';
import type { RenderInput, TemplateSet } from '../../core/template-set.ts';
import { validateDeployment } from '../../core/validate.ts';
import { validationContext } from '../../core/validation-context.ts';
import { routeUrl } from '../../core/values-route.ts';
import type { Namespace } from '../../domain/configuration.ts';
import type { Renderer, Rendering } from '../../listener/context.ts';

/** `schemas` are shared by all namespaces: they are read once, and each kind is compiled when it is first met. */
export async function openRenderer(settings: Namespace, schemas: ManifestSchemas): Promise<Renderer> {
  const set = compileTemplateSet(await readTemplateSet(settings.templates, process.cwd()));
  return {
    template: `${set.name}@${set.digest}`,
    render: (input, sensitive) => render(set, schemas, input, sensitive),
  };
}

export function readSchemas(): ManifestSchemas {
  return compileSchemas(readSchemaCatalogue());
}

function render(
  set: TemplateSet,
  schemas: ManifestSchemas,
  input: RenderInput,
  sensitive: Readonly<Record<string, string>>,
): Rendering {
  const asked = checkPolicy(input);
  // Not rendered at all: a template must not have to cope with what the policy refuses.
  if (asked.length > 0) return { kind: 'refused', findings: asked };
  const files = renderDeployment(set, input);
  const findings = [
    ...validateDeployment(files, validationContext(input), schemas),
    ...findPlantedSecrets(files, sensitive),
  ];
  if (findings.length > 0) return { kind: 'refused', findings };
  return { kind: 'rendered', files, url: routeUrl(input.namespace, input.resourceName) };
}
