/** The key that the configuration names: what is pushed with it, and what is said where it cannot sign. */
import { rename, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commitSigner } from '../../src/adapters/commit-signer.ts';
import { GitRepository } from '../../src/adapters/repository/repository.ts';
import { openRepository } from '../../src/cli/wiring/repository.ts';
import { Git } from '../../src/domain/configuration.ts';
import { Namespace } from '../../src/domain/configuration-namespace.ts';
import { Signing } from '../../src/domain/configuration-publication.ts';
import { HttpTransport } from '../../src/git/http-transport.ts';
import { draft } from '../contract/repository.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import {
  gpgVerifier,
  makeGpgHome,
  makeSshKey,
  type SshKeyFile,
  sshVerifier,
  writeKey,
} from '../support/signing-keys.ts';
import { temporaryFolder } from '../support/temp.ts';

const passphrase = 'correct horse';
const payload = Buffer.from('payload');
let server: GitServer;
let ssh: SshKeyFile;
let gpg: { readonly secret: string; readonly public: string };

beforeAll(async () => {
  server = await startGitServer();
  ssh = await makeSshKey('-t ed25519');
  const home = await makeGpgHome();
  const id = await home.make('Towpath <towpath@example.com>', 'ed25519', 'sign', { passphrase });
  gpg = { secret: await home.exportSecret(id, { passphrase }), public: await home.gpg('--armor', '--export', id) };
});
afterAll(() => server.close());

describe.each(['native', 'isomorphic-git'] as const)('what the backend %s publishes', (backend) => {
  it('is accepted by git in the bare repository, commit by commit, with an SSH key', async () => {
    const verify = await sshVerifier([ssh.publicKey]);

    const { path, commits } = await published(backend, 'ssh', { kind: 'ssh', keyFile: ssh.path });

    expect(commits).toHaveLength(3);
    for (const commit of commits) await expect(verify(path, commit)).resolves.toMatch(/^tree /);
  });

  it('is accepted by git in the bare repository, commit by commit, with a GPG key', async () => {
    const verify = await gpgVerifier([gpg.public]);
    const signing = {
      kind: 'gpg',
      keyFile: await writeKey(gpg.secret),
      passphraseFile: await writeKey(`${passphrase}\n`),
    };

    const { path, commits } = await published(backend, 'gpg', signing);

    expect(commits).toHaveLength(3);
    for (const commit of commits) await expect(verify(path, commit)).resolves.toMatch(/^tree /);
  });

  it('is nothing where the signature does not verify with the key’s own public part', async () => {
    const remote = await server.repository(`damaged-${backend}`);
    const signing = { kind: 'ssh', keyFile: await writeKey(damaged(ssh.text, await makeSshKey('-t ed25519'))) };

    const opening = openRepository(
      Namespace.parse({ repository: remote.url }),
      Git.parse({ backend, signing }),
      '1.2.3',
    );

    await expect(opening).rejects.toMatchObject({ kind: 'terminal', reason: 'SignatureInvalid' });
    expect(await remote.head()).toBeNull();
  });

  it('is nothing where the key file became a damaged one meanwhile', async () => {
    const remote = await server.repository(`turned-${backend}`);
    const keyFile = await writeKey(ssh.text);
    const git = Git.parse({ backend, signing: { kind: 'ssh', keyFile } });
    const repository = await openRepository(Namespace.parse({ repository: remote.url }), git, '1.2.3');
    const snapshot = await repository.snapshot(await repository.head());
    await writeFile(`${keyFile}.new`, damaged(ssh.text, await makeSshKey('-t ed25519')));
    await rename(`${keyFile}.new`, keyFile);

    const publishing = repository.publish(snapshot, [draft('one', { a: '1' })]);

    await expect(publishing).rejects.toMatchObject({ kind: 'terminal', reason: 'SignatureInvalid' });
    expect(await remote.head()).toBeNull();
    await repository.close();
  });
});

it('signs what is proposed, and what merges a proposal onto a base that moved', async () => {
  const verify = await sshVerifier([ssh.publicKey]);
  const remote = await server.repository('reviewed');
  await remote.seed({ a: '1' });
  const { sign } = commitSigner(Signing.parse({ kind: 'ssh', keyFile: ssh.path }));
  const transport = new HttpTransport({ url: remote.url });
  const repository = new GitRepository({ branch: 'main', transport, sign });
  const { head } = await repository.tips('towpath/');
  const branch = { branch: 'towpath/one', tip: null, draft: draft('one', { b: '2' }) };

  const [proposed] = await repository.propose(await repository.snapshot(head), [branch]);
  await remote.seed({ a: '3' });
  const { head: moved, tips } = await repository.tips('towpath/');
  const base = await repository.snapshot(moved);
  await repository.read(base, tips);
  const tip = tips.get('towpath/one');
  const merged = tip && (await repository.merge(base, tip, draft('merge one', {})));

  const [proposal, merge] = [await remote.head('towpath/one'), await remote.head()];
  expect([proposed, merged]).toMatchObject([
    { kind: 'pushed', commit: proposal },
    { kind: 'pushed', commits: [merge] },
  ]);
  expect(await remote.git('rev-list', '--count', '--merges', 'main')).toBe('1\n');
  for (const commit of [proposal, merge]) {
    await expect(verify(remote.path, commit ?? '')).resolves.toMatch(/^tree /);
  }
  await repository.close();
});

