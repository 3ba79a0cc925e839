/** The watches against an API server that does as it is told: whatever breaks, the copies are right again in the end. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  connectKubernetes,
  type KubernetesConnection,
  kubernetesCluster,
} from '../../src/adapters/kubernetes/cluster.ts';
import { openKubernetes } from '../../src/adapters/kubernetes/http.ts';
import { noTelemetry } from '../../src/adapters/telemetry/none.ts';
import type { DeploymentId, NamespaceName } from '../../src/domain/identifiers.ts';
import { type ClusterChange, type EngineKind, ownLabels } from '../../src/domain/live-object.ts';
import type { Cluster } from '../../src/ports.ts';
import { memoryLog } from '../support/memory-log.ts';
import {
  type ScriptedKubernetes,
  type ScriptedObject,
  type ScriptedOptions,
  type SeenRequest,
  sendJson,
  sendStatus,
  startScriptedKubernetes,
} from '../support/scripted-kubernetes.ts';
import { temporaryFolder } from '../support/temp.ts';
import { testAuthority } from '../support/tls.ts';
import { until } from '../support/until.ts';

const chat = 'chat-id' as DeploymentId;
const team = 'team-a' as NamespaceName;
const pods = '/api/v1/namespaces/team-a/pods';
const deployments = '/apis/apps/v1/namespaces/team-a/deployments';
const applications = '/apis/argoproj.io/v1alpha1/namespaces/argocd/applications';

let server: ScriptedKubernetes;
let connection: KubernetesConnection;
let pauses: number[];
let restarts: string[];

beforeEach(async () => {
  server = await startScriptedKubernetes();
  connect();
});

afterEach(async () => {
  await connection.close();
  await server.stop();
});

/** Pauses are told, and cut short. */
function connect(silenceMs = 60_000): void {
  pauses = [];
  restarts = [];
  const told = pauses;
  connection = connectKubernetes({ ...surroundings(told), http: openKubernetes(server, noTelemetry), silenceMs });
}

function surroundings(told: number[]) {
  const sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
    told.push(ms);
    await delay(ms > 60_000 ? ms : Math.min(ms, 20), undefined, signal ? { signal } : {});
  };
  const telemetry = { ...noTelemetry, watchRestart: (resource: string) => restarts.push(resource) };
  return { clock: { now: () => new Date(), sleep }, log: memoryLog(), telemetry };
}

interface Followed {
  readonly cluster: Cluster;
  readonly changes: ClusterChange[];
  names(): readonly string[];
}

interface Wanted {
  readonly namespace?: NamespaceName;
  readonly repositoryUrl?: string;
  readonly engine?: EngineKind;
  readonly silenceMs?: number;
}

function followed(wanted: Wanted = {}): Followed & { readonly listed: Promise<void> } {
  const changes: ClusterChange[] = [];
  const cluster = kubernetesCluster({
    ...surroundings(pauses),
    http: connection.http,
    connection,
    namespace: team,
    listenerId: 'ours',
    repositoryUrl: 'https://git.example/team-a.git',
    engine: 'other',
    engineNamespace: 'argocd',
    mayRefresh: true,
    extraKinds: [],
    secretsMode: 'cluster',
    ...wanted,
  });
  const listed = cluster.start((change) => changes.push(change), new AbortController().signal);
  const names = () => cluster.live(chat, '').pods.map(({ metadata }) => metadata.name);
  return { cluster, changes, names, listed };
}

async function following(wanted: Wanted = {}): Promise<Followed> {
  const started = followed(wanted);
  await started.listed;
  await until('the watch of pods', () => server.watching(pods));
  return started;
}

function pod(name: string, more: Readonly<Record<string, unknown>> = {}): ScriptedObject {
  const labels = { [ownLabels.deployment]: chat, [ownLabels.listener]: 'ours' };
  return { metadata: { name, namespace: team, labels, ...(more['metadata'] as object) }, ...more, spec: podSpec };
}

const podSpec = {
  nodeName: 'node',
  containers: [{ name: 'main', image: 'a', env: [{ name: 'A', value: 'x'.repeat(5_000) }] }],
};

