/** Files of certificates, keys, tokens and secrets: one loader, so that each takes the same forms and refuses in the same words. */
import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commitSigner } from '../../src/adapters/commit-signer.ts';
import { connectToControlPlane } from '../../src/adapters/control-plane/client.ts';
import { gitCredentials } from '../../src/adapters/git-credentials.ts';
import { openDispatcher } from '../../src/adapters/http/http-dispatcher.ts';
import { readSealingCertificate } from '../../src/adapters/secret-sealer/certificate.ts';
import { readAgeRecipients } from '../../src/adapters/secret-sealer/sops.ts';
import { loadConfiguration } from '../../src/cli/configuration/load.ts';
import { openingOf } from '../../src/cli/control-plane/opening.ts';
import { secretText } from '../../src/cli/secret-text.ts';
import { readTlsFiles } from '../../src/cli/server/tls-files.ts';
import { readSecretKey } from '../../src/cli/wire.ts';
import { Namespace } from '../../src/domain/configuration-namespace.ts';
import { Signing } from '../../src/domain/configuration-publication.ts';
import { sealingPair } from '../support/sealing-certificate.ts';
import { makeSshKey } from '../support/signing-keys.ts';
import { temporaryFolder } from '../support/temp.ts';
import { testAuthority } from '../support/tls.ts';

const key = randomBytes(32).toString('hex');
const token = 'planted-word-0123';
const authority = testAuthority();
const served = authority.issue();
const sealing = sealingPair();
const ssh = await makeSshKey('-t ed25519');
const recipient = `age1${'q'.repeat(58)}`;

interface Loader {
  /** Of a file that is right. */
  readonly text: string;
  /** What the file says, or the failure. */
  read(file: string): Promise<unknown>;
}

const loaders: Readonly<Record<string, Loader>> = {
  'controlPlane.apiKeyFile': {
    text: token,
    read: async (apiKeyFile) => {
      const client = connectToControlPlane({ url: 'http://127.0.0.1:9', apiKeyFile });
      const call = client.call({
        purpose: 'ask',
        path: '/',
        answer: { safeParse: () => ({ success: true }) } as never,
      });
      const failure = (await call.catch((error: unknown) => error)) as { reason?: string };
      await client.close();
      // The file was taken: only the server is not there.
      if (failure.reason !== 'ControlPlaneUnreachable') throw failure;
      return token;
    },
  },
  'controlPlane.caFile': {
    text: authority.certificate,
    read: async (caFile) => connectToControlPlane({ url: 'http://127.0.0.1:9', apiKey: 'x', caFile }).close(),
  },
  'namespaces.*.caFile': { text: authority.certificate, read: async (caFile) => openDispatcher({ caFile }).close() },
  'credentials.passwordFile': {
    text: token,
    read: async (passwordFile) => (await gitCredentials({ passwordFile })(null)) as unknown,
  },
  'credentials.bearerTokenFile': {
    text: token,
    read: async (bearerTokenFile) => (await gitCredentials({ bearerTokenFile })(null)) as unknown,
  },
  'publication.tokenFile': {
    text: token,
    read: (file) => secretText({ file }, { what: 'token of the forge', option: 'publication.tokenFile' }),
  },
  'git.signing.keyFile': {
    text: ssh.text,
    read: (keyFile) => commitSigner(Signing.parse({ kind: 'ssh', keyFile })).identity(),
  },
  'secrets.keyFile': {
    text: key,
    read: (keyFile) =>
      readSecretKey(Namespace.parse({ repository: 'https://git.example/a.git', secrets: { keyFile } })),
  },
  'secrets.certificateFile': {
    text: sealing.certificate,
    read: (certificateFile) => readSealingCertificate(certificateFile, new Date()),
  },
  'secrets.recipientsFile': {
    text: recipient,
    read: (recipientsFile) => readAgeRecipients({ recipients: [], recipientsFile }),
  },
  '--encryption-key-file': {
    text: key,
    read: async (encryptionKeyFile) => openingOf({ encryptionKeyFile, databaseUrl: 'postgres://127.0.0.1/x' } as never),
  },
  '--tls-cert': {
    text: served.cert,
    read: async (certFile) => pairOf(await readTlsFiles({ certFile, keyFile: await written(served.key) })),
  },
  '--tls-key': {
    text: served.key,
    read: async (keyFile) => pairOf(await readTlsFiles({ certFile: await written(served.cert), keyFile })),
  },
  '--config': {
    text: 'controlPlane: {url: https://cp.example, apiKeyEnv: KEY}\nlistener: {id: 0a3f1c52-7f0e-4ad5-8a8d-3c5a4ce0d9d1}\nnamespaces: {a: {repository: https://git.example/a.git}}\n',
    read: async (file) => (await loadConfiguration(file)).namespaces,
  },
};

