/** What Towpath seals, kubeseal and the controller's own code open: the very Secret that mode `cluster` makes. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openKubernetes } from '../../src/adapters/kubernetes/http.ts';
import { applySecret } from '../../src/adapters/kubernetes/secrets.ts';
import { sealedSecretsSealer } from '../../src/adapters/secret-sealer/sealed-secrets.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { noTelemetry } from '../../src/adapters/telemetry/none.ts';
import { NamespaceName } from '../../src/domain/identifiers.ts';
import type { PlainSecret } from '../../src/ports.ts';
import { sealingPair } from '../support/sealing-certificate.ts';
import { temporaryFolder } from '../support/temp.ts';
import { administrator, eventually, makeNamespace } from './harness/fixtures.ts';
import { type KubernetesObject, objectsIn } from './harness/kubernetes.ts';

interface Secret extends KubernetesObject {
  readonly type: string;
  readonly immutable: boolean;
  readonly data: Readonly<Record<string, string>>;
}

const client = administrator();
const { certificate, privateKey } = sealingPair();
const controllers: ChildProcess[] = [];
let certificateFile: string;
let keyFile: string;

beforeAll(async () => {
  const folder = await temporaryFolder('sealing');
  certificateFile = join(folder, 'certificate.pem');
  keyFile = join(folder, 'key.pem');
  await writeFile(certificateFile, certificate);
  await writeFile(keyFile, privateKey, { mode: 0o600 });
});

afterAll(() => {
  for (const child of controllers) child.kill('SIGTERM');
});

describe('kubeseal', () => {
  it.each(['strict', 'namespace-wide', 'cluster-wide'] as const)(
    'opens what is sealed with scope %s',
    async (scope) => {
      const secret = secretIn(await makeNamespace('sealed'));
      const text = await seal(secret, scope);

      // The definition of the controller's own release, with strict fields.
      for (const object of objectsIn(text)) await client.apply(object);
      const opened = unseal(text);
      const inCluster = await applied(secret);

      expect(essence(opened)).toEqual(essence(inCluster));
      expect(opened.metadata).toMatchObject({ name: secret.name, namespace: secret.namespace });
    },
  );

  it('opens nothing that was carried to another namespace', async () => {
    const text = await seal(secretIn('team-a'), 'strict');

    expect(() => unseal(text.replaceAll('namespace: team-a', 'namespace: team-b'))).toThrow(/no key could decrypt/);
  });
});

describe('the controller', () => {
  it('makes the Secret of what is new, and takes over what was in the cluster until then', async () => {
    const namespace = await makeNamespace('sealed');
    await client.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'key', namespace, labels: { 'sealedsecrets.bitnami.com/sealed-secrets-key': 'active' } },
      type: 'kubernetes.io/tls',
      stringData: { 'tls.crt': certificate, 'tls.key': privateKey },
    });
    const old = secretIn(namespace);
    const inCluster = await applied(old);
    const fresh = { ...old, name: 'chat-0123456789-env-fedcba9876' };
    await startController(namespace);

    for (const secret of [old, fresh]) {
      for (const object of objectsIn(await seal(secret, 'strict'))) await client.apply(object);
    }

    const [taken, made] = [await ownedSecret(old), await ownedSecret(fresh)];
    expect(taken.metadata['uid']).toBe(inCluster.metadata['uid']);
    expect([essence(taken), essence(made)]).toEqual([essence(inCluster), essence(inCluster)]);
  });
});

/** Once it belongs to the SealedSecret of its name. */
function ownedSecret({ name, namespace }: PlainSecret): Promise<Secret> {
  return eventually(`Secret ${name} to be the controller's`, async () => {
    const found = await client.find<Secret>('v1', 'Secret', name, namespace);
    const owners = (found?.metadata['ownerReferences'] ?? []) as readonly { readonly kind: string }[];
    return owners.some(({ kind }) => kind === 'SealedSecret') && found;
  });
}

async function startController(namespace: string): Promise<void> {
  const { kubeconfig, programs } = inject('cluster');
  const child = spawn(programs['sealed-secrets-controller'] ?? '', [kubeconfig, namespace], { stdio: 'ignore' });
  await once(child, 'spawn');
  controllers.push(child);
}

function secretIn(namespace: string): PlainSecret {
  return {
    namespace: NamespaceName.parse(namespace),
    name: 'chat-0123456789-env-abcdef0123',
    labels: { 'app.kubernetes.io/managed-by': 'towpath', 'towpath.dev/deployment-id': 'a', digits: '1.10' },
    values: { TOKEN: 'sk-"quoted"', LINES: 'first\nsecond ✓\n', LONG: 'x'.repeat(100_000), DIGITS: '0123' },
  };
}

async function seal(secret: PlainSecret, scope: 'strict' | 'namespace-wide' | 'cluster-wide'): Promise<string> {
  const { files } = await sealedSecretsSealer({ certificateFile, scope, clock: systemClock() }).seal(secret);
  return [...files.values()].join('---\n');
}

function unseal(text: string): Secret {
  const words = ['--recovery-unseal', '--recovery-private-key', keyFile, '-o', 'json'];
  const program = inject('cluster').programs['kubeseal'] ?? 'kubeseal';
  return JSON.parse(execFileSync(program, words, { input: text, encoding: 'utf8', stdio: 'pipe' }));
}

async function applied(secret: PlainSecret): Promise<Secret> {
  const http = openKubernetes({ kubeconfig: inject('cluster').kubeconfig, context: undefined }, noTelemetry);
  try {
    await applySecret(http, secret);
    const found = await client.find<Secret>('v1', 'Secret', secret.name, secret.namespace);
    if (!found) throw new Error(`there is no Secret ${secret.name}`);
    return found;
  } finally {
    await http.close();
  }
}

function essence({ type, immutable, data, metadata }: Secret) {
  return { type, immutable, data, labels: metadata.labels };
}
