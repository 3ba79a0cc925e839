/** The template set lgp before a real API server; the test plays the operator, which is closed source. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { render } from '../core/support/agent-server.ts';
import { renderCases } from '../core/support/render-cases.ts';
import { administrator, eventually, makeNamespace } from './harness/fixtures.ts';
import { type KubernetesObject, objectsIn, reference } from './harness/kubernetes.ts';
import { openSite, startPlane } from './support/site.ts';

interface Lgp extends KubernetesObject {
  readonly metadata: KubernetesObject['metadata'] & { readonly generation: number };
  readonly spec: { readonly serverSpec: { readonly image: string } };
}

interface ResourceDefinition extends KubernetesObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

const client = administrator();
const group = 'apps.langchain.ai/v1alpha1';
const definition = reference('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'lgps.apps.langchain.ai');
let isOurs = false;

const findDefinition = () =>
  client.find<ResourceDefinition>(definition.apiVersion, definition.kind, definition.metadata.name);

beforeAll(async () => {
  // A cluster that has the operator's own keeps it.
  isOurs = (await findDefinition()) === undefined;
  if (isOurs) await client.applyYaml(readFileSync(join(import.meta.dirname, 'manifests/lgp-crd.yaml'), 'utf8'));
  await eventually('LGPs to be served', async () => {
    const found = await findDefinition();
    return found?.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True');
  });
});

afterAll(async () => {
  if (isOurs) await client.remove(definition);
});

describe('an API server that knows LGPs', () => {
  const cases = Object.entries(renderCases).filter(([, { namespace }]) => namespace.templates === 'lgp');

  it.each(cases)('takes every field of the deployment "%s"', async (_, input) => {
    const namespace = await makeNamespace('lgp');
    const [wanted] = objectsIn(textOf(render(input)), namespace);

    const applied = await client.apply(wanted ?? expect.fail('nothing was rendered'));

    expect(applied).toMatchObject({ spec: wanted?.['spec'] });
  });

  it('refuses a field that there is not', async () => {
    const namespace = await makeNamespace('lgp');
    const metadata = { name: 'chat', namespace };

    const refused = client.apply({ apiVersion: group, kind: 'LGP', metadata, spec: { serverSpec: { replicaz: 1 } } });

    await expect(refused).rejects.toThrow(/replicaz/);
  });
});

describe('a namespace with templates: lgp', () => {
  it('is followed by what the operator says of the generation that holds the revision', async () => {
    const plane = await startPlane();
    const settings = { templates: 'lgp', deletion: { data: 'delete' } };
    const site = await openSite({ engine: 'flux', plane, settings });

    const id = await site.create('chat', '1.0.0');
    const first = await eventually('the LGP', () => lgpOf(site.namespace, id, ':1.0.0'));
    await site.reaches(id, 'DEPLOYING');
    await say(first, first.metadata.generation);
    const deployed = await site.reaches(id, 'DEPLOYED');

    await site.update(id, '1.1.0');
    const second = await eventually('the LGP of the update', () => lgpOf(site.namespace, id, ':1.1.0'));
    const committed = await eventually('the update to be seen in the cluster', async () => {
      const latest = await site.latest(id);
      return latest.id !== deployed.id && latest.towpath.stage === 'synced' && latest;
    });
    // Its status still tells of the generation before, with all pods ready.
    expect(committed).toMatchObject({ status: 'DEPLOYING' });
    await say(second, second.metadata.generation);
    await eventually('the update to be deployed', async () => {
      const latest = await site.latest(id);
      return latest.id !== deployed.id && latest.status === 'DEPLOYED';
    });

    await site.remove(id);
    await eventually('the deployment to be gone', async () => {
      const { status, body } = await site.deployment(id);
      if (status !== 404) throw new Error(JSON.stringify([body, await site.latest(id).catch(String)]));
      return true;
    });
    expect(await client.list(group, 'LGP', { namespace: site.namespace })).toEqual([]);
  });
});

function textOf(files: ReadonlyMap<string, string>): string {
  return [...files].find(([path]) => path === 'agent.lgp.yaml')?.[1] ?? '';
}

async function lgpOf(namespace: string, id: string, tag: string): Promise<Lgp | undefined> {
  const found = await client.list<Lgp>(group, 'LGP', { namespace, labels: `towpath.dev/deployment-id=${id}` });
  return found.find(({ spec }) => spec.serverSpec.image.endsWith(tag));
}

/** What the operator writes once all pods of a generation are ready. */
async function say({ metadata }: Lgp, observedGeneration: number): Promise<void> {
  const pods = { replicas: 1, readyReplicas: 1, availableReplicas: 1, updatedReplicas: 1 };
  const path = `/apis/${group}/namespaces/${metadata.namespace}/lgps/${metadata.name}/status`;
  const status = { observedGeneration, deploymentStatus: pods };
  await client.request('PATCH', path, { status }, 'application/merge-patch+json');
}
