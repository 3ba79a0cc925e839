/**
 * The listener's configuration: one YAML file, one schema, every option documented and defaulted.
 * Secrets come only by file or environment variable, never as text. JSON Schema: `towpath validate --schema`.
 */
import { z } from 'zod';
import { AgentServer } from './configuration-agent-server.ts';
import { ClusterAccess, LeaderElection, Monitoring, Tracing } from './configuration-cluster.ts';
import { lgpObjections } from './configuration-lgp.ts';
import { Namespace } from './configuration-namespace.ts';
import { publishingObjections, Signing, Webhooks } from './configuration-publication.ts';
import {
  authObjections,
  file,
  oneOf,
  rule,
  sharedRepositoryObjections,
  withWholeNamespaces,
} from './configuration-rules.ts';
import { Duration } from './duration.ts';
import { EnvironmentName, ListenerId, NamespaceName } from './identifiers.ts';

const ControlPlane = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/ })
      .transform((text) => text.replace(/\/+$/, ''))
      .describe('where its API answers'),
    apiKeyFile: file().optional().describe('file that holds the API key; read again when it changes'),
    apiKeyEnv: EnvironmentName.optional().describe('environment variable that holds the API key'),
    workspaceId: z.guid().optional().describe('sent as X-Tenant-Id; LangSmith needs it for organisation-wide keys'),
    caFile: file().optional().describe('PEM of a private certificate authority'),
    mode: z
      .enum(['auto', 'full', 'mirror'])
      .default('auto')
      .describe('auto asks GET /towpath/v1/info; mirror reads only the public API and keeps status on its own side'),
    pollInterval: Duration.prefault('15s').describe('mirror mode only: how often the lists are read, with jitter'),
  })
  .check(rule((value) => oneOf(value, ['apiKeyFile', 'apiKeyEnv'], 'the API key')));

export const Git = z.strictObject({
  committer: z
    .strictObject({
      name: z.string().min(1).describe('committer of every commit; the author is who asked'),
      email: z.string().min(1).describe('the committer’s address'),
    })
    .prefault({ name: 'Towpath', email: 'towpath@localhost' }),
  backend: z.enum(['native', 'isomorphic-git']).default('native').describe('native: Towpath’s own write path'),
  interval: Duration.prefault('60s').describe(
    'how often a repository is looked at without any change in the control plane',
  ),
  timeout: Duration.prefault('60s').describe('one request'),
  signing: Signing.optional().describe('present: every commit is signed, and verified before it is pushed'),
});
export type Git = z.infer<typeof Git>;

export const Configuration = z
  .strictObject({
    controlPlane: ControlPlane,
    listener: z.strictObject({
      id: ListenerId.describe('as the control plane registered it'),
      dataFolder: z.string().default('.towpath-listener').describe('mirror mode only: status.json and its key'),
      leaderElection: LeaderElection.optional().describe('present: several replicas may run, one of them works'),
    }),
    cluster: ClusterAccess.prefault({}),
    monitoring: Monitoring.optional().describe('present: metrics and health are served'),
    tracing: Tracing.optional().describe('present: one trace a revision'),
    webhooks: Webhooks.optional().describe('present: forges may tell of changes instead of being asked'),
    git: Git.prefault({}),
    namespaces: z
      .record(NamespaceName, Namespace)
      .refine((all) => Object.keys(all).length > 0, 'name at least one namespace'),
    agentServer: AgentServer.prefault({}),
  })
  // Each by itself: one that stumbles over what is wrong elsewhere silences no other.
  .check(
    rule((value) => authObjections(withWholeNamespaces(value))),
    rule((value) => sharedRepositoryObjections(withWholeNamespaces(value))),
    rule((value) => publishingObjections(withWholeNamespaces(value))),
    rule((value) => lgpObjections(withWholeNamespaces(value), AgentServer.parse({}))),
  );
export type Configuration = z.infer<typeof Configuration>;
