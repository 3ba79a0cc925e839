/** Sealed files lie beside the manifests, are made once, and go when nothing needs them; what cannot be hidden is refused. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { load } from 'js-yaml';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GitRepository } from '../../src/adapters/repository/repository.ts';
import { openSealer } from '../../src/cli/wiring/secrets.ts';
import { parseProvenance } from '../../src/core/provenance.ts';
import { sealedFileOf } from '../../src/core/secrets/sealed-files.ts';
import { repoPath } from '../../src/domain/file-tree.ts';
import { type DeploymentId, DeploymentName } from '../../src/domain/identifiers.ts';
import { resourceName } from '../../src/domain/resource-name.ts';
import { HttpTransport } from '../../src/git/http-transport.ts';
import type { Renderer } from '../../src/listener/context.ts';
import { secretsWord } from '../../src/listener/secrets/plan.ts';
import type { PlainSecret, Repository, SecretSealer } from '../../src/ports.ts';
import { startGitServer } from '../support/git-server.ts';
import { configurationFor, listen, systemClock, teamA } from '../support/listener-world.ts';
import { type MemoryRemote, memoryRemote, memoryRepository } from '../support/memory-repository.ts';
import { realRenderer } from '../support/real-renderer.ts';
import { type ScriptedControlPlane, startScriptedControlPlane } from '../support/scripted-control-plane.ts';
import { sealingPair } from '../support/sealing-certificate.ts';
import { temporaryFolder } from '../support/temp.ts';
import { until } from '../support/until.ts';

type Secrets = Readonly<Record<string, unknown>>;

interface ExternalSecret {
  readonly spec: { readonly target: { readonly name: string; readonly template: { readonly data?: object } } };
}

let renderer: Renderer;
let sealed: Secrets;
let sops: Secrets;
const external: Secrets = {
  mode: 'external-secrets',
  store: { name: 'vault' },
  database: { key: 'agents/{name}', property: 'password' },
};
let plane: ScriptedControlPlane;
let remote: MemoryRemote;
let running: ReturnType<typeof listen> | null = null;

beforeAll(async () => {
  renderer = await realRenderer();
  const certificateFile = join(await temporaryFolder(), 'certificate.pem');
  await writeFile(certificateFile, sealingPair().certificate);
  sealed = { mode: 'sealed-secrets', certificateFile };
  sops = { mode: 'sops', recipients: [await identityToRecipient(await generateX25519Identity())] };
});

beforeEach(async () => {
  plane = await startScriptedControlPlane();
  remote = memoryRemote();
});

afterEach(async () => {
  await running?.stop();
  running = null;
  await plane.stop();
});

/** The listener starts anew with every call: what it knows it must find in git. */
async function serve(
  secrets: Secrets,
  sealer?: SecretSealer,
  more: object = {},
  repository: Repository = memoryRepository(remote),
  agentServer: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await running?.stop();
  const namespace = { secrets, ...more };
  const settings = configurationFor({ plane, namespace }).namespaces[teamA];
  if (!settings) throw new Error('no namespace');
  const options = { namespace: teamA, secrets: settings.secrets, engine: null, cluster: null, clock: systemClock };
  running = listen({
    plane,
    repository,
    renderer,
    namespace,
    agentServer,
    parts: { sealer: sealer ?? openSealer(options) },
  });
}

async function settled(id: DeploymentId) {
  const report = await until('an outcome', () => {
    const last = plane.lastReport(id);
    return (last?.outcome === 'succeeded' || last?.outcome === 'failed') && last;
  });
  return report;
}

/** The deployment's files by their names in the folder. */
function folder(): ReadonlyMap<string, string> {
  const own = [...remote.files()].filter(([path]) => path.startsWith('deployments/'));
  return new Map(own.map(([path, text]) => [path.split('/').at(-1) ?? '', text]));
}

function sealedNames(): readonly string[] {
  return [...folder().keys()].filter((name) => /^(?:env-|database\.)/.test(name)).sort();
}

function resources(): readonly string[] {
  return (load(folder().get('kustomization.yaml') ?? '') as { resources: string[] }).resources;
}

function envFile(ending: string): string {
  const name = parseProvenance(folder().get('PROVENANCE') ?? '')?.secretName ?? '';
  return `env-${name.slice(-10)}${ending}`;
}

function askedForValues(): number {
  return plane.requests.filter((request) => request.endsWith('/secrets')).length;
}

