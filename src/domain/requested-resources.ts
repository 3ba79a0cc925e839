/**
 * `source_config.resource_spec` as clients may send it: the shape of ResourceSpec, in Kubernetes' grammar, and with a
 * bound on everything. A listener reads by the shape alone, since what is stored may be older than these rules.
 */
import { z } from 'zod';
import { ObjectName } from './identifiers.ts';
import { parseImageReference } from './image-reference.ts';
import { labelKey, labelValue } from './label-syntax.ts';
import { isQuantity } from './quantity.ts';
import { Container, ResourceSpec, Volume, VolumeMount } from './resource-spec.ts';

/** As JSON. Kubernetes stores at most a mebibyte and a half an object, and every list of deployments carries this. */
export const mostResourceBytes = 65_536;

const optional = <T extends z.ZodType>(schema: T) => schema.nullish();
const many = <T extends z.ZodType>(item: T, most: number) => optional(z.array(item).max(most));

/** A map with a bound on its entries, which the generated description shows. */
function entries<Key extends z.ZodType<string, string>, Value extends z.ZodType>(key: Key, value: Value, most: number) {
  return z
    .record(key, value)
    .refine((map) => Object.keys(map).length <= most, `expected at most ${most} entries`)
    .meta({ maxProperties: most });
}

const FieldName = z.string().max(253);
/** What Kubernetes alone knows the fields of; its size is bounded with that of the whole. */
const Structure = entries(FieldName, z.json(), 100);

const Label = z
  .string()
  .regex(
    labelValue,
    'expected at most 63 letters, digits, "-", "_" and ".", beginning and ending with a letter or digit',
  )
  .meta({ maxLength: 63 });
const LabelKey = z
  .string()
  .regex(labelKey, 'expected name or prefix.example/name, of letters, digits, "-", "_" and "."')
  .meta({ maxLength: 317 });
const Text = z.string().max(mostResourceBytes);
const PartName = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'expected lower-case letters, digits and "-", at most 63 characters')
  .meta({ maxLength: 63 });
const Image = z
  .string()
  .max(1024)
  .refine((text) => parseImageReference(text) !== null, 'expected [registry/]repository[:tag][@sha256:<64 hex>]');
const VariableName = z
  .string()
  .max(253)
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected letters, digits and "_", not beginning with a digit');
const AbsolutePath = z
  .string()
  .max(4096)
  .regex(/^\/[^:\u0000-\u001f\u007f]*$/, 'expected an absolute path without ":"');
/** No part of it is `..`, or it would lead out of the volume. */
const RelativePath = z
  .string()
  .max(4096)
  .regex(/^(?!\/)(?!(?:.*\/)?\.\.(?:\/|$))[^\u0000-\u001f\u007f]*$/, 'expected a relative path without ".."');
const Quantity = z.string().max(64).refine(isQuantity, 'expected a quantity such as 500m, 2 or 4Gi');
const Quantities = optional(
  entries(
    z
      .string()
      .max(317)
      .regex(/^[A-Za-z0-9][A-Za-z0-9./-]*$/, 'expected the name of a resource'),
    Quantity,
    20,
  ),
);

const RequestedMount = z.strictObject({
  ...VolumeMount.shape,
  name: PartName,
  mountPath: AbsolutePath,
  subPath: optional(RelativePath),
  subPathExpr: optional(RelativePath),
  mountPropagation: optional(z.enum(['None', 'HostToContainer', 'Bidirectional'])),
});

const structure = () => optional(Structure);

const RequestedVolume = z.strictObject({
  ...Volume.shape,
  name: PartName,
  configMap: structure(),
  secret: structure(),
  emptyDir: structure(),
  persistentVolumeClaim: structure(),
  nfs: structure(),
  projected: structure(),
  downwardAPI: structure(),
  csi: structure(),
});

const Variable = z.strictObject({ name: VariableName, value: optional(Text), valueFrom: structure() });

const RequestedContainer = z.strictObject({
  ...Container.shape,
  name: PartName,
  image: Image,
  imagePullPolicy: optional(z.enum(['Always', 'IfNotPresent', 'Never'])),
  command: many(Text, 200),
  args: many(Text, 200),
  workingDir: optional(AbsolutePath),
  env: many(Variable, 500),
  envFrom: many(Structure, 100),
  resources: optional(z.strictObject({ limits: Quantities, requests: Quantities })),
  volumeMounts: many(RequestedMount, 100),
  securityContext: structure(),
  // What makes an init container a sidecar that starts first; Kubernetes knows no other word here.
  restartPolicy: optional(z.enum(['Always'])),
});

/** Without an effect, so all that matters is that it is a number. */
const reserved = () => optional(z.number().min(0).max(1_000_000));

export const RequestedResources = z.strictObject({
  ...ResourceSpec.shape,
  orchestrator_cpu: reserved(),
  orchestrator_cpu_limit: reserved(),
  executor_cpu: reserved(),
  executor_cpu_limit: reserved(),
  labels: optional(entries(LabelKey, Label, 100)),
  annotations: optional(entries(LabelKey, Text, 100)),
  service_account_name: optional(ObjectName),
  image_pull_secrets: many(z.strictObject({ name: ObjectName }), 50),
  volumes: many(RequestedVolume, 100),
  volume_mounts: many(RequestedMount, 100),
  init_containers: many(RequestedContainer, 20),
  sidecars: many(RequestedContainer, 20),
}) satisfies z.ZodType<ResourceSpec>;
