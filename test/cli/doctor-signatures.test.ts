/** What the engine will refuse for its signature, told before it does. */
import { describe, expect, it } from 'vitest';
import { AnyObject, type Seen } from '../../src/cli/doctor/cluster-reader.ts';
import {
  type FluxKeys,
  fluxVerification,
  judgeArgoCdSignatures,
  judgeFluxSignatures,
  judgeSigningKey,
} from '../../src/cli/doctor/signing-judge.ts';
import { argoCdObjects, ownCluster } from '../../src/core/bootstrap/argo-cd.ts';
import { fluxObjects } from '../../src/core/bootstrap/flux.ts';
import { Namespace } from '../../src/domain/configuration-namespace.ts';
import { NamespaceName } from '../../src/domain/identifiers.ts';
import type { KeyIdentity } from '../../src/git/sign-key.ts';

const namespace = NamespaceName.parse('team-a');
const repository = 'https://github.com/acme/team-a.git';
const github = 'B5690EEEBB952194';
const ssh: KeyIdentity = { kind: 'ssh', publicKey: 'ssh-ed25519 AAAA', fingerprint: 'SHA256:ours' };
const gpg: KeyIdentity = {
  kind: 'gpg',
  publicKey: 'armoured',
  keyId: '1111111111111111',
  signingKeyId: '2222222222222222',
  addresses: ['towpath@example.com'],
};
const settingsWith = (publication: object) =>
  Namespace.parse({ repository, publication, credentials: { passwordFile: 'token' } });
const direct = settingsWith({ mode: 'direct' });
const throughApi = settingsWith({ mode: 'direct', commits: 'api' });
const mergedByForge = settingsWith({ mode: 'proposed' });
const mergedByUs = settingsWith({ mode: 'proposed', merge: 'fast-forward' });
const found = <Value>(value: Value): Seen<Value> => ({ kind: 'found', value });
const lines = (findings: ReturnType<typeof judgeSigningKey>) =>
  findings.map(({ verdict, message }) => `${verdict}: ${message}`);

describe('Argo CD', () => {
  const bootstrapped = (kind: 'source-integrity' | 'signature-keys', ...keyIds: string[]) =>
    AnyObject.parse(
      argoCdObjects({ namespace, settings: direct, kinds: [], server: ownCluster, signatures: { kind, keyIds } })[0],
    );
  const projectWith = (...policies: object[]) =>
    AnyObject.parse({ metadata: { name: 'team-a' }, spec: { sourceIntegrity: { git: { policies } } } });
  const keyring = found(['1111111111111111', github]);
  const policy = (url: string, gpgPolicy: object) => ({ repos: [{ url }], gpg: gpgPolicy });
  const ours = { mode: 'head', keys: ['2222222222222222'] };
  const judge = (project: AnyObject, identity: KeyIdentity | null, settings = direct, ring: Seen<string[]> = keyring) =>
    lines(judgeArgoCdSignatures({ namespace, settings, identity }, found(project), ring));

  it.each(['source-integrity', 'signature-keys'] as const)('takes our key by %s', (kind) => {
    expect(judge(bootstrapped(kind, '2222222222222222'), gpg)).toEqual([
      'ok: Argo CD verifies commits, and takes key 2222222222222222',
    ]);
    expect(judge(bootstrapped(kind, `${'9'.repeat(24)}2222222222222222`), gpg)[0]).toMatch(/^ok/);
  });

  it.each<[string, string[]]>([
    ['unsigned commits', judge(bootstrapped('source-integrity', '2222222222222222'), null)],
    ['unsigned commits, in the older way', judge(bootstrapped('signature-keys', '2222222222222222'), null)],
  ])('refuses %s', (_, findings) => {
    expect(findings).toEqual(['failed: Argo CD verifies commits, but these are not signed']);
  });

  it('refuses SSH signatures, whatever the key', () => {
    expect(judge(bootstrapped('source-integrity', '2222222222222222'), ssh)).toEqual([
      'failed: Argo CD verifies GPG signatures only, but git.signing.kind is ssh',
    ]);
  });

  it('refuses a key that is not among its own: the subkey that signs counts, not the primary key', () => {
    expect(judge(bootstrapped('source-integrity', '1111111111111111'), gpg)).toEqual([
      'failed: Argo CD verifies commits, but not by key 2222222222222222, which signs these',
    ]);
  });

  it('refuses a key whose public part it does not have, which its keyring tells, where it may be read', () => {
    const project = bootstrapped('source-integrity', '2222222222222222');

    expect(judge(project, gpg, direct, found([]))).toEqual(['failed: Argo CD has no public key 1111111111111111']);
    expect(judge(project, gpg, direct, { kind: 'forbidden' })[0]).toMatch(/^ok/);
  });

  it.each<[string, AnyObject, RegExp]>([
    ['a policy of another repository', projectWith(policy('https://git.example/*', ours)), /does not verify them$/],
    [
      'a policy that excludes ours',
      projectWith({ repos: [{ url: '*' }, { url: `!${repository}` }], gpg: ours }),
      /does not/,
    ],
    ['a policy without checks', projectWith(policy('*', { mode: 'none' })), /does not verify them$/],
    ['a policy for all', projectWith(policy('*', ours)), /^ok: Argo CD verifies commits/],
    ['a policy for some', projectWith(policy('https://{gitlab,github}.com/acme/*', ours)), /^ok: Argo CD verifies/],
    [
      'our address in another spelling',
      projectWith(policy('https://github.com/acme/team-a', ours)),
      /^ok: .*takes key/,
    ],
    ['two policies', projectWith(policy('*', ours), policy(repository, ours)), /^failed: 2 policies of team-a match/],
    ['a strict policy', projectWith(policy('*', { ...ours, mode: 'strict' })), /^warning: .*before signing began/],
    ['no policy at all', AnyObject.parse({ metadata: { name: 'team-a' }, spec: {} }), /^ok: .*does not verify them$/],
  ])('is read as it reads itself: %s', (_, project, expected) => {
    const [finding, ...others] = judge(project, gpg);

    expect(finding).toMatch(expected);
    expect(others).toEqual([]);
  });

  it('says of an SSH key that is not verified what could not be verified', () => {
    const project = projectWith();

    expect(judge(project, ssh)).toEqual([
      'ok: commits are signed; Argo CD does not verify them, and could verify GPG signatures only',
    ]);
    expect(judge(project, null)).toEqual([]);
  });

  it('warns of merges by the forge, unless its key is trusted or the listener merges', () => {
    const onlyOurs = bootstrapped('source-integrity', '2222222222222222');
    const both = bootstrapped('source-integrity', '2222222222222222', github);

    expect(judge(onlyOurs, gpg, mergedByForge)).toEqual([
      'warning: what the forge merges is signed by the forge or by nobody, and the engine refuses it then',
    ]);
    expect(judge(both, gpg, mergedByForge)[0]).toMatch(/^ok/);
    expect(judge(onlyOurs, gpg, mergedByUs)[0]).toMatch(/^ok/);
  });

  it('needs GitHub’s own key where commits are made by its API', () => {
    expect(judge(bootstrapped('source-integrity', '2222222222222222'), null, throughApi)).toEqual([
      `failed: Argo CD verifies commits, but not by key ${github}, which signs these`,
    ]);
    expect(judge(bootstrapped('source-integrity', github), null, throughApi)[0]).toMatch(/^ok/);
  });
});