function pairOf({ cert, key: privateKey }: { cert: string; key: string }): readonly unknown[] {
  return [new X509Certificate(cert).fingerprint, createPrivateKey(privateKey).export({ format: 'jwk' })];
}

async function written(content: string | Buffer): Promise<string> {
  const path = join(await temporaryFolder('configured'), 'file');
  await writeFile(path, content);
  return path;
}

const utf16 = (text: string): Buffer => Buffer.from(`\ufeff${text}`, 'utf16le');

describe.each(Object.entries(loaders))('%s', (_option, { text, read }) => {
  it.each<[string, string | Buffer]>([
    ['as it is', text],
    ['with a line end', `${text}\n`],
    ['with a byte-order mark and line ends of Windows', `\ufeff${text.replaceAll(/\r?\n/g, '\r\n')}\r\n`],
    ['with blanks and empty lines at its end', `${text} \t\n\n`],
    ['in UTF-16, as PowerShell writes it', utf16(`${text}\r\n`)],
    ['in UTF-16 of the other byte order', utf16(`${text}\r\n`).swap16()],
  ])('is read %s', async (_form, content) => {
    const expected: unknown = await read(await written(text));

    expect(JSON.stringify(await read(await written(content)))).toBe(JSON.stringify(expected));
  });

  it.each<[string, RegExp, () => Promise<string>]>([
    ['is not there', /there is no such file/, async () => '/nowhere/file'],
    ['is a folder', /it is a folder/, () => temporaryFolder('configured')],
    ['lies in a file', /a part of its path is not a folder/, async () => join(await written('x'), 'file')],
    ['is a link to itself', /its symbolic links lead in a circle/, circle],
    ['is not text', /it is not text in UTF-8/, () => written(Buffer.from([0xc3, 0x28, 0xa0, 0xa1, 0xff]))],
    ['is endless', /it is larger than 4 MiB/, async () => '/dev/zero'],
  ])('is refused in our own words where it %s', async (_case, words, pathOf) => {
    const path = await pathOf();

    const failure = (await read(path).catch((error: unknown) => error)) as Error;

    expect(failure.message).toMatch(words);
    expect(failure.message).toContain(path);
    expect(failure.message).not.toMatch(/E[A-Z]{4,}|undefined|null|error:/);
  });

  it('is refused where it is empty, or holds something else', async () => {
    for (const content of ['', '\n', '\ufeff \r\n']) {
      const failure = await read(await written(content)).then(
        () => null,
        (error: unknown) => error as Error,
      );
      expect(failure?.message ?? 'taken').toMatch(
        /it is empty|it holds no|it is no certificate|it names none|expected|is missing|required|not valid/,
      );
      expect(failure?.message).not.toMatch(/undefined|null|error:/);
    }
  });
});

describe('a token', () => {
  it.each(['two\nlines', 'a zero \0 byte'])('is refused where it is %j: it would end its header', async (text) => {
    const purpose = { what: 'token of the forge', option: 'publication.tokenFile' };

    await expect(secretText({ file: await written(text) }, purpose)).rejects.toThrow(
      'it holds a control character or more than one line; check publication.tokenFile',
    );
  });
});

describe('the files of a server', () => {
  it('are refused together, each with what is wrong with it', async () => {
    const files = { certFile: '/nowhere/cert', keyFile: await written(served.cert) };

    await expect(readTlsFiles(files)).rejects.toThrow(
      /^Cannot serve TLS: "\/nowhere\/cert": there is no such file; ".*": it holds no private key in PEM; correct the files$/,
    );
  });

  it.each<[string, string, () => string]>([
    ['the key of another certificate', 'it is not the key of the certificate', () => authority.issue().key],
    [
      'a damaged key',
      'its private key is damaged or cut off',
      () => served.key.replace(/\n[A-Za-z0-9+/]{20}/, '\nAAAA'),
    ],
    ['an encrypted key', 'its key is encrypted', () => served.key.replaceAll('PRIVATE', 'ENCRYPTED PRIVATE')],
  ])('are refused with %s', async (_case, words, keyOf) => {
    const files = { certFile: await written(served.cert), keyFile: await written(keyOf()) };

    await expect(readTlsFiles(files)).rejects.toThrow(words);
  });
});

async function circle(): Promise<string> {
  const path = join(await temporaryFolder('configured'), 'circle');
  await symlink(path, path);
  return path;
}
