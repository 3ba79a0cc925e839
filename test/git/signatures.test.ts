/** Commits that are signed here, as git itself judges them: OpenSSH's and GnuPG's own programs verify. */
import { execFileSync } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { serializeCommit } from '../../src/git/commit.ts';
import { emptyTree } from '../../src/git/object-id.ts';
import type { SigningKey } from '../../src/git/sign-key.ts';
import { gpgKeyIdsOf, readGpgSigningKey } from '../../src/git/sign-key-gpg.ts';
import { readSshSigningKey } from '../../src/git/sign-key-ssh.ts';
import { nativeGit } from '../support/native-git.ts';
import {
  type GpgHome,
  gpgVerifier,
  makeGpgHome,
  makeSshKey,
  sshVerifier,
  type Verify,
  writeKey,
} from '../support/signing-keys.ts';
import { temporaryFolder } from '../support/temp.ts';

const person = { name: 'Towpath', email: 'towpath@example.com', at: new Date('2026-03-01T12:00:00Z') };
const passphrase = 'correct horse';
let repository: string;

beforeAll(async () => {
  repository = await temporaryFolder('signed');
  await nativeGit(['init', '--quiet', '--bare', repository]);
  await nativeGit(['-C', repository, 'mktree'], { input: '' });
});

describe('an SSH key', () => {
  it.each([
    ['ed25519', '-t ed25519'],
    ['ECDSA P-256', '-t ecdsa -b 256'],
    ['ECDSA P-384', '-t ecdsa -b 384'],
    ['ECDSA P-521', '-t ecdsa -b 521'],
    ['RSA', '-t rsa -b 2048'],
  ])('of kind %s makes commits that git accepts, encrypted or not', async (_kind, words) => {
    const plain = await makeSshKey(words);
    const encrypted = await makeSshKey(words, passphrase);
    const verify = await sshVerifier([plain.publicKey, encrypted.publicKey]);

    await expectAccepted(await readSshSigningKey(plain.text, null), verify);
    await expectAccepted(await readSshSigningKey(encrypted.text, passphrase), verify);
  });

  it('is known by its public part and its fingerprint as ssh-keygen prints them', async () => {
    const file = await makeSshKey('-t ed25519');

    const { identity } = await readSshSigningKey(file.text, null);

    const printed = execFileSync('ssh-keygen', ['-l', '-f', file.path], { encoding: 'utf8' });
    expect(identity).toEqual({ kind: 'ssh', publicKey: file.publicKey, fingerprint: printed.split(' ')[1] });
  });

  // A number of ECDSA's loses its leading zeros on the wire, once in some hundred signatures.
  it('signs many payloads in ECDSA, each of them well', async () => {
    const file = await makeSshKey('-t ecdsa -b 521');
    const key = await readSshSigningKey(file.text, null);
    const verify = await sshVerifier([file.publicKey]);

    const payloads = Array.from({ length: 300 }, (_, index) => Buffer.from(`payload ${index}`));
    const signatures = await Promise.all(payloads.map((payload) => key.sign(payload)));
    const lengths = new Set(
      signatures.map((signature) => Buffer.from(signature.split('\n').slice(1, -2).join(''), 'base64').length),
    );

    for (const [index, payload] of payloads.entries()) {
      expect(await key.verify(payload, signatures[index] ?? '')).toBe(true);
    }
    expect(lengths.size).toBeGreaterThan(1);
    for (let round = 0; round < 6; round++) await expectAccepted(key, verify, `round ${round}`);
  });

  it.each(['-t ed25519', '-t ecdsa -b 256', '-t rsa -b 2048'])(
    'verifies what ssh-keygen has signed, for git alone: %s',
    async (words) => {
      const file = await makeSshKey(words);
      const key = await readSshSigningKey(file.text, null);
      const payload = await writeKey('what is signed', 'payload');
      const signedFor = async (namespace: string): Promise<string> => {
        execFileSync('ssh-keygen', ['-q', '-Y', 'sign', '-n', namespace, '-f', file.path, payload], { stdio: 'pipe' });
        const signature = await readFile(`${payload}.sig`, 'utf8');
        await rm(`${payload}.sig`);
        return signature;
      };

      const forGit = await signedFor('git');
      const forFiles = await signedFor('file');

      expect(await key.verify(Buffer.from('what is signed'), forGit)).toBe(true);
      expect(await key.verify(Buffer.from('what was signed'), forGit)).toBe(false);
      expect(await key.verify(Buffer.from('what is signed'), forFiles)).toBe(false);
      expect(await key.verify(Buffer.from('what is signed'), 'no signature')).toBe(false);
    },
  );

  it('does not verify what another key has signed', async () => {
    const one = await readSshSigningKey((await makeSshKey('-t ed25519')).text, null);
    const other = await readSshSigningKey((await makeSshKey('-t ed25519')).text, null);

    const signature = await one.sign(Buffer.from('payload'));

    expect(await other.verify(Buffer.from('payload'), signature)).toBe(false);
  });

  it.each([
    ['-t ed25519 -Z aes256-gcm@openssh.com', 'unusable', 'cipher aes256-gcm@openssh.com'],
    ['-t dsa', 'unusable', 'ssh-keygen -t ed25519'],
    ['-t rsa -b 1024', 'unusable', 'an RSA key of 1024 bits is too weak; make one with "ssh-keygen -t ed25519"'],
  ])('that cannot be used says what to do: %s', async (words, problem, message) => {
    const { text } = await makeSshKey(words, words.includes('-Z') ? passphrase : '');

    const reading = readSshSigningKey(text, passphrase);

    await expect(reading).rejects.toMatchObject({ problem, message: expect.stringContaining(message) });
  });
});

