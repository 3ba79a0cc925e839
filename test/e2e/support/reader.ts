/** A reader who follows the documentation command by command, in a copy of the examples, with names of his own. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import { projectFolder } from '../../support/command-line.ts';
import { type ControlPlaneProcess, projectFile, type Tenant } from '../../support/control-plane-process.ts';
import { administrator, serviceAccountKubeconfig, uniqueName } from '../harness/fixtures.ts';
import { reference } from '../harness/kubernetes.ts';
import { type ListenerProcess, startListenerProcess } from './listener-process.ts';
import { type EngineName, takeAway } from './site.ts';
import { type SiteCalls, siteCalls } from './site-calls.ts';

const run = promisify(execFile);

interface ReaderOptions {
  readonly plane: ControlPlaneProcess;
  /** A folder of `examples`. */
  readonly example: string;
  readonly engine: EngineName;
  readonly repository: string;
  /** The listener's, which may push, and the engine's. */
  readonly tokens: { readonly push: string; readonly read: string };
  /** Where forges reach the listener, if the example has webhooks. */
  readonly webhookPort?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Reader extends SiteCalls {
  /** Called `team-a` in the documentation. */
  readonly namespace: string;
  readonly tenant: Tenant;
  /** The example, in his copy. */
  readonly folder: string;
  /** Runs a block in one terminal; answers what it printed. */
  follow(block: string): Promise<string>;
  /** What the chart has installed, as a process: no kubelet runs its pod. Its configuration, files and rights. */
  startListener(): Promise<void>;
  /** Takes everything away again. */
  leave(): Promise<void>;
}

/** Blocks for a shell of one page of the README, or of a whole file, in order. */
export async function blocksOf(path: string, heading?: string): Promise<readonly string[]> {
  const text = await projectFile(path);
  const page = heading === undefined ? text : (text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '');
  return [...page.matchAll(/^( *)```sh\n([\s\S]*?)^\1```/gm)].map(([, indent, block = '']) =>
    block.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );
}

export async function openReader(options: ReaderOptions): Promise<Reader> {
  const { plane, example, engine } = options;
  const [namespace, home] = [uniqueName('team'), uniqueName('towpath')];
  const tenant = await plane.tenant(namespace, [namespace]);
  const own = (text: string): string => adapted(text, { ...options, namespace, home, tenant });
  const copy = copyOf(example, own);
  const folder = join(copy, 'examples', example);
  const files = {
    'api-key': tenant.listenerKey,
    'git-token': options.tokens.push,
    'read-only-token': options.tokens.read,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const env = { ...shellOf(copy), LANGSMITH_API_KEY: tenant.workspaceKey, ...options.env };
  const follow = (block: string): Promise<string> => shell(own(block), block.startsWith('cd ') ? copy : folder, env);
  let listener: ListenerProcess | undefined;
  return {
    ...{ namespace, tenant, folder, follow },
    ...siteCalls(plane, tenant, namespace),
    startListener: async () => {
      listener = await startPod(copy, home, options.webhookPort ?? 0);
    },
    leave: async () => {
      await listener?.end('SIGTERM');
      await clearAway(engine, namespace, home, env);
    },
  };
}

interface Names extends ReaderOptions {
  readonly namespace: string;
  readonly home: string;
  readonly tenant: Tenant;
}

/** The reader's own addresses, ids and names; all else is as it is written. */
function adapted(text: string, { plane, repository, namespace, home, tenant }: Names): string {
  return text
    .replaceAll('https://control-plane.example', plane.url)
    .replaceAll('https://git.example/deployments/team-a.git', repository)
    .replace(/0b6c8f0e-64f5-4f6c-9b68-0b3a2f0f7a[0-9a-f]{2}/g, tenant.listenerId)
    .replaceAll('team-a', namespace)
    .replace(/(?<=-n |namespace |serviceaccount:)towpath(?![\w-])/g, home);
}

function copyOf(example: string, own: (text: string) => string): string {
  const copy = mkdtempSync(join(tmpdir(), 'towpath-reader-'));
  const folder = join(copy, 'examples', example);
  cpSync(join(projectFolder, 'examples', example), folder, { recursive: true });
  cpSync(join(projectFolder, 'templates/install'), join(copy, 'templates/install'), { recursive: true });
  for (const name of ['towpath.yaml', 'deployment.json']) {
    writeFileSync(join(folder, name), own(readFileSync(join(folder, name), 'utf8')));
  }
  return copy;
}

async function shell(block: string, cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', block], { cwd, env }).catch(
    (error: { stdout: string; stderr: string }) => {
      throw new Error(`Cannot follow:\n${block}\n${error.stdout}\n${error.stderr}`);
    },
  );
  return stdout;
}

/** `towpath` and the programs of the documentation, as a reader has them in his PATH. */
function shellOf(copy: string): NodeJS.ProcessEnv {
  const { kubeconfig, programs } = inject('cluster');
  const folder = join(copy, 'bin');
  mkdirSync(folder);
  const script = (name: string, command: string): void =>
    writeFileSync(join(folder, name), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
  script('towpath', `'${process.execPath}' '${join(projectFolder, 'src/cli/towpath.cjs')}'`);
  for (const name of ['helm', 'kubeseal', 'age-keygen']) script(name, `'${programs[name]}'`);
  return { ...process.env, PATH: `${folder}:${process.env['PATH']}`, KUBECONFIG: kubeconfig, NO_COLOR: '1' };
}

async function startPod(copy: string, home: string, webhookPort: number): Promise<ListenerProcess> {
  const client = administrator();
  const read = (kind: string) =>
    client.read<{ data: Record<string, string> }>('v1', kind, 'towpath-listener', home).then(({ data }) => data);
  const [configuration, secret] = await Promise.all([read('ConfigMap'), read('Secret')]);
  const mounted = mkdtempSync(join(copy, 'pod-'));
  for (const [name, value] of Object.entries(secret)) {
    writeFileSync(join(mounted, name), Buffer.from(value, 'base64'));
  }
  writeFileSync(join(mounted, 'kubeconfig'), await serviceAccountKubeconfig('towpath-listener', home));
  // A machine that runs several of these and their engines may not get to a renewal within the usual ten seconds.
  const election = `{ namespace: ${home}, leaseDuration: 60s, renewDeadline: 40s }`;
  const text = (configuration['towpath.yaml'] ?? '')
    .replaceAll('/run/secrets/towpath/', `${mounted}/`)
    .replace('leaderElection: {}', `leaderElection: ${election}`)
    .replaceAll('host: 0.0.0.0', 'host: 127.0.0.1')
    .replace('port: 9464', 'port: 0')
    .replace('port: 8701', `port: ${webhookPort}`);
  writeFileSync(join(mounted, 'towpath.yaml'), `${text}\ncluster: { kubeconfig: ${join(mounted, 'kubeconfig')} }\n`);
  return startListenerProcess(['--config', join(mounted, 'towpath.yaml')]);
}

async function clearAway(engine: EngineName, namespace: string, home: string, env: NodeJS.ProcessEnv): Promise<void> {
  const client = administrator();
  await takeAway(engine, namespace);
  await shell(`helm uninstall towpath --ignore-not-found --namespace ${home}`, tmpdir(), env);
  const { argoCd, flux } = inject('cluster');
  const engineNamespace = engine === 'argo-cd' ? argoCd.namespace : flux.namespace;
  await client.delete(reference('v1', 'Secret', `towpath-${namespace}-git`, engineNamespace));
  // Not waited for: it takes ten seconds, and nobody else uses these names.
  await Promise.all([namespace, home].map((name) => client.delete(reference('v1', 'Namespace', name))));
}
