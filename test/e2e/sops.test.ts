/** What Towpath encrypts, the real sops opens, changes and encrypts again; and a real Flux applies it. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { parse } from 'yaml';
import { sopsSealer } from '../../src/adapters/secret-sealer/sops.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { NamespaceName } from '../../src/domain/identifiers.ts';
import type { PlainSecret } from '../../src/ports.ts';
import { temporaryFolder } from '../support/temp.ts';
import { administrator, eventually, uniqueName } from './harness/fixtures.ts';
import type { KubernetesObject } from './harness/kubernetes.ts';
import { openSite, startPlane } from './support/site.ts';

interface Secret extends KubernetesObject {
  readonly immutable: boolean;
  readonly data: Readonly<Record<string, string>>;
}

const client = administrator();
let folder: string;
let identity: string;
let recipient: string;

beforeAll(async () => {
  folder = await temporaryFolder('sops');
  identity = await generateX25519Identity();
  recipient = await identityToRecipient(identity);
});

describe('sops', () => {
  const secret: PlainSecret = {
    namespace: NamespaceName.parse('team-a'),
    name: 'chat-0123456789-env-abcdef0123',
    labels: { 'towpath.dev/deployment-id': 'a', name: 'true', digits: '1.10' },
    values: { TOKEN: 'sk-"quoted"', LINES: 'first\nsecond ✓\n', EMPTY: '', N: 'y' },
  };

  it('opens what is encrypted, sums and all', async () => {
    const path = await seal('opened');

    const opened = parse(sops('decrypt', path));

    expect(opened).toEqual({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: secret.name, namespace: 'team-a', labels: secret.labels },
      type: 'Opaque',
      immutable: true,
      data: Object.fromEntries(Object.entries(secret.values).map(([key, value]) => [key, encoded(value)])),
    });
  });

  it('changes a value and encrypts again', async () => {
    const path = await seal('changed');

    sops('set', path, '["data"]["TOKEN"]', JSON.stringify(encoded('another')));

    const opened = parse(sops('decrypt', path));
    expect(opened.data).toMatchObject({ TOKEN: encoded('another'), LINES: encoded('first\nsecond ✓\n') });
  });

  it('notices what was changed without the key', async () => {
    const text = parse(await sealedText()) as { metadata: { labels: Record<string, string> } };
    const path = join(folder, 'forged.yaml');
    text.metadata.labels['towpath.dev/deployment-id'] = 'b';
    await writeFile(path, JSON.stringify(text));

    expect(() => sops('decrypt', '--input-type', 'yaml', path)).toThrow(/MAC mismatch/);
  });

  async function seal(name: string): Promise<string> {
    const path = join(folder, `${name}.secret.sops.yaml`);
    await writeFile(path, await sealedText());
    return path;
  }

  async function sealedText(): Promise<string> {
    const other = await identityToRecipient(await generateX25519Identity());
    const options = { recipients: [other, recipient], recipientsFile: undefined, clock: systemClock() };
    const { files } = await sopsSealer(options).seal(secret);
    return [...files.values()].join('---\n');
  }
});

describe('Flux', () => {
  it('decrypts what a revision needs, and the next one finds it as it was', async () => {
    const decryptionSecret = uniqueName('sops-age');
    const { namespace: fluxNamespace } = inject('cluster').flux;
    await client.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: decryptionSecret, namespace: fluxNamespace },
      stringData: { 'identity.agekey': identity },
    });
    const keyFile = join(folder, 'key');
    await writeFile(keyFile, randomBytes(32).toString('hex'));
    const secrets = { mode: 'sops', keyFile, recipients: [recipient], decryptionSecret };
    const site = await openSite({ engine: 'flux', plane: await startPlane(), settings: { secrets } });
    const planted = 'sk-planted-0123456789';

    const id = await site.create('chat', '1.0.0', { secrets: [{ name: 'TOKEN', value: planted }] });
    await site.reaches(id, 'DEPLOYED');

    const made = await client.list<Secret>('v1', 'Secret', {
      namespace: site.namespace,
      labels: `towpath.dev/deployment-id=${id}`,
    });
    const values = Object.fromEntries(made.flatMap(({ data }) => Object.entries(data)));
    expect(made.map(({ immutable }) => immutable)).toEqual([true, true]);
    expect(values['TOKEN']).toBe(encoded(planted));
    expect(values['POSTGRES_PASSWORD']).toBeDefined();
    const tree = await site.repository.tree();
    expect(Object.keys(tree).filter((path) => path.endsWith('.secret.sops.yaml'))).toHaveLength(2);
    expect(JSON.stringify(tree)).not.toMatch(new RegExp(`${planted}|${encoded(planted)}`));

    await site.update(id, '2.0.0');
    await eventually('the second revision', async () => {
      const latest = await site.latest(id);
      return latest.status === 'DEPLOYED' && /:2\.0\.0/.test(JSON.stringify(await site.repository.tree()));
    });
    const later = await site.repository.tree();
    const sealedOf = (all: typeof tree) => Object.entries(all).filter(([path]) => path.endsWith('.secret.sops.yaml'));
    expect(sealedOf(later)).toEqual(sealedOf(tree));
  });
});

function sops(...words: readonly string[]): string {
  const program = inject('cluster').programs['sops'] ?? 'sops';
  const env = { ...process.env, SOPS_AGE_KEY: identity };
  return execFileSync(program, [...words], { env, encoding: 'utf8', stdio: 'pipe' });
}

function encoded(text: string): string {
  return Buffer.from(text).toString('base64');
}