describe.each([
  ['sealed-secrets', () => sealed, '.sealedsecret.yaml'],
  ['sops', () => sops, '.secret.sops.yaml'],
])('secrets.mode %s', (_, secretsOf, ending) => {
  const database = `database${ending}`;

  it('lays sealed files down beside the manifests, listed, and without a value', async () => {
    await serve(secretsOf());
    const id = plane.create('chat', { secrets: { TOKEN: 'planted-0123456789' } });

    const report = await settled(id);

    expect(report.outcome).toBe('succeeded');
    expect(sealedNames()).toEqual([database, envFile(ending)].sort());
    expect(resources()).toEqual(expect.arrayContaining([...sealedNames()]));
    expect([...remote.files().values()].join()).not.toContain('planted');
  });

  it('takes no word of its own format for a leak', async () => {
    await serve(secretsOf());
    const ordinary = { LEVEL: 'encrypted', ROLE: 'Workspace', KIND: 'Template', STAGE: 'requested' };
    const id = plane.create('chat', { secrets: { ...ordinary, TOKEN: 'planted-0123456789' } });

    expect(await settled(id)).toMatchObject({ outcome: 'succeeded' });
  });

  it('does not take back what was sealed anew while a push was refused', async () => {
    await serve(secretsOf());
    const id = plane.create('chat', { secrets: { TOKEN: 'planted-0123456789' } });
    await settled(id);
    const [path = '', text = ''] = [...remote.files()].find(([one]) => one.endsWith(`/${database}`)) ?? [];
    const resealed = `# Sealed anew\n${text}`;
    remote.beforePublish = () => {
      remote.beforePublish = null;
      remote.commit('Seal anew', [{ kind: 'write', path: repoPath(path), content: resealed }]);
    };

    plane.update(id, { image: 'registry.example/agents/chat:2.0.0' });
    await settled(id);

    expect(folder().get('api.deployment.yaml')).toContain('chat:2.0.0');
    expect(folder().get(database)).not.toBe(text);
  });

  it('keeps a file byte for byte while its values stay, and does not ask for them again', async () => {
    await serve(secretsOf());
    const id = plane.create('chat', { secrets: { TOKEN: 'planted-0123456789' } });
    await settled(id);
    const before = folder();
    const asked = askedForValues();
    await serve(secretsOf());

    plane.update(id, { image: 'registry.example/agents/chat:2.0.0' });
    await settled(id);

    expect(folder().get('api.deployment.yaml')).toContain('chat:2.0.0');
    for (const name of sealedNames()) expect(folder().get(name)).toBe(before.get(name));
    expect(sealedNames()).toHaveLength(2);
    expect(askedForValues()).toBe(asked);
  });

  it('finds a value that a client writes in plain only later, when the values stay as they were', async () => {
    await serve(secretsOf());
    const id = plane.create('chat', { secrets: { TOKEN: 'planted-0123456789' } });
    await settled(id);
    await serve(secretsOf());

    plane.update(id, { resourceSpec: { annotations: { note: 'use planted-0123456789' } } });
    const refused = await settled(id);
    plane.update(id, { resourceSpec: { annotations: { note: 'use the token' } } });
    const taken = await settled(id);

    expect(refused).toMatchObject({ outcome: 'failed', message: expect.stringContaining('the secret "TOKEN"') });
    expect(taken.outcome).toBe('succeeded');
    expect(folder().get('api.deployment.yaml')).toContain('use the token');
    expect(JSON.stringify([...remote.files(), ...plane.reports])).not.toContain('planted');
  });

  it('keeps the Secret before this one, and lets older ones go', async () => {
    await serve(secretsOf());
    const id = plane.create('chat', { secrets: { TOKEN: 'planted-1' } });
    await settled(id);
    const first = envFile(ending);
    const firstText = folder().get(first);

    plane.update(id, { secrets: { TOKEN: 'planted-22' } });
    await settled(id);
    const second = envFile(ending);
    const afterSecond = sealedNames();
    const keptText = folder().get(first);
    plane.update(id, { image: 'registry.example/agents/chat:2.0.0' });
    await settled(id);
    const afterImage = sealedNames();
    plane.update(id, { secrets: { TOKEN: 'planted-333' } });
    await settled(id);

    expect(afterSecond).toEqual([database, first, second].sort());
    expect(keptText).toBe(firstText);
    expect(afterImage).toEqual(afterSecond);
    expect(sealedNames()).toEqual([database, second, envFile(ending)].sort());
    expect(resources()).not.toContain(first);
  });

  it('keeps what the last revision needed when a revision has no secrets any more', async () => {
    await serve(secretsOf());
    const id = plane.create('chat', { secrets: { TOKEN: 'planted-1' } });
    await settled(id);
    const first = envFile(ending);

    plane.update(id, { secrets: {} });
    await settled(id);

    expect(sealedNames()).toEqual([database, first].sort());
  });

  it('seals what was in the cluster until then', async () => {
    await serve({ mode: 'cluster' });
    const id = plane.create('chat', { secrets: { TOKEN: 'planted-0123456789' } });
    await settled(id);
    const inCluster = sealedNames();
    await serve(secretsOf());

    plane.update(id, { image: 'registry.example/agents/chat:2.0.0' });
    await settled(id);

    expect(inCluster).toEqual([]);
    expect(sealedNames()).toEqual([database, envFile(ending)].sort());
  });

  it('seals anew what a person has changed, once that is overwritten', async () => {
    await serve(secretsOf());
    const id = plane.create('chat', { secrets: { TOKEN: 'planted-0123456789' } });
    await settled(id);
    await running?.stop();
    const [path = ''] = [...remote.files().keys()].filter((one) => one.endsWith(`/${database}`));
    remote.commit('Break it', [{ kind: 'write', path: repoPath(path), content: 'kind: Nothing\n' }]);

    await serve(secretsOf(), undefined, { drift: 'restore' });
    await until('the repair', () => folder().get(database) !== 'kind: Nothing\n');

    expect(load(folder().get(database) ?? '')).toMatchObject({
      metadata: { name: expect.stringMatching(/-database$/) },
    });
    expect(sealedNames()).toHaveLength(2);
  });
});

