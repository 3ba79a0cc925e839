/** Mirror mode against our own control plane with its extension switched off: it reads, writes git, and reports nowhere. */
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { chooseControlPlane } from '../../src/adapters/control-plane/choice.ts';
import { httpControlPlane } from '../../src/adapters/control-plane/http.ts';
import { mirrorControlPlane } from '../../src/adapters/control-plane/mirror.ts';
import { GitRepository } from '../../src/adapters/repository/repository.ts';
import { HttpTransport } from '../../src/git/http-transport.ts';
import { runTowpath } from '../support/command-line.ts';
import type { Tenant } from '../support/control-plane.ts';
import { otherImage } from '../support/control-plane.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import { listenTo, systemClock } from '../support/listener-world.ts';
import { memoryLog } from '../support/memory-log.ts';
import { type ServedControlPlane, serveControlPlane } from '../support/served-control-plane.ts';
import { temporaryFolder } from '../support/temp.ts';
import type { TestRepository } from '../support/test-repository.ts';
import { until } from '../support/until.ts';

let served: ServedControlPlane;
let server: GitServer;
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  [served, server] = await Promise.all([serveControlPlane({ towpathCalls: false }), startGitServer()]);
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});
afterAll(async () => {
  await served.stop();
  await server.close();
});

async function world(name: string) {
  const [tenant, remote, dataFolder] = await Promise.all([
    served.tenant('team-a'),
    server.repository(name),
    temporaryFolder('mirror'),
  ]);
  return { tenant, remote, dataFolder, status: join(dataFolder, 'status.json') };
}

function start({ tenant, remote, dataFolder }: { tenant: Tenant; remote: TestRepository; dataFolder: string }) {
  const connection = { url: served.url, apiKey: tenant.key };
  const log = memoryLog();
  const { listenerId } = tenant;
  const controlPlane = chooseControlPlane({
    mode: 'auto',
    full: () => httpControlPlane(connection, listenerId),
    mirror: () =>
      mirrorControlPlane({
        connection,
        listenerId,
        dataFolder,
        mayWrite: true,
        pollIntervalMs: 150,
        clock: systemClock,
        log,
      }),
    log,
  });
  const repository = new GitRepository({ branch: 'main', transport: new HttpTransport({ url: remote.url }) });
  const running = listenTo({ controlPlane, listenerId, url: served.url, repository, log });
  const stop = async (): Promise<void> => {
    await running.stop();
    await controlPlane.close();
  };
  stops.push(stop);
  return { ...running, stop };
}

interface Status {
  readonly deployments: Record<string, { lastReport: Record<string, string> | null; removal: unknown }>;
}

async function readStatus(path: string): Promise<Status> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.endsWith('}\n') ? (JSON.parse(text) as Status) : { deployments: {} };
}

const committed = (path: string, id: string, revisionId: string) =>
  until('the status', async () => {
    const last = (await readStatus(path)).deployments[id]?.lastReport;
    return last?.['revisionId'] === revisionId && last['outcome'] === 'succeeded' && last;
  });

it('lays down what it reads, and keeps status in a private file of its own', async () => {
  const { tenant, remote, dataFolder, status } = await world('mirror-follow');
  const secrets = [{ name: 'OPENAI_API_KEY', value: 'sk-planted-0123456789' }];
  const { id, revisionId } = await tenant.deploy('chat', { secrets });
  served.requests.length = 0;

  const running = start({ tenant, remote, dataFolder });
  const last = await committed(status, id, revisionId);
  expect(last).toMatchObject({ stage: 'committed', commit: await remote.head() });
  expect(last['message']).toContain('OPENAI_API_KEY');

  const { body } = await tenant.call('PATCH', `/v2/deployments/${id}`, {
    source_revision_config: { image_uri: otherImage },
  });
  await committed(status, id, body.latest_revision_id);

  expect((await remote.log()).map((commit) => commit.subject.slice(0, 12))).toEqual(['deploy(chat)', 'deploy(chat)']);
  expect((await stat(status)).mode & 0o777).toBe(0o600);
  expect(served.requests.filter((request) => !request.startsWith('GET '))).toEqual([]);
  const texts = [
    await readFile(status, 'utf8'),
    ...running.log.lines,
    await remote.git('cat-file', '--batch-all-objects', '--batch'),
  ];
  expect(texts.join('\n')).not.toContain('planted');
  expect(running.log.lines.join('\n')).toContain('Mirroring a control plane with the public API only');
  await remote.fsck();
});

it('leaves nothing behind where a command only looks', async () => {
  const { tenant, remote, dataFolder } = await world('mirror-look');
  await tenant.deploy('chat');
  await writeFile(join(dataFolder, 'api-key'), tenant.key);
  await writeFile(join(dataFolder, 'key'), 'ab'.repeat(32));
  const configuration = {
    controlPlane: { url: served.url, apiKeyFile: 'api-key' },
    listener: { id: tenant.listenerId },
    namespaces: { 'team-a': { repository: remote.url, engine: 'none', secrets: { keyFile: 'key' } } },
  };
  await writeFile(join(dataFolder, 'towpath.yaml'), JSON.stringify(configuration));

  const looked = [
    await runTowpath(['plan'], { cwd: dataFolder }),
    await runTowpath(['hold', 'list'], { cwd: dataFolder }),
  ];

  expect(looked.map(({ code, stderr }) => ({ code, stderr }))).toEqual([
    { code: 2, stderr: '' },
    { code: 0, stderr: '' },
  ]);
  expect((await readdir(dataFolder)).sort()).toEqual(['api-key', 'key', 'towpath.yaml']);
});

it('removes what awaits deletion, and only names what vanished', async () => {
  const { tenant, remote, dataFolder, status } = await world('mirror-remove');
  const [deleted, vanished] = [await tenant.deploy('deleted'), await tenant.deploy('vanished')];
  const first = start({ tenant, remote, dataFolder });
  for (const { id, revisionId } of [deleted, vanished]) await committed(status, id, revisionId);
  await first.stop();

  await tenant.call('DELETE', `/v2/deployments/${deleted.id}`);
  await tenant.call('DELETE', `/v2/deployments/${vanished.id}`);
  await tenant.call('DELETE', `/v2/deployments/${vanished.id}?force=true`);
  start({ tenant, remote, dataFolder });
  await until('the removal', async () => (await readStatus(status)).deployments[deleted.id]?.removal);

  expect((await remote.log())[0]?.subject).toMatch(/^remove\(deleted\)/);
  expect(Object.keys(await remote.tree()).filter((path) => path.startsWith('deployments/vanished-'))).not.toEqual([]);
  await until('the orphan', async () => (await readFile(status, 'utf8')).includes('OrphanFolders'));
});

it.each([
  ['is lost', (path: string) => rm(path)],
  ['is broken', (path: string) => writeFile(path, '{"version":1,"depl')],
])('makes the status file again from git when it %s', async (name, spoil) => {
  const { tenant, remote, dataFolder, status } = await world(`mirror-${name.replace(' ', '-')}`);
  const { id, revisionId } = await tenant.deploy('chat');
  const first = start({ tenant, remote, dataFolder });
  const before = await committed(status, id, revisionId);
  await first.stop();
  await spoil(status);

  start({ tenant, remote, dataFolder });
  const after = await committed(status, id, revisionId);

  expect(after['commit']).toBe(before['commit']);
  expect(await remote.log()).toHaveLength(1);
});
