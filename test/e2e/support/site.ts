/** One installation of Towpath for a test file: a control plane, a namespace with its repository, an engine, a listener. */
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, inject } from 'vitest';
import { stringify } from 'yaml';
import { runTowpath } from '../../support/command-line.ts';
import {
  type ControlPlaneProcess,
  startControlPlaneProcess,
  type Tenant,
} from '../../support/control-plane-process.ts';
import { temporaryFolder } from '../../support/temp.ts';
import type { TestRepository } from '../../support/test-repository.ts';
import { administrator, eventually, makeNamespace, makeRepository, uniqueName } from '../harness/fixtures.ts';
import { reference } from '../harness/kubernetes.ts';
import { type ListenerProcess, startListenerProcess } from './listener-process.ts';
import { patienceMs, type SiteCalls, siteCalls } from './site-calls.ts';

export type EngineName = 'argo-cd' | 'flux';

export interface Site extends SiteCalls {
  readonly engine: EngineName;
  readonly namespace: string;
  readonly repository: TestRepository;
  readonly plane: ControlPlaneProcess;
  readonly tenant: Tenant;
  /** Path of towpath.yaml. */
  readonly configuration: string;
  /** The first one; tests start more by `startListener`. */
  readonly listener: ListenerProcess;
  startListener(words?: readonly string[]): Promise<ListenerProcess>;
}

interface GitAccess {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

interface SiteOptions {
  readonly engine: EngineName;
  /** Shared by the sites of one file. */
  readonly plane: ControlPlaneProcess;
  /** Options of the namespace in towpath.yaml. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** More options of the listener in towpath.yaml. */
  readonly more?: Readonly<Record<string, unknown>>;
  readonly agentServer?: Readonly<Record<string, unknown>>;
  /** Where the namespace's repository is, if not on the harness's own git server; `Site.repository` is empty then. */
  readonly remote?: GitAccess;
  /** Options at the root of towpath.yaml. */
  readonly root?: Readonly<Record<string, unknown>>;
  /** More words for `towpath bootstrap`. */
  readonly bootstrap?: readonly string[];
  /** Of another site, to share its namespace and repository. */
  readonly beside?: Site;
  readonly listen?: boolean;
}

const planes: ControlPlaneProcess[] = [];
const ends: (() => Promise<unknown>)[] = [];

// Listeners first, so that nothing is laid down any more while the engine takes away what there is.
afterAll(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await Promise.all(planes.splice(0).map((plane) => plane.end('SIGTERM')));
}, 600_000);

export async function startPlane(): Promise<ControlPlaneProcess> {
  const plane = await startControlPlaneProcess();
  planes.push(plane);
  return plane;
}

export async function openSite(options: SiteOptions): Promise<Site> {
  const { engine, plane, beside, remote } = options;
  const namespace = beside?.namespace ?? (await makeNamespace(engine));
  const repository = beside?.repository ?? (await makeRepository(namespace));
  const tenant = await plane.tenant(uniqueName('workspace'), [namespace]);
  const access = remote ?? { ...inject('cluster').git, url: repository.url };
  const configuration = await writeConfiguration(options, namespace, access, tenant);
  if (!beside) await bootstrap(engine, namespace, access, configuration, options.bootstrap ?? []);
  const startListener = async (words: readonly string[] = []): Promise<ListenerProcess> => {
    const listener = await startListenerProcess(['--config', configuration, ...words]);
    ends.push(() => listener.end('SIGTERM'));
    return listener;
  };
  const listener = options.listen === false ? noListener : await startListener();
  return {
    engine,
    namespace,
    repository,
    plane,
    tenant,
    configuration,
    listener,
    startListener,
    ...siteCalls(plane, tenant, namespace),
  };
}

const noListener: ListenerProcess = {
  pid: 0,
  output: () => '',
  signal: () => undefined,
  end: async () => null,
};

