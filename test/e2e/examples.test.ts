/** The examples with reviews and with secrets in git: their READMEs followed word by word, on the real cluster. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import type { ControlPlaneProcess } from '../support/control-plane-process.ts';
import { sealingPair } from '../support/sealing-certificate.ts';
import { temporaryFolder } from '../support/temp.ts';
import { administrator, eventually, makeRepository } from './harness/fixtures.ts';
import { type Gitea, startGitea } from './harness/gitea.ts';
import type { GiteaUser } from './harness/gitea-client.ts';
import { type KubernetesObject, reference } from './harness/kubernetes.ts';
import { freePorts } from './harness/ports.ts';
import { cloneOf, expectNothingSecretIn, secretsOfPods } from './support/example-secrets.ts';
import { giteaPeople } from './support/gitea-people.ts';
import { blocksOf, openReader, type Reader } from './support/reader.ts';
import { type EngineName, startPlane } from './support/site.ts';
import { patienceMs } from './support/site-calls.ts';

const client = administrator();
const { git, flux, kubeconfig, programs } = inject('cluster');
const value = 'an-example-and-no-key';
// Four at a time on one machine.
vi.setConfig({ testTimeout: 400_000 });

let gitea: Gitea;
let plane: ControlPlaneProcess;

beforeAll(async () => {
  [gitea, plane] = await Promise.all([startGitea(), startPlane()]);
}, 900_000);
afterAll(() => gitea?.stop());

describe.concurrent('examples', () => {
  it('sealed-secrets is opened by the controller that the certificate is of', async ({ onTestFinished }) => {
    const pair = sealingPair();
    const certificateFile = join(await temporaryFolder('sealing'), 'certificate.pem');
    writeFileSync(certificateFile, pair.certificate);
    // No network leads to a controller's Service here, so kubeseal is told where else the certificate is.
    const { reader, repository } = await reading('sealed-secrets', 'argo-cd', {
      SEALED_SECRETS_CERT: certificateFile,
    });
    onTestFinished(reader.leave, 180_000);
    const [fetch = '', secret = ''] = await commandsOf('sealed-secrets');

    await reader.follow(fetch);
    const id = await goOn(reader, 'sealed-secrets', 'argo-cd', secret);
    const controller = await startController(reader.namespace, pair);
    onTestFinished(() => void controller.kill('SIGTERM'));
    await reader.reaches(id, 'DEPLOYED');

    expect(await secretsOfPods(reader.namespace, id)).toMatchObject({ OPENAI_API_KEY: value });
    await expectNothingSecretIn(repository, value);
    expect(Object.keys(await repository.tree())).toContainEqual(expect.stringMatching(/env-.*\.sealedsecret\.yaml$/));
  });

  it('sops is decrypted by Flux', async ({ onTestFinished }) => {
    const { reader, repository } = await reading('sops', 'flux');
    onTestFinished(reader.leave, 180_000);
    onTestFinished(() => client.delete(reference('v1', 'Secret', 'sops-age', flux.namespace)));
    const [makeKey = ''] = await commandsOf('sops');

    const recipient = (await reader.follow(makeKey)).trim().split('\n').at(-1) ?? '';
    change(reader, /age1[0-9a-z]+/, recipient);
    const id = await goOn(reader, 'sops', 'flux');
    await reader.reaches(id, 'DEPLOYED');

    expect(await secretsOfPods(reader.namespace, id)).toMatchObject({ OPENAI_API_KEY: value });
    await expectNothingSecretIn(repository, value);
    expect(Object.keys(await repository.tree())).toContainEqual(expect.stringMatching(/env-.*\.secret\.sops\.yaml$/));
  });

  it('external-secrets refers to a store, whose places it tells', async ({ onTestFinished }) => {
    const { reader, repository } = await reading('external-secrets', 'argo-cd');
    onTestFinished(reader.leave, 180_000);
    const [places = ''] = await commandsOf('external-secrets');

    const id = await goOn(reader, 'external-secrets', 'argo-cd');
    const wanted = await eventually('two ExternalSecrets', () => externalSecretsOf(reader.namespace), patienceMs);
    const told = await reader.follow(places);
    await standInForOperator(reader.namespace, wanted);
    await reader.reaches(id, 'DEPLOYED');

    expect(told).toMatch(/^agents\/chat openai-api-key$/m);
    expect(told).toMatch(/^agents\/chat-[0-9a-f]{10} postgres-password$/m);
    expect(await secretsOfPods(reader.namespace, id)).toMatchObject({ OPENAI_API_KEY: value });
    await expectNothingSecretIn(repository, value);
  });

  it('pull-request is applied once a person has merged it', async ({ onTestFinished }) => {
    const repository = await gitea.makeRepository({ empty: true });
    const [bot, ada, grace] = [
      await gitea.makeUser('towpath'),
      await gitea.makeUser('ada'),
      await gitea.makeUser('grace'),
    ];
    for (const { name } of [bot, ada, grace]) {
      await gitea.request('PUT', `${repository.path}/collaborators/${name}`, { permission: 'write' });
    }
    const { port: webhookPort } = await freePorts('port');
    const tokens = {
      push: await token(bot, ['write:repository', 'write:issue']),
      read: await token(bot, ['read:repository']),
    };
    const site = { plane, example: 'pull-request', engine: 'argo-cd', repository: repository.cloneUrl } as const;
    const reader = await openReader({ ...site, tokens, webhookPort });
    onTestFinished(reader.leave, 180_000);
    const [makeSecret = '', secret = ''] = await commandsOf('pull-request');
    const people = giteaPeople({ ...gitea, users: { ...gitea.users, reviewer: ada } }, repository);

    await reader.follow(makeSecret);
    const webhookSecret = readFileSync(join(reader.folder, 'webhook-secret'), 'utf8').trim();
    await repository.addWebhook(`http://127.0.0.1:${webhookPort}/webhook`, webhookSecret);
    const id = await goOn(reader, 'pull-request', 'argo-cd', secret);
    await reader.reaches(id, 'AWAITING_DEPLOY');
    const pull = await eventually(
      'two reviewers to be asked',
      async () => {
        const found = await people.openOf('chat');
        return found.requested_reviewers?.length === 2 && found;
      },
      patienceMs,
    );
    await repository.protect({ enable_push: true, enable_push_whitelist: true, push_whitelist_usernames: ['ada'] });
    await people.merge(pull);
    await reader.reaches(id, 'DEPLOYED');

    expect(pull.title).toMatch(new RegExp(`^${reader.namespace}: chat [0-9a-f]{8}$`));
    expect(pull.body).toContain(`- [ ] Change window: see the calendar of ${reader.namespace}`);
    expect(pull.labels.map(({ name }) => name).sort()).toEqual(['public', 'towpath']);
    expect(pull.requested_reviewers?.map(({ login }) => login).sort()).toEqual(['ada', 'grace']);
    expect(await secretsOfPods(reader.namespace, id)).toMatchObject({ OPENAI_API_KEY: value });
    await expectNothingSecretIn(await cloneOf(repository.cloneUrlOf(gitea.users.admin)), value);
    expect(`${pull.title}${pull.body}`).not.toContain(value);
  });

  async function reading(example: string, engine: EngineName, env: Readonly<Record<string, string>> = {}) {
    const repository = await makeRepository(example);
    const tokens = { push: git.password, read: git.password };
    const reader = await openReader({ plane, example, engine, repository: repository.url, tokens, env });
    return { reader, repository };
  }

  async function token(user: GiteaUser, scopes: readonly string[]): Promise<string> {
    return (await gitea.makeToken({ ...user, token: '' }, scopes)).value;
  }
});

/** The example's own commands, but those that need no cluster. */
async function commandsOf(example: string): Promise<readonly string[]> {
  const blocks = await blocksOf(`examples/${example}/README.md`);
  return blocks.filter((block) => !block.includes('npm run'));
}

