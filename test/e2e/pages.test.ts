/** The README's pages "Beside Argo CD" and "Beside Flux", followed word by word on the real cluster. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { projectFolder } from '../support/command-line.ts';
import {
  type ControlPlaneProcess,
  projectFile,
  startControlPlaneProcess,
  type Tenant,
} from '../support/control-plane-process.ts';
import { administrator, eventually, makeRepository, serviceAccountKubeconfig } from './harness/fixtures.ts';
import { reference } from './harness/kubernetes.ts';
import { type ListenerProcess, startListenerProcess } from './support/listener-process.ts';

const run = promisify(execFile);
const cluster = inject('cluster');
const client = administrator();

let plane: ControlPlaneProcess;

beforeAll(async () => {
  plane = await startControlPlaneProcess();
});

afterAll(async () => {
  await plane.end('SIGTERM');
});

describe.each([
  ['argo-cd', 'Beside Argo CD'],
  ['flux', 'Beside Flux'],
])('%s', (example, heading) => {
  let listener: ListenerProcess | undefined;

  afterAll(async () => {
    await listener?.end('SIGTERM');
    await clearAway(example);
  });

  it(`is set up by the page "${heading}", and deploys`, async () => {
    const tenant = await plane.tenant(example, ['team-a']);
    const repository = await makeRepository(example);
    const copy = prepare(example, tenant, repository.url);
    const blocks = await blocksOf(heading);
    const [setUp, engine, install, deploy] = blocks.map((block) => adapted(block, tenant, repository.url));

    for (const block of [setUp, engine, install]) await shell(copy, tenant, block ?? '');
    listener = await startPod(copy);
    const said = await shell(copy, tenant, deploy ?? '');

    const id = /"id":"([0-9a-f-]{36})"/.exec(said)?.[1] ?? '';
    await eventually(
      'the deployment to be DEPLOYED',
      async () => {
        const { body } = await plane.call('GET', `/v2/deployments/${id}/revisions?limit=1`, tenant.workspaceKey);
        if (body.resources[0].status !== 'DEPLOYED') throw new Error(JSON.stringify(body.resources[0]));
        return true;
      },
      120_000,
    );
    const { status } = await plane.call('DELETE', `/v2/deployments/${id}`, tenant.workspaceKey);
    expect(status).toBeLessThan(300);
    await eventually(
      'the deployment to be gone',
      async () => (await plane.call('GET', `/v2/deployments/${id}`, tenant.workspaceKey)).status === 404,
      120_000,
    );
  }, 400_000);
});

/** A copy of what the page's commands use, with the reader's own addresses and secrets put in. */
function prepare(example: string, tenant: Tenant, repository: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'towpath-page-'));
  cpSync(join(projectFolder, 'examples'), join(copy, 'examples'), { recursive: true });
  mkdirSync(join(copy, 'templates'));
  cpSync(join(projectFolder, 'templates/install'), join(copy, 'templates/install'), { recursive: true });
  const folder = join(copy, 'examples', example);
  for (const name of ['towpath.yaml', 'deployment.json']) {
    writeFileSync(join(folder, name), adapted(readFileSync(join(folder, name), 'utf8'), tenant, repository));
  }
  writeFileSync(join(folder, 'api-key'), tenant.listenerKey);
  for (const name of ['git-token', 'read-only-token']) writeFileSync(join(folder, name), cluster.git.password);
  return copy;
}

function adapted(text: string, tenant: Tenant, repository: string): string {
  return text
    .replaceAll('https://control-plane.example', plane.url)
    .replaceAll('https://git.example/deployments/team-a.git', repository)
    .replace(/0b6c8f0e-64f5-4f6c-9b68-0b3a2f0f7a2[12]/g, tenant.listenerId);
}

async function blocksOf(heading: string): Promise<readonly string[]> {
  const readme = await projectFile('README.md');
  const page = readme.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const blocks = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
  expect(blocks).toHaveLength(4);
  return blocks;
}

/** One terminal: `cd` of the first block counts for the next ones. */
async function shell(copy: string, tenant: Tenant, block: string): Promise<string> {
  const first = block.startsWith('cd ');
  const folder = first ? copy : join(copy, readFileSync(join(copy, 'where'), 'utf8'));
  if (first) writeFileSync(join(copy, 'where'), block.split('\n')[0]?.slice(3) ?? '');
  const env = { ...process.env, PATH: `${programs(copy)}:${process.env['PATH']}`, KUBECONFIG: cluster.kubeconfig };
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', block], {
    cwd: folder,
    env: { ...env, LANGSMITH_API_KEY: tenant.workspaceKey, NO_COLOR: '1' },
  }).catch((error: { stdout: string; stderr: string }) => {
    throw new Error(`Cannot follow:\n${block}\n${error.stdout}\n${error.stderr}`);
  });
  return stdout;
}

/** `towpath` and `helm`, as a reader has them in his PATH. */
function programs(copy: string): string {
  const folder = join(copy, 'bin');
  mkdirSync(folder, { recursive: true });
  const script = (name: string, command: string): void =>
    writeFileSync(join(folder, name), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
  script('towpath', `'${process.execPath}' '${join(projectFolder, 'src/cli/towpath.cjs')}'`);
  script('helm', `'${cluster.programs['helm']}'`);
  return folder;
}

/** No kubelet runs the pod that the chart has made, so its process is started here: its configuration, its rights. */
async function startPod(copy: string): Promise<ListenerProcess> {
  const { data } = await client.read<{ data: Record<string, string> }>(
    'v1',
    'ConfigMap',
    'towpath-listener',
    'towpath',
  );
  const secret = await client.read<{ data: Record<string, string> }>('v1', 'Secret', 'towpath-listener', 'towpath');
  const mounted = mkdtempSync(join(copy, 'pod-'));
  for (const [name, value] of Object.entries(secret.data)) {
    writeFileSync(join(mounted, name), Buffer.from(value, 'base64'));
  }
  writeFileSync(join(mounted, 'kubeconfig'), await serviceAccountKubeconfig('towpath-listener', 'towpath'));
  const text = (data['towpath.yaml'] ?? '')
    .replaceAll('/run/secrets/towpath/', `${mounted}/`)
    .replace('leaderElection: {}', 'leaderElection: { namespace: towpath }')
    .replace(/host: 0\.0\.0\.0/, 'host: 127.0.0.1')
    .replace(/port: 9464/, 'port: 0');
  writeFileSync(join(mounted, 'towpath.yaml'), `${text}\ncluster: { kubeconfig: ${join(mounted, 'kubeconfig')} }\n`);
  return startListenerProcess(['--config', join(mounted, 'towpath.yaml')]);
}

async function clearAway(example: string): Promise<void> {
  const { argoCd, flux } = cluster;
  const name = 'towpath-team-a';
  if (example === 'argo-cd') {
    await client.remove(reference('argoproj.io/v1alpha1', 'ApplicationSet', name, argoCd.namespace));
    await client.remove(reference('argoproj.io/v1alpha1', 'AppProject', name, argoCd.namespace));
    await client.remove(reference('v1', 'Secret', `${name}-git`, argoCd.namespace));
  } else {
    await client.remove(reference('kustomize.toolkit.fluxcd.io/v1', 'Kustomization', name, flux.namespace));
    await client.remove(reference('source.toolkit.fluxcd.io/v1', 'GitRepository', name, flux.namespace));
    await client.remove(reference('v1', 'Secret', `${name}-git`, flux.namespace));
  }
  await Promise.all(['team-a', 'towpath'].map((each) => client.remove(reference('v1', 'Namespace', each), 120_000)));
}
