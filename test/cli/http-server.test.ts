/** How a server of ours ends and what it puts up with, seen from its sockets. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { type RunningServer, type ServerLimits, startServer } from '../../src/cli/server/http-server.ts';
import { temporaryFolder } from '../support/temp.ts';
import { testAuthority } from '../support/tls.ts';

const question = 'GET /x HTTP/1.1\r\nHost: towpath\r\n\r\n';

interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

let server: RunningServer;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.close();
});

describe.each(['http', 'https'] as const)('a server over %s that is told to stop', (protocol) => {
  it('lets the request under way end, and closes whatever else is open at once', async () => {
    const { held, open } = await serve(protocol);
    const busy = await open();
    busy.socket.write(question);
    const first = await held();
    const idle = await open();
    idle.socket.write(question);
    (await held()).response.end('done');
    await idle.said('done');
    const silent = await open();
    const half = await open();
    half.socket.write('GET /x HT');

    const closed = server.close();
    await Promise.all([idle.closed, silent.closed, half.closed]);
    busy.socket.write(question);
    first.response.end('the last one');
    await busy.said('the last one');
    await closed;

    expect(busy.text().split('\r\n')).toEqual(expect.arrayContaining(['HTTP/1.1 200 OK', 'Connection: close']));
    expect(busy.text()).not.toContain('503');
  });

  it('takes no new request on a connection that is kept open by a stream', async () => {
    const { held, open } = await serve(protocol);
    const busy = await open();
    busy.socket.write(question);
    const { response } = await held();
    response.write('streaming');
    await busy.said('streaming');

    const closed = server.close();
    response.end();
    await closed;
    await busy.closed;

    expect(await connects(new URL(server.url).port)).toBe(false);
  });
});

it('cuts off after the grace what does not end by itself', async () => {
  const { held, open } = await serve('http');
  const stuck = await open();
  stuck.socket.write(question);
  await held();

  await server.close();
  await stuck.closed;

  expect(stuck.text()).toBe('');
});

it('keeps idle connections longer than load balancers do', async () => {
  const { held, open } = await serve('http');
  const client = await open();
  client.socket.write(question);
  (await held()).response.end('done');

  await client.said('done');

  expect(Number(/Keep-Alive: timeout=([0-9]+)/.exec(client.text())?.[1])).toBeGreaterThan(60);
});

describe('a server with limits', () => {
  const limits: ServerLimits = { requestMs: 300, headersMs: 200, connections: 3 };

  it.each([
    ['nothing', ''],
    ['half a head', 'POST /x HTTP/1.1\r\nHost: tow'],
    ['half a body', 'POST /x HTTP/1.1\r\nHost: towpath\r\nContent-Length: 100\r\n\r\nhalf'],
    ['half a chunk', 'POST /x HTTP/1.1\r\nHost: towpath\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhalf'],
  ])('drops whoever sends %s and then waits', async (_, text) => {
    const { open } = await serve('http', limits);
    const slow = await open();
    slow.socket.write(text);

    await slow.closed;

    expect(slow.text()).toMatch(/^(HTTP\/1\.1 408 |$)/);
  });

  it('does not count how long an answer takes', async () => {
    const { held, open } = await serve('http', limits);
    const patient = await open();
    patient.socket.write(question);
    const { response } = await held();

    await new Promise((resolve) => setTimeout(resolve, 1_000));
    response.end('late');

    await patient.said('late');
  });

  it('refuses more connections than it may have', async () => {
    const { open } = await serve('http', { ...limits, requestMs: 60_000, headersMs: 60_000 });
    for (let at = 0; at < limits.connections; at += 1) await open();

    const surplus = await open();

    await surplus.closed;
  });
});

async function serve(protocol: 'http' | 'https', limits?: ServerLimits) {
  const arrived: Asked[] = [];
  const waiting: ((asked: Asked) => void)[] = [];
  const folder = await temporaryFolder('http-server');
  const authority = testAuthority();
  const { cert, key } = authority.issue();
  const tls = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') };
  writeFileSync(tls.certFile, cert);
  writeFileSync(tls.keyFile, key);
  const settings = { host: '127.0.0.1', port: 0, limits, ...(protocol === 'https' ? { tls } : {}) };
  server = await startServer(settings, (request, response) => {
    const next = waiting.shift();
    if (next) next({ request, response });
    else arrived.push({ request, response });
  });
  const held = (): Promise<Asked> => {
    const known = arrived.shift();
    return known ? Promise.resolve(known) : new Promise((resolve) => waiting.push(resolve));
  };
  const { port } = server;
  const open = async () => {
    const socket =
      protocol === 'http'
        ? connect({ host: '127.0.0.1', port })
        : connectTls({ host: '127.0.0.1', port, ca: authority.certificate, checkServerIdentity: () => undefined });
    sockets.push(socket);
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    socket.on('error', () => undefined);
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    await once(socket, protocol === 'http' ? 'connect' : 'secureConnect');
    return { socket, closed, text: () => text, said: (words: string) => expect.poll(() => text).toContain(words) };
  };
  return { held, open };
}

function connects(port: string): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port: Number(port) });
  sockets.push(socket);
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  });
}
