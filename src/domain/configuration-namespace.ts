/** What the configuration says of one namespace: its repository, how it is published, and what is allowed in it. */
import { z } from 'zod';
import { clusterOptions } from './configuration-cluster.ts';
import { GithubApp, Publication, publicationObjections } from './configuration-publication.ts';
import { Route } from './configuration-route.ts';
import { file, isBranchName, oneOf, repositoryObjections, rule } from './configuration-rules.ts';
import { Secrets, sopsObjections } from './configuration-secrets.ts';
import { Duration } from './duration.ts';
import { repoPath } from './file-tree.ts';
import { CommitId, EnvironmentName, ObjectName } from './identifiers.ts';

/** A path in the repository; what does not fit becomes one more finding, as with every other option. */
const Component = z.string().transform((text, context) => {
  try {
    return repoPath(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'expected a relative path of plain segments inside the repository' });
    return z.NEVER;
  }
});

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

export const Policy = z.strictObject({
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