describe('Flux', () => {
  const repositoryWith = (verifySecret: string | null) => {
    const objects = fluxObjects({ namespace, settings: direct, kinds: [], verifySecret });
    return found(objects.map((object) => AnyObject.parse(object)));
  };
  const judge = (identity: KeyIdentity | null, keys: Seen<FluxKeys>, settings = direct) => {
    const verification = fluxVerification({ namespace, settings }, repositoryWith('signers'));
    return lines(judgeFluxSignatures({ namespace, settings, identity }, verification, keys));
  };
  const all = found({ ssh: ['ssh-ed25519 AAAA'], gpg: ['1111111111111111', '2222222222222222'] });

  it('takes a key that is in its Secret, of either kind', () => {
    expect(judge(ssh, all)).toEqual(['ok: Flux verifies commits, and takes key SHA256:ours']);
    expect(judge(gpg, all)).toEqual(['ok: Flux verifies commits, and takes key 2222222222222222']);
  });

  it.each<[string, string[], string]>([
    ['unsigned commits', judge(null, all), 'failed: Flux verifies commits, but these are not signed'],
    [
      'another SSH key',
      judge(ssh, found({ ssh: ['ssh-ed25519 BBBB'], gpg: [] })),
      'failed: Flux verifies commits, but Secret flux-system/signers does not hold key SHA256:ours',
    ],
    [
      'another GPG key',
      judge(gpg, found({ ssh: [], gpg: ['1111111111111111'] })),
      'failed: Flux verifies commits, but Secret flux-system/signers does not hold key 2222222222222222',
    ],
    [
      'everything without the Secret',
      judge(ssh, { kind: 'missing' }),
      'failed: Flux verifies commits by Secret flux-system/signers, which is not there',
    ],
  ])('refuses %s', (_, findings, expected) => {
    expect(findings).toEqual([expected]);
  });

  it('is not judged by keys that these rights do not show', () => {
    expect(judge(ssh, { kind: 'forbidden' })[0]).toMatch(/^skipped: .*whether Secret flux-system\/signers has the key/);
  });

  it('refuses every commit of a branch where it verifies tags', () => {
    const verification = { mode: 'TagAndHEAD', secret: 'signers' };

    const findings = judgeFluxSignatures({ namespace, settings: direct, identity: gpg }, verification, all);

    expect(lines(findings)).toEqual([
      'failed: Flux verifies tags (spec.verify.mode TagAndHEAD), but a branch has none',
    ]);
  });

  it('verifies nothing without spec.verify', () => {
    const verification = fluxVerification({ namespace, settings: direct }, repositoryWith(null));
    const judged = (identity: KeyIdentity | null) =>
      lines(judgeFluxSignatures({ namespace, settings: direct, identity }, verification, { kind: 'missing' }));

    expect(judged(ssh)).toEqual(['ok: commits are signed; Flux does not verify them']);
    expect(judged(null)).toEqual([]);
  });

  it('warns of merges by the forge, unless its key is trusted', () => {
    expect(judge(ssh, all, mergedByForge)[0]).toMatch(/^warning: what the forge merges/);
    expect(judge(ssh, found({ ssh: ['ssh-ed25519 AAAA'], gpg: [github] }), mergedByForge)[0]).toMatch(/^ok/);
  });
});

describe('the key itself', () => {
  it('is of the committer, or forges show its commits as unverified', () => {
    expect(lines(judgeSigningKey(gpg, 'Towpath@Example.com'))[0]).toMatch(
      /^ok: signs by GPG key 1111111111111111 \(subkey/,
    );
    expect(judgeSigningKey(gpg, 'bot@example.com')).toEqual([
      {
        title: 'key',
        verdict: 'warning',
        message:
          'no user id of GPG key 1111111111111111 (subkey 2222222222222222) is of the committer bot@example.com: forges show its commits as unverified',
        mend: 'set git.committer.email to towpath@example.com, or add a user id with "gpg --quick-add-uid"',
      },
    ]);
    expect(lines(judgeSigningKey(ssh, 'bot@example.com'))).toEqual(['ok: signs by SSH key SHA256:ours']);
  });
});
