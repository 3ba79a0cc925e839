/** What becomes of a revision on the real thing: real processes of ours, a real API server, a real Argo CD and a real Flux. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { ControlPlaneProcess } from '../support/control-plane-process.ts';
import { administrator, eventually, uniqueName } from './harness/fixtures.ts';
import type { KubernetesObject } from './harness/kubernetes.ts';
import { type EngineName, openSite, type Site, startPlane } from './support/site.ts';

const client = administrator();
const engines: readonly EngineName[] = ['argo-cd', 'flux'];
let plane: ControlPlaneProcess;

beforeAll(async () => {
  plane = await startPlane();
});

describe.each(engines)('with %s', (engine) => {
  let site: Site;

  beforeAll(async () => {
    site = await openSite({ engine, plane });
  });

  it('takes a deployment from its creation to healthy, and an update after it', async () => {
    const name = uniqueName('chat');
    const id = await site.create(name, '1.0.0', { secrets: [{ name: 'OPENAI_API_KEY', value: 'sk-planted-value' }] });
    const first = await site.reaches(id, 'DEPLOYED');
    const workloads = await workloadsOf(site, id);

    expect(first.towpath).toMatchObject({ stage: 'healthy', outcome: 'succeeded' });
    expect(
      workloads.map(({ kind, metadata }) => `${kind} ${metadata.labels?.['app.kubernetes.io/component']}`),
    ).toEqual(['Deployment api', 'Deployment queue', 'Deployment redis', 'StatefulSet postgres']);
    expect(await secretsOf(site, id)).toEqual(['OPENAI_API_KEY', 'POSTGRES_PASSWORD']);
    expect(JSON.stringify(await site.repository.tree())).not.toContain('sk-planted-value');

    await site.update(id, '1.1.0');
    const second = await eventually('the second revision', async () => {
      const latest = await site.latest(id);
      return latest.id !== first.id && latest.status === 'DEPLOYED' && latest;
    });
    expect(imagesOf(await workloadsOf(site, id))).toContain(`registry.example/agents/${name}:1.1.0`);
    expect((await site.deployment(id)).body).toMatchObject({ active_revision_id: second.id });
  });

  it('says which image cannot be pulled, keeps the old revision, and takes a late success back', async () => {
    const id = await site.create(uniqueName('puller'), '1.0.0');
    const good = await site.reaches(id, 'DEPLOYED');

    await site.update(id, 'missing-1');
    const failed = await site.reaches(id, 'DEPLOY_FAILED');

    expect(failed.towpath).toMatchObject({ stage: 'healthy', reason: 'ImagePullBackOff' });
    expect(failed.status_message).toMatch(/registry\.example\/agents\/puller-[0-9a-f]+:missing-1/);
    expect((await site.deployment(id)).body).toMatchObject({ active_revision_id: good.id });
    await site.update(id, '1.0.1');
    await site.reaches(id, 'DEPLOYED');
  });

  it('says which container crashes, and with which exit code', async () => {
    const id = await site.create(uniqueName('crasher'), 'crash-1');

    const failed = await site.reaches(id, 'DEPLOY_FAILED');

    expect(failed.towpath).toMatchObject({ stage: 'healthy', reason: 'CrashLoopBackOff' });
    expect(failed.status_message).toMatch(/exit code 1/);
    await site.remove(id);
    await isGone(site, id);
  });

  it('fails pods that never become ready when the deadline is over, and corrects it when they do', async () => {
    const hasty = await openSite({ engine, plane, settings: { rollout: { deadline: '15s', stuckAfter: '5s' } } });
    const id = await hasty.create('sleeper', 'notready-1');

    const failed = await hasty.reaches(id, 'DEPLOY_FAILED');

    expect(failed.towpath.stage).toBe('healthy');
    expect(failed.status_message).toMatch(/ready/);
    // The cause is mended outside: the very same pods become ready, and nothing new is deployed.
    const pods = await client.list<Pod>('v1', 'Pod', {
      namespace: hasty.namespace,
      labels: `towpath.dev/deployment-id=${id},towpath.dev/revision-id`,
    });
    for (const pod of pods) await makeReady(pod);
    await hasty.reaches(id, 'DEPLOYED');
  });

  it('tells a refusal by quota in the words of the API server', async () => {
    const strict = await openSite({ engine, plane });
    await client.apply({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'few', namespace: strict.namespace },
      spec: { hard: { pods: '1' } },
    });
    const id = await strict.create('crowd', '1.0.0');

    const waiting = await eventually('the quota to be told', async () => {
      const latest = await strict.latest(id);
      return /exceeded quota/.test(latest.status_message) && latest;
    });

    expect(waiting.status_message).toMatch(/few/);
    await client.remove({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'few', namespace: strict.namespace },
    });
    await strict.reaches(id, 'DEPLOYED', 180_000);
  });

  it('lets one refused object hold up neither its nineteen neighbours nor, for long, its own repair', async () => {
    const busy = await openSite({ engine, plane });
    await refuseImages(busy.namespace, 'refused');
    const good = await Promise.all(Array.from({ length: 19 }, (_, index) => busy.create(`good-${index}`, '1.0.0')));
    const bad = await busy.create('bad', 'refused-1');

    const failed = await busy.reaches(bad, 'DEPLOY_FAILED');
    for (const id of good) await busy.reaches(id, 'DEPLOYED');

    expect(failed.towpath.stage).toBe('synced');
    expect(failed.status_message).toMatch(/images called refused are not allowed here/);
    await busy.update(bad, '1.0.1');
    await busy.reaches(bad, 'DEPLOYED', 60_000);
  });

  it('holds what a person reverts in git, says so, and goes on with the next revision', async () => {
    const name = uniqueName('reverted');
    const id = await site.create(name, '1.0.0');
    await site.reaches(id, 'DEPLOYED');
    const before = await site.repository.tree();
    await site.update(id, '2.0.0');
    await eventually('the second revision', async () => {
      const latest = await site.latest(id);
      return latest.status === 'DEPLOYED' && /2\.0\.0/.test(JSON.stringify(await workloadsOf(site, id)));
    });

    const folder =
      Object.keys(before)
        .find((path) => path.startsWith(`deployments/${name}-`))
        ?.split('/')[1] ?? '';
    const old = Object.fromEntries(
      Object.entries(before).filter(([path]) => path.startsWith(`deployments/${folder}/`)),
    );
    await site.repository.seed(old, { message: 'Revert "deploy(reverted)"\n' });
    await wake(site);
    const held = await site.reaches(id, 'DEPLOY_FAILED');

    expect(held.towpath).toMatchObject({ stage: 'committed', reason: 'RevertedInGit' });
    expect(held.status_message).toMatch(/reverted in git by Ada <ada@example\.com>/);
    await eventually('the engine to take the revert', async () =>
      imagesOf(await workloadsOf(site, id)).includes(`registry.example/agents/${name}:1.0.0`),
    );
    // Rollback by a new revision.
    await site.update(id, '1.0.0');
    await site.reaches(id, 'DEPLOYED');
  });

  it('removes a deployment, waits until nothing is left but its claims, names them, and then it is gone', async () => {
    const id = await site.create(uniqueName('leaver'), '1.0.0', {
      secrets: [{ name: 'TOKEN', value: 'a-secret-value' }],
    });
    await site.reaches(id, 'DEPLOYED');

    await site.remove(id);
    await isGone(site, id);

    expect(await workloadsOf(site, id)).toEqual([]);
    expect(await secretsOf(site, id)).toEqual([]);
    const claims = await client.list('v1', 'PersistentVolumeClaim', {
      namespace: site.namespace,
      labels: `towpath.dev/deployment-id=${id}`,
    });
    expect(claims).toHaveLength(1);
    expect(site.listener.output()).not.toMatch(/"level":"?error/);
  });
});

async function workloadsOf(site: Site, id: string): Promise<readonly KubernetesObject[]> {
  const where = { namespace: site.namespace, labels: `towpath.dev/deployment-id=${id}` };
  const lists = ['Deployment', 'StatefulSet'].map(async (kind) =>
    (await client.list('apps/v1', kind, where)).map((object) => ({ ...object, kind })),
  );
  return (await Promise.all(lists)).flat();
}

async function secretsOf(site: Site, id: string): Promise<readonly string[]> {
  const where = { namespace: site.namespace, labels: `towpath.dev/deployment-id=${id}` };
  const found = await client.list<{ data: Record<string, string> }>('v1', 'Secret', where);
  return found.flatMap(({ data }) => Object.keys(data)).sort();
}

function imagesOf(workloads: readonly KubernetesObject[]): readonly string[] {
  return JSON.stringify(workloads).match(/registry\.example\/agents\/[^"]+/g) ?? [];
}

interface Pod extends KubernetesObject {
  readonly status: {
    readonly conditions: readonly { readonly type: string }[];
    readonly containerStatuses: readonly object[];
  };
}

/** What the kubelet would write once the readiness probe succeeds. */
async function makeReady({ metadata, status }: Pod): Promise<void> {
  const conditions = status.conditions.map((condition) =>
    /Ready$/.test(condition.type) ? { ...condition, status: 'True', reason: null, message: null } : condition,
  );
  const containerStatuses = status.containerStatuses.map((container) => ({ ...container, ready: true }));
  const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/status`;
  await client.request('PATCH', path, { status: { conditions, containerStatuses } }, 'application/merge-patch+json');
}

async function isGone(site: Site, id: string): Promise<void> {
  await eventually(`deployment ${id} to be gone`, async () => (await site.deployment(id)).status === 404, 120_000);
}

/** A commit by a person is seen at the next look; any change in the control plane makes the lane look at once. */
async function wake(site: Site): Promise<void> {
  await site.create(`waker-${Date.now()}`, '1.0.0');
}

/** As a platform team would: a policy of the cluster that refuses what it does not like. */
async function refuseImages(namespace: string, tag: string): Promise<void> {
  const name = `no-${tag}-${namespace}`;
  await client.apply({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        resourceRules: [
          { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['deployments'] },
        ],
      },
      validations: [
        {
          expression: `object.spec.template.spec.containers.all(c, !c.image.contains(':${tag}'))`,
          message: `images called ${tag} are not allowed here`,
        },
      ],
    },
  });
  await client.apply({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name },
    spec: {
      policyName: name,
      validationActions: ['Deny'],
      matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } },
    },
  });
}
