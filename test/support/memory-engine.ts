/** Argo CD or Flux, and the controllers that start pods, on a cluster in memory: they do what a test says, or all by themselves. */
import type { EngineKind, LiveObject } from '../../src/domain/live-object.ts';
import { ownLabels } from '../../src/domain/live-object.ts';
import type { MemoryKubernetes } from './memory-kubernetes.ts';
import type { MemoryRemote } from './memory-repository.ts';

export interface MemoryEngine {
  /** Takes the head of the branch into the cluster; pods only start. */
  sync(): void;
  /** All pods of a workload become ready, or stay unready. */
  roll(name: string, to: 'running' | 'starting'): void;
  /** From now on it takes each commit that it is asked to look at, and pods become ready; or it rests again. */
  work(): void;
  rest(): void;
  end(): void;
}

interface MemoryEngineOptions {
  readonly kubernetes: MemoryKubernetes;
  readonly remote: MemoryRemote;
  readonly engine: EngineKind;
  readonly repositoryUrl: string;
  readonly namespace: string;
  readonly engineNamespace: string;
}

export function memoryEngine(options: MemoryEngineOptions): MemoryEngine {
  const { kubernetes, namespace } = options;
  let isWorking = false;
  const asked = [
    'argocd.argoproj.io/refresh',
    'argocd.argoproj.io/application-set-refresh',
    'reconcile.fluxcd.io/requestedAt',
  ];
  const end = kubernetes.follow((before, after) => {
    const isAsked = asked.some((key) => after?.metadata.annotations?.[key] !== before?.metadata.annotations?.[key]);
    if (isAsked && after) soon();
  });
  const soon = once(() => look());
  const look = (): void => {
    if (!isWorking) return;
    const done = Object.fromEntries(asked.map((key) => [key, null]));
    for (const object of kubernetes.all()) {
      const isAsked = asked.some((key) => object.metadata.annotations?.[key] !== undefined);
      if (isAsked) kubernetes.patch(object, { metadata: { annotations: done } });
    }
    engine.sync();
    for (const { kind, metadata } of kubernetes.all()) {
      if (kind === 'Deployment' && metadata.deletionTimestamp === undefined) engine.roll(metadata.name, 'running');
    }
  };
  // Nobody can ask whoever else applies the branch; he looks by himself.
  const timer = options.engine === 'other' ? setInterval(look, 20) : undefined;
  const engine: MemoryEngine = {
    work: () => {
      isWorking = true;
      look();
    },
    rest: () => {
      isWorking = false;
    },
    sync: () => {
      const folders = foldersOf(options);
      if (options.engine === 'flux') putSource(options);
      for (const folder of folders) applyFolder(options, folder);
      prune(options, new Set(folders.map(({ name }) => name)));
      for (const folder of folders) putEngineObject(options, folder);
    },
    roll: (name, to) => {
      const reference = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace } };
      const found = kubernetes.find(reference);
      if (found) kubernetes.patch(reference, { status: statusOf(found, to) });
    },
    end: () => {
      clearInterval(timer);
      end();
    },
  };
  // An ApplicationSet, or a GitRepository, is there before anything else is.
  putRoot(options);
  return engine;
}

/** What is asked for several times in one turn is done once, in the next. */
export function once(action: () => void): () => void {
  let isPlanned = false;
  return () => {
    if (isPlanned) return;
    isPlanned = true;
    setImmediate(() => {
      isPlanned = false;
      action();
    });
  };
}

interface SyncedFolder {
  readonly path: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly secret: string | null;
}

function foldersOf({ remote, engine }: MemoryEngineOptions): readonly SyncedFolder[] {
  const files = remote.files();
  return [...files].flatMap(([file, text]) => {
    const [, path, name] = /^(deployments\/(?:[0-9a-f]{2}\/)?([^/]+))\/PROVENANCE$/.exec(file) ?? [];
    if (path === undefined || name === undefined) return [];
    // Flux knows only the folders that one of its own objects names.
    if (engine === 'flux' && !files.get(`flux/${name}.yaml`)?.includes(`path: "./${path}"\n`)) return [];
    const line = (key: string): string => new RegExp(`^(?:${key}): (.*)$`, 'm').exec(text)?.[1] ?? '';
    const labels = {
      [ownLabels.deployment]: line('Deployment-Id'),
      [ownLabels.listener]: line('Listener-Id'),
      [ownLabels.revision]: line('Revision-Id|Of-Revision'),
    };
    return [{ path, name, labels, secret: line('Secret-Name') || null }];
  });
}

