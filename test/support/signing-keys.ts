/** Keys that sign, made by the real ssh-keygen and gpg, and their keyrings as git's verifiers want them. */
import { execFile } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { whenFileEnds } from './clean-up.ts';
import { nativeGit, nativeGitEnvironment } from './native-git.ts';
import { temporaryFolder } from './temp.ts';

const run = promisify(execFile);

export interface SshKeyFile {
  readonly path: string;
  readonly text: string;
  /** Type and base64, without the comment. */
  readonly publicKey: string;
}

/** `words` are ssh-keygen's own: `-t ed25519`, `-t rsa -b 2048`, `-Z 3des-cbc`. */
export async function makeSshKey(words: string, passphrase = ''): Promise<SshKeyFile> {
  const path = join(await temporaryFolder('ssh-key'), 'key');
  // Few rounds: what is tested is whether a passphrase opens it, not how long that takes.
  await run('ssh-keygen', ['-q', ...words.split(' '), '-a', '1', '-N', passphrase, '-C', '', '-f', path]);
  const publicKey = (await readFile(`${path}.pub`, 'utf8')).trim().split(' ').slice(0, 2).join(' ');
  return { path, text: await readFile(path, 'utf8'), publicKey };
}

export interface GpgHome {
  readonly folder: string;
  gpg(...args: readonly string[]): Promise<string>;
  /** Answers the fingerprint; algorithm, usage and expiry as `--quick-generate-key` takes them. */
  make(user: string, algorithm: string, usage: string, more?: GpgKeyOptions): Promise<string>;
  exportSecret(fingerprint: string, options?: { passphrase?: string; only?: 'subkeys' }): Promise<string>;
}

interface GpgKeyOptions {
  readonly passphrase?: string;
  readonly expiry?: string;
  /** As if it were made then: `20200101T000000`. */
  readonly at?: string;
}

export async function makeGpgHome(): Promise<GpgHome> {
  const folder = await temporaryFolder('gpg');
  await chmod(folder, 0o700);
  // Few rounds, as above.
  await writeFile(join(folder, 'gpg-agent.conf'), 's2k-count 65536\n');
  const env = { ...nativeGitEnvironment, GNUPGHOME: folder };
  // Each keyring has an agent of its own, which ends only when it is told.
  whenFileEnds(() => run('gpgconf', ['--kill', 'all'], { env }));
  const gpg = async (...args: readonly string[]): Promise<string> =>
    (await run('gpg', ['--batch', '--quiet', '--pinentry-mode', 'loopback', ...args], { env })).stdout;
  return {
    folder,
    gpg,
    make: async (user, algorithm, usage, { passphrase = '', expiry = 'never', at } = {}) => {
      const then = at === undefined ? [] : ['--faked-system-time', at];
      await gpg(...then, '--passphrase', passphrase, '--quick-generate-key', user, algorithm, usage, expiry);
      const listing = await gpg('--with-colons', '--list-keys', `=${user}`);
      return /^fpr:+([0-9A-F]{40}):/m.exec(listing)?.[1] ?? '';
    },
    exportSecret: (fingerprint, { passphrase = '', only } = {}) =>
      gpg(
        '--armor',
        '--passphrase',
        passphrase,
        only === 'subkeys' ? '--export-secret-subkeys' : '--export-secret-keys',
        fingerprint,
      ),
  };
}

export async function writeKey(text: string, name = 'key'): Promise<string> {
  const path = join(await temporaryFolder('signing-key'), name);
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

/** Git's own judgement of a commit: resolves where it accepts the signature, rejects with git's words where not. */
export type Verify = (repository: string, commit: string) => Promise<string>;

/** Trusts these public keys, and no others. */
export async function sshVerifier(publicKeys: readonly string[]): Promise<Verify> {
  const lines = publicKeys.map((key) => `towpath@example.com namespaces="git" ${key}\n`).join('');
  const signers = await writeKey(lines, 'allowed_signers');
  const trust = ['-c', 'gpg.format=ssh', '-c', `gpg.ssh.allowedSignersFile=${signers}`];
  return (repository, commit) => nativeGit([...trust, '-C', repository, 'verify-commit', '-v', commit]);
}

/** Knows these public keys, armoured, and no others. */
export async function gpgVerifier(publicKeys: readonly string[]): Promise<Verify> {
  const home = await makeGpgHome();
  for (const key of publicKeys) await home.gpg('--import', await writeKey(key));
  return (repository, commit) =>
    nativeGit(['-C', repository, 'verify-commit', '-v', commit], { env: { GNUPGHOME: home.folder } });
}