describe('a GPG key', () => {
  let home: GpgHome;
  const armoured = (fingerprint: string): Promise<string> => home.gpg('--armor', '--export', fingerprint);

  beforeAll(async () => {
    home = await makeGpgHome();
  });

  it.each([
    ['ed25519', 'ed25519'],
    ['RSA', 'rsa2048'],
    ['ECDSA P-256', 'nistp256'],
  ])('of kind %s makes commits that git accepts, encrypted or not', async (kind, algorithm) => {
    const plain = await home.make(`Plain ${kind} <plain@example.com>`, algorithm, 'sign');
    const encrypted = await home.make(`Locked ${kind} <locked@example.com>`, algorithm, 'sign', { passphrase });
    const verify = await gpgVerifier([await armoured(plain), await armoured(encrypted)]);

    const [open, locked] = [
      await readGpgSigningKey(await home.exportSecret(plain), null),
      await readGpgSigningKey(await home.exportSecret(encrypted, { passphrase }), passphrase),
    ];

    await expectAccepted(open, verify);
    await expectAccepted(locked, verify);
    expect(open.identity).toMatchObject({
      kind: 'gpg',
      keyId: plain.slice(-16),
      signingKeyId: plain.slice(-16),
      addresses: ['plain@example.com'],
    });
  });

  it('signs by its subkey where it has one, also when the primary key is kept elsewhere', async () => {
    const primary = await home.make('Subkey <subkey@example.com>', 'ed25519', 'cert', { passphrase });
    await home.gpg('--passphrase', passphrase, '--quick-add-key', primary, 'rsa2048', 'sign', '1y');
    const verify = await gpgVerifier([await armoured(primary)]);

    const whole = await readGpgSigningKey(await home.exportSecret(primary, { passphrase }), passphrase);
    const part = await readGpgSigningKey(await home.exportSecret(primary, { passphrase, only: 'subkeys' }), passphrase);

    await expectAccepted(whole, verify);
    await expectAccepted(part, verify);
    expect(part.identity).toMatchObject({ keyId: primary.slice(-16), addresses: ['subkey@example.com'] });
    expect(part.identity).not.toMatchObject({ signingKeyId: primary.slice(-16) });
    expect(await gpgKeyIdsOf(part.identity.publicKey)).toContain(
      part.identity.kind === 'gpg' && part.identity.signingKeyId,
    );
  });

  it('has a public part that gpg can import, and nothing of the private one in it', async () => {
    const fingerprint = await home.make('Export <export@example.com>', 'ed25519', 'sign');
    const other = await makeGpgHome();

    const { identity } = await readGpgSigningKey(await home.exportSecret(fingerprint), null);
    await other.gpg('--import', await writeKey(identity.publicKey));

    expect(await other.gpg('--with-colons', '--list-keys')).toContain(fingerprint);
    expect(await other.gpg('--with-colons', '--list-secret-keys')).not.toContain(fingerprint);
  });

  it('that expired, was revoked or may not sign is refused with a sentence', async () => {
    const old = await home.make('Old <old@example.com>', 'ed25519', 'sign', { expiry: '1d', at: '20200101T000000' });
    const certifier = await home.make('Certifier <certifier@example.com>', 'ed25519', 'cert');
    const revoked = await home.make('Revoked <revoked@example.com>', 'ed25519', 'sign');
    const certificate = await readFile(`${home.folder}/openpgp-revocs.d/${revoked}.rev`, 'utf8');
    await home.gpg('--import', await writeKey(certificate.replace(/^:-----/m, '-----')));

    const refusal = async (fingerprint: string): Promise<string> =>
      readGpgSigningKey(await home.exportSecret(fingerprint), null).then(
        () => 'it was taken',
        ({ message }: Error) => message,
      );

    expect(await refusal(old)).toMatch(/expired on 2020-01-02; extend it with/);
    expect(await refusal(certifier)).toMatch(/has no part that may sign today .*quick-add-key/);
    expect(await refusal(revoked)).toMatch(/is revoked/);
  });

  it.each([
    ['is too weak', 'rsa1024', undefined, /is too weak .*RSA.*make another/],
    ['is of a kind that is too weak', 'dsa2048', undefined, /is too weak .*DSA.*make another/],
    ['has a curve of its own', 'brainpoolP256r1', undefined, /curve of key \w+ is not known here; make another/],
    ['comes from the future', 'ed25519', '20350101T000000', /later than now by this machine's clock/],
  ])('that %s is refused with what helps', async (kind, algorithm, at, why) => {
    const made = at === undefined ? {} : { at };
    const fingerprint = await home.make(`Bad ${kind} <bad@example.com>`, algorithm, 'sign', made);

    await expect(readGpgSigningKey(await home.exportSecret(fingerprint), null)).rejects.toMatchObject({
      problem: 'unusable',
      message: expect.stringMatching(why),
    });
  });

  it('of several user ids is known by those that were not taken back', async () => {
    const fingerprint = await home.make('One <one@example.com>', 'ed25519', 'sign');
    for (const user of ['Two <two@example.com>', 'Three <three@example.com>']) {
      await home.gpg('--passphrase', '', '--quick-add-uid', fingerprint, user);
    }
    await home.gpg('--passphrase', '', '--quick-revoke-uid', fingerprint, 'Two <two@example.com>');

    const { identity } = await readGpgSigningKey(await home.exportSecret(fingerprint), null);

    expect(identity).toMatchObject({ addresses: ['one@example.com', 'three@example.com'] });
  });
});

/** Git takes the commit as it is, and no other: neither with another message nor without its signature. */
async function expectAccepted(key: SigningKey, verify: Verify, subject = 'subject'): Promise<void> {
  const content = { tree: emptyTree, parents: [], author: person, committer: person, message: `${subject}\n\nbody\n` };
  const raw = (await serializeCommit(content, key.sign)).toString();
  const write = (text: string): Promise<string> =>
    nativeGit(['-C', repository, 'hash-object', '-t', 'commit', '-w', '--stdin'], { input: text });
  const [good, tampered, unsigned] = await Promise.all([
    write(raw),
    write(raw.replace('\n\nbody', '\n\nanother body')),
    serializeCommit(content).then((bytes) => write(bytes.toString())),
  ]);

  await expect(verify(repository, good.trim())).resolves.toContain(subject);
  await expect(verify(repository, tampered.trim())).rejects.toThrow(/bad signature|incorrect signature/i);
  await expect(verify(repository, unsigned.trim())).rejects.toThrow();
}