/** "Go on as in Beside …, in this folder": the page's steps, with this Secret for its own. Answers the deployment's id. */
async function goOn(reader: Reader, example: string, engine: EngineName, secret?: string): Promise<string> {
  const page = await blocksOf('README.md', engine === 'argo-cd' ? 'Beside Argo CD' : 'Beside Flux');
  const blocks = page.map((block) => block.replace(`examples/${engine}`, `examples/${example}`));
  const [setUp = '', beside = '', install = '', deploy = ''] = blocks;
  const pagesSecret = /^kubectl -n towpath create secret generic towpath-listener \\\n.*\n/;
  expect(install).toMatch(pagesSecret);
  for (const block of [setUp, beside, secret ? install.replace(pagesSecret, secret) : install]) {
    await reader.follow(block);
  }
  await reader.startListener();
  return /"id":"([0-9a-f-]{36})"/.exec(await reader.follow(deploy))?.[1] ?? '';
}

function change({ folder }: Reader, what: RegExp, text: string): void {
  const path = join(folder, 'towpath.yaml');
  writeFileSync(path, readFileSync(path, 'utf8').replace(what, text));
}

/** With its key in the namespace that it watches. */
async function startController(namespace: string, { certificate, privateKey }: ReturnType<typeof sealingPair>) {
  await client.apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'key', namespace, labels: { 'sealedsecrets.bitnami.com/sealed-secrets-key': 'active' } },
    type: 'kubernetes.io/tls',
    stringData: { 'tls.crt': certificate, 'tls.key': privateKey },
  });
  const child: ChildProcess = spawn(programs['sealed-secrets-controller'] ?? '', [kubeconfig, namespace], {
    stdio: 'ignore',
  });
  await once(child, 'spawn');
  return child;
}

interface ExternalSecret extends KubernetesObject {
  readonly spec: {
    readonly data: readonly { readonly secretKey: string }[];
    readonly target: {
      readonly name: string;
      readonly template: {
        readonly metadata: Pick<KubernetesObject['metadata'], 'labels'>;
        readonly data?: Readonly<Record<string, string>>;
      };
    };
  };
}

/** Of the environment and of the database, once the engine has applied both. */
async function externalSecretsOf(namespace: string): Promise<readonly ExternalSecret[] | null> {
  const found = await client.list<ExternalSecret>('external-secrets.io/v1', 'ExternalSecret', { namespace });
  return found.length === 2 ? found : null;
}

/** There is no operator here: this makes the Secrets that it would make of them, and says so in their status. */
async function standInForOperator(namespace: string, wanted: readonly ExternalSecret[]): Promise<void> {
  const store: Readonly<Record<string, string>> = { OPENAI_API_KEY: value, POSTGRES_PASSWORD: 'a-password' };
  for (const { metadata, spec } of wanted) {
    const { name, template } = spec.target;
    const keys = [...spec.data.map(({ secretKey }) => secretKey), ...Object.keys(template.data ?? {})];
    const stringData = Object.fromEntries(keys.map((key) => [key, store[key] ?? 'computed']));
    const { labels = {} } = template.metadata;
    const secret = { metadata: { labels, name, namespace }, immutable: true, stringData };
    await client.apply({ apiVersion: 'v1', kind: 'Secret', ...secret });
    const path = `/apis/external-secrets.io/v1/namespaces/${namespace}/externalsecrets/${metadata.name}/status`;
    const ready = { type: 'Ready', status: 'True', reason: 'SecretSynced', message: 'secret synced' };
    await client.request('PATCH', path, { status: { conditions: [ready] } }, 'application/merge-patch+json');
  }
}
