/** A git server that wants to be left alone: it is, within bounds, and a change is heard before a long wait is over. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { GitRepository } from '../../src/adapters/repository/repository.ts';
import { HttpTransport } from '../../src/git/http-transport.ts';
import type { Clock } from '../../src/ports.ts';
import { listen } from '../support/listener-world.ts';
import { startScriptedControlPlane } from '../support/scripted-control-plane.ts';
import { until } from '../support/until.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

interface Nap {
  readonly ms: number;
  end(): void;
}

/** What is short is slept; what is long is held until a test ends it. */
function heldClock(): Clock & { readonly naps: Nap[] } {
  const naps: Nap[] = [];
  const hold = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      naps.push({ ms, end: resolve });
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  return {
    naps,
    now: () => new Date(),
    sleep: (ms, signal) => (ms < 900 ? delay(ms, undefined, signal ? { signal } : {}) : hold(ms, signal)),
  };
}

async function startServerThatAsks(retryAfter: string) {
  let requests = 0;
  const server: Server = createServer((_request, response) => {
    requests += 1;
    response.writeHead(503, { 'retry-after': retryAfter }).end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  stops.push(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/team-a.git`;
  return { url, requests: () => requests };
}

async function world(retryAfter: string) {
  const server = await startServerThatAsks(retryAfter);
  const plane = await startScriptedControlPlane();
  const clock = heldClock();
  plane.create('chat');
  const repository = new GitRepository({ branch: 'main', transport: new HttpTransport({ url: server.url }) });
  const { stop } = listen({ plane, repository, clock, git: { interval: '20m' } });
  stops.push(plane.stop, stop);
  // Not those of a lane and a reporter that have nothing to do yet.
  const waits = () => clock.naps.filter(({ ms }) => ms <= 600_000);
  await until('the server to be left alone', () => waits().length > 0);
  return { server, plane, waits };
}

it.each([
  ['0', 1_000],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 1_000],
  ['5', 5_000],
  ['86400', 60_000],
  ['999999999', 60_000],
  [`${'9'.repeat(400)}`, 60_000],
])('is not asked hotly where it says Retry-After: %s', async (retryAfter, ms) => {
  const { server, waits } = await world(retryAfter);

  expect(waits().map((nap) => nap.ms)).toEqual([ms]);
  expect(server.requests()).toBe(1);
});

it('hears a change after a minute, and waits ten at most', async () => {
  const { server, plane, waits } = await world('86400');

  waits()[0]?.end();
  await until('the rest of the wait', () => waits().length > 1);
  expect(waits()[1]?.ms).toBe(540_000);
  expect(server.requests()).toBe(1);

  plane.create('other');
  await until('another question', () => server.requests() === 2);
  await until('the next wait', () => waits().length > 2);
  expect(waits()[2]?.ms).toBe(60_000);
});
