/** Steps 4 and 5 as one: policy on what was asked for, rendering, validation, and the last look for planted secrets. */
import type { ManifestSchemas } from '../core/manifest-schemas.ts';
import { findPlantedSecrets } from '../core/planted-secrets.ts';
import { checkPolicy } from '../core/policy.ts';
import { renderDeployment } from '../core/render.ts';
import type { RenderInput, TemplateSet } from '../core/template-set.ts';
import { validateDeployment } from '../core/validate.ts';
import { validationContext } from '../core/validation-context.ts';
import { routeUrl } from '../core/values-route.ts';
import type { Renderer, Rendering } from './context.ts';

/** `TowpathError` of the templates passes through: it says all that is wrong with the values. */
export function createRenderer(set: TemplateSet, schemas: ManifestSchemas): Renderer {
  return {
    template: `${set.name}@${set.digest}`,
    render: (input, sensitive) => render(set, schemas, input, sensitive),
  };
}

function render(
  set: TemplateSet,
  schemas: ManifestSchemas,
  input: RenderInput,
  sensitive: Readonly<Record<string, string>>,
): Rendering {
  // Not rendered at all: a template must not have to cope with what the policy refuses.
  const refused = checkPolicy(input);
  if (refused.length > 0) return { kind: 'refused', findings: refused };
  const files = renderDeployment(set, input);
  const findings = [
    ...validateDeployment(files, validationContext(input), schemas),
    ...findPlantedSecrets(files, sensitive),
  ];
  if (findings.length > 0) return { kind: 'refused', findings };
  return { kind: 'rendered', files, url: routeUrl(input.namespace, input.resourceName) };
}
