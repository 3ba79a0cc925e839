/** One HTTP(S) server on one port, and how it ends: what is under way may finish, idle connections do not hold it up. */
import { readFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { TowpathError } from '../../domain/failure.ts';

export interface ServerSettings {
  readonly host: string;
  readonly port: number;
  readonly tls?: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** Where host and port were said, for messages; the options of the command where nothing else is named. */
  readonly named?: { readonly host: string; readonly port: string } | undefined;
  /** Against whoever sends slowly or keeps connections open; absent: whoever may speak to it is trusted that far. */
  readonly limits?: { readonly requestMs: number; readonly connections: number } | undefined;
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

export async function startServer(settings: ServerSettings, handle: RequestListener): Promise<RunningServer> {
  const timeouts = timeoutsOf(settings);
  const server = settings.tls
    ? createTlsServer({ ...timeouts, ...(await readTls(settings.tls)) }, handle)
    : createServer(timeouts, handle);
  // Pushes and long polls take longer than the five minutes that Node allows a request; idle ones end by keep-alive.
  if (settings.limits === undefined) server.requestTimeout = 0;
  else server.maxConnections = settings.limits.connections;
  await listen(server, settings);
  const { port } = server.address() as AddressInfo;
  const url = `${settings.tls ? 'https' : 'http'}://${authority(settings.host)}:${port}`;
  let closed: Promise<void> | undefined;
  const closeOnce = (): Promise<void> => {
    closed ??= close(server);
    return closed;
  };
  return { url, port, close: closeOnce };
}

function timeoutsOf({ limits }: ServerSettings): ServerOptions {
  if (limits === undefined) return {};
  const { requestMs } = limits;
  const connectionsCheckingInterval = Math.min(5_000, requestMs);
  return { requestTimeout: requestMs, headersTimeout: requestMs, connectionsCheckingInterval };
}

async function readTls(files: { readonly certFile: string; readonly keyFile: string }) {
  const read = async (path: string): Promise<Buffer> => {
    try {
      return await readFile(path);
    } catch (cause) {
      throw new TowpathError('terminal', 'UnreadableTlsFile', `Cannot read "${path}" for TLS`, { cause });
    }
  };
  return { cert: await read(files.certFile), key: await read(files.keyFile) };
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

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
}
