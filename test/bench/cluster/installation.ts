/** One installation of Towpath: a control plane in a process of its own, a namespace with its engine, and a listener. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { reference } from '../../e2e/harness/kubernetes.ts';
import type { TestRepository } from '../../support/test-repository.ts';
import { startProcess } from '../loop/process.ts';
import { accountKubeconfig } from './account.ts';
import { type Listener, runTowpath, startListener } from './towpath.ts';
import { makePlace, type World } from './world.ts';

export type EngineName = 'argo-cd' | 'flux';

export interface Installation {
  /** Its name is that of the namespace, too. */
  readonly place: TestRepository;
  readonly listener: Listener;
  create(name: string): Promise<Accepted>;
  update(id: string, tag: string): Promise<Accepted>;
  /** Status of the latest revision. */
  status(id: string): Promise<string>;
  /** How many deployments have which status. */
  statuses(): Promise<ReadonlyMap<string, number>>;
}

export interface Accepted {
  readonly id: string;
  readonly revisionId: string;
}

interface Door {
  readonly url: string;
  readonly apiKey: string;
  readonly listenerId: string;
}

/** Stands nowhere else in the manifests, so that the contender can replace it. */
export const firstTag = 'build-0';

/** Four pods of a tenth of a processor, so that a thousand deployments fit the cluster's nodes. */
const small = { cpu: 0.1, memory_mb: 256, redis_cpu: 0.1, redis_memory_mb: 256, db_cpu: 0.1, db_memory_mb: 256 };

export async function install(world: World, engine: EngineName | 'other', nodeOptions = ''): Promise<Installation> {
  const place = await makePlace(world, `bench-${engine}`);
  const folder = join(world.folder, place.name);
  mkdirSync(folder, { recursive: true });
  const plane = await startProcess<Door>('control-plane.ts', [folder, place.name]);
  world.atEnd(() => plane.kill());
  // Engines are asked to look by an administrator; where there is none, the listener is one of few rights.
  const kubeconfig = engine === 'other' ? await ownKubeconfig(world, folder, place.name) : world.cluster.kubeconfig;
  const configuration = configure(world, { folder, place, engine, door: plane.said, kubeconfig });
  if (engine !== 'other') await bootstrap(world, engine, place.name, configuration);
  const listener = await startListener(world.towpath, configuration, nodeOptions);
  world.atEnd(() => listener.end());
  return { place, listener, ...calls(plane.said, place.name) };
}

async function ownKubeconfig(world: World, folder: string, namespace: string): Promise<string> {
  const path = join(folder, 'kubeconfig');
  writeFileSync(path, await accountKubeconfig(world, namespace), { mode: 0o600 });
  return path;
}

interface Setup {
  readonly folder: string;
  readonly place: TestRepository;
  readonly engine: EngineName | 'other';
  readonly door: Pick<Door, 'url' | 'listenerId'>;
  readonly kubeconfig: string;
}

/** Answers the path of towpath.yaml. */
export function configure({ cluster }: World, { folder, place, engine, door, kubeconfig }: Setup): string {
  mkdirSync(join(folder, 'keys'), { recursive: true });
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text, { mode: 0o600 });
  write('keys/git', cluster.git.password);
  write('keys/secrets', randomBytes(32).toString('hex'));
  const namespace = {
    repository: place.url,
    credentials: { username: cluster.git.username, passwordFile: 'keys/git' },
    secrets: { keyFile: 'keys/secrets' },
    engine,
    rollout: { deadline: '60m' },
  };
  const configuration = {
    controlPlane: { url: door.url, apiKeyFile: 'keys/listener' },
    listener: { id: door.listenerId, dataFolder: 'listener' },
    cluster: { kubeconfig },
    monitoring: { port: 0 },
    namespaces: { [place.name]: namespace },
  };
  write('towpath.yaml', stringify(configuration));
  return join(folder, 'towpath.yaml');
}