it.each([
  ['before signing began', async () => undefined],
  [
    'with another key',
    async () => commitSigner(Signing.parse({ kind: 'ssh', keyFile: (await makeSshKey('-t ed25519')).path })),
  ],
  ['with a key of the other kind', async () => gpgSigner()],
])('makes no head of what was proposed %s, but puts a signed merge onto it', async (how, signerOf) => {
  const verify = await sshVerifier([ssh.publicKey]);
  const remote = await server.repository(`approved-${how.replaceAll(' ', '-')}`);
  await remote.seed({ a: '1' });
  const transport = () => new HttpTransport({ url: remote.url });
  const before = new GitRepository({ branch: 'main', transport: transport(), ...(await signerOf()) });
  const { head } = await before.tips('towpath/');
  await before.propose(await before.snapshot(head), [
    { branch: 'towpath/one', tip: null, draft: draft('one', { b: '2' }) },
  ]);
  const own = commitSigner(Signing.parse({ kind: 'ssh', keyFile: ssh.path }));
  const repository = new GitRepository({ branch: 'main', transport: transport(), ...own });
  const { head: moved, tips } = await repository.tips('towpath/');
  const [tip] = [...tips.values()];
  const base = await repository.snapshot(moved);

  const merged = tip && (await repository.merge(base, tip, draft('merge one', {})));

  const now = (await remote.head()) ?? '';
  expect(merged).toMatchObject({ kind: 'pushed', commits: [now] });
  await expect(verify(remote.path, now)).resolves.toMatch(/^tree /);
  expect(await remote.git('log', '-1', '--format=%P', now)).toBe(`${head} ${tip}\n`);
  expect(await remote.git('diff', '--stat', tip ?? '', now)).toBe('');
  await before.close();
  await repository.close();
});

it('makes a head of what it has signed itself, whatever the key', async () => {
  for (const [name, signer] of [
    ['ssh', commitSigner(Signing.parse({ kind: 'ssh', keyFile: ssh.path }))],
    ['gpg', await gpgSigner()],
  ] as const) {
    const remote = await server.repository(`forwarded-${name}`);
    await remote.seed({ a: '1' });
    const transport = new HttpTransport({ url: remote.url });
    const repository = new GitRepository({ branch: 'main', transport, ...signer });
    const { head } = await repository.tips('towpath/');
    const snapshot = await repository.snapshot(head);
    await repository.propose(snapshot, [{ branch: 'towpath/one', tip: null, draft: draft('one', { b: '2' }) }]);
    const tip = (await repository.tips('towpath/')).tips.get('towpath/one');

    if (tip) await repository.merge(snapshot, tip, draft('merge one', {}));

    expect(await remote.head()).toBe(tip);
    await repository.close();
  }
});

async function gpgSigner() {
  const passphraseFile = await writeKey(`${passphrase}\n`);
  return commitSigner(Signing.parse({ kind: 'gpg', keyFile: await writeKey(gpg.secret), passphraseFile }));
}

describe('the files of a key', () => {
  it('are read again when they change', async () => {
    const other = await makeSshKey('-t ecdsa -b 256');
    const keyFile = await writeKey(ssh.text);
    const signer = commitSigner(Signing.parse({ kind: 'ssh', keyFile }));

    const before = await signer.identity();
    await writeFile(`${keyFile}.new`, other.text);
    await rename(`${keyFile}.new`, keyFile);
    const after = await signer.identity();

    expect([before.publicKey, after.publicKey]).toEqual([ssh.publicKey, other.publicKey]);
  });

  it('are tried again after they could not be used, and the old key signs no more', async () => {
    const keyFile = await writeKey(ssh.text);
    const signer = commitSigner(Signing.parse({ kind: 'ssh', keyFile }));
    await signer.sign(payload);

    await rm(keyFile);
    await expect(signer.sign(payload)).rejects.toThrow('there is no such file; correct git.signing.keyFile');
    await writeFile(keyFile, ssh.text);

    await expect(signer.sign(payload)).resolves.toMatch(/^-----BEGIN SSH SIGNATURE-----\n/);
  });
});

