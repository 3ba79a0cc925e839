/** Requests are counted where they leave: by their answers, whoever sends them, and without a change for the sender. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Dispatcher, request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { httpControlPlane } from '../../src/adapters/control-plane/http.ts';
import { countedDispatcher, type OnAnswer, openDispatcher } from '../../src/adapters/http/http-dispatcher.ts';
import { ListenerId } from '../../src/domain/identifiers.ts';
import { HttpTransport } from '../../src/git/http-transport.ts';
import { startGitServer } from '../support/git-server.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

describe('a dispatcher that counts', () => {
  it('tells the status of each answer, and lets its bytes through', async () => {
    const { codes, dispatcher } = await counting();
    const url = await serve((asked, response) =>
      response.writeHead(Number(asked.url?.slice(1))).end(`to ${asked.url}`),
    );

    for (const code of [200, 404, 503]) {
      const answer = await request(`${url}/${code}`, { dispatcher, method: 'POST', body: 'some bytes' });
      expect([answer.statusCode, await answer.body.text()]).toEqual([code, `to /${code}`]);
    }

    expect(codes).toEqual([200, 404, 503]);
  });

  it('tells an error once where no answer came', async () => {
    const { codes, dispatcher } = await counting();
    const url = await serve((asked) => asked.socket.destroy());
    const silent = await serve(() => undefined);

    await expect(request(url, { dispatcher })).rejects.toThrow();
    await expect(request('http://127.0.0.1:1/', { dispatcher })).rejects.toThrow(/ECONNREFUSED/);
    await expect(request(silent, { dispatcher, signal: AbortSignal.timeout(0) })).rejects.toThrow(/timeout/);

    expect(codes).toEqual(['error', 'error', 'error']);
  });

  it('tells an answer that broke off as one answer', async () => {
    const { codes, dispatcher } = await counting();
    const url = await serve((asked, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('half');
      setTimeout(() => asked.socket.destroy(), 20);
    });

    const answer = await request(url, { dispatcher });
    await expect(answer.body.text()).rejects.toThrow();

    expect(codes).toEqual([200]);
  });

  it('tells nothing of a request that was given up here, and lets it be given up at any time', async () => {
    const { codes, dispatcher } = await counting();
    const url = await serve((asked, response) => {
      if (asked.url === '/half') response.writeHead(200).write('half');
    });
    const [silent, half] = [new AbortController(), new AbortController()];

    const waiting = request(url, { dispatcher, signal: silent.signal });
    const reading = await request(`${url}/half`, { dispatcher, signal: half.signal });
    silent.abort();
    half.abort();

    await expect(waiting).rejects.toThrow(/aborted/);
    await expect(reading.body.text()).rejects.toThrow(/aborted/);
    expect(codes).toEqual([200]);
  });

  it('counts what git asks of its server, in a real conversation', async () => {
    const { codes, dispatcher } = await counting();
    const server = await startGitServer();
    closing.push(() => server.close());
    const remote = await server.repository('team-a');
    const nowhere = `${server.url}/nowhere.git`;

    await new HttpTransport({ url: remote.url, dispatcher }).advertise('git-upload-pack');
    await expect(new HttpTransport({ url: nowhere, dispatcher }).advertise('git-upload-pack')).rejects.toThrow();

    expect(codes).toEqual([200, 404]);
  });
});

describe('the client of a control plane', () => {
  it('tells the status of each answer, and an error where none came, but nothing that was given up', async () => {
    const codes: (number | 'error')[] = [];
    const onAnswer: OnAnswer = (code) => codes.push(code);
    const listener = ListenerId.parse('0b6c8f0e-64f5-4f6c-9b68-0b3a2f0f7a11');
    let status: number | null = 200;
    const url = await serve((_, response) => {
      if (status !== null) response.writeHead(status).end('{"version":"1","features":[]}');
    });
    const plane = httpControlPlane({ url, apiKey: 'planted-key', onAnswer }, listener);
    const lost = httpControlPlane({ url: 'http://127.0.0.1:1', apiKey: 'planted-key', onAnswer }, listener);
    closing.push(
      () => plane.close(),
      () => lost.close(),
    );

    await plane.info();
    status = 503;
    await expect(plane.info()).rejects.toThrow(/503/);
    await expect(lost.info()).rejects.toThrow(/ECONNREFUSED/);
    status = null;
    await expect(plane.desired(null, 30, AbortSignal.timeout(50))).rejects.toThrow();

    expect(codes).toEqual([200, 503, 'error']);
  });
});

async function counting(): Promise<{ codes: (number | 'error')[]; dispatcher: Dispatcher }> {
  const codes: (number | 'error')[] = [];
  const dispatcher = countedDispatcher(await openDispatcher({}), (code, durationMs) => {
    expect(durationMs).toBeGreaterThanOrEqual(0);
    codes.push(code);
  });
  closing.push(() => dispatcher.destroy());
  return { codes, dispatcher };
}

async function serve(handle: RequestListener): Promise<string> {
  const server = createServer(handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(async () => {
    server.closeAllConnections();
    await once(server.close(), 'close');
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