const asksFor = (request: SeenRequest, path: string, what: 'list' | 'watch'): boolean =>
  request.path === path && (request.query.get('watch') === 'true') === (what === 'watch');

const askedTimes = (path: string, what: 'list' | 'watch'): number =>
  server.seen.filter((request) => asksFor(request, path, what)).length;

it('reads a long list in pages, and keeps little of each object', async () => {
  for (let index = 0; index < 2_000; index += 1) server.put(pods, pod(`pod-${index}`));

  const { names, cluster, changes } = await following();

  expect(new Set(names()).size).toBe(2_000);
  expect(askedTimes(pods, 'list')).toBe(10);
  expect(changes).toHaveLength(2_000);
  expect(JSON.stringify(cluster.live(chat, '').pods).length / 2_000).toBeLessThan(700);
});

it('begins the list again when its next page is too old', async () => {
  for (let index = 0; index < 600; index += 1) server.put(pods, pod(`pod-${index}`));
  let isFirst = true;
  server.script((request) => {
    if (isFirst && asksFor(request, pods, 'list') && request.query.has('continue')) {
      isFirst = false;
      server.compact();
    }
    return false;
  });

  const { names, changes, cluster } = await following();

  expect(names()).toHaveLength(600);
  expect(changes).toHaveLength(600);
  expect(cluster.trouble()).toBeNull();
});

it('takes a list without items for an empty one', async () => {
  server.script((request, response) => {
    if (!asksFor(request, pods, 'list')) return false;
    sendJson(response, 200, { metadata: { resourceVersion: server.version() }, items: null });
    return true;
  });
  const { names, cluster } = await following();

  server.put(pods, pod('late'));

  await until('the pod', () => names().length === 1);
  expect(cluster.trouble()).toBeNull();
});

it('misses nothing that happens between the list and the watch', async () => {
  let isFirst = true;
  server.script((request) => {
    if (isFirst && asksFor(request, pods, 'watch')) {
      isFirst = false;
      server.put(pods, pod('between'));
    }
    return false;
  });

  const { names } = await following();

  await until('the pod', () => names().includes('between'));
  expect(askedTimes(pods, 'list')).toBe(1);
});

it('lists anew, and says what changed meanwhile once each, when its version is too old', async () => {
  for (const name of ['stays', 'changes', 'goes']) server.put(pods, pod(name));
  const { names, changes, cluster } = await following();
  changes.splice(0);

  server.script((request, response) => {
    if (asksFor(request, pods, 'watch')) response.destroy();
    return asksFor(request, pods, 'watch');
  });
  server.endWatches(pods, 'end');
  server.put(pods, pod('changes', { status: { phase: 'Failed' } }));
  server.remove(pods, 'goes');
  server.put(pods, pod('comes'));
  server.compact();
  server.script(undefined);

  await until('the watch of pods', () => server.watching(pods));
  expect([...names()].sort()).toEqual(['changes', 'comes', 'stays']);
  expect(cluster.live(chat, '').pods.find(({ metadata }) => metadata.name === 'changes')?.status).toEqual({
    phase: 'Failed',
  });
  expect(changes).toHaveLength(3);
});

it('tells an object that was made anew under its name from the one before', async () => {
  server.put(pods, pod('same'));
  const { cluster } = await following();
  const uid = () => cluster.live(chat, '').pods.map(({ metadata }) => metadata.uid);
  const [before] = uid();

  server.remove(pods, 'same');
  server.put(pods, pod('same'));

  await until('the new one', () => uid().length === 1 && uid()[0] !== before);
});

it('goes on after an ERROR event of a watch that is too old', async () => {
  const { names } = await following();
  const status = { kind: 'Status', code: 410, message: 'too old resource version' };

  server.say(pods, `${JSON.stringify({ type: 'ERROR', object: status })}\n`);
  await until('another list', () => askedTimes(pods, 'list') === 2);
  server.put(pods, pod('later'));

  await until('the pod', () => names().includes('later'));
});

