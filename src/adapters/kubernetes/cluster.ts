/** A real cluster behind the port: watches feed the copies, and what is written is little: Secrets and requests to look. */
import { aborted } from 'node:util';
import { sameRepository } from '../../core/repository-url.ts';
import type { Secrets } from '../../domain/configuration-secrets.ts';
import type { NamespaceName } from '../../domain/identifiers.ts';
import { type ClusterChange, type EngineKind, type LiveObject, ownLabels } from '../../domain/live-object.ts';
import type { Clock, Cluster, Log, Telemetry } from '../../ports.ts';
import { type EngineWatch, noEngineWatch, watchArgoCd, watchFlux } from './engine.ts';
import type { KubernetesHttp } from './http.ts';
import { keepPod, keepWhole, keepWorkload } from './keep.ts';
import { probeService, readEvents, remainingObjects } from './looks.ts';
import { type Collection, type Reflector, startReflector } from './reflector.ts';
import { endOperation, refreshArgoCd, refreshFlux } from './refresh.ts';
import { applySecret, deleteSecret, listSecrets, referredSecrets } from './secrets.ts';
import { createDiscovery, type Discovery } from './served.ts';

/** What all namespaces of one listener share. */
export interface KubernetesConnection {
  readonly http: KubernetesHttp;
  readonly discovery: Discovery;
  /** By the engine's namespace; one watch, however many namespaces are served. */
  engine(kind: EngineKind, namespace: string): SharedEngine;
  close(): Promise<void>;
}

interface SharedEngine {
  readonly watch: EngineWatch;
  readonly listeners: Set<(change: { folder: string | null; repository: string | null }) => void>;
}

interface ConnectionOptions {
  readonly http: KubernetesHttp;
  readonly clock: Clock;
  readonly log: Log;
  readonly telemetry: Telemetry;
  /** For tests: a watch that says nothing for so long is given up. */
  readonly silenceMs?: number;
}

export function connectKubernetes(options: ConnectionOptions): KubernetesConnection {
  const { http, clock } = options;
  const closing = new AbortController();
  const engines = new Map<string, SharedEngine>();
  const open = (kind: EngineKind, namespace: string): SharedEngine => {
    const listeners: SharedEngine['listeners'] = new Set();
    const tell = (change: { folder: string | null; repository: string | null }): void => {
      for (const listener of listeners) listener(change);
    };
    const shared = { ...options, signal: closing.signal };
    if (kind === 'argo-cd') return { watch: watchArgoCd(shared, namespace, tell), listeners };
    if (kind === 'flux') return { watch: watchFlux(shared, namespace, tell), listeners };
    return { watch: noEngineWatch(), listeners };
  };
  return {
    http,
    discovery: createDiscovery(http, clock),
    engine: (kind, namespace) => {
      const key = `${kind} ${namespace}`;
      const known = engines.get(key) ?? open(kind, namespace);
      engines.set(key, known);
      return known;
    },
    close: async () => {
      closing.abort();
      await http.close();
    },
  };
}

interface ClusterOptions extends ConnectionOptions {
  readonly connection: KubernetesConnection;
  readonly namespace: NamespaceName;
  readonly listenerId: string;
  readonly repositoryUrl: string;
  readonly engine: EngineKind;
  readonly engineNamespace: string;
  /** Whether it may ask the engine to look now. */
  readonly mayRefresh: boolean;
  readonly extraKinds: readonly string[];
  /** Only with `cluster` it may see Secrets. */
  readonly secretsMode: Secrets['mode'];
}

export function kubernetesCluster(options: ClusterOptions): Cluster {
  const { connection, namespace, repositoryUrl, engine } = options;
  const { http, discovery } = connection;
  const closing = new AbortController();
  const index = createIndex();
  const shared = connection.engine(engine, options.engineNamespace);
  let watched: readonly Reflector[] = [];
  const reflectors = (): readonly Reflector[] => [...watched, ...shared.watch.reflectors];
  return {
    engine,
    start: async (onChange, signal) => {
      const stop = AbortSignal.any([signal, closing.signal]);
      followEngine(shared, repositoryUrl, onChange, stop);
      const onObject = (before: LiveObject | null, after: LiveObject | null): void =>
        index.note(before, after, onChange);
      watched = collections(options).map((collection) =>
        startReflector({ ...options, http, collection, signal: stop, onChange: onObject }),
      );
      // The engine's watch is shared, and goes on while this namespace stops.
      await Promise.race([Promise.all(reflectors().map(({ listed }) => listed)), aborted(stop, stop)]);
    },
    trouble: () => {
      const troubles = reflectors().flatMap((one) => one.trouble() ?? []);
      return troubles.length === 0 ? null : [...new Set(troubles)].join('; ');
    },
    live: (deploymentId, folder) => ({
      ...index.of(deploymentId),
      engine: shared.watch.objects(repositoryUrl, folder),
    }),
    events: (about) => readEvents(http, namespace, about),
    remaining: (id) => remainingObjects({ ...options, http, discovery }, id),
    refresh: (folders, gone = folders) => refresh(options, shared.watch, folders, gone),
    endOperation: (application) => endOperation(http, application),
    applySecret: (secret) => applySecret(http, secret),
    secrets: () => listSecrets(http, namespace, options.listenerId),
    referredSecrets: () => referredSecrets({ http, discovery, namespace, listenerId: options.listenerId }),
    deleteSecret: (name) => deleteSecret(http, namespace, name),
    probe: (service, path) => probeService(http, namespace, service, path),
    close: async () => {
      closing.abort();
      await Promise.all(watched.map(({ done }) => done));
    },
  };
}

