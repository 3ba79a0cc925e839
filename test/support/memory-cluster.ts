/** A Cluster without an API server: the twin of the real one, for tests of what is decided above it. */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { TowpathError } from '../../src/domain/failure.ts';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import { type LiveObject, ownLabels, type ProbeAnswer } from '../../src/domain/live-object.ts';
import type { Cluster, PlainSecret } from '../../src/ports.ts';
import { askEngine, changesOf, engineObjects } from './memory-cluster-engine.ts';
import type { MemoryClusterOptions } from './memory-cluster-options.ts';
import { once } from './memory-engine.ts';
import type { MemoryKubernetes } from './memory-kubernetes.ts';

export interface MemoryCluster extends Cluster {
  /** The watches fail with these words: nothing that happens is seen until it is null again. */
  outage: string | null;
  /** Answers of the server's `/ok`, one call a question; the last one stays. */
  probes: ProbeAnswer[];
  /** Awaited before the question is answered: a slow or failing API server. */
  before:
    | ((question: 'start' | 'events' | 'remaining' | 'referredSecrets' | 'probe' | 'refresh') => Promise<void>)
    | null;
  /** What was asked, one line a call: `refresh deployments/chat-…`, `remaining <id>`. */
  readonly calls: string[];
}

const workloadKinds = new Set(['Deployment', 'StatefulSet', 'LGP']);

export function memoryCluster(options: MemoryClusterOptions): MemoryCluster {
  const { kubernetes, engine, namespace, listenerId, engineNamespace } = options;
  const closing = new AbortController();
  const copies = createCopies(kubernetes);
  const ask = async (question: Parameters<NonNullable<MemoryCluster['before']>>[0], about: string): Promise<void> => {
    cluster.calls.push(`${question} ${about}`.trim());
    await cluster.before?.(question);
  };
  const isOurs = ({ metadata }: LiveObject): boolean =>
    metadata.namespace === namespace && metadata.labels?.[ownLabels.listener] === listenerId;
  const ofDeployment = (objects: readonly LiveObject[], id: DeploymentId): readonly LiveObject[] =>
    objects.filter((object) => isOurs(object) && object.metadata.labels?.[ownLabels.deployment] === id);
  const secretAt = (name: string) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace } });
  const cluster: MemoryCluster = {
    engine,
    outage: null,
    probes: [{ kind: 'answered', status: 200 }],
    before: null,
    calls: [],
    start: async (onChange, signal) => {
      await ask('start', '');
      const stop = AbortSignal.any([signal, closing.signal]);
      while (cluster.outage !== null && !stop.aborted) await sleep(5);
      if (stop.aborted) return;
      const onObject = (before: LiveObject | null, after: LiveObject | null): void => {
        for (const change of changesOf(options, isOurs, before, after)) onChange(change);
      };
      const end = copies.follow(() => cluster.outage !== null, onObject);
      stop.addEventListener('abort', end, { once: true });
      await nextTurn();
    },
    trouble: () => cluster.outage,
    live: (id, folder) => {
      const objects = ofDeployment(copies.all(), id);
      return {
        workloads: objects.filter(({ kind }) => workloadKinds.has(kind)),
        pods: objects.filter(({ kind }) => kind === 'Pod'),
        engine: engineObjects(options, copies.all(), folder),
      };
    },
    events: async (about) => {
      if (about.length > 0) await ask('events', about.map(({ metadata }) => metadata.name).join(' '));
      return warningsAbout(kubernetes.all(), about);
    },
    remaining: async (id) => {
      await ask('remaining', id);
      return kubernetes
        .all()
        .filter(({ metadata }) => metadata.labels?.[ownLabels.deployment] === id && metadata.namespace === namespace)
        .map((object) => ({
          resource: resourceOf(object),
          name: object.metadata.name,
          isDeleting: object.metadata.deletionTimestamp !== undefined,
        }));
    },
    refresh: async (folders, gone = folders) => {
      await ask('refresh', folders.join(' '));
      return askEngine(options, folders, gone);
    },
    endOperation: async ({ apiVersion, kind, metadata }) => {
      cluster.calls.push(`endOperation ${metadata.name}`);
      const { resourceVersion } = metadata;
      const change = { metadata: { resourceVersion }, status: { operationState: { phase: 'Terminating' } } };
      kubernetes.patch({ apiVersion, kind, metadata: { name: metadata.name, namespace: engineNamespace } }, change);
    },
    applySecret: async (secret) => {
      cluster.calls.push(`applySecret ${secret.name}`);
      applySecret(kubernetes, secret);
    },
    secrets: async () =>
      kubernetes
        .all()
        .filter((object) => object.kind === 'Secret' && isOurs(object))
        .map(({ metadata }) => ({
          name: metadata.name,
          deploymentId: metadata.labels?.[ownLabels.deployment] as DeploymentId,
          createdAt: new Date(metadata.creationTimestamp ?? 0),
        })),
    referredSecrets: async () => {
      await ask('referredSecrets', '');
      const names = new Set<string>();
      for (const object of kubernetes.all().filter(isOurs)) collectNames(object.spec, names);
      return names;
    },
    deleteSecret: async (name) => {
      cluster.calls.push(`deleteSecret ${name}`);
      kubernetes.remove(secretAt(name));
    },
    probe: async (service, path) => {
      await ask('probe', `${service}${path}`);
      if (!kubernetes.find({ apiVersion: 'v1', kind: 'Service', metadata: { name: service, namespace } })) {
        return { kind: 'failed', message: `there is no Service ${service}` };
      }
      return (cluster.probes.length > 1 ? cluster.probes.shift() : cluster.probes[0]) as ProbeAnswer;
    },
    close: async () => closing.abort(),
  };
  return cluster;
}

