/** Stands between a forge's adapter and its server and spoils single requests, as networks and forges do. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ForgeFault } from './forge-world.ts';

export interface FaultProxy {
  /** `http://127.0.0.1:<port>`: the same paths as the server behind it. */
  readonly url: string;
  /** The next request meets it, or the one after `skip` good ones. */
  fault(fault: ForgeFault, skip?: number): void;
  /** Method and path with query of all requests so far. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/** An answer that stands for the forge's own form of a fault. */
interface SpokenFault {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export type SpokenFaults = Readonly<Record<'unauthorized' | 'forbidden' | 'missing' | 'rate limit', SpokenFault>>;

export async function startFaultProxy(target: string, spoken: SpokenFaults): Promise<FaultProxy> {
  const requests: string[] = [];
  let pending: { readonly fault: ForgeFault; skip: number } | null = null;
  const server = createServer((asked, answer) => {
    requests.push(`${asked.method} ${asked.url}`);
    const fault = pending !== null && pending.skip === 0 ? pending.fault : null;
    if (fault !== null) pending = null;
    else if (pending !== null) pending.skip -= 1;
    spoil(target, spoken, fault, asked, answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fault: (fault, skip = 0) => {
      pending = { fault, skip };
    },
    requests,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function spoil(
  target: string,
  spoken: SpokenFaults,
  fault: ForgeFault | null,
  asked: IncomingMessage,
  answer: ServerResponse,
): void {
  switch (fault) {
    case 'unauthorized':
    case 'forbidden':
    case 'missing':
    case 'rate limit':
      speak(asked, answer, spoken[fault]);
      return;
    case 'unavailable':
      speak(asked, answer, { status: 503, body: { message: 'Service Unavailable' } });
      return;
    case 'page':
      asked.resume();
      answer.writeHead(200, { 'content-type': 'text/html' }).end('<!DOCTYPE html><title>Sign in</title>');
      return;
    case 'no answer':
      asked.socket.destroy();
      return;
    case 'half an answer':
    case 'lost answer':
    case null:
      forward(target, fault, asked, answer);
      return;
    default:
      fault satisfies never;
  }
}

function speak(asked: IncomingMessage, answer: ServerResponse, { status, headers, body }: SpokenFault): void {
  asked.resume();
  answer.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

function forward(
  target: string,
  fault: 'half an answer' | 'lost answer' | null,
  asked: IncomingMessage,
  answer: ServerResponse,
): void {
  const { host: _host, ...headers } = asked.headers;
  const options = { method: asked.method ?? 'GET', headers: { ...headers, host: new URL(target).host } };
  const onward = request(new URL(asked.url ?? '/', target), options, (behind) => {
    const chunks: Buffer[] = [];
    behind.on('data', (chunk: Buffer) => chunks.push(chunk));
    // What was asked for is done before anything is cut.
    behind.on('end', () => {
      const whole = Buffer.concat(chunks);
      if (fault === 'lost answer') return void asked.socket.destroy();
      answer.writeHead(behind.statusCode ?? 502, behind.headers);
      if (fault === null) return void answer.end(whole);
      answer.write(whole.subarray(0, Math.floor(whole.length / 2)), () => asked.socket.destroy());
    });
  });
  onward.on('error', () => asked.socket.destroy());
  asked.pipe(onward);
}
