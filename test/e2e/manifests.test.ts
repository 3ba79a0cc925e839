/** Every kind that the set agent-server renders, judged by a real API server: no field that it does not know. */
import { describe, expect, it } from 'vitest';
import { render } from '../core/support/agent-server.ts';
import { renderCases } from '../core/support/render-cases.ts';
import { administrator, makeNamespace } from './harness/fixtures.ts';
import { type KubernetesObject, objectsIn } from './harness/kubernetes.ts';

const client = administrator();
const cases = Object.entries(renderCases).filter(([, { namespace }]) => namespace.templates !== 'lgp');

describe('an API server with every definition', () => {
  it.each(cases)('takes what is rendered of the deployment "%s"', async (_, input) => {
    const namespace = await makeNamespace('rendered');

    // Server-side apply with strict fields.
    for (const object of objectsOf(render(input), namespace)) await client.apply(object);
  });

  it('has judged every kind that there is a template for', () => {
    const kinds = cases.flatMap(([, input]) => objectsOf(render(input), 'any').map(({ kind }) => kind));

    expect([...new Set(kinds)].sort()).toEqual([
      'Deployment',
      'HTTPRoute',
      'HorizontalPodAutoscaler',
      'Ingress',
      'NetworkPolicy',
      'PodDisruptionBudget',
      'ScaledObject',
      'Service',
      'ServiceAccount',
      'StatefulSet',
      'TriggerAuthentication',
      'VirtualService',
    ]);
  });
});

function objectsOf(files: ReadonlyMap<string, string>, namespace: string): readonly KubernetesObject[] {
  const texts = [...files].filter(([path]) => path !== 'kustomization.yaml').map(([, text]) => text);
  return texts.flatMap((text) => objectsIn(text.replace(/^( *namespace:) team-a$/gm, `$1 ${namespace}`)));
}
