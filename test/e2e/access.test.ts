/** The rights that Towpath asks for are enough for all that the adapter does, and each of them is needed. */
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { connectKubernetes, kubernetesCluster } from '../../src/adapters/kubernetes/cluster.ts';
import { type KubernetesHttp, openKubernetes } from '../../src/adapters/kubernetes/http.ts';
import { kubernetesLease } from '../../src/adapters/kubernetes/lease.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { noTelemetry } from '../../src/adapters/telemetry/none.ts';
import {
  type AccessRule,
  argoCdAccess,
  fluxAccess,
  leaderElectionAccess,
  servedNamespaceAccess,
} from '../../src/core/required-access.ts';
import type { DeploymentId, NamespaceName } from '../../src/domain/identifiers.ts';
import type { EngineKind, LiveObject } from '../../src/domain/live-object.ts';
import type { Cluster } from '../../src/ports.ts';
import * as objects from '../contract/cluster-objects.ts';
import { memoryLog } from '../support/memory-log.ts';
import { temporaryFolder } from '../support/temp.ts';
import { administrator, eventually, makeNamespace, serviceAccountKubeconfig } from './harness/fixtures.ts';
import { kubernetes, reference } from './harness/kubernetes.ts';

const client = administrator();
const chat = 'chat-id' as DeploymentId;
const folder = 'deployments/chat-0123456789';
const repositoryUrl = 'https://git.example/deployments/access.git';
const lgpDefinition = reference('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'lgps.apps.langchain.ai');

type Place = 'served' | 'argo-cd' | 'flux' | 'lease';

const rules: Readonly<Record<Place, readonly AccessRule[]>> = {
  served: servedNamespaceAccess,
  'argo-cd': argoCdAccess,
  flux: fluxAccess,
  lease: leaderElectionAccess,
};
const places = Object.keys(rules) as readonly Place[];

interface Right {
  readonly place: Place;
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
  readonly isOptional: boolean;
}

/** Every verb on every resource, one at a time. */
const rights: readonly Right[] = places.flatMap((place) =>
  rules[place].flatMap(({ group, resources, verbs, optional }) =>
    resources.flatMap((resource) =>
      verbs.map((verb) => ({ place, group, resource, verb, isOptional: optional === true })),
    ),
  ),
);

const namespaces = new Map<Place, string>();
const ends: (() => Promise<void>)[] = [];
let kubeconfig: string;
let lgpIsOurs = false;

const namespaceOf = (place: Place): string => namespaces.get(place) ?? expect.fail('there is no namespace');

beforeAll(async () => {
  for (const place of places) namespaces.set(place, await makeNamespace(`access-${place}`));
  await serveLgps();
  const account = { name: 'listener', namespace: namespaceOf('served') };
  await client.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: account });
  for (const place of places) {
    await grant(place);
    await client.apply({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'listener', namespace: namespaceOf(place) },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'listener' },
      subjects: [{ kind: 'ServiceAccount', ...account }],
    });
  }
  kubeconfig = join(await temporaryFolder('access'), 'kubeconfig');
  writeFileSync(kubeconfig, await serviceAccountKubeconfig(account.name, account.namespace), { mode: 0o600 });
});

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

afterAll(async () => {
  if (lgpIsOurs) await client.remove(lgpDefinition);
});

/** A cluster that has the operator's own definition keeps it. */
async function serveLgps(): Promise<void> {
  const { apiVersion, kind, metadata } = lgpDefinition;
  lgpIsOurs = (await client.find(apiVersion, kind, metadata.name)) === undefined;
  if (lgpIsOurs) await client.applyYaml(await readFile(join(import.meta.dirname, 'manifests/lgp-crd.yaml'), 'utf8'));
  const namespace = namespaceOf('served');
  await eventually('LGPs to be served', async () =>
    client.list('apps.langchain.ai/v1alpha1', 'LGP', { namespace }).then(() => true),
  );
}

