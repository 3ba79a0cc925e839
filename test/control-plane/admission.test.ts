/** Who is let in over real HTTP: no stranger's body is read, no workspace fills the memory, no loop asks without a pause. */
import { connect, type Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../../src/cli/server/http-server.ts';
import { type TestControlPlane, testControlPlane } from '../support/control-plane.ts';
import { type TestDatabases, testDatabases } from '../support/database.ts';

const mebibyte = 1024 * 1024;
let databases: TestDatabases;
let plane: TestControlPlane;
let server: RunningServer;
const sockets: Socket[] = [];

beforeAll(async () => {
  databases = await testDatabases('PGlite');
  plane = await testControlPlane(await databases.location());
  server = await startServer({ host: '127.0.0.1', port: 0 }, getRequestListener(plane.app.fetch));
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await server?.close();
  await plane?.close();
  await databases?.stop();
});

it.each([
  ['/v2/deployments', 'Transfer-Encoding: chunked', '10000\r\nhalf a chunk'],
  ['/v2/deployments', `Content-Length: ${mebibyte}`, 'half a body'],
  ['/api-host/v2/listeners', 'Transfer-Encoding: chunked', '10000\r\nhalf a chunk'],
  ['/towpath/v1/keys', 'Transfer-Encoding: chunked', '10000\r\nhalf a chunk'],
  ['/api-host/towpath/v1/workspaces', `Content-Length: ${mebibyte}`, 'half a body'],
])('answers a stranger before his body is read: %s with %s', async (path, length, part) => {
  const stranger = open(path, ['X-Api-Key: tp_ws_of_nobody', length], part);

  await stranger.closed;

  expect(stranger.text()).toMatch(/^HTTP\/1\.1 401 /);
  expect(stranger.text().toLowerCase()).toContain('\r\nconnection: close\r\n');
});

it('says of a body that is longer than the call takes how long it may be, whatever share is left', async () => {
  const tenant = await plane.tenant();
  const headers = [`X-Api-Key: ${tenant.key}`, 'Content-Type: application/json'];
  const large = open('/v2/deployments', [...headers, `Content-Length: ${17 * mebibyte}`], '{"name": "');

  await large.closed;

  expect(large.text()).toMatch(/^HTTP\/1\.1 413 /);
  expect(large.text()).toContain('more than 2048 KiB');
});

it('gives each workspace a share of the memory for bodies, and logs no client that goes away', async () => {
  const greedy = await plane.tenant();
  const calm = await plane.tenant();
  const post = (key: string, name: string, body: unknown) =>
    fetch(`${server.url}/v2/deployments`, {
      method: 'POST',
      headers: { 'x-api-key': key, 'content-type': 'application/json' },
      body: JSON.stringify({ ...(body as object), name }),
    });
  const half = Array.from({ length: 8 }, () =>
    open(
      '/v2/deployments',
      [`X-Api-Key: ${greedy.key}`, 'Content-Type: application/json', `Content-Length: ${2 * mebibyte}`],
      '{"name": "',
    ),
  );

  await expect.poll(async () => (await post(greedy.key, 'more', {})).status).toBe(429);
  const refused = await post(greedy.key, 'more', {});
  const other = await post(calm.key, 'calm', calm.creation('calm'));
  for (const { socket } of half) socket.destroy();
  await expect.poll(async () => (await post(greedy.key, 'later', greedy.creation('later'))).status).not.toBe(429);

  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(other.status).toBe(201);
  expect(plane.logged()).not.toContain('Could not answer');
});

it('tells a key that asks without a pause to wait, and no other', async () => {
  const paced = await testControlPlane(await databases.location(), { requestsPerSecond: 1 });
  const hot = await paced.tenant();
  const calm = await paced.tenant();
  const ask = (key: string) => paced.app.request('/v2/deployments', { headers: { 'x-api-key': key } });

  let last = await ask(hot.key);
  let asked = 1;
  for (; last.status === 200 && asked < 10_000; asked += 1) last = await ask(hot.key);
  const other = await ask(calm.key);
  await paced.close();

  expect(asked).toBeGreaterThan(50);
  expect(last.status).toBe(429);
  expect(last.headers.get('retry-after')).toBe('1');
  expect(await last.json()).toEqual({ detail: expect.stringContaining('wait between questions') });
  expect(other.status).toBe(200);
});

it('keeps so many event streams of a workspace open and no more, until one ends', async () => {
  const tenant = await plane.tenant();
  const other = await plane.tenant();
  const stream = (key: string) => plane.app.request('/towpath/v1/events', { headers: { 'x-api-key': key } });
  const kept = await Promise.all(Array.from({ length: 100 }, () => stream(tenant.key)));

  const surplus = await stream(tenant.key);
  const stranger = await stream(other.key);
  await Promise.all([kept[0]?.body?.cancel(), stranger.body?.cancel()]);
  await expect.poll(async () => (await stream(tenant.key)).status).toBe(200);
  plane.stop();

  expect(new Set(kept.map(({ status }) => status))).toEqual(new Set([200]));
  expect([surplus.status, stranger.status]).toEqual([429, 200]);
});

function open(path: string, headers: readonly string[], part: string) {
  const socket = connect({ host: '127.0.0.1', port: server.port });
  sockets.push(socket);
  let text = '';
  socket.setEncoding('utf8').on('data', (said: string) => {
    text += said;
  });
  socket.on('error', () => undefined);
  socket.write([`POST ${path} HTTP/1.1`, 'Host: towpath', ...headers, '', part].join('\r\n'));
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return { socket, closed, text: () => text };
}
