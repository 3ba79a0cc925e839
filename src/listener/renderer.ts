/** Steps 4 and 5 as one: policy on what was asked for, rendering, validation, and the last look for planted secrets. */

import { checkPolicy } from '../core/policy/policy.ts';
import { findPlantedSecrets, withoutCoincidences, withoutValues } from '../core/secrets/planted-secrets.ts';
import { renderDeployment } from '../core/template/render.ts';
import type { RenderInput, TemplateSet } from '../core/template/set.ts';
import { validationContext } from '../core/validate/context.ts';
import type { ManifestSchemas } from '../core/validate/manifest-schemas.ts';
import { validateSealed } from '../core/validate/sealed.ts';
import { validateDeployment } from '../core/validate/validate.ts';
import { routeUrl } from '../core/values/route.ts';
import type { Finding } from '../domain/finding.ts';
import type { Renderer, Rendering } from './context.ts';

/** `TowpathError` of the templates passes through: it says all that is wrong with the values. */
export function createRenderer(set: TemplateSet, schemas: ManifestSchemas): Renderer {
  return {
    template: `${set.name}@${set.digest}`,
    render: (input, sensitive) => render(set, schemas, input, sensitive),
    checkSealed: (input, files) => validateSealed(files, validationContext(input), schemas),
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
  if (refused.length > 0) return { kind: 'refused', findings: withoutValues(refused, sensitive) };
  const files = renderDeployment(set, input);
  const findings = [
    ...validateDeployment(files, validationContext(input), schemas),
    ...plantedSecrets(set, input, files, sensitive),
  ];
  if (findings.length > 0) return { kind: 'refused', findings: withoutValues(findings, sensitive) };
  return { kind: 'rendered', files, url: routeUrl(input.namespace, input.resourceName) };
}

/** A value that would be there anyway, without a word of the client's own, has not leaked. */
function plantedSecrets(
  set: TemplateSet,
  input: RenderInput,
  files: ReadonlyMap<string, string>,
  sensitive: Readonly<Record<string, string>>,
): readonly Finding[] {
  const found = findPlantedSecrets(files, sensitive);
  if (found.length === 0) return found;
  return findPlantedSecrets(files, withoutCoincidences(sensitive, renderDeployment(set, wordless(input))));
}

/** The same deployment without free text of the client's or the platform's; plain words as labels are no secrets. */
function wordless(input: RenderInput): RenderInput {
  const labels = Object.entries(input.specification.resourceSpec.labels ?? {})
    .filter(([, value]) => /^[a-z-]+$/i.test(value))
    .map(([key, value], index) => [/^[a-z./-]+$/i.test(key) ? key : `label-${index}`, value]);
  const specification = { ...input.specification, resourceSpec: { labels: Object.fromEntries(labels) } };
  return { ...input, specification, agentServer: { ...input.agentServer, environment: {} } };
}