async function grant(place: Place, without?: Right): Promise<void> {
  const kept = rules[place].flatMap(({ group, resources, verbs }) =>
    resources.map((resource) => ({
      apiGroups: [group],
      resources: [resource],
      verbs: verbs.filter((verb) => without?.group !== group || without.resource !== resource || without.verb !== verb),
    })),
  );
  await client.apply({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'listener', namespace: namespaceOf(place) },
    rules: kept.filter(({ verbs }) => verbs.length > 0),
  });
}

/** The API server knows a Role a moment after it was changed. */
async function isKnown({ place, group, resource, verb }: Right, allowed: boolean): Promise<void> {
  const account = kubernetes(await readFile(kubeconfig, 'utf8'));
  const [name = '', subresource] = resource.split('/');
  const attributes = {
    namespace: namespaceOf(place),
    verb,
    group,
    resource: name,
    ...(subresource ? { subresource } : {}),
  };
  await eventually(`"${verb} ${resource}" to be ${allowed}`, async () => {
    const review = await account.request('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: attributes },
    });
    return (review as { status: { allowed: boolean } }).status.allowed === allowed;
  });
}

interface Outcome {
  /** Messages of all that did not work. */
  readonly problems: readonly string[];
  readonly events: number;
  readonly probe: string;
}

const engineOf = (place: Place): EngineKind => (place === 'flux' ? 'flux' : 'argo-cd');

/** Goes through every method of the adapter as the service account. */
async function doEverything(engine: EngineKind): Promise<Outcome> {
  const { cluster, http, watches } = openCluster(engine);
  const engineNamespace = namespaceOf(engine === 'flux' ? 'flux' : 'argo-cd');
  const problems: string[] = [];
  const attempt = async <T>(act: () => Promise<T>): Promise<T | null> =>
    act().catch((error: Error) => {
      problems.push(error.message);
      return null;
    });
  void cluster.start(() => undefined, new AbortController().signal);
  const count = engine === 'flux' ? 6 : 5;
  await eventually('all watches to be open, or one to be in trouble', () => cluster.trouble() ?? watches() === count);
  if (cluster.trouble() !== null) problems.push(cluster.trouble() ?? '');
  const events = await attempt(() => cluster.events([aboutPod()]));
  await attempt(() => writeSecrets(cluster));
  await attempt(() => cluster.referredSecrets());
  await attempt(() => cluster.remaining(chat));
  const probe = await attempt(() => cluster.probe('missing', '/ok'));
  const notRefreshed = await attempt(() => cluster.refresh([folder]));
  if (notRefreshed !== null) problems.push(notRefreshed);
  if (engine === 'argo-cd') await attempt(() => cluster.endOperation(applicationIn(engineNamespace)));
  await attempt(() => writeLease(http));
  return { problems, events: events?.length ?? -1, probe: probe?.kind ?? 'none' };
}

function openCluster(engine: EngineKind): { cluster: Cluster; http: KubernetesHttp; watches: () => number } {
  let opened = 0;
  const plain = openKubernetes({ kubeconfig }, noTelemetry);
  const onOpen = (then: () => void) => () => {
    opened += 1;
    then();
  };
  const http: KubernetesHttp = { ...plain, lines: (call) => plain.lines({ ...call, onOpen: onOpen(call.onOpen) }) };
  const options = { http, clock: systemClock(), log: memoryLog(), telemetry: noTelemetry };
  const connection = connectKubernetes(options);
  const cluster = kubernetesCluster({
    ...options,
    connection,
    namespace: namespaceOf('served') as NamespaceName,
    listenerId: 'ours',
    repositoryUrl,
    engine,
    engineNamespace: namespaceOf(engine === 'flux' ? 'flux' : 'argo-cd'),
    mayRefresh: true,
    extraKinds: [],
    secretsMode: 'cluster',
  });
  ends.push(async () => {
    await cluster.close();
    await connection.close();
  });
  return { cluster, http, watches: () => opened };
}

function aboutPod(): LiveObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'chat', uid: 'pod-uid' } };
}