it('does not storm a server that ends each watch at once', async () => {
  server.script((request, response) => {
    if (!asksFor(request, pods, 'watch')) return false;
    response.writeHead(200).end();
    return true;
  });
  const { listed } = followed();
  await listed;

  await until('eight attempts', () => askedTimes(pods, 'watch') >= 8);

  const own = pauses.filter((pause) => pause < 60_000);
  expect(own.length).toBeGreaterThanOrEqual(6);
  expect(Math.max(...own)).toBeGreaterThan(5_000);
});

it('waits at least as long as it is asked to', async () => {
  let times = 0;
  server.script((request, response) => {
    if (!asksFor(request, pods, 'list') || times++ > 0) return false;
    sendStatus(response, 429, 'too many requests', { 'retry-after': '7' });
    return true;
  });

  const { cluster } = await following();

  expect(pauses.filter((pause) => pause < 60_000)).toEqual([7_000]);
  await until('no trouble', () => cluster.trouble() === null);
});

it('names what it may not do and where, and sees all once it may', async () => {
  let isGranted = false;
  server.put(pods, pod('seen'));
  server.script((request, response) => {
    if (isGranted || request.path !== pods) return false;
    sendStatus(response, 403, 'pods is forbidden: User "towpath" cannot list resource "pods" in API group ""');
    return true;
  });
  const { cluster, names, listed } = followed();

  const trouble = await until('trouble', () => cluster.trouble());
  isGranted = true;

  expect(trouble).toContain('Cannot list pods in namespace team-a');
  expect(trouble).toMatch(/Role of the listener.*towpath doctor/);
  await listed;
  await until('no trouble', () => cluster.trouble() === null);
  expect(names()).toEqual(['seen']);
});

it('names a watch that it may not do, though it may list', async () => {
  server.put(pods, pod('seen'));
  server.script((request, response) => {
    if (!asksFor(request, pods, 'watch')) return false;
    sendStatus(response, 403, 'pods is forbidden: cannot watch resource "pods"');
    return true;
  });
  const { cluster, names, listed } = followed();
  await listed;

  expect(await until('trouble', () => cluster.trouble())).toContain('Cannot watch pods in namespace team-a');
  expect(names()).toEqual(['seen']);
});

it('loses nothing when the connection breaks in the middle of a line', async () => {
  server.put(pods, pod('first'));
  const { names, changes } = await following();
  changes.splice(0);

  server.say(pods, '{"type":"ADDED","object":{"metadata":{"na');
  server.endWatches(pods, 'cut');
  server.put(pods, pod('second'));

  await until('the pod', () => names().includes('second'));
  expect([...names()].sort()).toEqual(['first', 'second']);
  expect(changes).toEqual([{ kind: 'deployment', deploymentId: chat }]);
});

it('puts a line together that comes in pieces, letters of several bytes too', async () => {
  const { cluster } = await following();
  const object = {
    ...pod('pieces'),
    metadata: { ...pod('pieces').metadata, uid: 'u', resourceVersion: '999', annotations: { note: 'äöü€' } },
  };
  const bytes = Buffer.from(`${JSON.stringify({ type: 'ADDED', object })}\n\n`);
  const cut = bytes.indexOf('ä') + 1;

  server.say(pods, bytes.subarray(0, cut) as never);
  await delay(50);
  server.say(pods, bytes.subarray(cut) as never);

  const [found] = await until('the pod', () => nonEmpty(cluster.live(chat, '').pods));
  expect(found?.metadata.annotations).toEqual({ note: 'äöü€' });
});

function nonEmpty<T>(list: readonly T[]): readonly T[] | null {
  return list.length === 0 ? null : list;
}

it('gives up a watch that says nothing at all, and opens another', async () => {
  await connection.close();
  connect(1_200);
  const { names } = await following({ silenceMs: 1_200 });
  const first = askedTimes(pods, 'watch');

  await until('another watch', () => askedTimes(pods, 'watch') > first);
  server.put(pods, pod('after silence'));

  await until('the pod', () => names().includes('after silence'));
});

