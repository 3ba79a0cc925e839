/** Every example with a listener: its own files, against a real control plane, real listeners and a real git server. */
import { readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { loadConfiguration } from '../../src/cli/configuration/load.ts';
import { openLog } from '../../src/cli/log.ts';
import { version } from '../../src/cli/version.ts';
import { wireListener } from '../../src/cli/wire.ts';
import { startListener } from '../../src/listener/listener.ts';
import { runTowpath, startTowpath } from '../support/command-line.ts';
import {
  type ControlPlaneProcess,
  projectFile,
  startControlPlaneProcess,
  type Tenant,
} from '../support/control-plane-process.ts';
import { eventually } from '../support/dev-process.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import { temporaryFolder } from '../support/temp.ts';

const root = resolve(import.meta.dirname, '../../examples');
const gitToken = 'a-token-of-the-git-server';

interface Site {
  /** Of the adapted configuration. */
  readonly path: string;
  readonly tenant: Tenant;
  readonly namespaces: readonly string[];
  readonly deployment: Record<string, unknown> & { readonly name: string };
  readonly repositories: readonly string[];
}

let plane: ControlPlaneProcess;
let forge: GitServer;
let stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  forge = await startGitServer({
    authorize: async (credentials) => (credentials?.password === gitToken ? 'allow' : 'unauthenticated'),
  });
  plane = await startControlPlaneProcess();
});

afterAll(async () => {
  await Promise.all(stops.map((stop) => stop()));
  await plane.end('SIGTERM');
  await forge.close();
});

describe.each(['cluster-per-workspace', 'shared-dev-cluster', 'namespace-per-workspace'])('examples/%s', (example) => {
  it('lays each workspace’s deployment down in its own repository', async () => {
    const sites = await Promise.all(['research', 'support'].map((part) => prepare(`${example}/${part}`)));
    await Promise.all(sites.map(listen));

    const revisions = await Promise.all(sites.map(deployed));

    for (const [index, site] of sites.entries()) {
      const repository = await forge.repository(site.repositories[0] ?? '');
      const [commit] = await repository.log();
      expect(commit?.subject).toContain(
        `deploy(${site.deployment.name}): revision 1 (${revisions[index]?.id.slice(0, 8)})`,
      );
      expect(commit?.body).toContain(`Listener-Id: ${site.tenant.listenerId}`);
      expect(commit?.body).toContain(`Workspace-Id: ${site.tenant.workspaceId}`);
      await repository.fsck();
    }
    await stopAll();
  });
});

describe('examples/shared-namespace', () => {
  it('has two listeners write one repository, each its own folder, and neither the other’s', async () => {
    const sites = await Promise.all(['research', 'support'].map((part) => prepare(`shared-namespace/${part}`)));
    await Promise.all(sites.map(listen));

    await Promise.all(sites.map(deployed));

    const repository = await forge.repository(sites[0]?.repositories[0] ?? '');
    const tree = await repository.tree();
    const owners = Object.entries(tree)
      .filter(([path]) => path.endsWith('/PROVENANCE'))
      .map(([, text]) => /^Listener-Id: (.*)$/m.exec(text)?.[1]);
    expect(owners.sort()).toEqual(sites.map((site) => site.tenant.listenerId).sort());
    expect(await repository.log()).toHaveLength(2);
    await repository.fsck();
    await stopAll();
  });
});

describe('examples/direct', () => {
  it('is planned, then laid down, then in step', async () => {
    const site = await prepare('direct');
    const created = await post(site);

    const before = await runTowpath(['plan', '--config', site.path]);
    const asData = await runTowpath(['plan', '--config', site.path, '--json']);
    await startListenProcess(site);
    await finished(site, created);
    await stopAll();
    const after = await runTowpath(['plan', '--config', site.path]);

    expect(before).toMatchObject({ code: 2, stderr: '' });
    expect(before.stdout).toMatch(/\+ lay down chat {2}deploy\(chat\): revision/);
    expect(before.stdout).toContain('+++ b/deployments/');
    expect(before.stdout).toContain('1 commit to make');
    expect(JSON.parse(asData.stdout).namespaces[0].steps[0]).toMatchObject({ kind: 'lay-down', deployment: 'chat' });
    expect(after).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing to commit') });
    const repository = await forge.repository(site.repositories[0] ?? '');
    expect(Object.keys(await repository.tree())).toContainEqual(
      expect.stringMatching(/^deployments\/[0-9a-f]{2}\/chat-[0-9a-f]{10}\/api\.deployment\.yaml$/),
    );
  });

  it('renders the live deployment to the bytes that were committed', async () => {
    const site = await prepare('direct', 'direct-rendered');
    const created = await post(site);
    await listen(site);
    await finished(site, created);

    const rendered = await runTowpath(['render', created, '--config', site.path, '--json']);

    const repository = await forge.repository(site.repositories[0] ?? '');
    const tree = Object.entries(await repository.tree()).filter(([path]) => path.includes('/chat-'));
    const committed = tree
      .map(([path, text]) => [path.split('/').at(-1), text])
      .filter(([name]) => name !== 'PROVENANCE');
    expect(JSON.parse(rendered.stdout).files).toEqual(Object.fromEntries(committed));
    await stopAll();
  });
});