function applicationIn(namespace: string): LiveObject {
  return { apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', metadata: { name: 'chat', namespace, uid: 'x' } };
}

async function writeSecrets(cluster: Cluster): Promise<void> {
  const namespace = namespaceOf('served') as NamespaceName;
  const secret = { namespace, name: 'chat-env-0123456789', labels: objects.labels('ours', chat), values: { A: 'b' } };
  await cluster.deleteSecret(secret.name);
  await cluster.applySecret(secret);
  await cluster.applySecret(secret);
  await cluster.secrets();
}

async function writeLease(http: KubernetesHttp): Promise<void> {
  const lease = kubernetesLease(http, { namespace: namespaceOf('lease'), name: 'towpath-ours' });
  await client.remove(reference('coordination.k8s.io/v1', 'Lease', 'towpath-ours', namespaceOf('lease')));
  const record = { holder: 'ours', term: 1, renewedAt: new Date(), durationSeconds: 15 };
  await lease.read();
  const written = await lease.write(record, null);
  await lease.write({ ...record, term: 2 }, written);
}

beforeAll(async () => {
  const world = { namespace: namespaceOf('served') as NamespaceName, listenerId: 'ours', repositoryUrl };
  const [argoCd, flux] = (['argo-cd', 'flux'] as const).map((place) => ({
    ...world,
    engineNamespace: namespaceOf(place),
  }));
  if (!argoCd || !flux) return;
  await client.apply(objects.event(argoCd, 'told', aboutPod(), {}));
  const application = objects.application(argoCd, 'chat', { path: folder });
  await client.apply({ ...application, status: objects.runningOperation });
  await client.apply(objects.applicationSet(argoCd, 'all', repositoryUrl));
  await client.apply(objects.gitRepository(flux, 'all', repositoryUrl));
  await client.apply(objects.fluxKustomization(flux, 'chat', 'all', folder));
  // A new Role counts as soon as the API server's own watch has told it.
  for (const right of rights) await isKnown(right, true);
});

describe('the rights of src/core/required-access.ts', () => {
  it.each(['argo-cd', 'flux'] as const)('are enough for all that is done beside %s', async (engine) => {
    const outcome = await eventually('all kinds to be served', async () => {
      const found = await doEverything(engine);
      // Right after its start the API server has not opened every kind yet.
      return found.problems.some((problem) => problem.includes('initializing')) ? undefined : found;
    });

    expect(outcome).toEqual({ problems: [], events: 1, probe: 'failed' });
  });

  it.each(rights.filter(({ isOptional }) => !isOptional))(
    'are each needed: without "$verb $resource" in the namespace of $place a message names it',
    async (right) => {
      const outcome = await withoutRight(right);

      const missing = `cannot ${right.verb} resource "${right.resource}" in API group "${right.group}"`;
      expect(outcome.problems.join('\n')).toContain(missing);
      expect(outcome.problems.join('\n')).toContain('the Role of the listener lacks it');
    },
  );

  it('may lack the events: nothing fails, and nothing is told of them', async () => {
    const outcome = await withoutRight(optional('events'));

    expect(outcome).toEqual({ problems: [], events: 0, probe: 'failed' });
  });

  it('may lack the proxy: nothing fails, and the probe says that it may not ask', async () => {
    const outcome = await withoutRight(optional('services/proxy'));

    expect(outcome).toEqual({ problems: [], events: 1, probe: 'forbidden' });
  });

  it('are all tried here', () => {
    expect(rights.filter(({ isOptional }) => isOptional).map(({ resource }) => resource)).toEqual([
      'events',
      'services/proxy',
    ]);
    expect(inject('cluster').kubeconfig).not.toBe(kubeconfig);
  });
});

function optional(resource: string): Right {
  return (
    rights.find((one) => one.isOptional && one.resource === resource) ?? expect.fail(`${resource} is not optional`)
  );
}

async function withoutRight(right: Right): Promise<Outcome> {
  await grant(right.place, right);
  try {
    await isKnown(right, false);
    return await doEverything(engineOf(right.place));
  } finally {
    await grant(right.place);
    await isKnown(right, true);
  }
}
