/**
 * The listener's configuration: one YAML file, one schema, every option documented and defaulted.
 * Secrets come only by file or environment variable, never as text. JSON Schema: `towpath validate --schema`.
 */
import { z } from 'zod';
import { ClusterAccess, clusterOptions, LeaderElection, Monitoring, Tracing } from './configuration-cluster.ts';
import { lgpObjections } from './configuration-lgp.ts';
import { Pods } from './configuration-pods.ts';
import {
  GithubApp,
  Publication,
  publicationObjections,
  publishingObjections,
  Signing,
  Webhooks,
} from './configuration-publication.ts';
import { Route } from './configuration-route.ts';
import {
  authObjections,
  isBranchName,
  oneOf,
  repositoryObjections,
  rule,
  sharedRepositoryObjections,
  withWholeNamespaces,
} from './configuration-rules.ts';
import { Secrets, sopsObjections } from './configuration-secrets.ts';
import { Duration } from './duration.ts';
import { repoPath } from './file-tree.ts';
import { CommitId, EnvironmentName, ListenerId, NamespaceName, ObjectName, SecretKey } from './identifiers.ts';
import { parseImageReference } from './image-reference.ts';

const file = () => z.string().min(1);

/** A path in the repository; what does not fit becomes one more finding, as with every other option. */
const Component = z.string().transform((text, context) => {
  try {
    return repoPath(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'expected a relative path of plain segments inside the repository' });
    return z.NEVER;
  }
});

const SecretKeyReference = z.strictObject({
  secretName: ObjectName.describe('a Secret in the deployment’s own namespace'),
  key: SecretKey.describe('the key in it'),
});

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

const Credentials = z
  .strictObject({
    username: z.string().optional().describe('any will do where the password is a token'),
    usernameFile: file().optional().describe('file that holds the user name'),
    passwordFile: file().optional().describe('password or token; read again when it changes'),
    passwordEnv: EnvironmentName.optional().describe('environment variable that holds it'),
    bearerTokenFile: file().optional().describe('sent as Authorization: Bearer'),
    sshKeyFile: file().optional().describe('OpenSSH private key, for ssh:// and git@host: URLs'),
    sshKnownHostsFile: file().optional().describe('pinned host keys; an unknown host is refused'),
    githubApp: GithubApp.optional().describe('a GitHub App instead of a password; its tokens serve git and the API'),
  })
  .check(
    rule((value) => [
      ...oneOf(value, ['username', 'usernameFile']),
      ...oneOf(value, ['passwordFile', 'passwordEnv', 'bearerTokenFile', 'sshKeyFile', 'githubApp']),
      ...(value.sshKeyFile ? oneOf(value, ['sshKnownHostsFile'], 'the pinned host keys') : []),
    ]),
  );

const Policy = z.strictObject({
  allowPrivileged: z
    .boolean()
    .default(false)
    .describe('privileged containers, added capabilities, privilege escalation'),
  allowHostAccess: z.boolean().default(false).describe('host ports and other doors to the node'),
  allowServiceAccountTokens: z
    .boolean()
    .default(false)
    .describe('volumes that project a token of the service account, which speaks to the cluster’s API'),
  reservedSecrets: z.array(ObjectName).default([]).describe('Secrets that no deployment may name'),
  reservedKeys: z
    .array(z.string().min(1))
    .default([])
    .describe('labels and annotations that no deployment may set, beside Towpath’s own; a prefix ends in "/"'),
  serviceAccounts: z
    .array(ObjectName)
    .optional()
    .describe('the only ServiceAccounts that deployments may name; absent: any but another deployment’s'),
  csiDrivers: z
    .array(z.string().min(1))
    .optional()
    .describe('the only CSI drivers that deployments may use in volumes; absent: any that is no door to the node'),
  extraKinds: z
    .array(z.string().regex(/^(?:[a-z0-9.-]+\/)?v[a-z0-9]+\/[A-Z][A-Za-z0-9]*$/, 'expected <apiVersion>/<kind>'))
    .default([])
    .describe('kinds that your own templates may emit though Towpath has no schema of them: example.com/v1/Widget'),
});
export type Policy = z.infer<typeof Policy>;

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

export const Namespace = z
  .strictObject({
    repository: z.string().min(1).describe('https://, http:// or ssh:// URL without credentials in it'),
    branch: z
      .string()
      .refine(isBranchName, 'git does not allow this as the name of a branch')
      .default('main')
      .describe('the branch that the engine follows'),
    createBranch: z
      .boolean()
      .default(false)
      .describe('lay down the branch where the repository is not empty and lacks it'),
    credentials: Credentials.optional(),
    caFile: file().optional().describe('PEM of a private certificate authority for the git server'),
    proxy: z.url().optional().describe('HTTP proxy for git; HTTPS_PROXY and NO_PROXY count where absent'),
    layout: z.enum(['flat', 'sharded']).default('flat').describe('sharded for more than about 2,000 deployments'),
    publication: Publication.prefault({ mode: 'direct' }),
    ...clusterOptions,
    secrets: Secrets.prefault({ mode: 'cluster' }),
    kubernetesVersion: z
      .string()
      .regex(/^1\.(?:[3-9][0-9]|[1-9][0-9]{2})$/, 'expected 1.30 or a later minor version')
      .optional()
      .describe('what manifests must be valid for; absent: for the oldest and the newest that Towpath knows'),
    templates: z.string().default('agent-server').describe('a set that comes with Towpath, or a folder of one’s own'),
    kustomize: z
      .strictObject({
        components: z
          .array(Component)
          .default([])
          .describe('folders of your own kustomize components, from the repository’s root'),
      })
      .prefault({}),
    route: Route.prefault({ kind: 'none' }),
    deletion: z
      .strictObject({
        max: z.number().int().min(1).default(10).describe('removals; beyond it they wait for a person'),
        within: Duration.prefault('1h').describe('the time in which they are counted'),
        data: z.enum(['retain', 'delete']).default('retain').describe('what becomes of the databases’ volumes'),
      })
      .prefault({}),
    rerender: z
      .enum(['next-revision', 'now'])
      .default('next-revision')
      .describe('when an upgrade or another configuration reaches what is there already'),
    drift: z.enum(['hold', 'restore']).default('hold').describe('what becomes of a person’s changes in git'),
    policy: Policy.prefault({}),
    acceptHistory: CommitId.optional().describe(
      'a commit that the branch may stand on though it does not descend from Towpath’s own: ends "history rewritten"',
    ),
    pushesPerMinute: z.number().int().min(1).optional().describe('the forge’s budget; github.com: 6'),
  })
  .check(rule((value) => [...repositoryObjections(value), ...sopsObjections(value), ...publicationObjections(value)]));
export type Namespace = z.infer<typeof Namespace>;

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
