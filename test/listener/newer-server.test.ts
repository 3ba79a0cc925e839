/** Control planes that are newer than this listener: whatever they add to their answers, deployments go on. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { httpControlPlane } from '../../src/adapters/control-plane/http.ts';
import { mirrorControlPlane } from '../../src/adapters/control-plane/mirror.ts';
import { GitRepository } from '../../src/adapters/repository/repository.ts';
import { HttpTransport } from '../../src/git/http-transport.ts';
import { startGitServer } from '../support/git-server.ts';
import { listenTo, systemClock } from '../support/listener-world.ts';
import { memoryLog } from '../support/memory-log.ts';
import { realRenderer } from '../support/real-renderer.ts';
import { serveControlPlane } from '../support/served-control-plane.ts';
import { temporaryFolder } from '../support/temp.ts';
import { until } from '../support/until.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** Names are the client's there, and fields elsewhere. */
const maps = new Set(['values', 'labels', 'annotations', 'limits', 'requests', 'emptyDir']);

function newer(value: unknown, added: unknown, isMap = false): unknown {
  if (Array.isArray(value)) return value.map((each) => newer(each, added));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]) => [name, newer(inner, added, maps.has(name))]);
  return { ...Object.fromEntries(entries), ...(isMap ? {} : { a_newer_field: added }) };
}

/** Puts a field that nobody knows into each object of each answer. */
async function startNewerServer(url: string, added: unknown): Promise<string> {
  const server: Server = createServer(async (request, response) => {
    const chunks = await request.toArray();
    const body = chunks.length > 0 ? { body: Buffer.concat(chunks) } : {};
    const headers = { 'x-api-key': String(request.headers['x-api-key']), 'content-type': 'application/json' };
    const answer = await fetch(`${url}${request.url}`, { method: request.method ?? 'GET', headers, ...body });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.startsWith('application/json');
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
    response.end(isJson ? JSON.stringify(newer(JSON.parse(text), added)) : text);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  stops.push(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const resource_spec = {
  cpu: 2,
  labels: { team: 'a' },
  volumes: [{ name: 'scratch', emptyDir: { sizeLimit: '1Gi' } }],
  volume_mounts: [{ name: 'scratch', mountPath: '/scratch' }],
  image_pull_secrets: [{ name: 'registry' }],
};

it.each([
  ['a Towpath control plane', true, null],
  ['a Towpath control plane', true, { deep: ['news'] }],
  ['LangSmith, mirrored,', false, null],
  ['LangSmith, mirrored,', false, { deep: ['news'] }],
])('deploys what %s answers with fields that nobody knows (full: %s, %j)', async (_name, towpathCalls, added) => {
  const [served, git] = await Promise.all([serveControlPlane({ towpathCalls }), startGitServer()]);
  stops.push(served.stop, git.close);
  const [tenant, remote] = [await served.tenant('team-a'), await git.repository('newer')];
  const { listenerId } = tenant;
  const { id } = await tenant.deploy('chat', {
    source_config: { listener_id: listenerId, listener_config: { k8s_namespace: 'team-a' }, resource_spec },
    secrets: [{ name: 'OPENAI_API_KEY', value: 'sk-1' }],
  });
  const url = await startNewerServer(served.url, added);
  const log = memoryLog();
  const dataFolder = await temporaryFolder('newer');
  const [timing, apiKey] = [{ pollIntervalMs: 150, clock: systemClock }, tenant.key];
  const controlPlane = towpathCalls
    ? httpControlPlane({ url, apiKey: await served.listenerKey(tenant) }, listenerId, { log })
    : mirrorControlPlane({ connection: { url, apiKey }, listenerId, dataFolder, mayWrite: true, log, ...timing });
  const repository = new GitRepository({ branch: 'main', transport: new HttpTransport({ url: remote.url }) });
  const renderer = await realRenderer();
  const running = listenTo({ controlPlane, listenerId, url, repository, log, renderer });
  stops.push(running.stop);

  const subjects = await until('the commit', async () => {
    const commits = await remote.log().catch(() => []);
    return commits.length > 0 && commits.map(({ subject }) => subject);
  });

  expect(subjects).toEqual([expect.stringMatching(/^deploy\(chat\)/)]);
  expect(JSON.stringify(await remote.tree())).toContain('/scratch');
  const told = log.lines.filter((line) => line.includes('have no effect'));
  if (added === null) expect(told).toEqual([]);
  else expect(told).toEqual([expect.stringContaining('resource_spec.volumes.0.a_newer_field')]);
  if (added !== null) expect(told[0]).toContain(id);
  expect(told.join('')).not.toContain('news');
});
