/** A real git server over HTTP for tests: the product's own handler on 127.0.0.1, with a log and faults on demand. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type GitHttpBackend, type GitHttpOptions, openGitHttpBackend } from '../../src/adapters/git-http/backend.ts';
import { applyFault, type Fault, watchBody } from './git-faults.ts';
import { temporaryFolder } from './temp.ts';
import { type TestRepository, testRepository } from './test-repository.ts';

interface RecordedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly status: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface GitServer {
  /** `http://127.0.0.1:<port>/git`, without a slash at the end. */
  readonly url: string;
  readonly root: string;
  readonly backend: GitHttpBackend;
  /** Finished requests, oldest first; empty it with `requests.length = 0`. */
  readonly requests: RecordedRequest[];
  /** What git wrote to standard error. */
  readonly complaints: string[];
  /** Waited before every request; set it to make the server far away. */
  roundTripMs: number;
  /** Makes the repository, or gives the one that is there. */
  repository(name: string): Promise<TestRepository>;
  /** The next request that the fault is meant for suffers it; faults are used up in order. */
  inject(fault: Fault): void;
  /** Faults that have not happened yet. */
  readonly pendingFaults: readonly Fault[];
  close(): Promise<void>;
}

interface GitServerOptions {
  readonly authorize?: GitHttpOptions['authorize'];
  readonly limits?: GitHttpOptions['limits'];
  /** An existing folder of repositories, to play a restart. */
  readonly root?: string;
  /** As Azure DevOps and CodeCommit: knows nothing of version 2 of git's protocol. */
  readonly oldProtocol?: boolean;
  /** Speaks TLS as `https://localhost`. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

export async function startGitServer(options: GitServerOptions = {}): Promise<GitServer> {
  const requests: RecordedRequest[] = [];
  const complaints: string[] = [];
  const faults: Fault[] = [];
  const backend = await openGitHttpBackend({
    root: options.root ?? (await temporaryFolder('git-server')),
    prefix: '/git',
    authorize: options.authorize ?? (async () => 'allow'),
    onComplaint: (_repository, text) => complaints.push(text),
    ...(options.limits ? { limits: options.limits } : {}),
  });
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    record(request, response, requests);
    if (options.oldProtocol) delete request.headers['git-protocol'];
    if (server.roundTripMs > 0) await new Promise((resolve) => setTimeout(resolve, server.roundTripMs));
    const at = faults.findIndex((fault) => matches(fault, request));
    const [fault] = at < 0 ? [] : faults.splice(at, 1);
    const handled = fault !== undefined && (await applyFault(fault, request, response));
    if (!handled) await backend.handle(request, response);
  };
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => void handle(request, response);
  const listener = options.tls ? createSecureServer(options.tls, onRequest) : createServer(onRequest);
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  const url = `${options.tls ? 'https://localhost' : 'http://127.0.0.1'}:${port}/git`;
  const server: GitServer = {
    url,
    root: backend.root,
    backend,
    requests,
    complaints,
    roundTripMs: 0,
    pendingFaults: faults,
    repository: async (name) => testRepository(name, await backend.createRepository(name), `${url}/${name}.git`),
    inject: (fault) => void faults.push(fault),
    close: () => stop(listener, backend),
  };
  return server;
}

function matches(fault: Fault, request: IncomingMessage): boolean {
  const { method, path } = fault.on ?? { method: 'POST', path: /git-receive-pack$/ };
  return (!method || request.method === method) && (!path || path.test(request.url ?? ''));
}

function record(request: IncomingMessage, response: ServerResponse, requests: RecordedRequest[]): void {
  let bytesIn = 0;
  const { socket } = request;
  const writtenBefore = socket.bytesWritten;
  watchBody(request, (chunk) => {
    bytesIn += chunk.length;
  });
  response.once('close', () => {
    requests.push({
      method: request.method ?? '',
      path: request.url ?? '',
      status: response.statusCode,
      bytesIn,
      bytesOut: socket.bytesWritten - writtenBefore,
    });
  });
}

async function stop(listener: Server, backend: GitHttpBackend): Promise<void> {
  const closed = new Promise((resolve) => listener.close(resolve));
  listener.closeIdleConnections();
  await backend.close();
  listener.closeAllConnections();
  await closed;
}
