/** Whether the engine takes the commits that Towpath signs, or does not sign: what it verifies, and by which keys. */
import { z } from 'zod';
import { gitRepositoryName } from '../../core/flux/objects.ts';
import { sameRepository } from '../../core/repository-url.ts';
import type { Namespace } from '../../domain/configuration-namespace.ts';
import { forgeAddress } from '../../domain/forge-address.ts';
import type { NamespaceName } from '../../domain/identifiers.ts';
import type { KeyIdentity } from '../../git/sign-key.ts';
import { type Finding, failed, ok, skipped, warning } from './check.ts';
import type { AnyObject, Seen } from './cluster-reader.ts';

interface SigningSubject {
  readonly namespace: NamespaceName;
  readonly settings: Namespace;
  /** Null: commits are not signed by Towpath. */
  readonly identity: KeyIdentity | null;
}

/** The public keys in the Secret of a GitRepository. */
export interface FluxKeys {
  /** `ssh-ed25519 AAAA…`, without comments. */
  readonly ssh: readonly string[];
  /** 16 hex digits in capitals, of keys and subkeys. */
  readonly gpg: readonly string[];
}

/** Signs what GitHub merges, and what its API commits. */
const githubKey = 'B5690EEEBB952194';
const title = 'signatures';

const GpgPolicy = z.object({ mode: z.string().default(''), keys: z.array(z.string()).nullish() });
const ProjectSpec = z.object({
  signatureKeys: z.array(z.object({ keyID: z.string() })).nullish(),
  sourceIntegrity: z
    .object({
      git: z
        .object({
          policies: z
            .array(z.object({ repos: z.array(z.object({ url: z.string() })).nullish(), gpg: GpgPolicy.nullish() }))
            .nullish(),
        })
        .nullish(),
    })
    .nullish(),
});
type Verification = { readonly strict: boolean; readonly keys: readonly string[] };

/** `keyring`: ids of the public keys that Argo CD has. */
export function judgeArgoCdSignatures(
  subject: SigningSubject,
  project: Seen<AnyObject>,
  keyring: Seen<readonly string[]>,
): readonly Finding[] {
  if (project.kind !== 'found') return [];
  const policies = policiesOf(project.value, subject.settings.repository);
  if (policies.length > 1) {
    const message = `${policies.length} policies of ${project.value.metadata.name} match the repository: Argo CD then refuses every commit`;
    return [failed(title, message, 'leave one policy for the repository in sourceIntegrity.git.policies')];
  }
  const [verification] = policies;
  if (!verification) return notVerified('Argo CD', subject);
  const { identity } = subject;
  const signer = signerOf(subject);
  if (signer === 'nobody') return [failed(title, `Argo CD verifies commits, but these are not signed`, signGpg)];
  if (identity?.kind === 'ssh') {
    return [failed(title, 'Argo CD verifies GPG signatures only, but git.signing.kind is ssh', signGpg)];
  }
  const keyId = identity?.signingKeyId ?? githubKey;
  const known = keyring.kind === 'found' && !keyring.value.includes(identity?.keyId ?? githubKey);
  const problems = [
    ...(verification.keys.includes(keyId)
      ? []
      : [failed(title, `Argo CD verifies commits, but not by key ${keyId}, which signs these`, addArgoCdKey(keyId))]),
    ...(known ? [failed(title, `Argo CD has no public key ${identity?.keyId ?? githubKey}`, importKey(identity))] : []),
    ...(verification.strict ? [strictHistory] : []),
    ...mergedByForge(subject, verification.keys.includes(githubKey)),
  ];
  return problems.length > 0 ? problems : [ok(title, `Argo CD verifies commits, and takes key ${keyId}`)];
}

const VerifySpec = z.object({
  verify: z.object({ mode: z.string().default('HEAD'), secretRef: z.object({ name: z.string() }) }).nullish(),
});

/** The Secret with the keys that Flux verifies by; null where it verifies none. */
export function fluxVerification(
  { namespace, settings }: Pick<SigningSubject, 'namespace' | 'settings'>,
  seen: Seen<readonly AnyObject[]>,
): { readonly mode: string; readonly secret: string } | null {
  if (seen.kind !== 'found') return null;
  const name = gitRepositoryName(namespace, settings.flux);
  const object = seen.value.find(({ metadata }) => metadata.name === name);
  const verify = VerifySpec.safeParse(object?.spec ?? {}).data?.verify;
  return verify && verify.mode !== '' ? { mode: verify.mode, secret: verify.secretRef.name } : null;
}

export function judgeFluxSignatures(
  subject: SigningSubject,
  verification: ReturnType<typeof fluxVerification>,
  keys: Seen<FluxKeys>,
): readonly Finding[] {
  if (verification === null) return notVerified('Flux', subject);
  const { mode, secret } = verification;
  const where = `Secret ${subject.settings.flux.namespace}/${secret}`;
  if (/^tag/i.test(mode)) {
    return [failed(title, `Flux verifies tags (spec.verify.mode ${mode}), but a branch has none`, 'set it to HEAD')];
  }
  const signer = signerOf(subject);
  if (signer === 'nobody') return [failed(title, 'Flux verifies commits, but these are not signed', signAny)];
  if (keys.kind === 'missing')
    return [failed(title, `Flux verifies commits by ${where}, which is not there`, addFluxKey)];
  if (keys.kind === 'forbidden') {
    return [skipped(title, `Flux verifies commits, and these rights do not show whether ${where} has the key`)];
  }
  const { identity } = subject;
  const isKnown =
    identity?.kind === 'ssh'
      ? keys.value.ssh.includes(identity.publicKey)
      : keys.value.gpg.includes(identity?.signingKeyId ?? githubKey);
  const name = identity?.kind === 'ssh' ? identity.fingerprint : (identity?.signingKeyId ?? githubKey);
  const problems = [
    ...(isKnown ? [] : [failed(title, `Flux verifies commits, but ${where} does not hold key ${name}`, addFluxKey)]),
    ...mergedByForge(subject, keys.value.gpg.includes(githubKey)),
  ];
  return problems.length > 0 ? problems : [ok(title, `Flux verifies commits, and takes key ${name}`)];
}