function applyFolder({ kubernetes, namespace }: MemoryEngineOptions, { name, labels, secret }: SyncedFolder): void {
  const metadata = { name, namespace, labels };
  const { [ownLabels.revision]: _revision, ...common } = labels;
  kubernetes.put({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace, labels: common } });
  const before = kubernetes.find({ apiVersion: 'apps/v1', kind: 'Deployment', metadata });
  const secrets = [`${name}-database`, ...(secret === null ? [] : [secret])];
  const envFrom = secrets.map((one) => ({ secretRef: { name: one } }));
  const template = { metadata: { labels }, spec: { containers: [{ name: 'api', envFrom }] } };
  const after = kubernetes.put({
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata },
    spec: { replicas: 1, progressDeadlineSeconds: 600, template },
  });
  if (after.metadata.generation === before?.metadata.generation) return;
  kubernetes.patch(after, { status: statusOf(after, 'starting') });
}

function statusOf({ metadata }: LiveObject, to: 'running' | 'starting') {
  const isRunning = to === 'running';
  const ready = isRunning ? 1 : 0;
  const reason = isRunning ? 'NewReplicaSetAvailable' : 'ReplicaSetUpdated';
  return {
    observedGeneration: metadata.generation,
    ...{ replicas: 1, updatedReplicas: 1, readyReplicas: ready, availableReplicas: ready },
    conditions: [
      { type: 'Progressing', status: 'True', reason, message: '' },
      { type: 'Available', status: isRunning ? 'True' : 'False', reason: 'MinimumReplicas', message: '' },
    ],
  };
}

/** The engine's own object goes last. */
function prune({ kubernetes, namespace, engineNamespace }: MemoryEngineOptions, names: ReadonlySet<string>): void {
  const isGone = ({ kind, metadata }: LiveObject): boolean => {
    if (names.has(metadata.name)) return false;
    if (metadata.namespace === namespace) return kind === 'Deployment' || kind === 'Service';
    return metadata.namespace === engineNamespace && (kind === 'Application' || kind === 'Kustomization');
  };
  for (const object of kubernetes.all().filter(isGone)) kubernetes.remove(object);
}

function putRoot({ kubernetes, engine, engineNamespace: namespace, repositoryUrl }: MemoryEngineOptions): void {
  if (engine === 'argo-cd') {
    const spec = { generators: [{ git: { repoURL: repositoryUrl } }] };
    kubernetes.put({
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'ApplicationSet',
      metadata: { name: 'towpath', namespace },
      spec,
    });
  }
  if (engine === 'flux') {
    const metadata = { name: 'towpath-team-a', namespace };
    kubernetes.put({
      ...{ apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository', metadata },
      spec: { url: repositoryUrl },
    });
  }
}

function putSource({ kubernetes, remote, engineNamespace: namespace }: MemoryEngineOptions): void {
  const metadata = { name: 'towpath-team-a', namespace };
  const artifact = { revision: `main@sha1:${remote.head}` };
  kubernetes.put({ apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository', metadata, status: { artifact } });
}

function putEngineObject(options: MemoryEngineOptions, { name, path }: SyncedFolder): void {
  const { kubernetes, engine, engineNamespace, remote, repositoryUrl } = options;
  const metadata = { name, namespace: engineNamespace };
  if (engine === 'argo-cd') {
    const there = kubernetes.find({ apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', metadata });
    const sync = { status: 'Synced', revision: remote.head };
    if (JSON.stringify(there?.status?.['sync']) === JSON.stringify(sync)) return;
    kubernetes.put({
      ...{ apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', metadata },
      spec: { source: { repoURL: repositoryUrl, path }, syncPolicy: { automated: {} } },
      status: { sync, reconciledAt: new Date().toISOString() },
    });
  }
  if (engine === 'flux') {
    const revision = `main@sha1:${remote.head}`;
    kubernetes.put({
      ...{ apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', metadata },
      spec: { path: `./${path}`, sourceRef: { kind: 'GitRepository', name: 'towpath-team-a' } },
      status: { lastAttemptedRevision: revision, lastAppliedRevision: revision },
    });
  }
}
