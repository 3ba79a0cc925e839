/** Signing on the command line: the public key for others, verification set up, and found well or not by the doctor. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import type { Check } from '../../src/cli/doctor/check.ts';
import { type Finished, runTowpath } from '../support/command-line.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import { makeGpgHome, makeSshKey, type SshKeyFile, writeKey } from '../support/signing-keys.ts';
import { temporaryFolder } from '../support/temp.ts';
import { type ScriptedCluster, scriptedCluster } from './doctor-cluster.ts';

let folder: string;
let git: GitServer;
let cluster: ScriptedCluster;
let ssh: SshKeyFile;
let gpg: { readonly id: string; readonly keyFile: string };

beforeAll(async () => {
  folder = await temporaryFolder('signing');
  git = await startGitServer();
  await (await git.repository('team-a')).seed({ 'README.md': 'hello\n' });
  ssh = await makeSshKey('-t ed25519');
  const home = await makeGpgHome();
  const fingerprint = await home.make('Towpath <towpath@example.com>', 'ed25519', 'sign');
  gpg = { id: fingerprint.slice(-16), keyFile: await writeKey(await home.exportSecret(fingerprint)) };
});
afterAll(() => git.close());

beforeEach(async () => {
  cluster = await scriptedCluster();
  cluster.served.set('argoproj.io/v1alpha1', ['applications', 'applicationsets', 'appprojects']);
  cluster.served.set('source.toolkit.fluxcd.io/v1', ['gitrepositories']);
  cluster.served.set('kustomize.toolkit.fluxcd.io/v1', ['kustomizations']);
  return () => cluster.close();
});

describe('towpath signing-key', () => {
  it('prints the line of an SSH key, and its fingerprint beside it', async () => {
    const { code, stdout, stderr } = await towpath('signing-key', await configured({ kind: 'ssh', keyFile: ssh.path }));

    expect({ code, stdout }).toEqual({ code: 0, stdout: `${ssh.publicKey}\n` });
    expect(stderr).toMatch(/^SSH key SHA256:\S{43}\n$/);
  });

  it('prints a GPG key that gpg imports, and its ids as JSON', async () => {
    const config = await configured({ kind: 'gpg', keyFile: gpg.keyFile });
    const other = await makeGpgHome();

    const [plain, json] = await Promise.all([towpath('signing-key', config), towpath('signing-key', config, '--json')]);
    await other.gpg('--import', await writeKey(plain.stdout));

    expect(await other.gpg('--list-keys', '--with-colons')).toContain(gpg.id);
    expect(plain.stderr).toBe(`GPG key ${gpg.id} of towpath@example.com\n`);
    expect(JSON.parse(json.stdout)).toMatchObject({ kind: 'gpg', keyId: gpg.id, signingKeyId: gpg.id });
    expect(json.stdout + plain.stdout).not.toContain('PRIVATE');
  });

  it('says what is missing where nothing signs', async () => {
    const { code, stderr } = await towpath('signing-key', await configured(null));

    expect(code).toBe(1);
    expect(stderr).toContain('git.signing is not configured; name the key there by kind and keyFile');
  });
});

describe('towpath bootstrap --verify-signatures', () => {
  it('lets Argo CD take our key, and says how it gets to know it', async () => {
    const config = await configured({ kind: 'gpg', keyFile: gpg.keyFile });

    const { stdout, stderr } = await towpath('bootstrap argo-cd --verify-signatures', config);

    expect(objectsIn(stdout)[0]).toMatchObject({
      kind: 'AppProject',
      spec: { sourceIntegrity: { git: { policies: [{ gpg: { mode: 'head', keys: [gpg.id] } }] } } },
    });
    expect(stderr).toContain('$ towpath signing-key > signing-key.asc\n  $ argocd gpg add --from signing-key.asc');
  });

  it('makes the Secret of our key that Flux verifies by', async () => {
    const config = await configured({ kind: 'ssh', keyFile: ssh.path });

    const { stdout } = await towpath('bootstrap flux --verify-signatures', config);

    const [secret, repository] = objectsIn(stdout);
    expect(secret).toMatchObject({ kind: 'Secret', metadata: { name: 'towpath-team-a-signers' } });
    expect(Buffer.from(String(secret?.data?.['towpath.sshpub']), 'base64').toString()).toBe(`${ssh.publicKey}\n`);
    expect(repository).toMatchObject({
      kind: 'GitRepository',
      spec: { verify: { mode: 'HEAD', secretRef: { name: 'towpath-team-a-signers' } } },
    });
  });

  it.each<[string, () => Promise<string>, string]>([
    [
      'argo-cd --verify-signatures',
      () => configured({ kind: 'ssh', keyFile: ssh.path }),
      'it verifies GPG only, but git.signing.kind is ssh; set it to gpg',
    ],
    ['flux --verify-signatures', () => configured(null), 'git.signing is not configured'],
    [
      'flux --verify-signatures --verify-secret signers',
      () => configured({ kind: 'ssh', keyFile: ssh.path }),
      'Cannot use --verify-secret beside --verify-signatures',
    ],
  ])('is refused where it cannot be: %s', async (words, configuration, reason) => {
    const { code, stderr } = await towpath(`bootstrap ${words}`, await configuration());

    expect(code).toBe(1);
    expect(stderr).toContain(reason);
  });
});

describe('towpath doctor', () => {
  it('finds a set-up well that bootstrap has made, with Flux', async () => {
    const config = await configured({ kind: 'ssh', keyFile: ssh.path }, 'flux');
    await applied('bootstrap flux --verify-signatures', config);

    const { checks } = await examined(config);

    expect(found(checks, 'key')).toMatchObject({ subject: 'signing', verdict: 'ok' });
    expect(found(checks, 'signatures')).toMatchObject({
      subject: 'namespace team-a',
      verdict: 'ok',
      message: expect.stringMatching(/^Flux verifies commits, and takes key SHA256:/),
    });
  });

  it('reads the GPG keys in the Secret, and Argo CD’s keyring', async () => {
    const gpgConfig = await configured({ kind: 'gpg', keyFile: gpg.keyFile }, 'flux');
    await applied('bootstrap flux --verify-signatures', gpgConfig);
    const flux = await examined(gpgConfig);
    const argoConfig = await configured({ kind: 'gpg', keyFile: gpg.keyFile }, 'argo-cd');
    await applied('bootstrap argo-cd --verify-signatures', argoConfig);
    const keyring = '/api/v1/namespaces/argocd/configmaps/argocd-gpg-keys-cm';
    cluster.objects.set(keyring, { metadata: { name: 'argocd-gpg-keys-cm' }, data: { [otherId]: 'armoured' } });
    const argoCd = await examined(argoConfig);

    expect(found(flux.checks, 'signatures')?.message).toBe(`Flux verifies commits, and takes key ${gpg.id}`);
    expect(found(argoCd.checks, 'signatures')).toMatchObject({
      verdict: 'failed',
      message: `Argo CD has no public key ${gpg.id}`,
    });
  });

  it('tells of commits that are not signed, though the engine verifies them', async () => {
    await applied('bootstrap flux --verify-signatures', await configured({ kind: 'ssh', keyFile: ssh.path }, 'flux'));

    const { code, checks } = await examined(await configured(null, 'flux'));

    expect(code).toBe(1);
    expect(found(checks, 'signatures')).toMatchObject({
      verdict: 'failed',
      message: 'Flux verifies commits, but these are not signed',
    });
  });

  it('tells of a key that cannot sign once, and looks at the repository all the same', async () => {
    const { code, checks } = await examined(await configured({ kind: 'gpg', keyFile: ssh.path }, 'none'));

    expect(code).toBe(1);
    expect(checks.filter(({ message }) => message.includes('git.signing'))).toHaveLength(1);
    expect(found(checks, 'key')).toMatchObject({ subject: 'signing', verdict: 'failed' });
    expect(found(checks, 'read')).toMatchObject({ verdict: 'ok' });
  });
});

it('does not begin to listen with a key that cannot sign', async () => {
  const config = await configured({ kind: 'ssh', keyFile: `${ssh.path}.pub` }, 'none');

  const { code, stderr } = await towpath('listen', config);

  expect(code).toBe(1);
  expect(stderr).toContain('it is a public key; name the private one, the file without ".pub" (git.signing.keyFile)');
});

const otherId = '4AEE18F83AFDEB23';
let configurations = 0;

async function configured(signing: object | null, engine = 'auto'): Promise<string> {
  const path = join(folder, `towpath-${configurations++}.yaml`);
  await writeFile(join(folder, 'api-key'), 'no-key');
  await writeFile(join(folder, 'key'), 'ab'.repeat(32));
  const configuration = {
    controlPlane: { url: 'http://127.0.0.1:1', apiKeyFile: 'api-key' },
    listener: { id: '0b6c0000-0000-4000-8000-000000000001' },
    cluster: { kubeconfig: cluster.kubeconfig },
    git: {
      committer: { name: 'Towpath', email: 'towpath@example.com' },
      ...(signing === null ? {} : { signing }),
    },
    namespaces: { 'team-a': { repository: `${git.url}/team-a.git`, engine, secrets: { keyFile: 'key' } } },
  };
  await writeFile(path, stringify(configuration));
  return path;
}

function towpath(words: string, config: string, ...more: readonly string[]): Promise<Finished> {
  return runTowpath([...words.split(' '), '--config', config, ...more]);
}

/** Into the cluster, as a person does it. */
async function applied(words: string, config: string): Promise<void> {
  const { code, stderr } = await towpath(words, config, '--apply', '--kubeconfig', cluster.kubeconfig);
  if (code !== 0) throw new Error(stderr);
}

async function examined(config: string) {
  const finished = await towpath('doctor', config, '--json', '--kubeconfig', cluster.kubeconfig);
  const { checks } = JSON.parse(finished.stdout) as { readonly checks: readonly Check[] };
  return { ...finished, checks };
}

function found(checks: readonly Check[], title: string): Check | undefined {
  return checks.find((check) => check.title === title && check.subject !== 'control plane');
}

interface PrintedObject {
  readonly kind: string;
  readonly data?: Readonly<Record<string, string>>;
}

function objectsIn(text: string): readonly PrintedObject[] {
  return parseAllDocuments(text).map((document) => document.toJS());
}
