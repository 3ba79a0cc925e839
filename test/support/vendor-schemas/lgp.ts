/**
 * The LGP of LangChain's operator. No package registry serves its CustomResourceDefinition, so its fields are written
 * down here; what they hold of Kubernetes' own (containers, volumes) is taken from the version that the operator has.
 */
import type { Json, Schema } from './prune.ts';

export const lgpIdentity = { apiVersion: 'apps.langchain.ai/v1alpha1', kind: 'LGP' } as const;

/** The minor version of Kubernetes whose types the operator is built with. */
export const lgpMinor = '1.31';

const core = 'io.k8s.api.core.v1.';
/** What `lgpSchema` refers to. */
export const lgpDefinitions = ['Affinity', 'Container', 'EnvVar', 'LocalObjectReference', 'ResourceRequirements']
  .concat(['Toleration', 'Volume', 'VolumeMount'])
  .map((name) => `${core}${name}`);

const boolean: Schema = { type: 'boolean' };
const text: Schema = { type: 'string' };
const integer: Schema = { type: 'integer' };
const count: Schema = { type: 'integer', format: 'int32' };
const texts: Schema = { type: 'object', additionalProperties: text };
const time: Schema = { type: 'string', format: 'date-time' };

export const lgpSchema: Schema = object({
  apiVersion: text,
  kind: text,
  metadata: { type: 'object' },
  spec: object({
    affinity: one('Affinity'),
    annotations: texts,
    autoscaling: autoscaling(),
    database: database(),
    ingress: object({ enabled: boolean }, ['enabled']),
    labels: texts,
    nodeSelector: texts,
    redis: object({ enabled: { ...boolean, default: false }, resources: one('ResourceRequirements') }),
    serverSpec: serverSpec(),
    tolerations: many('Toleration'),
  }),
  status: status(),
});

function autoscaling(): Schema {
  return object(
    {
      autoscalerType: { ...text, enum: ['HPA', 'KEDA'] },
      enabled: boolean,
      maxReplicas: count,
      minReplicas: count,
      queueMaxReplicas: count,
      queueMinReplicas: count,
    },
    ['enabled'],
  );
}

function database(): Schema {
  return object({
    enabled: { ...boolean, default: false },
    legacyName: { ...boolean, default: false },
    maxConnections: { ...integer, default: 100 },
    resources: one('ResourceRequirements'),
    secretName: { ...text, default: 'postgres-credentials' },
    storageSizeGi: { ...integer, default: 10 },
  });
}

function serverSpec(): Schema {
  return object({
    annotations: texts,
    // Two with one name, and which of them counts is Kubernetes' secret.
    env: many('EnvVar', 'name'),
    image: text,
    imagePullSecrets: many('LocalObjectReference'),
    initContainers: many('Container', 'name'),
    labels: texts,
    numJobsPerWorker: integer,
    queueEnabled: { ...boolean, default: true },
    queueResources: one('ResourceRequirements'),
    replicas: count,
    resources: one('ResourceRequirements'),
    serviceAccountName: text,
    sidecars: many('Container', 'name'),
    volumeMounts: many('VolumeMount', 'mountPath'),
    volumes: many('Volume', 'name'),
  });
}

/** The cluster's part: nothing of it is in what Towpath renders, but a server that serves LGPs needs to know it. */
function status(): Schema {
  const reference = ['apiVersion', 'fieldPath', 'kind', 'name', 'namespace', 'resourceVersion', 'uid'];
  const replicaSet = object(Object.fromEntries(reference.map((name) => [name, text])));
  return object({
    conditions: { type: 'array', items: condition() },
    deploymentStatus: object({
      availableReplicas: count,
      lastUpdateTime: time,
      readyReplicas: count,
      replicas: count,
      updateRevision: text,
      updatedReplicas: count,
    }),
    endpoint: text,
    lastCreatedReplicaSet: replicaSet,
    lastSuccessfulReplicaSet: replicaSet,
    observedGeneration: { ...integer, format: 'int64' },
  });
}

function condition(): Schema {
  const words = { message: text, reason: text, status: { ...text, enum: ['True', 'False', 'Unknown'] }, type: text };
  return object({ lastTransitionTime: time, observedGeneration: { ...integer, format: 'int64' }, ...words }, [
    'lastTransitionTime',
    'message',
    'reason',
    'status',
    'type',
  ]);
}

function object(properties: Readonly<Record<string, Json>>, required: readonly string[] = []): Schema {
  return { type: 'object', properties, ...(required.length > 0 ? { required } : {}) };
}

function one(name: string): Schema {
  return { $ref: `#/$defs/${core}${name}` };
}

function many(name: string, key?: string): Schema {
  const keyed = key === undefined ? {} : { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key] };
  return { type: 'array', items: one(name), ...keyed };
}
