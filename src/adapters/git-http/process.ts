/** One `git http-backend` process for one request: CGI in, HTTP out, streaming both ways. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable, Writable } from 'node:stream';
import { gitEnvironment } from './repositories.ts';

interface BackendRequest {
  readonly executable: string;
  readonly root: string;
  readonly service: 'git-upload-pack' | 'git-receive-pack';
  readonly pathInfo: string;
  readonly query: string;
  readonly user: string;
  /** Whether a push may take commits away from a branch, or the branch itself. */
  readonly mayRewrite: boolean;
  readonly requestBytes: number;
  readonly timeoutMs: number;
}

export interface RunningBackend {
  /** Ends when the process has ended; `complaint` is the tail of what it wrote to standard error. */
  readonly done: Promise<{ readonly complaint: string }>;
  stop(): void;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

const headerLimit = 64 * 1024;
const complaintLimit = 8 * 1024;
/** After SIGTERM, on which git removes its lock files, a process that hangs all the same is killed. */
const killAfterMs = 10_000;

export function startBackend(
  request: IncomingMessage,
  response: ServerResponse,
  target: BackendRequest,
): RunningBackend {
  const child = spawn(target.executable, [], {
    env: cgiEnvironment(request, target),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const stop = (): void => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), killAfterMs).unref();
  };
  const timer = setTimeout(stop, target.timeoutMs);
  feed(request, response, child, { limit: target.requestBytes, stop });
  relay(child, response, target.service, stop);
  return { done: finished(child, response).finally(() => clearTimeout(timer)), stop };
}

const forwardOnly = [
  ['receive.denyNonFastForwards', 'true'],
  ['receive.denyDeletes', 'true'],
] as const;

function cgiEnvironment(request: IncomingMessage, target: BackendRequest): NodeJS.ProcessEnv {
  const { headers } = request;
  // No CONTENT_LENGTH: with it http-backend copies the body to receive-pack itself, and spins for ever when the
  // connection breaks before that many bytes have come. Without it receive-pack reads our pipe up to its end.
  const optional: Readonly<Record<string, string | undefined>> = {
    HTTP_CONTENT_ENCODING: headers['content-encoding'],
    GIT_PROTOCOL: protocolOf(headers['git-protocol']),
  };
  return {
    ...gitEnvironment(target.mayRewrite ? [] : forwardOnly),
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
    GIT_PROJECT_ROOT: target.root,
    GIT_HTTP_EXPORT_ALL: '1',
    PATH_INFO: target.pathInfo,
    QUERY_STRING: target.query,
    REQUEST_METHOD: request.method,
    CONTENT_TYPE: headers['content-type'] ?? '',
    REMOTE_USER: target.user.replace(/[^A-Za-z0-9._@-]/g, '').slice(0, 100) || 'towpath',
    REMOTE_ADDR: request.socket.remoteAddress ?? '',
    SERVER_PROTOCOL: 'HTTP/1.1',
  };
}

function protocolOf(header: string | readonly string[] | undefined): string | undefined {
  const text = String(header ?? '');
  return /^[a-z0-9=:.]{1,100}$/.test(text) ? text : undefined;
}

/** The body goes to the process as it comes. Where git stops reading early, the rest is thrown away, not cut off. */
function feed(
  request: IncomingMessage,
  response: ServerResponse,
  child: Child,
  { limit, stop }: { limit: number; stop: () => void },
): void {
  let received = 0;
  child.stdin.on('error', () => request.resume());
  request.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (received <= limit || response.headersSent) return;
    response.writeHead(413, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' });
    response.end(`The request is larger than ${limit} bytes\n`);
    stop();
  });
  request.pipe(child.stdin);
  // A client that goes away in mid-request ends the input: receive-pack then finds its pack cut off, throws the
  // quarantine away and touches no ref.
  request.on('close', () => child.stdin.end());
}

function relay(child: Child, response: ServerResponse, service: BackendRequest['service'], stop: () => void): void {
  let head = Buffer.alloc(0);
  const collect = (chunk: Buffer): void => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0 && head.length <= headerLimit) return;
    child.stdout.off('data', collect);
    if (end < 0 || response.headersSent || response.destroyed) return void child.stdout.resume();
    writeHead(response, head.subarray(0, end).toString('latin1'));
    response.write(head.subarray(end + 4));
    child.stdout.pipe(response);
  };
  child.stdout.on('data', collect);
  response.on('close', () => {
    // A fetch that nobody reads is stopped. A push goes on to its end, whether or not the answer can be delivered:
    // the client will read the ref and find either all of it or nothing.
    child.stdout.unpipe(response);
    child.stdout.resume();
    if (service === 'git-upload-pack' && !response.writableFinished) stop();
  });
}

function writeHead(response: ServerResponse, text: string): void {
  for (const line of text.split('\r\n')) {
    const at = line.indexOf(':');
    const name = line.slice(0, at).trim();
    const value = line.slice(at + 1).trim();
    if (name.toLowerCase() === 'status') response.statusCode = Number.parseInt(value, 10);
    else if (name) response.setHeader(name, value);
  }
}

async function finished(child: Child, response: ServerResponse): Promise<{ complaint: string }> {
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString('utf8')).slice(-complaintLimit);
  });
  const failed = await once(child, 'close').then(
    () => '',
    (error: unknown) => String(error),
  );
  if (!response.headersSent && !response.destroyed) {
    response.writeHead(500, { 'Content-Type': 'text/plain; charset=utf-8' });
    response.end('git http-backend ended without an answer\n');
  }
  return { complaint: (complaint + failed).trim() };
}
