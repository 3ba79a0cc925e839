/** How a change goes out: straight to the branch, or as a pull request; through git, or through the forge's API. */
import { z } from 'zod';
import { type Objection, oneOf, rule } from './configuration-rules.ts';
import { Duration } from './duration.ts';
import { forgeAddress } from './forge-address.ts';
import { EnvironmentName } from './identifiers.ts';
import { forgeKinds } from './pull-request.ts';

const file = () => z.string().min(1);

/** GitHub allows 80 requests that make content a minute and 500 an hour, and about 6 pushes a minute a repository. */
const Budget = z.strictObject({
  contentPerMinute: z.number().int().min(1).optional().describe('requests that make something; github: 80'),
  contentPerHour: z.number().int().min(1).optional().describe('the same within an hour; github: 500'),
});

const forgeAccess = {
  forge: z
    .enum(forgeKinds)
    .optional()
    .describe('kind of forge; known by itself for github.com, gitlab.com and codeberg.org; gitea is Forgejo, too'),
  apiUrl: z
    .url({ protocol: /^https?$/ })
    .transform((text) => text.replace(/\/+$/, ''))
    .optional()
    .describe('its API; absent: made from the repository’s URL (/api/v1, /api/v4, api.github.com or /api/v3)'),
  tokenFile: file()
    .optional()
    .describe('file that holds a token for the API; absent: the password or App of the credentials'),
  tokenEnv: EnvironmentName.optional().describe('environment variable that holds it'),
  budget: Budget.prefault({}),
};

const Direct = z.strictObject({
  mode: z.literal('direct').describe('commits go straight to the branch'),
  commits: z
    .enum(['push', 'api'])
    .default('push')
    .describe('api: made by GitHub’s createCommitOnBranch, which signs them for its App'),
  ...forgeAccess,
});

const Proposed = z
  .strictObject({
    mode: z.literal('proposed').describe('one pull request a deployment'),
    commits: z.enum(['push', 'api']).default('push').describe('api: made by GitHub’s createCommitOnBranch'),
    ...forgeAccess,
    interval: Duration.prefault('30s')
      .refine((ms) => ms >= 10_000, 'a forge is not asked more often than every 10s')
      .describe(
        'how often pull requests and the branch are looked at where no webhook tells of them, instead of git.interval; at least 10s',
      ),
    branchPrefix: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]*(?:\/[a-z0-9][a-z0-9._-]*)*\/$/, 'expected something like towpath/')
      .default('towpath/')
      .describe('of the branches that changes are proposed on; everything below it is Towpath’s'),
    labels: z.array(z.string().min(1).max(50)).default([]).describe('of every pull request, beside those of its risks'),
    reviewers: z.array(z.string().min(1)).default([]).describe('user names that are asked to review'),
    teamReviewers: z.array(z.string().min(1)).default([]).describe('teams that are asked to review; not on gitlab'),
    draft: z.boolean().default(false).describe('opened as a draft'),
    titleTemplateFile: file().optional().describe('Handlebars template of the title'),
    bodyTemplateFile: file().optional().describe('Handlebars template of the body'),
    autoMerge: z
      .enum(['none', 'merge', 'squash', 'rebase'])
      .default('none')
      .describe('asks the forge to merge by itself once its own rules are met'),
    merge: z
      .enum(['forge', 'fast-forward'])
      .default('forge')
      .describe('fast-forward: the listener itself puts the approved, signed commit onto the branch'),
    approvals: z.number().int().min(1).default(1).describe('with fast-forward: how many are needed'),
    deleteBranch: z.boolean().default(true).describe('after its pull request was merged or closed by Towpath'),
  })
  .check(rule(mergeObjections));

export const Publication = z
  .discriminatedUnion('mode', [Direct, Proposed])
  .check(rule((value) => oneOf(value, ['tokenFile', 'tokenEnv'])));
export type Publication = z.infer<typeof Publication>;
export type ProposedPublication = z.infer<typeof Proposed>;

function mergeObjections({ autoMerge, merge }: { readonly autoMerge: string; readonly merge: string }): Objection[] {
  if (merge === 'forge' || autoMerge === 'none') return [];
  return [{ path: ['autoMerge'], message: 'cannot be used with merge: fast-forward, where the listener merges' }];
}

