/** Argo CD out of the cluster, as its administrator: redis, repo-server, the two controllers and the API server. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { applyFolder, type Core } from './core.ts';
import { answers } from './http-answers.ts';
import type { Kubernetes, KubernetesObject } from './kubernetes.ts';
import { freePorts } from './ports.ts';
import type { Program } from './programs.ts';
import { redis } from './redis.ts';
import type { World } from './world.ts';

export const argoCdNamespace = 'argocd';

interface ArgoCd {
  /** The API server; `/api/webhook` is below it. */
  readonly url: string;
  /** What a webhook of Gitea must be signed with. */
  readonly webhookSecret: string;
  /** What a volume shows of ConfigMap `argocd-gpg-keys-cm` in a pod: one file a public key, named by its id. */
  readonly keyFolder: string;
}

const keyFolder = 'argo-cd/gpg/source';

interface Plan {
  readonly world: World;
  readonly ports: Awaited<ReturnType<typeof allPorts>>;
  readonly environment: Readonly<Record<string, string>>;
  readonly keyring: string;
}

interface Credentials {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

export async function startArgoCd(
  world: World,
  { kubeconfig, client }: Core,
  repositories: Credentials,
): Promise<ArgoCd> {
  const webhookSecret = randomBytes(16).toString('hex');
  const ports = await allPorts();
  const keyring = world.makeFolder('argo-cd/gpg/keys', 0o700);
  const plan = { world, ports, keyring, environment: environmentOf(world, kubeconfig, keyring) };
  await Promise.all([
    prepareCluster(client, join(world.built.share, 'argo-cd'), webhookSecret, repositories),
    world.programs.launch(redis(world, ports.redis)),
  ]);
  await world.programs.launch(repoServer(plan));
  await Promise.all([
    world.programs.launch(applicationController(plan)),
    world.programs.launch(applicationSetController(plan)),
    world.programs.launch(apiServer(plan)),
  ]);
  return { url: `http://127.0.0.1:${ports.server}`, webhookSecret, keyFolder: world.makeFolder(keyFolder) };
}

async function allPorts() {
  return await freePorts(
    'redis',
    'repo',
    'repoMetrics',
    'controllerMetrics',
    'setMetrics',
    'setProbe',
    'setWebhook',
    'server',
    'serverMetrics',
    'noDex',
  );
}

async function prepareCluster(
  client: Kubernetes,
  shared: string,
  webhookSecret: string,
  repositories: Credentials,
): Promise<void> {
  await Promise.all([
    client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: argoCdNamespace } }),
    applyFolder(client, join(shared, 'definitions')),
  ]);
  await applyFolder(client, join(shared, 'config'), argoCdNamespace);
  await client.apply(
    secret('argocd-secret', {
      'server.secretkey': randomBytes(32).toString('base64'),
      'webhook.gogs.secret': webhookSecret,
    }),
  );
  await client.apply(repositoryCredentials(repositories));
  // The API server makes it at its first start; nothing should have to wait for that.
  await client.apply({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { name: 'default', namespace: argoCdNamespace },
    spec: {
      sourceRepos: ['*'],
      destinations: [{ namespace: '*', server: '*' }],
      clusterResourceWhitelist: [{ group: '*', kind: '*' }],
    },
  });
}

/** For every repository whose address begins with this one. */
export function repositoryCredentials({ url, username, password }: Credentials): KubernetesObject {
  return secret('e2e-repositories', { type: 'git', url, username, password }, 'repo-creds');
}

function secret(name: string, stringData: Readonly<Record<string, string>>, type?: string): KubernetesObject {
  const labels = {
    'app.kubernetes.io/part-of': 'argocd',
    ...(type ? { 'argocd.argoproj.io/secret-type': type } : {}),
  };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: argoCdNamespace, labels },
    stringData,
  };
}

