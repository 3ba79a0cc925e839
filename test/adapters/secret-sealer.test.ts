/** What sealers write opens again, for the owner of the key and for nobody else; what cannot be sealed for is refused. */
import { createDecipheriv, privateDecrypt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { armor, Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { load } from 'js-yaml';
import { beforeAll, describe, expect, it } from 'vitest';
import { externalSecretSealer } from '../../src/adapters/secret-sealer/external.ts';
import { sealedSecretsSealer } from '../../src/adapters/secret-sealer/sealed-secrets.ts';
import { sopsSealer } from '../../src/adapters/secret-sealer/sops.ts';
import { NamespaceName } from '../../src/domain/identifiers.ts';
import type { PlainSecret, SecretSealer } from '../../src/ports.ts';
import { sealingPair } from '../support/sealing-certificate.ts';
import { temporaryFolder } from '../support/temp.ts';

const values = { API_KEY: 'planted-0123456789', EMPTY: '', LINES: 'first\nsecond ✓\n' };
const secret: PlainSecret = {
  namespace: NamespaceName.parse('team-a'),
  name: 'chat-0123456789-env-abcdef0123',
  labels: { 'app.kubernetes.io/managed-by': 'towpath', 'towpath.dev/deployment-id': 'x' },
  values,
};
const clock = { now: () => new Date('2027-03-01T10:00:00.500Z') };
const year = { validFrom: new Date('2027-01-01T00:00:00Z'), validUntil: new Date('2028-01-01T00:00:00Z') };
let folder: string;

beforeAll(async () => {
  folder = await temporaryFolder();
});

async function sealed(sealer: SecretSealer): Promise<readonly [path: string, text: string]> {
  const { files, note } = await sealer.seal(secret);
  expect(note).toBeNull();
  const [only, ...more] = files;
  expect(more).toEqual([]);
  if (!only) throw new Error('nothing was sealed');
  expect(only[0]).toBe(sealer.fileOf(secret.name));
  return only;
}

async function file(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

describe('sealed-secrets', () => {
  const pair = sealingPair(year);
  const sealerOf = async (scope: 'strict' | 'namespace-wide' | 'cluster-wide' = 'strict') =>
    sealedSecretsSealer({ certificateFile: await file('certificate.pem', pair.certificate), scope, clock });

  function open(envelope: string, label: string): string {
    const bytes = Buffer.from(envelope, 'base64');
    const end = 2 + bytes.readUInt16BE(0);
    const key = privateDecrypt(
      { key: pair.privateKey, oaepHash: 'sha256', oaepLabel: Buffer.from(label) },
      bytes.subarray(2, end),
    );
    const cipher = createDecipheriv('aes-256-gcm', key, Buffer.alloc(12)).setAuthTag(bytes.subarray(-16));
    return Buffer.concat([cipher.update(bytes.subarray(end, -16)), cipher.final()]).toString('utf8');
  }

  it.each([
    ['strict', 'team-a/chat-0123456789-env-abcdef0123'],
    ['namespace-wide', 'team-a'],
    ['cluster-wide', ''],
  ] as const)('binds values to what the scope %s says', async (scope, label) => {
    const [path, text] = await sealed(await sealerOf(scope));
    const object = load(text) as { spec: { encryptedData: Record<string, string> }; metadata: object };

    const opened = Object.entries(object.spec.encryptedData).map(([key, envelope]) => [key, open(envelope, label)]);
    expect(Object.fromEntries(opened)).toEqual(values);
    expect(() => open(object.spec.encryptedData['API_KEY'] ?? '', 'team-b/chat')).toThrow();
    const annotations = scope === 'strict' ? undefined : { [`sealedsecrets.bitnami.com/${scope}`]: 'true' };
    expect(path).toBe('env-abcdef0123.sealedsecret.yaml');
    expect(object).toMatchObject({
      apiVersion: 'bitnami.com/v1alpha1',
      kind: 'SealedSecret',
      metadata: { name: secret.name, namespace: 'team-a' },
      spec: { template: { type: 'Opaque', immutable: true, metadata: { labels: secret.labels } } },
    });
    expect((object.metadata as { annotations?: object }).annotations).toEqual(annotations);
    expect(text).not.toContain('planted');
  });

  it('gives other bytes each time', async () => {
    const sealer = await sealerOf();

    const [[, one], [, other]] = [await sealed(sealer), await sealed(sealer)];

    expect(one).not.toBe(other);
  });

  it.each([
    [
      'expired',
      sealingPair({ ...year, validUntil: new Date('2027-02-01T00:00:00Z') }).certificate,
      /expired since Feb/,
    ],
    ['not valid yet', sealingPair({ ...year, validFrom: new Date('2027-06-01T00:00:00Z') }).certificate, /valid from/],
    ['of another kind of key', sealingPair({ ...year, kind: 'ecdsa' }).certificate, /its key is ec, and/],
    ['of a weak key', sealingPair({ ...year, bits: 1024 }).certificate, /its RSA key of 1024 bits is too weak/],
    ['no certificate', 'hello\n', /no certificate in PEM/],
    ['a private key', pair.privateKey, /private key, which belongs to the controller alone/],
  ])('refuses a certificate that is %s, and says how to get the newest', async (_, content, why) => {
    const certificateFile = await file('bad.pem', content);
    const sealer = sealedSecretsSealer({ certificateFile, scope: 'strict', clock });

    const refusal = await sealer.seal(secret).catch((error: unknown) => error);

    expect(refusal).toMatchObject({
      kind: 'terminal',
      reason: 'SealingCertificate',
      message: expect.stringMatching(why),
    });
    expect(refusal).toMatchObject({ message: expect.stringContaining('kubeseal --fetch-cert') });
  });

  it('takes a certificate that was mended without a new start', async () => {
    const certificateFile = join(folder, 'later.pem');
    const sealer = sealedSecretsSealer({ certificateFile, scope: 'strict', clock });
    await expect(sealer.seal(secret)).rejects.toThrow('there is no such file');

    await file('later.pem', pair.certificate);

    expect((await sealer.seal(secret)).files.size).toBe(1);
  });
});

describe('sops', () => {
  interface SopsObject {
    readonly data: Readonly<Record<string, string>>;
    readonly sops: {
      readonly age: readonly { readonly recipient: string; readonly enc: string }[];
      readonly mac: string;
      readonly lastmodified: string;
      readonly encrypted_regex: string;
    };
  }

  async function open(object: SopsObject, identity: string) {
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    const own = object.sops.age.find(({ recipient }) => recipient === ownRecipient);
    const key = await decrypter.decrypt(armor.decode(own?.enc ?? ''));
    return (text: string, bound: string): string => {
      const [, data = '', iv = '', tag = ''] =
        /^ENC\[AES256_GCM,data:(.+),iv:(.+),tag:(.+),type:str\]$/.exec(text) ?? [];
      const cipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64'))
        .setAAD(Buffer.from(bound))
        .setAuthTag(Buffer.from(tag, 'base64'));
      return Buffer.concat([cipher.update(Buffer.from(data, 'base64')), cipher.final()]).toString();
    };
  }

  let identity: string;
  let ownRecipient: string;
  let recipients: readonly string[];
  beforeAll(async () => {
    identity = await generateX25519Identity();
    ownRecipient = await identityToRecipient(identity);
    recipients = [await identityToRecipient(await generateX25519Identity()), ownRecipient];
  });

  it('encrypts each value for every recipient, and only the values', async () => {
    const [path, text] = await sealed(sopsSealer({ recipients, recipientsFile: undefined, clock }));
    const object = load(text) as SopsObject;
    const decrypt = await open(object, identity);

    const opened = Object.entries(object.data).map(([key, value]) => [
      key,
      value === '' ? '' : Buffer.from(decrypt(value, `data:${key}:`), 'base64').toString(),
    ]);
    expect(path).toBe('env-abcdef0123.secret.sops.yaml');
    expect(Object.fromEntries(opened)).toEqual(values);
    expect(object).toMatchObject({ kind: 'Secret', type: 'Opaque', immutable: true, metadata: { name: secret.name } });
    expect(object.sops).toMatchObject({
      lastmodified: '2027-03-01T10:00:00Z',
      encrypted_regex: '^(data|stringData)$',
      age: recipients.map((recipient) => ({ recipient })),
    });
    expect(decrypt(object.sops.mac, object.sops.lastmodified)).toMatch(/^[0-9A-F]{128}$/);
    expect(text).not.toMatch(/planted|cGxhbnRlZC/);
  });

  it('binds a value to its key', async () => {
    const [, text] = await sealed(sopsSealer({ recipients, recipientsFile: undefined, clock }));
    const object = load(text) as SopsObject;
    const decrypt = await open(object, identity);

    expect(() => decrypt(object.data['API_KEY'] ?? '', 'data:LINES:')).toThrow();
  });

  it('reads recipients from a file, comments and blank lines aside', async () => {
    const recipientsFile = await file('recipients.txt', `# ops\n${recipients[0]}\n\n${recipients[1]}\n`);

    const [, text] = await sealed(sopsSealer({ recipients: [], recipientsFile, clock }));

    expect((load(text) as SopsObject).sops.age.map(({ recipient }) => recipient)).toEqual(recipients);
  });

  it.each([
    ['a secret key', 'AGE-SECRET-KEY-1QQQQ\n', /secret key, which belongs to Flux alone/],
    ['nothing', '# none\n', /names none/],
    ['no public key', 'ssh-ed25519 AAAA\n', /entry 1 is no age public key/],
  ])('refuses a file that holds %s', async (_, content, why) => {
    const recipientsFile = await file('bad.txt', content);

    const refusal = sopsSealer({ recipients: [], recipientsFile, clock }).seal(secret);

    await expect(refusal).rejects.toMatchObject({ kind: 'terminal', reason: 'AgeRecipient' });
    await expect(refusal).rejects.toThrow(why);
    await expect(refusal).rejects.not.toThrow('QQQQ');
  });

  it('refuses a recipient with a typing error, by its name', async () => {
    const wrong = `age1${'q'.repeat(58)}`;

    const refusal = sopsSealer({ recipients: [wrong], recipientsFile: undefined, clock }).seal(secret);

    await expect(refusal).rejects.toThrow(`recipient ${wrong}: its checksum is wrong`);
  });
});

describe('external-secrets', () => {
  it('says where each value is, and nothing else', async () => {
    const sealer = externalSecretSealer({
      store: { kind: 'ClusterSecretStore', name: 'vault' },
      refreshInterval: 900_000,
    });
    const references = { B: 'external-secret://agents/chat#token', A: 'external-secret://one' };

    const { files } = await sealer.seal({ ...secret, values: references });

    const object = load(files.get('env-abcdef0123.externalsecret.yaml') ?? '');
    expect(object).toMatchObject({
      apiVersion: 'external-secrets.io/v1',
      kind: 'ExternalSecret',
      metadata: { name: secret.name, namespace: 'team-a' },
      spec: {
        refreshInterval: '900s',
        secretStoreRef: { kind: 'ClusterSecretStore', name: 'vault' },
        target: {
          name: secret.name,
          creationPolicy: 'Owner',
          immutable: true,
          template: { type: 'Opaque', metadata: { labels: secret.labels } },
        },
        data: [
          { secretKey: 'A', remoteRef: { key: 'one' } },
          { secretKey: 'B', remoteRef: { key: 'agents/chat', property: 'token' } },
        ],
      },
    });
  });
});