/** A GitHub App instead of a password: its tokens serve git and the API alike. */
export const GithubApp = z.strictObject({
  id: z.union([z.string().min(1), z.number().int().positive().transform(String)]).describe('App id or client id'),
  installationId: z.number().int().positive().optional().describe('absent: the one that reaches the repository'),
  privateKeyFile: file().describe('PEM of the App’s private key; read again when it changes'),
});
export type GithubApp = z.infer<typeof GithubApp>;

export const Signing = z
  .strictObject({
    kind: z.enum(['ssh', 'gpg']).describe('Flux verifies both, Argo CD gpg only'),
    keyFile: file().describe('private key: OpenSSH format, or armoured OpenPGP'),
    passphraseFile: file().optional().describe('file that holds its passphrase'),
    passphraseEnv: EnvironmentName.optional().describe('environment variable that holds it'),
  })
  .check(rule((value) => oneOf(value, ['passphraseFile', 'passphraseEnv'])));
export type Signing = z.infer<typeof Signing>;

/** Where forges tell of pushes and pull requests. */
export const Webhooks = z
  .strictObject({
    host: z.string().min(1).default('127.0.0.1').describe('address to listen on; 0.0.0.0 in a pod'),
    port: z.number().int().min(0).max(65_535).describe('port of POST /webhook'),
    secretFile: file().optional().describe('file that holds the secret which the forge signs with'),
    secretEnv: EnvironmentName.optional().describe('environment variable that holds it'),
  })
  .check(rule((value) => oneOf(value, ['secretFile', 'secretEnv'], 'the secret')));
export type Webhooks = z.infer<typeof Webhooks>;

interface PublishingNamespace {
  readonly repository: string;
  readonly branch: string;
  readonly publication: Publication;
  readonly credentials?: Readonly<Record<string, unknown>> | undefined;
}

/** A forge must be known, reachable and of the kind that the options ask for. */
export function publicationObjections(namespace: PublishingNamespace): Objection[] {
  const { publication, credentials = {} } = namespace;
  const address = forgeAddress(namespace);
  const { mode, commits } = publication;
  if (mode === 'direct' && commits === 'push') return [];
  const at = (name: string, message: string): Objection => ({ path: ['publication', name], message });
  const hasToken =
    publication.tokenFile !== undefined ||
    publication.tokenEnv !== undefined ||
    ['passwordFile', 'passwordEnv', 'bearerTokenFile', 'githubApp'].some((name) => credentials[name] !== undefined);
  return [
    ...(address ? [] : [at('forge', 'must be said: gitea, github or gitlab')]),
    ...(commits === 'api' && address && address.kind !== 'github' ? [at('commits', 'api is GitHub’s alone')] : []),
    ...(hasToken
      ? []
      : [at('tokenFile', 'name a token for the forge’s API by tokenFile, tokenEnv or the credentials')]),
    ...(mode === 'proposed' && namespace.branch.startsWith(publication.branchPrefix)
      ? [at('branchPrefix', `${namespace.branch} itself begins with it`)]
      : []),
  ];
}

interface PublishingWhole {
  readonly git: { readonly backend: string; readonly signing?: unknown };
  readonly namespaces: Readonly<Record<string, { readonly publication: Publication }>>;
}

/** What the options of git and those of the namespaces say against each other. */
export function publishingObjections({ git, namespaces }: PublishingWhole): Objection[] {
  return Object.entries(namespaces).flatMap(([name, { publication }]) => {
    const at = (option: string, message: string): Objection => ({
      path: ['namespaces', name, 'publication', option],
      message,
    });
    const isNative = git.backend === 'native';
    return [
      ...(publication.mode === 'proposed' && !isNative ? [at('mode', 'proposed needs git.backend: native')] : []),
      ...(publication.commits === 'api' && !isNative ? [at('commits', 'api needs git.backend: native')] : []),
      ...(publication.commits === 'api' && git.signing !== undefined
        ? [at('commits', 'api: GitHub signs these commits itself; leave out git.signing, or push')]
        : []),
    ];
  });
}
