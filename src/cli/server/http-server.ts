/** One HTTP(S) server on one port, its limits, and how it ends: what is under way may finish, but not for ever. */
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { TowpathError } from '../../domain/failure.ts';
import { type Connections, trackConnections } from './connections.ts';
import { readTlsFiles, type TlsFiles } from './tls-files.ts';

export interface ServerSettings {
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsFiles | undefined;
  /** Where host and port were said, for messages; the options of the command where nothing else is named. */
  readonly named?: { readonly host: string; readonly port: string } | undefined;
  /** Against whoever sends slowly or keeps connections open; absent: Node's own, five minutes and no end of connections. */
  readonly limits?: ServerLimits | undefined;
}

export interface ServerLimits {
  /** Until the whole request has come; how long its answer takes is no matter of this. */
  readonly requestMs: number;
  /** Until its head has come. */
  readonly headersMs?: number;
  readonly connections: number;
}

export interface RunningServer {
  /** Without a trailing slash. */
  readonly url: string;
  readonly port: number;
  /** May be called again. */
  close(): Promise<void>;
}

/** How long requests under way may take once the server stops. */
const graceMs = 5_000;
const handshakeMs = 10_000;
/** Longer than load balancers keep an idle connection (AWS and nginx: 60 s): else a request meets one that just ended. */
const keepAliveMs = 75_000;

export async function startServer(settings: ServerSettings, handle: RequestListener): Promise<RunningServer> {
  const timeouts = timeoutsOf(settings);
  const connections = trackConnections(handle);
  const server = settings.tls
    ? createTlsServer(
        { ...timeouts, handshakeTimeout: handshakeMs, ...(await readTlsFiles(settings.tls)) },
        connections.handle,
      )
    : createServer(timeouts, connections.handle);
  connections.watch(server);
  if (settings.limits !== undefined) server.maxConnections = settings.limits.connections;
  await listen(server, settings);
  const { port } = server.address() as AddressInfo;
  const url = `${settings.tls ? 'https' : 'http'}://${authority(settings.host)}:${port}`;
  let closed: Promise<void> | undefined;
  const closeOnce = (): Promise<void> => {
    closed ??= close(server, connections);
    return closed;
  };
  return { url, port, close: closeOnce };
}

function timeoutsOf({ limits }: ServerSettings): ServerOptions {
  const keepAliveTimeout = keepAliveMs;
  if (limits === undefined) return { keepAliveTimeout };
  const { requestMs, headersMs = requestMs } = limits;
  const connectionsCheckingInterval = Math.min(5_000, headersMs);
  return { requestTimeout: requestMs, headersTimeout: headersMs, connectionsCheckingInterval, keepAliveTimeout };
}

function listen(server: Server, settings: ServerSettings): Promise<void> {
  const { host, port } = settings;
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenFailure(error, settings)));
    server.listen({ host, port }, resolve);
  });
}

function listenFailure(cause: NodeJS.ErrnoException, { host, port, named }: ServerSettings): TowpathError {
  const option = named ?? { host: '--host', port: '--port' };
  const why: Readonly<Record<string, string>> = {
    EADDRINUSE: `another program listens there; stop it, or name another port with ${option.port} (0 takes a free one)`,
    EACCES: `this user may not; ports below 1024 often need more rights, so name another one with ${option.port}`,
    EADDRNOTAVAIL: `this machine does not have that address; name another one with ${option.host}`,
    ENOTFOUND: `no such host; name an address of this machine with ${option.host}`,
  };
  const message = `Cannot listen on ${authority(host)}:${port}: ${why[cause.code ?? ''] ?? cause.message}`;
  return new TowpathError('terminal', 'CannotListen', message);
}

function authority(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

async function close(server: Server, connections: Connections): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  connections.stop();
  const timer = setTimeout(() => connections.cut(), graceMs);
  await closed;
  clearTimeout(timer);
}
