/** A key of another kind where a listener's key belongs: found before anything is laid down, by old and new control planes. */
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { runTowpath, startTowpath } from '../support/command-line.ts';
import type { Tenant } from '../support/control-plane.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import { type ServedControlPlane, serveControlPlane } from '../support/served-control-plane.ts';
import { temporaryFolder } from '../support/temp.ts';

let folder: string;
let plane: ServedControlPlane;
let older: Server;
let git: GitServer;
let tenant: Tenant;
let keys: Record<'workspace' | 'admin' | 'foreign' | 'own', string>;

beforeAll(async () => {
  folder = await temporaryFolder('listener-key');
  plane = await serveControlPlane({ towpathCalls: true });
  older = await serveOlder(plane.url);
  git = await startGitServer({ authorize: async () => 'allow' });
  await (await git.repository('team-a')).seed({ 'README.md': 'hello\n' });
  tenant = await plane.tenant('team-a');
  const foreign = await plane.listenerKey(await plane.tenant('team-a'));
  const own = await plane.listenerKey(tenant);
  keys = { workspace: tenant.key, admin: plane.plane.adminKey, foreign, own };
  await writeFile(join(folder, 'key'), 'ab'.repeat(32));
  await tenant.deploy('waits');
});

afterAll(async () => {
  await new Promise((done) => older.close(done));
  await plane.stop();
  await git.close();
});

describe.each(['new', 'old'])('a %s control plane', (age) => {
  const url = () => (age === 'new' ? plane.url : `http://127.0.0.1:${(older.address() as AddressInfo).port}`);

  it.each([
    ['workspace', age === 'new' ? 'the API key is a workspace key' : 'the API key is not the key of this listener'],
    ['admin', age === 'new' ? 'the API key is an admin key' : 'the API key is not the key of this listener'],
    ['foreign', 'This key is not of the listener'],
  ] as const)('starts no listener with a key of kind: %s', async (kind, message) => {
    const { code, stderr } = await runTowpath(['listen', '--config', await configured(url(), keys[kind])]);

    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stderr).not.toContain(keys[kind]);
    expect(code).toBe(1);
    expect((await tenant.call('GET', '/v2/deployments?name=waits')).body.resources).toMatchObject([
      { latest_revision_status: 'QUEUED' },
    ]);
  });

  it.each(['workspace', 'admin', 'foreign'] as const)('is found by doctor with a key of kind: %s', async (kind) => {
    const { code, stdout } = await runTowpath(['doctor', '--json', '--config', await configured(url(), keys[kind])]);

    const { checks } = JSON.parse(stdout) as { checks: { title: string; verdict: string }[] };
    expect(checks.find(({ title }) => title === 'key')).toMatchObject({ verdict: 'failed' });
    expect(code).toBe(1);
  });

  it('starts a listener with its own key', async () => {
    const child = startTowpath(['listen', '--json', '--config', await configured(url(), keys.own)]);
    let said = '';
    const ended = new Promise<number | null>((done) => child.on('close', done));
    await new Promise<void>((done) => {
      void ended.then(() => done());
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('"Listening"') || said.includes('Listening')) done();
      });
    });
    child.kill('SIGTERM');

    expect(said).toContain('Listening');
    expect(await ended).toBe(0);
  });
});

it('takes nothing more when the key file becomes that of a workspace', async () => {
  const config = await configured(plane.url, keys.own);
  const child = startTowpath(['listen', '--json', '--config', config]);
  const ended = new Promise<number | null>((done) => child.on('close', done));
  let said = '';
  const heard = (text: string) =>
    expect.poll(() => said.includes(text) || child.exitCode !== null, { timeout: 60_000 }).toBe(true);
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await heard('Listening');
  await writeFile(config.replace(/yaml$/, 'api-key'), keys.workspace);
  await tenant.deploy('after-the-change');
  await heard('the API key is a workspace key');
  child.kill('SIGTERM');
  await ended;

  expect(said).toContain('the API key is a workspace key');
  expect((await tenant.call('GET', '/v2/deployments?name=after-the-change')).body.resources).toMatchObject([
    { latest_revision_status: 'QUEUED' },
  ]);
});

let made = 0;

async function configured(url: string, apiKey: string): Promise<string> {
  made += 1;
  await writeFile(join(folder, `${made}.api-key`), apiKey);
  await writeFile(join(folder, 'password'), 'any');
  const credentials = { passwordFile: 'password' };
  const secrets = { keyFile: 'key' };
  const configuration = {
    // An admin's key names its workspace.
    controlPlane: {
      url,
      apiKeyFile: `${made}.api-key`,
      ...(apiKey === keys.admin ? { workspaceId: tenant.workspaceId } : {}),
    },
    listener: { id: tenant.listenerId },
    namespaces: { 'team-a': { repository: `${git.url}/team-a.git`, engine: 'none', credentials, secrets } },
  };
  const path = join(folder, `${made}.yaml`);
  await writeFile(path, stringify(configuration));
  return path;
}

/** As a control plane of an earlier version: it does not say whose key asks. */
async function serveOlder(url: string): Promise<Server> {
  const server = createServer(async (request, response) => {
    const chunks = await request.toArray();
    const { method = 'GET', headers } = request;
    const answer = await fetch(`${url}${request.url}`, {
      method,
      headers: { 'x-api-key': String(headers['x-api-key']), 'content-type': 'application/json', ...tenantOf(headers) },
      ...(method === 'GET' ? {} : { body: Buffer.concat(chunks) }),
    });
    const { caller: _, ...body } = (await answer.json()) as Record<string, unknown>;
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

function tenantOf(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  const tenantId = headers['x-tenant-id'];
  return typeof tenantId === 'string' ? { 'x-tenant-id': tenantId } : {};
}
