/**
 * `source_config.resource_spec`: what a client may say about a deployment's resources.
 * Names, types and limits are those of LangSmith's public OpenAPI (ResourceSpec, Container, Volume, VolumeMount).
 * Null means the same as absent.
 */
import { z } from 'zod';
import { ObjectName } from './identifiers.ts';

const optional = <T extends z.ZodType>(schema: T) => schema.nullish();
const cores = (most: number) => optional(z.number().min(0.1).max(most));
const mebibytes = () => optional(z.number().int().min(1).max(1_048_576));
const scale = (least: number) => optional(z.number().int().min(least).max(1000));
const structure = () => optional(z.record(z.string(), z.json()));
const text = () => optional(z.string());

export const VolumeMount = z.strictObject({
  name: z.string(),
  mountPath: z.string(),
  subPath: text(),
  subPathExpr: text(),
  mountPropagation: text(),
  readOnly: optional(z.boolean()),
});

export const Volume = z.strictObject({
  name: z.string(),
  configMap: structure(),
  secret: structure(),
  emptyDir: structure(),
  persistentVolumeClaim: structure(),
  nfs: structure(),
  projected: structure(),
  downwardAPI: structure(),
  csi: structure(),
});

const Quantities = optional(z.record(z.string(), z.string()));

export const Container = z.strictObject({
  name: z.string(),
  image: z.string(),
  imagePullPolicy: text(),
  command: optional(z.array(z.string())),
  args: optional(z.array(z.string())),
  workingDir: text(),
  env: optional(z.array(z.strictObject({ name: z.string(), value: text(), valueFrom: structure() }))),
  envFrom: optional(z.array(z.record(z.string(), z.json()))),
  resources: optional(z.strictObject({ limits: Quantities, requests: Quantities })),
  volumeMounts: optional(z.array(VolumeMount)),
  securityContext: structure(),
  restartPolicy: text(),
});

export const ResourceSpec = z.strictObject({
  min_scale: scale(0),
  max_scale: scale(1),
  cpu: cores(8),
  cpu_limit: cores(16),
  memory_mb: mebibytes(),
  memory_limit_mb: mebibytes(),
  queue_min_scale: scale(0),
  queue_max_scale: scale(1),
  queue_cpu: cores(8),
  queue_cpu_limit: cores(16),
  queue_memory_mb: mebibytes(),
  queue_memory_limit_mb: mebibytes(),
  redis_cpu: cores(8),
  redis_cpu_limit: cores(16),
  redis_memory_mb: mebibytes(),
  redis_memory_limit_mb: mebibytes(),
  db_cpu: cores(64),
  db_cpu_limit: cores(128),
  db_memory_mb: mebibytes(),
  db_memory_limit_mb: mebibytes(),
  db_storage_gi: optional(z.number().int().min(1).max(65_536)),
  db_max_connections: optional(z.number().int().min(1).max(100_000)),
  labels: optional(z.record(z.string(), z.string())),
  annotations: optional(z.record(z.string(), z.string())),
  service_account_name: optional(ObjectName),
  image_pull_secrets: optional(z.array(z.strictObject({ name: ObjectName }))),
  volumes: optional(z.array(Volume)),
  volume_mounts: optional(z.array(VolumeMount)),
  init_containers: optional(z.array(Container)),
  sidecars: optional(z.array(Container)),
  // Reserved upstream ("do not use"): taken and kept, and without an effect.
  orchestrator_cpu: optional(z.number()),
  orchestrator_cpu_limit: optional(z.number()),
  orchestrator_memory_mb: optional(z.number().int()),
  orchestrator_memory_limit_mb: optional(z.number().int()),
  orchestrator_min_scale: optional(z.number().int()),
  orchestrator_max_scale: optional(z.number().int()),
  executor_cpu: optional(z.number()),
  executor_cpu_limit: optional(z.number()),
  executor_memory_mb: optional(z.number().int()),
  executor_memory_limit_mb: optional(z.number().int()),
  executor_min_scale: optional(z.number().int()),
  executor_max_scale: optional(z.number().int()),
});

export type ResourceSpec = z.infer<typeof ResourceSpec>;
export type Container = z.infer<typeof Container>;
export type Volume = z.infer<typeof Volume>;
export type VolumeMount = z.infer<typeof VolumeMount>;
