/** What every deployment gets: the database, Redis, keys, autoscaling and pods of an Agent Server. */
import { z } from 'zod';
import { Pods } from './configuration-pods.ts';
import { EnvironmentName, NamespaceName, ObjectName, SecretKey } from './identifiers.ts';
import { parseImageReference } from './image-reference.ts';

const SecretKeyReference = z.strictObject({
  secretName: ObjectName.describe('a Secret in the deployment’s own namespace'),
  key: SecretKey.describe('the key in it'),
});

const Image = z
  .string()
  .refine((text) => parseImageReference(text) !== null, 'expected an image such as docker.io/library/redis:7');

const Database = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('in-cluster'),
    image: Image.default('docker.io/pgvector/pgvector:pg16').describe('Postgres with pgvector'),
    storageClassName: ObjectName.optional().describe('of its volume; absent: the cluster’s default'),
  }),
  z.strictObject({ kind: z.literal('external') }),
]);

const Redis = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('in-cluster'),
    image: Image.default('docker.io/library/redis:7').describe('Redis'),
  }),
  z.strictObject({ kind: z.literal('external') }),
]);

const Auth = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({
    kind: z.literal('langsmith'),
    endpoint: z.url().describe('LangSmith’s API, which checks the callers’ keys'),
    tenantId: z
      .guid()
      .optional()
      .describe('LangSmith workspace that callers must belong to; left out: the deployment’s own workspace'),
  }),
]);

/** What every deployment gets. */
export const AgentServer = z.strictObject({
  langsmith: z
    .strictObject({ endpoint: z.url().describe('LangSmith’s API'), apiKey: SecretKeyReference })
    .optional()
    .describe('where traces go; absent: tracing is off'),
  licenseKey: SecretKeyReference.optional().describe('LANGGRAPH_CLOUD_LICENSE_KEY'),
  controlPlaneApiKey: SecretKeyReference.optional().describe(
    'LANGSMITH_CONTROL_PLANE_API_KEY: LangSmith’s key for the licence, where traces go to another LangSmith or nowhere',
  ),
  database: Database.prefault({ kind: 'in-cluster' }),
  redis: Redis.prefault({ kind: 'in-cluster' }),
  auth: Auth.optional().describe('must be said once there is a route: an agent is never public by default'),
  autoscaler: z
    .enum(['keda', 'hpa', 'none'])
    .default('hpa')
    .describe('keda needs its CRDs; hpa and keda both need metrics-server for CPU and memory'),
  kedaNamespace: NamespaceName.prefault('keda').describe('where KEDA runs: its operator counts the runs'),
  queue: z.boolean().default(true).describe('runs are worked on by pods of their own; false: by the API’s pods'),
  runAsUser: z
    .union([z.number().int().min(0), z.literal('cluster')], 'expected a user id, or cluster')
    .default(1000)
    .describe(
      'user id of the server; 0 for images that only work as root, which the "restricted" level refuses; cluster: no pod names users or groups, as OpenShift chooses them itself',
    ),
  pods: Pods.prefault({}),
  environment: z.record(EnvironmentName, z.string()).default({}).describe('plain variables for every deployment'),
});

export type AgentServer = z.infer<typeof AgentServer>;