describe('a key that cannot sign', () => {
  it.each<[string, string, () => Promise<Record<string, string>>]>([
    [
      'is not there',
      'there is no such file; correct git.signing.keyFile',
      async () => ({ kind: 'ssh', keyFile: '/nowhere/key' }),
    ],
    [
      'is a folder',
      'it is a folder; correct git.signing.keyFile',
      async () => ({ kind: 'gpg', keyFile: await temporaryFolder('key') }),
    ],
    [
      'is the public part of an SSH key',
      'it is a public key; name the private one, the file without ".pub" (git.signing.keyFile)',
      async () => ({ kind: 'ssh', keyFile: `${ssh.path}.pub` }),
    ],
    [
      'is the public part of a GPG key',
      'it is a public key; name the private one: export it with "gpg --armor --export-secret-keys <id>"',
      async () => ({ kind: 'gpg', keyFile: await writeKey(gpg.public) }),
    ],
    [
      'is a GPG key where an SSH key should be',
      'it holds an OpenPGP key, not an SSH key, but git.signing.kind is ssh; set git.signing.kind to gpg',
      async () => ({ kind: 'ssh', keyFile: await writeKey(gpg.secret) }),
    ],
    [
      'is an SSH key where a GPG key should be',
      'it holds an SSH key, not an OpenPGP key, but git.signing.kind is gpg; set git.signing.kind to ssh',
      async () => ({ kind: 'gpg', keyFile: ssh.path }),
    ],
    [
      'is no key at all',
      'it holds no private key in OpenSSH format; make one with "ssh-keygen -t ed25519" (git.signing.keyFile)',
      async () => ({ kind: 'ssh', keyFile: await writeKey('hello\n') }),
    ],
    [
      'was cut off',
      'it cannot be read as an SSH private key',
      async () => ({ kind: 'ssh', keyFile: await writeKey(ssh.text.replace(/(?<=KEY-----\n)(.*\n)[^-]*/, '$1')) }),
    ],
    [
      'was cut off, of GPG',
      'it cannot be read as an OpenPGP private key',
      async () => ({ kind: 'gpg', keyFile: await writeKey(gpg.secret.replace(/\n\n[^-]*/, '\n\nAAAA\n')) }),
    ],
    [
      'is encrypted, and no passphrase is named',
      'it is encrypted; name the file with its passphrase by git.signing.passphraseFile, or a variable by passphraseEnv',
      async () => ({ kind: 'gpg', keyFile: await writeKey(gpg.secret) }),
    ],
    [
      'has another passphrase, by file',
      'the passphrase of git.signing.passphraseFile ("',
      async () => ({ kind: 'gpg', keyFile: await writeKey(gpg.secret), passphraseFile: await writeKey('wrong') }),
    ],
    [
      'has another passphrase, by variable',
      'the passphrase of git.signing.passphraseEnv (WRONG) does not open it; correct it',
      async () => ({ kind: 'ssh', keyFile: (await makeSshKey('-t ed25519', passphrase)).path, passphraseEnv: 'WRONG' }),
    ],
    [
      'has a passphrase that is not set',
      'the environment variable UNSET is not set, and git.signing.passphraseEnv names it',
      async () => ({ kind: 'ssh', keyFile: ssh.path, passphraseEnv: 'UNSET' }),
    ],
    [
      'has a passphrase in a file that is not there',
      '"/nowhere/passphrase" cannot be read: there is no such file; correct git.signing.passphraseFile',
      async () => ({ kind: 'ssh', keyFile: ssh.path, passphraseFile: '/nowhere/passphrase' }),
    ],
  ])('because it %s: the option to change is named, and no secret', async (_case, message, settings) => {
    const signing = Signing.parse(await settings());

    const failure = await commitSigner(signing, { WRONG: 'planted-passphrase' })
      .sign(payload)
      .catch((error: unknown) => error);

    expect(failure).toMatchObject({ kind: 'terminal', reason: 'UnusableSigningKey' });
    expect((failure as Error).message).toContain(message);
    expect((failure as Error).message).toMatch(/^Cannot sign commits/);
    expect((failure as Error).message).not.toMatch(/planted-passphrase|PRIVATE KEY|wrong/);
  });
});

async function published(backend: 'native' | 'isomorphic-git', name: string, signing: Record<string, string>) {
  const remote = await server.repository(`signed-${name}-${backend}`);
  const git = Git.parse({ backend, signing });
  const repository = await openRepository(Namespace.parse({ repository: remote.url }), git, '1.2.3');
  const first = await repository.snapshot(await repository.head());
  const outcome = await repository.publish(first, [draft('one', { a: '1' }), draft('two', { b: '2' })]);
  if (outcome.kind !== 'pushed') throw new Error(`the push was ${outcome.kind}`);
  await repository.publish(outcome.snapshot, [draft('three\n\nwith a body', { a: null })]);
  await repository.close();
  await remote.fsck();
  return { path: remote.path, commits: (await remote.log()).map(({ id }) => id) };
}

/** The file of one ed25519 key with the public half of another: each half is well-formed, but they do not fit. */
function damaged(text: string, other: SshKeyFile): string {
  const bytes = Buffer.from(text.replace(/-----.*-----|\s/g, ''), 'base64');
  const foreign = Buffer.from(other.publicKey.split(' ')[1] ?? '', 'base64').subarray(-32);
  const own = bytes.subarray(bytes.indexOf('ssh-ed25519') + 15, bytes.indexOf('ssh-ed25519') + 47);
  const swapped = Buffer.from(bytes.toString('hex').replaceAll(own.toString('hex'), foreign.toString('hex')), 'hex');
  const lines = swapped.toString('base64').match(/.{1,70}/g) ?? [];
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n');
}
