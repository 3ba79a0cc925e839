/** Live objects as a real API server, Argo CD 3.5 and Flux 2.9 show them, cut to what is read. */
import type { CommitId, RevisionId } from '../../../src/domain/identifiers.ts';
import { type LiveObject, ownLabels } from '../../../src/domain/live-object.ts';

export const revisionId = '33333333-3333-4333-8333-333333333333' as RevisionId;
export const olderRevisionId = '22222222-2222-4222-8222-222222222222' as RevisionId;
/** The branch, oldest first; ours is in its middle. */
export const older = 'a'.repeat(40) as CommitId;
export const ours = 'b'.repeat(40) as CommitId;
export const newer = 'c'.repeat(40) as CommitId;

/** As the listener knows the branch: a name of a branch, or a commit that it has not seen, is not known. */
export function contains(revision: string): boolean | null {
  if (revision === ours || revision === newer) return true;
  return revision === older ? false : null;
}

/** Pushed at 700 ms after the whole second. */
export const committedAt = new Date('2026-11-23T06:52:50.700Z');
export const at = (seconds: number): Date => new Date(committedAt.getTime() + seconds * 1000);
export const iso = (seconds: number): string => `${at(seconds).toISOString().slice(0, 19)}Z`;

type Fields = Readonly<Record<string, unknown>>;

export function object(
  kind: string,
  name: string,
  fields: {
    readonly spec?: Fields;
    readonly status?: Fields;
    readonly metadata?: Partial<LiveObject['metadata']>;
  } = {},
): LiveObject {
  const { metadata, ...rest } = fields;
  return { apiVersion: 'v1', kind, metadata: { name, namespace: 'team-a', uid: `uid-${name}`, ...metadata }, ...rest };
}

const labelled = (revision: string | null) =>
  revision === null ? { labels: {} } : { labels: { [ownLabels.revision]: revision } };

interface Shape {
  readonly revision?: string | null;
  readonly spec?: Fields;
  readonly status?: Fields;
  readonly metadata?: Partial<LiveObject['metadata']>;
}

