/** Kubernetes objects that a real API server takes as well as one in memory; they start nothing. */
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import { type LiveObject, ownLabels } from '../../src/domain/live-object.ts';
import type { ClusterObject, ClusterUnderTest } from './cluster-under-test.ts';

type World = Pick<ClusterUnderTest, 'namespace' | 'engineNamespace' | 'listenerId' | 'repositoryUrl'>;

export const image = 'registry.example/agents/chat:1.0.0';
const plainPod = { containers: [{ name: 'main', image }] };

export function labels(listenerId: string, id: DeploymentId): Readonly<Record<string, string>> {
  return { [ownLabels.deployment]: id, [ownLabels.listener]: listenerId };
}

function metadataOf({ namespace, listenerId }: World, name: string, id: DeploymentId) {
  return { name, namespace, labels: labels(listenerId, id) };
}

export function deployment(world: World, name: string, id: DeploymentId, pod: object = plainPod): ClusterObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadataOf(world, name, id),
    spec: replicated(name, pod),
  };
}

function replicated(name: string, pod: object) {
  const matchLabels = { app: name };
  return { replicas: 0, selector: { matchLabels }, template: { metadata: { labels: matchLabels }, spec: pod } };
}

export function statefulSet(world: World, name: string, id: DeploymentId, pod: object = plainPod): ClusterObject {
  const spec = { ...replicated(name, pod), serviceName: name };
  return { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: metadataOf(world, name, id), spec };
}

function replicaSet(world: World, name: string, id: DeploymentId, pod: object): ClusterObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: metadataOf(world, name, id),
    spec: replicated(name, pod),
  };
}

export function pod(world: World, name: string, id: DeploymentId, spec: object = plainPod): ClusterObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: metadataOf(world, name, id), spec: { ...spec } };
}

/** All that may refer to a Secret, by its kind. */
export const referrers = {
  Deployment: deployment,
  ReplicaSet: replicaSet,
  StatefulSet: statefulSet,
  Pod: pod,
} as const;

/** Refers to a Secret in each way that a pod can. */
export const referringPodSpec = {
  imagePullSecrets: [{ name: 'by-pull' }],
  initContainers: [{ name: 'first', image, envFrom: [{ secretRef: { name: 'by-init-env-from' } }] }],
  containers: [
    {
      name: 'main',
      image,
      env: [
        { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'by-env', key: 'TOKEN' } } },
        { name: 'NAME', valueFrom: { configMapKeyRef: { name: 'no-secret', key: 'NAME', optional: true } } },
      ],
      envFrom: [{ secretRef: { name: 'by-env-from' } }, { configMapRef: { name: 'no-secret' } }],
    },
  ],
  volumes: [
    { name: 'plain', secret: { secretName: 'by-volume' } },
    {
      name: 'mixed',
      projected: { sources: [{ secret: { name: 'by-projection' } }, { configMap: { name: 'no-secret' } }] },
    },
    { name: 'driver', csi: { driver: 'csi.example', nodePublishSecretRef: { name: 'by-driver' } } },
    {
      name: 'iscsi',
      iscsi: { targetPortal: '10.0.0.1', iqn: 'iqn.2026-03.example:disk', lun: 0, secretRef: { name: 'by-storage' } },
    },
  ],
} as const;

export const referredNames: readonly string[] = [
  'by-driver',
  'by-env',
  'by-env-from',
  'by-init-env-from',
  'by-projection',
  'by-pull',
  'by-storage',
  'by-volume',
];

export const foreignPodSpec = { ...plainPod, imagePullSecrets: [{ name: 'of-somebody-else' }] };

export function claim(world: World, name: string, id: DeploymentId): ClusterObject {
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: metadataOf(world, name, id), spec };
}

export function secret(world: World, name: string, id: DeploymentId): ClusterObject {
  return { apiVersion: 'v1', kind: 'Secret', metadata: metadataOf(world, name, id) };
}

export function configMap(world: World, name: string, id: DeploymentId): ClusterObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadataOf(world, name, id) };
}

export function networkPolicy(world: World, name: string, id: DeploymentId): ClusterObject {
  const spec = { podSelector: {}, policyTypes: ['Ingress'] };
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: metadataOf(world, name, id), spec };
}

export function event(
  { namespace }: World,
  name: string,
  { apiVersion, kind, metadata }: LiveObject,
  { type = 'Warning', minute = 0 }: { readonly type?: string; readonly minute?: number },
): ClusterObject {
  const at = new Date(Date.UTC(2026, 2, 1, 12, minute)).toISOString().replace('.000Z', 'Z');
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace },
    involvedObject: { apiVersion, kind, namespace, name: metadata.name, uid: metadata.uid },
    type,
    reason: 'Tested',
    message: `${name} happened`,
    firstTimestamp: at,
    lastTimestamp: at,
    count: 1,
  };
}

interface Reads {
  readonly repository?: string;
  readonly path?: string;
  readonly sources?: readonly object[];
}

export function application(
  { engineNamespace, namespace, repositoryUrl }: World,
  name: string,
  { repository = repositoryUrl, path = '', sources }: Reads,
): ClusterObject {
  const destination = { server: 'https://kubernetes.default.svc', namespace };
  const source = { repoURL: repository, path, targetRevision: 'HEAD' };
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name, namespace: engineNamespace },
    spec: { project: 'default', destination, ...(sources ? { sources } : { source }) },
  };
}

export const runningOperation = {
  operationState: { phase: 'Running', startedAt: '2026-03-01T12:00:00Z', operation: { sync: { revision: 'old' } } },
} as const;

export function applicationSet({ engineNamespace, namespace }: World, name: string, url: string): ClusterObject {
  const { spec } = application(
    { engineNamespace, namespace, listenerId: '', repositoryUrl: url },
    name,
    {},
  ) as unknown as {
    spec: object;
  };
  const directories = [{ path: 'deployments/*' }];
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'ApplicationSet',
    metadata: { name, namespace: engineNamespace },
    spec: {
      generators: [{ git: { repoURL: url, revision: 'HEAD', directories } }],
      template: { metadata: { name: '{{path.basename}}' }, spec },
    },
  };
}

export function gitRepository({ engineNamespace }: World, name: string, url: string): ClusterObject {
  return {
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata: { name, namespace: engineNamespace },
    // Suspended, so that no controller looks at it.
    spec: { url, interval: '1h', suspend: true, ref: { branch: 'main' } },
  };
}

export function fluxKustomization(
  { engineNamespace }: World,
  name: string,
  source: string,
  path: string,
): ClusterObject {
  const sourceRef = { kind: 'GitRepository', name: source };
  return {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name, namespace: engineNamespace },
    spec: { path, sourceRef, interval: '1h', prune: false, suspend: true },
  };
}