/** Null: done; else why not. */
async function refresh(
  options: ClusterOptions,
  watch: EngineWatch,
  folders: readonly string[],
  gone: readonly string[],
): Promise<string | null> {
  const { connection, engine, engineNamespace, repositoryUrl, mayRefresh, clock } = options;
  if (!mayRefresh) return 'the configuration says not to ask';
  switch (engine) {
    case 'argo-cd':
      return refreshArgoCd(connection.http, engineNamespace, { repositoryUrl, folders, gone, watch });
    case 'flux':
      return refreshFlux(connection.http, watch.gitRepositories(repositoryUrl), clock.now());
    case 'other':
      return 'nobody is known who could be asked';
    default:
      return engine satisfies never;
  }
}

/** Workloads and pods of this listener; the LGP where LangChain's operator is installed. */
function collections({ connection, namespace, listenerId }: ClusterOptions): readonly Collection[] {
  const labelSelector = `${ownLabels.listener}=${listenerId}`;
  const common = { namespace, labelSelector };
  const apps = (plural: string, kind: string): Collection => ({
    ...common,
    path: `/apis/apps/v1/namespaces/${namespace}/${plural}`,
    resource: `${plural}.apps`,
    apiVersion: 'apps/v1',
    kind,
    keep: keepWorkload,
  });
  const pods: Collection = {
    ...common,
    path: `/api/v1/namespaces/${namespace}/pods`,
    resource: 'pods',
    apiVersion: 'v1',
    kind: 'Pod',
    keep: keepPod,
  };
  const lgp: Collection = {
    ...common,
    path: `/apis/apps.langchain.ai/v1alpha1/namespaces/${namespace}/lgps`,
    resource: 'lgps.apps.langchain.ai',
    apiVersion: 'apps.langchain.ai/v1alpha1',
    kind: 'LGP',
    isServed: async () => (await connection.discovery.group('apps.langchain.ai')) !== null,
    keep: keepWhole,
  };
  return [apps('deployments', 'Deployment'), apps('statefulsets', 'StatefulSet'), pods, lgp];
}

/** What is looked at together: the workloads and the pods of one deployment. */
function createIndex() {
  const workloads = new Map<string, Map<string, LiveObject>>();
  const pods = new Map<string, Map<string, LiveObject>>();
  const bucket = (object: LiveObject) => (object.kind === 'Pod' ? pods : workloads);
  const idOf = (object: LiveObject | null): string | undefined => object?.metadata.labels?.[ownLabels.deployment];
  const remove = (object: LiveObject): void => {
    const id = idOf(object) ?? '';
    const all = bucket(object).get(id);
    all?.delete(object.metadata.uid);
    if (all?.size === 0) bucket(object).delete(id);
  };
  return {
    note: (before: LiveObject | null, after: LiveObject | null, onChange: (change: ClusterChange) => void): void => {
      if (before) remove(before);
      const id = idOf(after);
      if (after && id !== undefined) {
        const all = bucket(after).get(id) ?? new Map<string, LiveObject>();
        all.set(after.metadata.uid, after);
        bucket(after).set(id, all);
      }
      for (const one of new Set([idOf(before), id])) {
        if (one !== undefined) onChange({ kind: 'deployment', deploymentId: one as never });
      }
    },
    of: (id: string) => ({
      workloads: [...(workloads.get(id)?.values() ?? [])],
      pods: [...(pods.get(id)?.values() ?? [])],
    }),
  };
}

/** Not that of a shard: an object over many folders concerns them all. */
const ownFolder = /^deployments\/(?![0-9a-f]{2}$)/;

function followEngine(
  { listeners }: SharedEngine,
  repositoryUrl: string,
  onChange: (change: ClusterChange) => void,
  signal: AbortSignal,
): void {
  const listener = ({ folder, repository }: { folder: string | null; repository: string | null }): void => {
    if (repository !== null && !sameRepository(repository, repositoryUrl)) return;
    onChange(folder !== null && ownFolder.test(folder) ? { kind: 'folder', path: folder } : { kind: 'all' });
  };
  listeners.add(listener);
  signal.addEventListener('abort', () => listeners.delete(listener), { once: true });
}