export const progressing = (reason: string, message = '', status = 'True') => ({
  ...{ type: 'Progressing', status, reason, message, lastTransitionTime: iso(1) },
});
const available = { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable', message: '' };
export const rolledOut = [progressing('NewReplicaSetAvailable'), available];

/** Two pods wanted, made, of the newest template, available. */
export function deployment(name = 'chat', { revision = revisionId, spec, status, metadata }: Shape = {}): LiveObject {
  return object('Deployment', name, {
    metadata: { generation: 2, ...labelled(revision), ...metadata },
    spec: { replicas: 2, progressDeadlineSeconds: 600, ...spec },
    status: {
      ...{ observedGeneration: 2, replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 },
      conditions: rolledOut,
      ...status,
    },
  });
}

export function statefulSet(name = 'chat-postgres', { spec, status, metadata }: Shape = {}): LiveObject {
  const revision = { currentRevision: `${name}-1`, updateRevision: `${name}-1` };
  return object('StatefulSet', name, {
    metadata: { generation: 1, labels: {}, ...metadata },
    spec: { replicas: 1, ...spec },
    status: {
      ...{ observedGeneration: 1, replicas: 1, readyReplicas: 1, updatedReplicas: 1, currentReplicas: 1 },
      ...revision,
      ...status,
    },
  });
}

/** A pod that its node has taken; not ready unless said so. */
export function pod(name = 'chat-5d9-x', { revision = revisionId, spec, status, metadata }: Shape = {}): LiveObject {
  return object('Pod', name, {
    metadata: { creationTimestamp: iso(2), ...labelled(revision), ...metadata },
    spec: { containers: [{ name: 'api-server', image: 'example.invalid/chat:2' }], ...spec },
    status: { phase: 'Pending', startTime: iso(2), conditions: [notReady], ...status },
  });
}

export const notReady = { type: 'Ready', status: 'False', reason: 'ContainersNotReady', lastTransitionTime: iso(2) };
export const ready = (since = 3) => ({ type: 'Ready', status: 'True', lastTransitionTime: iso(since) });

export function container(fields: Fields): Fields {
  return { ...{ name: 'api-server', image: 'example.invalid/chat:2', ready: false, restartCount: 0 }, ...fields };
}

export const backOff = container({
  state: {
    waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "example.invalid/chat:2": not found' },
  },
});

/** As a kubelet shows a container between two crashes. */
export const crashing = (restartCount: number, change: Fields = {}): Fields =>
  container({
    restartCount,
    state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 40s restarting failed container=api-server' } },
    lastState: { terminated: { exitCode: 1, reason: 'Error', startedAt: iso(20), finishedAt: iso(21) } },
    ...change,
  });

export function event(about: LiveObject, reason: string, message: string, fieldPath = ''): LiveObject {
  const { kind, metadata } = about;
  const involvedObject = { kind, name: metadata.name, uid: metadata.uid, fieldPath };
  return { ...object('Event', `${metadata.name}.${reason}`), ...{ involvedObject, reason, message, type: 'Warning' } };
}

const source = { path: 'deployments/chat', repoURL: 'https://git.example/team-a.git', targetRevision: 'main' };
const automated = { automated: { prune: true, selfHeal: true }, retry: { limit: -1, refresh: true } };

export interface ApplicationShape {
  /** `.operation`, which is there while an operation is asked for or runs. */
  readonly operation?: Fields;
  readonly sync?: Fields;
  readonly operationState?: Fields;
  readonly status?: Fields;
  readonly spec?: Fields;
  readonly metadata?: Partial<LiveObject['metadata']>;
}

/** Synced and healthy at the older commit, before a push is seen. */
export function application(shape: ApplicationShape = {}): LiveObject {
  const { operation, sync, operationState, status, spec, metadata } = shape;
  const made = object('Application', 'team-a-chat', {
    metadata: { namespace: 'argocd', ...metadata },
    spec: { source, syncPolicy: automated, ...spec },
    status: {
      health: { status: 'Healthy' },
      reconciledAt: iso(3),
      sync: { status: 'Synced', revision: older, comparedTo: { source }, ...sync },
      ...(operationState && { operationState: { startedAt: iso(1), ...operationState } }),
      ...status,
    },
  });
  return operation === undefined ? made : { ...made, ...{ operation } };
}

export const succeeded = (revision: string) => ({
  ...{ phase: 'Succeeded', finishedAt: iso(2), message: 'successfully synced (all tasks run)' },
  syncResult: { revision, resources: [] },
});

const refusal =
  'error when patching "/dev/shm/539023458": Service "chat" is invalid: spec.ports[0].targetPort: Invalid value: 99999999: must be between 1 and 65535, inclusive';
export const refusedService = {
  kind: 'Service',
  name: 'chat',
  status: 'SyncFailed',
  hookPhase: 'Failed',
  message: refusal,
};
const appliedDeployment = { group: 'apps', kind: 'Deployment', name: 'chat', status: 'Synced', message: 'configured' };

/** Between two attempts: phase Running, with a time at which the last attempt ended. */
export const retrying = (revision: string, retryCount: number): Fields => ({
  ...{ phase: 'Running', retryCount, finishedAt: iso(4) },
  message: `one or more synchronization tasks completed unsuccessfully, reason: ${refusal}. Retrying attempt #${retryCount} at 6:53AM.`,
  operation: { sync: { revision } },
  syncResult: { revision, resources: [refusedService, appliedDeployment] },
});

/** An attempt has begun: Argo CD takes back what it said of the last one. */
export const trying = (revision: string, retryCount: number): Fields => ({
  ...{ phase: 'Running', retryCount, message: `Retrying operation. Attempt #${retryCount}` },
  operation: { sync: { revision } },
});

export const condition = (type: string, message: string, seconds = 3) => ({
  conditions: [{ type, message, lastTransitionTime: iso(seconds) }],
});

export function kustomization(status: Fields = {}, spec: Fields = {}): LiveObject {
  return object('Kustomization', 'chat', {
    metadata: { namespace: 'flux-system', generation: 1 },
    spec: { prune: true, wait: false, ...spec },
    status: { observedGeneration: 1, lastAttemptedRevision: `main@sha1:${older}`, ...status },
  });
}

export function gitRepository(status: Fields = {}, spec: Fields = {}): LiveObject {
  return object('GitRepository', 'towpath-team-a', {
    metadata: { namespace: 'flux-system', generation: 1 },
    spec,
    status: { observedGeneration: 1, artifact: { revision: `main@sha1:${ours}` }, ...status },
  });
}

export const fluxCondition = (type: string, status: string, reason: string, message: string, seconds = 3) => ({
  ...{ type, status, reason, message, lastTransitionTime: iso(seconds), observedGeneration: 1 },
});