/** Forges show a GPG signature as unverified where its key is not of the committer's address. */
export function judgeSigningKey(identity: KeyIdentity, committerEmail: string): readonly Finding[] {
  if (identity.kind === 'ssh') return [ok('key', `signs by SSH key ${identity.fingerprint}`)];
  const { keyId, signingKeyId, addresses } = identity;
  const isListed = addresses.some((address) => address.toLowerCase() === committerEmail.toLowerCase());
  const name = keyId === signingKeyId ? keyId : `${keyId} (subkey ${signingKeyId})`;
  if (isListed) return [ok('key', `signs by GPG key ${name}, which is of ${committerEmail}`)];
  const message = `no user id of GPG key ${name} is of the committer ${committerEmail}: forges show its commits as unverified`;
  const mend = `set git.committer.email to ${addresses[0] ?? 'an address of the key'}, or add a user id with "gpg --quick-add-uid"`;
  return [warning('key', message, mend)];
}

const signAny = 'set git.signing, and give the engine the public part that "towpath signing-key" prints';
const signGpg =
  'set git.signing to a key of kind gpg, and give Argo CD the public part that "towpath signing-key" prints';
const addFluxKey =
  'run "towpath bootstrap flux --verify-signatures --apply", or put "towpath signing-key" into the Secret';
const strictHistory = warning(
  title,
  'Argo CD verifies the whole history (mode strict): commits from before signing began are refused',
  'set mode to head, or seal the history with a signed commit',
);

function addArgoCdKey(keyId: string): string {
  return `run "towpath bootstrap argo-cd --verify-signatures --apply", or add ${keyId} to the policy's keys`;
}

function importKey(identity: KeyIdentity | null): string {
  if (identity === null) return 'import https://github.com/web-flow.gpg with "argocd gpg add --from <file>"';
  return 'run "towpath signing-key > key.asc", then "argocd gpg add --from key.asc"';
}

function signerOf({ settings, identity }: SigningSubject): 'key' | 'github' | 'nobody' {
  if (identity !== null) return 'key';
  return settings.publication.commits === 'api' ? 'github' : 'nobody';
}

function notVerified(engine: string, { identity }: SigningSubject): readonly Finding[] {
  if (identity === null) return [];
  const could = engine === 'Argo CD' && identity.kind === 'ssh' ? ', and could verify GPG signatures only' : '';
  return [ok(title, `commits are signed; ${engine} does not verify them${could}`)];
}

/** What lies on the branch after a merge is the forge's commit, not ours. */
function mergedByForge({ settings }: SigningSubject, trustsGithub: boolean): readonly Finding[] {
  const { publication } = settings;
  if (publication.mode !== 'proposed' || publication.merge !== 'forge') return [];
  const isGithub = forgeAddress(settings)?.kind === 'github';
  if (isGithub && trustsGithub) return [];
  const message = 'what the forge merges is signed by the forge or by nobody, and the engine refuses it then';
  const key = isGithub ? `GitHub's key ${githubKey}, too` : 'the key that the forge signs merges with, too';
  return [warning(title, message, `let the engine trust ${key}, or set publication.merge to fast-forward`)];
}

/** Those that verify commits of the repository; Argo CD takes signatureKeys for a policy of every repository. */
function policiesOf({ spec }: AnyObject, repository: string): readonly Verification[] {
  const { signatureKeys, sourceIntegrity } = ProjectSpec.safeParse(spec ?? {}).data ?? {};
  if (!sourceIntegrity?.git) {
    return signatureKeys?.length ? [{ strict: false, keys: signatureKeys.map(({ keyID }) => shortId(keyID)) }] : [];
  }
  const matching = (sourceIntegrity.git.policies ?? []).filter(({ repos }) => isAbout(repos ?? [], repository));
  if (matching.length > 1) return matching.map(() => ({ strict: false, keys: [] }));
  return matching.flatMap(({ gpg }) =>
    gpg && gpg.mode !== 'none' ? [{ strict: gpg.mode === 'strict', keys: (gpg.keys ?? []).map(shortId) }] : [],
  );
}

function isAbout(repos: readonly { readonly url: string }[], repository: string): boolean {
  if (repos.some(({ url }) => url.startsWith('!') && fits(url.slice(1), repository))) return false;
  return repos.some(({ url }) => !url.startsWith('!') && fits(url, repository));
}

/** Argo CD's patterns: `*` and `?` stand for any character, also for a slash, `{a,b}` for one of several words. */
function fits(pattern: string, repository: string): boolean {
  if (sameRepository(pattern, repository)) return true;
  const expression = pattern
    .replace(/[.+^$()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replace(/\?/g, '.')
    .replace(/\{([^}]*)\}/g, (_, words: string) => `(?:${words.replaceAll(',', '|')})`);
  return new RegExp(`^${expression}$`).test(repository);
}

/** Argo CD compares the last 16 digits of a fingerprint. */
function shortId(id: string): string {
  return id.length === 40 ? id.slice(24) : id;
}