function environmentOf(world: World, kubeconfig: string, keyring: string): Readonly<Record<string, string>> {
  const programs = world.makeFolder('argo-cd/bin');
  // The repo-server calls these by name, `argocd` among them: it is git's askpass.
  for (const name of ['argocd', 'kustomize', 'helm']) symlinkSync(world.program(name), join(programs, name));
  return {
    PATH: [programs, join(world.built.share, 'argo-cd/scripts'), process.env['PATH']].join(delimiter),
    KUBECONFIG: kubeconfig,
    // So that https://kubernetes.default.svc means that kubeconfig.
    ARGOCD_FAKE_IN_CLUSTER: 'true',
    ARGOCD_TLS_DATA_PATH: world.makeFolder('argo-cd/tls'),
    ARGOCD_SSH_DATA_PATH: world.makeFolder('argo-cd/ssh'),
    ARGOCD_GNUPGHOME: keyring,
    ARGOCD_GPG_DATA_PATH: world.makeFolder(keyFolder),
    ARGOCD_GPG_ENABLED: 'true',
    ARGOCD_PLUGINSOCKFILEPATH: world.makeFolder('argo-cd/plugins'),
    // Else one fixed socket for the whole machine.
    ARGOCD_ASK_PASS_SOCK: join(world.folder, 'argo-cd/askpass.sock'),
    TMPDIR: world.makeFolder('argo-cd/tmp'),
    HOME: world.makeFolder('argo-cd/home'),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
  };
}

function repoServer({ world, ports, environment, keyring }: Plan): Program {
  return {
    ...argoCdProgram(world, 'argocd-repo-server', environment, [
      '--address=127.0.0.1',
      `--port=${ports.repo}`,
      '--metrics-address=127.0.0.1',
      `--metrics-port=${ports.repoMetrics}`,
      `--redis=127.0.0.1:${ports.redis}`,
      '--disable-tls',
      // Its default counts as set, and forbids --disable-tls.
      '--client-ca-path=',
    ]),
    ready: () => answers(`http://127.0.0.1:${ports.repoMetrics}/healthz?full=true`),
    tidy: () => endAgent(keyring),
  };
}

function applicationController({ world, ports, environment }: Plan): Program {
  return {
    ...argoCdProgram(world, 'argocd-application-controller', environment, [
      `--namespace=${argoCdNamespace}`,
      // There is no flag for its address: the one port of the harness that is open to all interfaces.
      `--metrics-port=${ports.controllerMetrics}`,
      ...backends(ports),
      // As it is by default, so that who does not ask for a refresh waits.
      '--app-resync=180',
      '--app-resync-jitter=0',
      '--status-processors=4',
      '--operation-processors=4',
    ]),
    ready: () => answers(`http://127.0.0.1:${ports.controllerMetrics}/healthz`),
  };
}

function applicationSetController({ world, ports, environment }: Plan): Program {
  return {
    ...argoCdProgram(world, 'argocd-applicationset-controller', environment, [
      `--namespace=${argoCdNamespace}`,
      `--metrics-addr=127.0.0.1:${ports.setMetrics}`,
      `--probe-addr=127.0.0.1:${ports.setProbe}`,
      `--webhook-addr=127.0.0.1:${ports.setWebhook}`,
      `--argocd-repo-server=127.0.0.1:${ports.repo}`,
      '--repo-server-plaintext',
    ]),
    // Its probe address has no /healthz.
    ready: () => answers(`http://127.0.0.1:${ports.setMetrics}/metrics`),
  };
}

function apiServer({ world, ports, environment }: Plan): Program {
  return {
    ...argoCdProgram(world, 'argocd-server', environment, [
      `--namespace=${argoCdNamespace}`,
      '--address=127.0.0.1',
      `--port=${ports.server}`,
      '--metrics-address=127.0.0.1',
      `--metrics-port=${ports.serverMetrics}`,
      ...backends(ports),
      '--insecure',
      `--dex-server=http://127.0.0.1:${ports.noDex}`,
      `--staticassets=${world.makeFolder('argo-cd/static')}`,
    ]),
    ready: () => answers(`http://127.0.0.1:${ports.server}/healthz`),
  };
}

function backends(ports: Plan['ports']): readonly string[] {
  return [`--redis=127.0.0.1:${ports.redis}`, `--repo-server=127.0.0.1:${ports.repo}`, '--repo-server-plaintext'];
}

/** All of Argo CD is one binary; its name in the environment says which program it is. */
function argoCdProgram(
  world: World,
  name: string,
  environment: Readonly<Record<string, string>>,
  args: readonly string[],
): Omit<Program, 'ready'> {
  return {
    name,
    command: world.program('argocd'),
    args: [...args, '--logformat=text', '--loglevel=info'],
    env: { ...environment, ARGOCD_BINARY_NAME: name },
  };
}

/** The repo-server's gpg starts an agent, which goes on by itself. Where there is none, gpgconf fails: that is fine. */
function endAgent(keyring: string): void {
  spawnSync('gpgconf', ['--homedir', keyring, '--kill', 'gpg-agent'], { stdio: 'ignore' });
}