it('goes on from the version of a bookmark', async () => {
  const { names } = await following();

  server.bookmark(pods);
  const version = server.version();
  server.compact();
  server.script((request) => {
    if (asksFor(request, pods, 'watch')) expect(request.query.get('resourceVersion')).not.toBe('0');
    return false;
  });
  await delay(50);
  server.endWatches(pods, 'end');
  await until('another watch', () => askedTimes(pods, 'watch') >= 2);

  const last = server.seen.filter((request) => asksFor(request, pods, 'watch'))[1];
  expect(last?.query.get('resourceVersion')).toBe(version);
  server.put(pods, pod('after'));
  await until('the pod', () => names().includes('after'));
});

it('finds its way back when the API server was away, and tells each change once', async () => {
  for (const name of ['stays', 'changes', 'goes']) server.put(pods, pod(name));
  const { cluster, names, changes } = await following();
  changes.splice(0);

  await server.stop();
  expect(await until('trouble', () => cluster.trouble())).toMatch(/^Cannot (?:list|watch) .* at http.*connection/);
  server.put(pods, pod('changes', { status: { phase: 'Running' } }));
  server.remove(pods, 'goes');
  server.put(pods, pod('comes'));
  await server.restart();

  await until('no trouble', () => cluster.trouble() === null);
  await until('all to be told', () => changes.length >= 3);
  expect([...names()].sort()).toEqual(['changes', 'comes', 'stays']);
  expect(changes).toHaveLength(3);
  expect(restarts).toContain('pods');
});

it('ends all its requests when it is closed, and listens to nothing more', async () => {
  const { cluster, changes } = await following({ engine: 'argo-cd' });
  await until('the watch of Applications', () => server.watching(applications));

  await cluster.close();
  await until('its own watches to end', () => server.watching(pods) + server.watching(deployments) === 0);
  expect(server.watching(applications)).toBe(1);
  server.put(applications, {
    metadata: { name: 'x' },
    spec: { source: { repoURL: 'https://git.example/team-a.git', path: 'a' } },
  });
  await connection.close();

  await until('all watches to end', () => server.watching(applications) === 0);
  expect(changes).toEqual([]);
});

it('watches the objects of the engine once for all namespaces, and tells each only of its repository', async () => {
  const first = await following({ engine: 'argo-cd' });
  const second = followed({
    engine: 'argo-cd',
    namespace: 'team-b' as NamespaceName,
    repositoryUrl: 'https://git.example/team-b.git',
  });
  await second.listed;
  const source = { repoURL: 'git@git.example:team-b.git', path: 'deployments/mail-0123456789' };

  server.put(applications, { metadata: { name: 'mail' }, spec: { source } });

  await until('the change', () => second.changes.length > 0);
  expect(second.changes).toEqual([{ kind: 'folder', path: 'deployments/mail-0123456789' }]);
  expect(first.changes).toEqual([]);
  expect(askedTimes(applications, 'watch')).toBe(1);
});

it('tells the old repository and the new one when an Application changes sides', async () => {
  const path = 'deployments/mail-0123456789';
  server.put(applications, {
    metadata: { name: 'mail' },
    spec: { source: { repoURL: 'https://git.example/team-a.git', path } },
  });
  const first = await following({ engine: 'argo-cd' });
  const second = followed({
    engine: 'argo-cd',
    namespace: 'team-b' as NamespaceName,
    repositoryUrl: 'https://git.example/team-b.git',
  });
  await second.listed;
  first.changes.splice(0);

  server.put(applications, {
    metadata: { name: 'mail' },
    spec: { source: { repoURL: 'https://git.example/team-b.git', path } },
  });

  await until('the new one to be told', () => second.changes.length > 0);
  expect(first.changes).toEqual([{ kind: 'folder', path }]);
  expect(first.cluster.live(chat, path).engine).toEqual({ kind: 'argo-cd', application: null });
});

it('takes an Application over a shard for all that is in it', async () => {
  const first = await following({ engine: 'argo-cd' });
  const source = { repoURL: 'https://git.example/team-a.git', path: 'deployments/3f' };

  server.put(applications, { metadata: { name: 'shard' }, spec: { source } });

  await until('the change', () => first.changes.length > 0);
  expect(first.changes).toEqual([{ kind: 'all' }]);
  const { engine } = first.cluster.live(chat, 'deployments/3f/chat-3f9c2a71d0');
  expect(engine).toMatchObject({ application: { metadata: { name: 'shard' } } });
});