it('reads what it keeps from a real repository, byte for byte', async () => {
  const server = await startGitServer();
  const real = await server.repository('sealed');
  const path = (folderName: string, file: string): string => `HEAD:deployments/${folderName}/${file}`;
  const serveReal = () =>
    serve(
      sealed,
      undefined,
      {},
      new GitRepository({ branch: 'main', transport: new HttpTransport({ url: real.url }) }),
    );
  await serveReal();
  const id = plane.create('chat', { secrets: { TOKEN: 'planted-0123456789' } });
  await settled(id);
  const name = resourceName(DeploymentName.parse('chat'), id);
  const before = await real.git('rev-parse', path(name, 'database.sealedsecret.yaml'));
  await serveReal();

  plane.update(id, { image: 'registry.example/agents/chat:2.0.0' });
  await settled(id);
  await running?.stop();

  const after = await real.git('rev-parse', path(name, 'database.sealedsecret.yaml'));
  const deployment = await real.git('show', path(name, 'api.deployment.yaml'));
  await server.close();
  expect(deployment).toContain('chat:2.0.0');
  expect(after).toBe(before);
});

describe('a folder that changes from one mode to the other', () => {
  it('has no Secret twice', async () => {
    await serve(sealed);
    const id = plane.create('chat', { secrets: { TOKEN: 'planted-0123456789' } });
    await settled(id);
    await serve(sops);

    plane.update(id, { image: 'registry.example/agents/chat:2.0.0' });
    await settled(id);

    expect(sealedNames()).toEqual(['database.secret.sops.yaml', envFile('.secret.sops.yaml')].sort());
    expect(resources()).not.toContain('database.sealedsecret.yaml');
  });
});