async function writeConfiguration(
  options: SiteOptions,
  namespace: string,
  git: GitAccess,
  tenant: Tenant,
): Promise<string> {
  const { kubeconfig } = inject('cluster');
  const folder = await temporaryFolder('site');
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const configuration = {
    controlPlane: { url: options.plane.url, apiKeyFile: await file('api-key', tenant.listenerKey) },
    listener: { id: tenant.listenerId, ...options.more },
    cluster: { kubeconfig },
    ...(options.agentServer ? { agentServer: options.agentServer } : {}),
    namespaces: {
      [namespace]: {
        repository: git.url,
        credentials: { username: git.username, passwordFile: await file('git-password', git.password) },
        secrets: { keyFile: await file('key', randomBytes(32).toString('hex')) },
        engine: options.engine,
        rollout: { stuckAfter: '3s' },
        ...options.settings,
      },
    },
    ...options.root,
  };
  await mkdir(folder, { recursive: true });
  return file('towpath.yaml', stringify(configuration));
}

/** What a platform engineer does once: the engine's objects by `towpath bootstrap`, its credentials by hand. */
async function bootstrap(
  engine: EngineName,
  namespace: string,
  { url, username, password }: GitAccess,
  configuration: string,
  words: readonly string[],
): Promise<void> {
  const { argoCd, flux } = inject('cluster');
  const client = administrator();
  const secret = {
    'argo-cd': {
      metadata: {
        name: `towpath-${namespace}`,
        namespace: argoCd.namespace,
        labels: { 'argocd.argoproj.io/secret-type': 'repository' },
      },
      stringData: { type: 'git', url, username, password },
    },
    flux: {
      metadata: { name: `towpath-${namespace}-git`, namespace: flux.namespace },
      stringData: { username, password },
    },
  }[engine];
  await client.apply({ apiVersion: 'v1', kind: 'Secret', ...secret });
  const { code, stderr } = await runTowpath(['bootstrap', engine, '--config', configuration, '--apply', ...words]);
  if (code !== 0) throw new Error(`towpath bootstrap ${engine} ended with ${code}:\n${stderr}`);
  ends.push(() => takeAway(engine, namespace));
}

/** What `towpath bootstrap` made for a namespace, and with it what the engine has applied there. */
export async function takeAway(engine: EngineName, namespace: string): Promise<void> {
  const { argoCd, flux } = inject('cluster');
  const client = administrator();
  const name = `towpath-${namespace}`;
  if (engine === 'argo-cd') {
    await client.remove(reference('argoproj.io/v1alpha1', 'ApplicationSet', name, argoCd.namespace));
    await eventually(
      `the Applications of ${namespace} to be gone`,
      async () => {
        const all = await client.list<{ spec: { destination: { namespace: string } } }>(
          'argoproj.io/v1alpha1',
          'Application',
          {
            namespace: argoCd.namespace,
          },
        );
        return all.every(({ spec }) => spec.destination.namespace !== namespace);
      },
      patienceMs,
    );
    await client.remove(reference('argoproj.io/v1alpha1', 'AppProject', name, argoCd.namespace));
    return;
  }
  // The root leaves what it has applied, so that a slip takes no agent away.
  await client.remove(reference('kustomize.toolkit.fluxcd.io/v1', 'Kustomization', name, flux.namespace));
  const ours = (await client.list<Kustomization>('kustomize.toolkit.fluxcd.io/v1', 'Kustomization', flux)).filter(
    ({ spec }) => spec.targetNamespace === namespace,
  );
  for (const { metadata } of ours) {
    const child = reference('kustomize.toolkit.fluxcd.io/v1', 'Kustomization', metadata.name, flux.namespace);
    await client.remove(child, patienceMs);
  }
  await client.remove(reference('source.toolkit.fluxcd.io/v1', 'GitRepository', name, flux.namespace));
}

interface Kustomization {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly targetNamespace?: string };
}