it('keeps what explains of an Application, and leaves out the bulk', async () => {
  const resources = Array.from({ length: 200 }, (_, index) => ({
    name: `r${index}`,
    status: index < 3 ? 'OutOfSync' : 'Synced',
  }));
  const source = { repoURL: 'https://git.example/team-a.git', path: 'deployments/chat-0123456789' };
  const status = {
    resources,
    history: resources,
    sync: { status: 'OutOfSync' },
    operationState: { phase: 'Failed', message: 'why' },
  };
  server.put(applications, {
    metadata: { name: 'chat', managedFields: resources },
    spec: { source },
    operation: { sync: {} },
    status,
  });

  const { cluster } = await following({ engine: 'argo-cd' });

  const { engine } = cluster.live(chat, 'deployments/chat-0123456789');
  expect(engine).toMatchObject({
    application: {
      operation: { sync: {} },
      status: { sync: { status: 'OutOfSync' }, operationState: { phase: 'Failed', message: 'why' } },
    },
  });
  expect(JSON.stringify(engine).length).toBeLessThan(1_000);
});

it('watches a kind that only some clusters serve where it is served', async () => {
  const lgps = '/apis/apps.langchain.ai/v1alpha1/namespaces/team-a/lgps';
  server.serve('apps.langchain.ai', 'v1alpha1', [{ name: 'lgps', kind: 'LGP' }]);
  server.put(lgps, pod('chat'));

  const { cluster } = await following();

  expect(cluster.live(chat, '').workloads).toMatchObject([{ kind: 'LGP', metadata: { name: 'chat' } }]);
});

it('reads a rotated token again when the old one is refused', async () => {
  const tokenFile = join(await temporaryFolder('token'), 'token');
  await writeFile(tokenFile, 'first-token');
  await connectTo({ user: { 'auth-provider': { name: 'tokenFile', config: { tokenFile } } } });
  const { cluster, names } = await following();
  let accepted = 'Bearer first-token';
  server.script((request, response) => {
    if (request.authorization === accepted) return false;
    sendStatus(response, 401, 'Unauthorized');
    return true;
  });

  accepted = 'Bearer second-token';
  await writeFile(tokenFile, 'second-token');
  server.endWatches(pods, 'end');
  await until('another watch', () => server.watching(pods) > 0);
  server.put(pods, pod('after'));

  await until('the pod', () => names().includes('after'));
  expect(cluster.trouble()).toBeNull();
  expect(await cluster.secrets()).toEqual([]);
});

it('says what to look at when no token is accepted, without the token', async () => {
  server.script((_, response) => {
    sendStatus(response, 401, 'Unauthorized');
    return true;
  });
  const { cluster } = followed();

  const trouble = await until('trouble', () => cluster.trouble());

  expect(trouble).toMatch(/Unauthorized; check the token or certificate/);
  expect(trouble).not.toContain('first-token');
});

it('says in words that it does not trust the certificate', async () => {
  const authority = testAuthority();
  await connectTo({
    tls: authority.issue(),
    cluster: { 'certificate-authority-data': Buffer.from(testAuthority().certificate).toString('base64') },
  });

  const refused = await connection.http.json({ method: 'GET', path: '/api', purpose: 'look' }).catch((error) => error);

  expect(refused).toMatchObject({
    kind: 'transient',
    message: expect.stringMatching(/^Cannot look at https:.*certificate/),
  });
});

it('works over TLS with a certificate that it trusts', async () => {
  const authority = testAuthority();
  await connectTo({
    tls: authority.issue(),
    cluster: { 'certificate-authority-data': Buffer.from(authority.certificate).toString('base64') },
  });
  const { names } = await following();

  server.put(pods, pod('safe'));

  await until('the pod', () => names().includes('safe'));
});

async function connectTo(options: ScriptedOptions): Promise<void> {
  await connection.close();
  await server.stop();
  server = await startScriptedKubernetes(options);
  connect();
}