/** What the watches hold: the cluster as it was when they last could see. */
function createCopies(kubernetes: MemoryKubernetes) {
  let seen: readonly LiveObject[] = [];
  let isBlind = (): boolean => false;
  return {
    all: (): readonly LiveObject[] => seen,
    follow: (blind: () => boolean, onObject: (before: LiveObject | null, after: LiveObject | null) => void) => {
      isBlind = blind;
      const look = (): void => {
        if (isBlind()) return;
        const before = new Map(seen.map((object) => [object.metadata.uid, object]));
        seen = kubernetes.all();
        for (const object of seen) {
          const old = before.get(object.metadata.uid) ?? null;
          if (old !== object) onObject(old, object);
          before.delete(object.metadata.uid);
        }
        for (const gone of before.values()) onObject(gone, null);
      };
      look();
      const timer = setInterval(look, 10);
      const end = kubernetes.follow(once(look));
      return (): void => {
        isBlind = () => true;
        clearInterval(timer);
        end();
      };
    },
  };
}

const lists: Readonly<Record<string, string>> = {
  NetworkPolicy: 'networkpolicies',
  Ingress: 'ingresses',
};

function resourceOf({ apiVersion, kind }: LiveObject): string {
  const [group] = apiVersion.includes('/') ? apiVersion.split('/') : [''];
  return `${lists[kind] ?? `${kind.toLowerCase()}s`}${group ? `.${group}` : ''}`;
}

function warningsAbout(objects: readonly LiveObject[], about: readonly LiveObject[]): readonly LiveObject[] {
  const uids = new Set(about.map(({ metadata }) => metadata.uid));
  const timeOf = (event: LiveObject): string => String((event as { lastTimestamp?: string }).lastTimestamp ?? '');
  return objects
    .filter((object) => {
      const { involvedObject, type } = object as { involvedObject?: { uid: string }; type?: string };
      return object.kind === 'Event' && type !== 'Normal' && uids.has(involvedObject?.uid ?? '');
    })
    .sort((one, other) => timeOf(other).localeCompare(timeOf(one)))
    .slice(0, 20);
}

function applySecret(kubernetes: MemoryKubernetes, { namespace, name, labels, values }: PlainSecret): void {
  const encoded = Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  const data = Object.fromEntries(encoded);
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace, labels } };
  const there = kubernetes.find(secret) as { data?: object } | undefined;
  if (there && JSON.stringify(there.data) !== JSON.stringify(data)) {
    throw new TowpathError('terminal', 'SecretDiffers', `Cannot apply Secret ${name}: it is there with other values`);
  }
  kubernetes.put({ ...secret, type: 'Opaque', immutable: true, data });
}

/** Wherever a pod template refers to a Secret. */
function collectNames(value: unknown, names: Set<string>, field = ''): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const isReference = /^(?:secret|.*[sS]ecretRef|secretKeyRef|imagePullSecrets)$/.test(
      Array.isArray(value) ? field : key,
    );
    const holder = inner as { name?: unknown } | null;
    if (isReference && typeof holder === 'object' && typeof holder?.name === 'string') names.add(holder.name);
    if (key === 'secretName' && typeof inner === 'string') names.add(inner);
    collectNames(inner, names, key);
  }
}
