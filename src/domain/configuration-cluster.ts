/** The part of the configuration that concerns a cluster: how it is reached, which engine applies, how long is waited. */
import { z } from 'zod';
import { electionObjections, rule } from './configuration-rules.ts';
import { Duration } from './duration.ts';
import { NamespaceName, ObjectName } from './identifiers.ts';

export const ClusterAccess = z.strictObject({
  kubeconfig: z
    .string()
    .min(1)
    .optional()
    .describe('kubeconfig of the cluster to watch; absent: the service account of the pod that it runs in'),
  context: z.string().min(1).optional().describe('context of the kubeconfig; absent: its current one'),
});
export type ClusterAccess = z.infer<typeof ClusterAccess>;

export const LeaderElection = z
  .strictObject({
    namespace: NamespaceName.optional().describe('where the Lease lies; absent: the namespace of the pod'),
    lease: ObjectName.optional().describe('name of the Lease; absent: towpath-<listener id>'),
    leaseDuration: Duration.prefault('15s').describe('after so long without a renewal another replica takes over'),
    renewDeadline: Duration.prefault('10s').describe('a leader that cannot renew for so long gives up'),
    retryPeriod: Duration.prefault('2s').describe('between two attempts to renew or to acquire'),
  })
  .check(rule(electionObjections));
export type LeaderElection = z.infer<typeof LeaderElection>;

/** Where metrics and health are served. */
export const Monitoring = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('address to listen on; 0.0.0.0 in a pod'),
  port: z.number().int().min(0).max(65_535).describe('port of /metrics, /healthz and /readyz'),
});
export type Monitoring = z.infer<typeof Monitoring>;

/** OpenTelemetry, loaded only where it is configured. */
export const Tracing = z.strictObject({
  endpoint: z
    .url({ protocol: /^https?$/ })
    .describe('OTLP over HTTP, such as http://collector:4318; spans go to <endpoint>/v1/traces'),
});
export type Tracing = z.infer<typeof Tracing>;

const Engine = z.enum(['auto', 'argo-cd', 'flux', 'other', 'none']);

const ArgoCd = z.strictObject({
  namespace: NamespaceName.prefault('argocd').describe('where Argo CD and its Applications are'),
  project: ObjectName.optional().describe('AppProject of the Applications; absent: towpath-<namespace>'),
  refresh: z
    .boolean()
    .default(true)
    .describe('annotate the Application after a push instead of waiting for the next poll'),
});

export const Flux = z.strictObject({
  namespace: NamespaceName.prefault('flux-system').describe('where the GitRepository and the Kustomizations are'),
  gitRepository: ObjectName.optional().describe('GitRepository of the repository; absent: towpath-<namespace>'),
  serviceAccountName: ObjectName.optional().describe('account that kustomize-controller applies as'),
  interval: Duration.prefault('10m').describe('how often Flux compares without a new commit'),
  retryInterval: Duration.prefault('1m').describe('after a failure'),
  timeout: Duration.prefault('3m').describe('of one apply'),
  refresh: z
    .boolean()
    .default(true)
    .describe('annotate the GitRepository after a push instead of waiting for its interval'),
});
export type Flux = z.infer<typeof Flux>;

const Rollout = z.strictObject({
  deadline: Duration.prefault('10m').describe('a revision that is not healthy for so long is DEPLOY_FAILED'),
  stuckAfter: Duration.prefault('1m').describe(
    'a pod that cannot start for so long (image, configuration, crash loop) fails the revision before the deadline',
  ),
});

/** What a namespace says about its cluster; part of each namespace’s options. */
export const clusterOptions = {
  engine: Engine.default('auto').describe(
    'who applies the commits; auto: whoever has an object for this repository, none outside a cluster; other: somebody else, only workloads are watched; none: a revision counts as DEPLOYED once it is pushed',
  ),
  argoCd: ArgoCd.prefault({}),
  flux: Flux.prefault({}),
  rollout: Rollout.prefault({}),
};