/** What a platform engineer does once; taken back at the end, since the cluster may be somebody else's. */
export async function bootstrap(
  world: World,
  engine: EngineName,
  namespace: string,
  configuration: string,
): Promise<void> {
  const { cluster, client } = world;
  const { username, password } = cluster.git;
  if (engine === 'flux') {
    const metadata = { name: `towpath-${namespace}-git`, namespace: cluster.flux.namespace };
    await client.apply({ apiVersion: 'v1', kind: 'Secret', metadata, stringData: { username, password } });
    world.atEnd(() => client.delete(reference('v1', 'Secret', metadata.name, metadata.namespace)));
  }
  await runTowpath(world.towpath, ['bootstrap', engine, '--config', configuration, '--apply']);
  world.atEnd(() => (engine === 'flux' ? endFlux(world, namespace) : endArgoCd(world, namespace)));
}

async function endFlux({ client, cluster }: World, namespace: string): Promise<void> {
  const kind = 'kustomize.toolkit.fluxcd.io/v1';
  const { namespace: fluxNamespace } = cluster.flux;
  const all = await client.list<Kustomization>(kind, 'Kustomization', { namespace: fluxNamespace });
  const ours = all.filter(({ spec }) => spec.sourceRef.name === `towpath-${namespace}`);
  for (const { metadata } of ours) await client.remove(reference(kind, 'Kustomization', metadata.name, fluxNamespace));
  await client.delete(reference('source.toolkit.fluxcd.io/v1', 'GitRepository', `towpath-${namespace}`, fluxNamespace));
}

async function endArgoCd({ client, cluster }: World, namespace: string): Promise<void> {
  const [kind, name] = ['argoproj.io/v1alpha1', `towpath-${namespace}`];
  await client.remove(reference(kind, 'ApplicationSet', name, cluster.argoCd.namespace));
  const all = await client.list<Application>(kind, 'Application', { namespace: cluster.argoCd.namespace });
  for (const { metadata } of all.filter(({ spec }) => spec.project === name)) {
    await client.remove(reference(kind, 'Application', metadata.name, cluster.argoCd.namespace), 120_000);
  }
  await client.delete(reference(kind, 'AppProject', name, cluster.argoCd.namespace));
}

interface Kustomization {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly sourceRef: { readonly name: string } };
}

interface Application {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly project: string };
}

function calls({ url, apiKey, listenerId }: Door, namespace: string) {
  const call = async <Answer>(method: string, path: string, body?: object): Promise<Answer> => {
    const headers = { 'x-api-key': apiKey, 'content-type': 'application/json' };
    const answer = await fetch(`${url}${path}`, { method, headers, body: body ? JSON.stringify(body) : null });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Answer;
  };
  return {
    create: async (name: string) =>
      accepted(await call('POST', '/v2/deployments', creation(name, listenerId, namespace))),
    update: async (id: string, tag: string) => {
      const image = { image_uri: `registry.example/agents/chat:${tag}` };
      return accepted(await call('PATCH', `/v2/deployments/${id}`, { source_revision_config: image }));
    },
    status: async (id: string) => {
      const path = `/v2/deployments/${id}/revisions?limit=1`;
      return (await call<{ resources: { status: string }[] }>('GET', path)).resources[0]?.status ?? '';
    },
    statuses: async () => {
      const counts = new Map<string, number>();
      for (let offset = 0; ; offset += 100) {
        const { resources } = await call<Listing>('GET', `/v2/deployments?limit=100&offset=${offset}`);
        for (const one of resources) counts.set(statusOf(one), (counts.get(statusOf(one)) ?? 0) + 1);
        if (resources.length < 100) return counts;
      }
    },
  };
}

interface Listing {
  readonly resources: readonly Listed[];
}

interface Listed {
  readonly latest_revision_status?: string;
}

function statusOf({ latest_revision_status: status }: Listed): string {
  return status ?? 'unknown';
}

function creation(name: string, listenerId: string, namespace: string) {
  return {
    name,
    source: 'external_docker',
    source_config: {
      listener_id: listenerId,
      listener_config: { k8s_namespace: namespace },
      resource_spec: { min_scale: 1, max_scale: 1, ...small },
    },
    source_revision_config: { image_uri: `registry.example/agents/chat:${firstTag}` },
    secrets: [{ name: 'TOKEN', value: `secret of ${name}` }],
  };
}

function accepted(deployment: { readonly id: string; readonly latest_revision_id: string }): Accepted {
  return { id: deployment.id, revisionId: deployment.latest_revision_id };
}