it('names every folder in its README', async () => {
  const readme = await projectFile('examples/README.md');
  const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());

  for (const { name } of folders) expect(readme).toContain(`| \`${name}\` `);
});

/** The example's own configuration and deployment, with this test's addresses, keys and ids put in. */
async function prepare(example: string, name = example.replaceAll('/', '-')): Promise<Site> {
  const configuration = parse(await projectFile(`examples/${example}/towpath.yaml`));
  const deployment = parse(await projectFile(`examples/${example}/deployment.yaml`));
  const namespaces = Object.keys(configuration.namespaces);
  const tenant = await plane.tenant(name, namespaces);
  const folder = await temporaryFolder('example');
  const secrets = { 'api-key': tenant.listenerKey, 'git-token': gitToken, key: 'ab'.repeat(32) };
  for (const [file, text] of Object.entries(secrets)) await writeFile(join(folder, file), `${text}\n`);
  const text = stringify(configuration).replaceAll('/run/secrets/towpath/', `${folder}/`);
  const adapted = parse(text.replaceAll('/var/lib/towpath', folder));
  adapted.controlPlane.url = plane.url;
  adapted.listener.id = tenant.listenerId;
  const shared = name.startsWith('shared-namespace') ? 'shared-namespace' : name;
  const repositories: string[] = [];
  for (const [namespace, settings] of Object.entries<{ repository: string }>(adapted.namespaces)) {
    const repository = await forge.repository(`${shared}-${namespace}`);
    settings.repository = repository.url;
    repositories.push(repository.name);
  }
  deployment.source_config.listener_id = tenant.listenerId;
  const path = join(folder, 'towpath.yaml');
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, stringify(adapted));
  return { path, tenant, namespaces, deployment, repositories };
}

/** In this process: as real, and quicker to start. */
async function listen(site: Site): Promise<void> {
  const configuration = await loadConfiguration(site.path);
  const ports = await wireListener(configuration, { purpose: 'listen', log: openLog({ json: true, level: 'error' }) });
  const listener = startListener(ports, configuration, { towpathVersion: version() });
  stops.push(async () => {
    await listener.stop();
    await ports.close();
  });
}

/** A `towpath listen` of its own. */
async function startListenProcess(site: Site): Promise<void> {
  const child = startTowpath(['listen', '--config', site.path, '--json']);
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const ended = new Promise<number | null>((done) => child.on('exit', done));
  stops.push(async () => {
    child.kill('SIGTERM');
    expect({ code: await ended, output }).toMatchObject({ code: 0, output: expect.not.stringContaining(gitToken) });
  });
}

async function stopAll(): Promise<void> {
  const running = stops;
  stops = [];
  await Promise.all(running.map((stop) => stop()));
}

async function post(site: Site): Promise<string> {
  const { status, body } = await plane.call('POST', '/v2/deployments', site.tenant.workspaceKey, site.deployment);
  expect({ status, body }).toMatchObject({ status: 201 });
  return body.id;
}

async function deployed(site: Site) {
  return finished(site, await post(site));
}

async function finished(site: Site, id: string): Promise<{ readonly id: string }> {
  return eventually(`${site.deployment.name} is deployed`, async () => {
    const { body } = await plane.call('GET', `/v2/deployments/${id}/revisions?limit=1`, site.tenant.workspaceKey);
    const [latest] = body.resources;
    if (/FAILED/.test(latest.status)) throw new Error(JSON.stringify(latest));
    return latest.status === 'DEPLOYED' ? latest : null;
  });
}