describe('secrets.mode external-secrets', () => {
  it('writes where the values are', async () => {
    await serve(external);
    const id = plane.create('chat', { secrets: { TOKEN: 'external-secret://agents/chat#token' } });

    const report = await settled(id);

    expect(report.outcome).toBe('succeeded');
    expect(load(folder().get(envFile('.externalsecret.yaml')) ?? '')).toMatchObject({
      kind: 'ExternalSecret',
      spec: { data: [{ secretKey: 'TOKEN', remoteRef: { key: 'agents/chat', property: 'token' } }] },
    });
    const key = expect.stringMatching(/^agents\/chat-[0-9a-f]{10}$/);
    expect(load(folder().get('database-uri.externalsecret.yaml') ?? '')).toMatchObject({
      spec: { data: [{ secretKey: 'POSTGRES_PASSWORD', remoteRef: { key, property: 'password' } }] },
    });
  });

  it('escapes the database’s password in its URI, which API, queue and KEDA take from the same Secret', async () => {
    await serve(external, undefined, {}, undefined, { autoscaler: 'keda' });
    const id = plane.create('chat', { resourceSpec: { queue_max_scale: 4 } });

    expect(await settled(id)).toMatchObject({ outcome: 'succeeded' });

    const secret = load(folder().get('database-uri.externalsecret.yaml') ?? '') as ExternalSecret;
    const { name, template } = secret.spec.target;
    expect(name).toMatch(/^chat-[0-9a-f]{10}-database-uri$/);
    expect(template.data).toEqual({
      POSTGRES_PASSWORD: '{{ .POSTGRES_PASSWORD }}',
      POSTGRES_URI: expect.stringMatching(
        /^postgres:\/\/postgres:\{\{ \.POSTGRES_PASSWORD \| urlquery \| replace "\+" "%20" \}\}@chat-[0-9a-f]{10}-postgres\.team-a\.svc:5432\/postgres\?sslmode=disable$/,
      ),
    });
    const reference = { name, key: 'POSTGRES_URI' };
    for (const file of ['api.deployment.yaml', 'queue.deployment.yaml']) {
      expect(folder().get(file)).not.toContain('$(POSTGRES_PASSWORD)');
      expect(load(folder().get(file) ?? '')).toMatchObject({
        spec: {
          template: {
            spec: {
              containers: [
                {
                  env: expect.arrayContaining([{ name: 'POSTGRES_URI', valueFrom: { secretKeyRef: reference } }]),
                },
              ],
            },
          },
        },
      });
    }
    expect(load(folder().get('queue.triggerauthentication.yaml') ?? '')).toMatchObject({
      spec: { secretTargetRef: [{ parameter: 'connection', ...reference }] },
    });
    expect(folder().get('postgres.statefulset.yaml')).toContain(
      `name: ${name}\n                  key: POSTGRES_PASSWORD`,
    );
    expect(resources()).toContain('database-uri.externalsecret.yaml');
  });

  it('refuses values, all at once, and names the reference that each needs', async () => {
    await serve(external);
    const id = plane.create('chat', {
      secrets: { TOKEN: 'planted-0123456789', OTHER: 'planted-9876543210', GOOD: 'external-secret://one' },
    });

    const report = await settled(id);

    expect(report).toMatchObject({ outcome: 'failed', reason: 'LiteralSecret' });
    expect(report.message).toContain('Cannot use 2 secret(s) of chat');
    expect(report.message).toContain('TOKEN: external-secret://<key>#<property>, such as external-secret://chat#TOKEN');
    expect(report.message).toContain('OTHER: external-secret://');
    expect(JSON.stringify(plane.reports)).not.toContain('planted');
    expect(folder().size).toBe(0);
  });

  it('refuses a database whose password nobody has, and names both ways', async () => {
    await serve({ mode: 'external-secrets', store: { name: 'vault' } });
    const id = plane.create('chat');

    const report = await settled(id);

    expect(report).toMatchObject({ outcome: 'failed', reason: 'NoDatabasePassword' });
    expect(report.message).toMatch(
      /secrets\.database of namespace team-a, or bring an external database by POSTGRES_URI_CUSTOM/,
    );
  });
});

describe('a sealer that does not hide', () => {
  const head = ({ name, namespace, labels }: PlainSecret): string => {
    const metadata = { name, namespace, labels: { ...labels, 'app.kubernetes.io/component': 'secret' } };
    return `metadata: ${JSON.stringify(metadata)}\n`;
  };

  it.each([
    [
      'a Secret in plain',
      'InvalidSealedFile',
      (secret: PlainSecret) =>
        `apiVersion: v1\nkind: Secret\n${head(secret)}stringData: ${JSON.stringify(secret.values)}\n`,
    ],
    [
      'a value in a comment',
      'PlantedSecret',
      (secret: PlainSecret) =>
        `# ${Object.values(secret.values).join(' ')}\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\n${head(secret)}spec: {encryptedData: {}}\n`,
    ],
  ])('publishes nothing where it writes %s', async (_, reason, write) => {
    const fileOf = (name: string): string => sealedFileOf('sealed-secrets', name);
    await serve(sealed, {
      fileOf,
      seal: async (secret) => ({ files: new Map([[fileOf(secret.name), write(secret)]]), note: null }),
    });
    const id = plane.create('chat', { secrets: { TOKEN: 'planted-0123456789' } });

    const report = await settled(id);

    expect(report).toMatchObject({ outcome: 'failed', reason });
    expect(JSON.stringify(plane.reports)).not.toContain('planted');
    expect(folder().size).toBe(0);
  });
});

it('tells versions of secrets apart, however long they are and whatever is in them', () => {
  const versions = [
    'v-1',
    '',
    'two words',
    'two\nwords',
    `${'x'.repeat(400)}1`,
    `${'x'.repeat(400)}2`,
    secretsWord(''),
  ];

  const words = versions.map(secretsWord);

  expect(new Set(words).size).toBe(versions.length);
  for (const word of words) expect(word).toMatch(/^[!-~]{1,300}$/);
});

it('has sops refused where Argo CD is found', () => {
  const { secrets } = configurationFor({ plane, namespace: { secrets: sops } }).namespaces[teamA] ?? {};
  if (!secrets) throw new Error('no namespace');

  const open = () => openSealer({ namespace: teamA, secrets, engine: 'argo-cd', cluster: null, clock: systemClock });

  expect(open).toThrow(/secrets\.mode sops in namespace team-a: Argo CD applies its repository, and does not decrypt/);
});
