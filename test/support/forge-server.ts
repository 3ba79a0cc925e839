/** What the stand-ins for GitHub and GitLab share: loopback HTTP, routes, tokens, ETags, a log, and faults on demand. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type GitHttpBackend, type GitVerdict, openGitHttpBackend } from '../../src/adapters/git-http/backend.ts';
import { temporaryFolder } from './temp.ts';
import { type TestRepository, testRepository } from './test-repository.ts';

export interface ForgeCall {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: IncomingMessage['headers'];
  readonly token: string | null;
}

export interface ForgeAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One endpoint; what the pattern's groups catch comes decoded. */
export interface ForgeRoute {
  readonly method: string;
  readonly path: RegExp;
  readonly answer: (call: ForgeCall, ...caught: readonly string[]) => ForgeAnswer | Promise<ForgeAnswer>;
}

export interface ForgeFault {
  /** Which request suffers it; without it the next one. */
  readonly on?: { readonly method?: string; readonly path?: RegExp };
  readonly does:
    | { readonly kind: 'answer'; readonly answer: ForgeAnswer }
    /** Half of the answer's body, then nothing. */
    | { readonly kind: 'cut' }
    /** It is done, and nobody hears of it. */
    | { readonly kind: 'lose-answer' }
    /** The connection ends before anything was done, but for what somebody else does first. */
    | { readonly kind: 'hang-up'; readonly run?: () => Promise<unknown> }
    /** Something comes first: a competitor. */
    | { readonly kind: 'before'; readonly run: () => Promise<unknown> };
}

interface ForgeRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly status: number;
}

export interface ForgeServer {
  /** `http://127.0.0.1:<port>`, or with the sub-path that was asked for. */
  readonly url: string;
  /** Answered API requests, oldest first; empty it with `requests.length = 0`. */
  readonly requests: ForgeRequest[];
  readonly faults: ForgeFault[];
  readonly backend: GitHttpBackend;
  /** A bare repository; served as `<url>/<owner>/<name>.git`. */
  gitRepository(path: string): Promise<TestRepository>;
  /** Rejects where a request or an answer was not as the forge describes it. */
  close(): Promise<void>;
}

interface ForgeServerOptions {
  /** The forge's own path, such as `/gitlab`. */
  readonly subPath?: string;
  readonly routes: readonly ForgeRoute[];
  /** Null lets the call through; else what the forge answers instead. */
  readonly refuse: (call: ForgeCall) => ForgeAnswer | null;
  /** For git: whether this password opens it. */
  readonly mayUseGit: (password: string, repository: string, isWriting: boolean) => GitVerdict;
  readonly headers: (call: ForgeCall) => Readonly<Record<string, string>>;
  /** Another path for the same endpoint. */
  readonly rewrite?: (path: string) => string;
  /** What is wrong with a request and its answer; all of it fails `close`. */
  readonly inspect?: (call: ForgeCall, path: string, answer: ForgeAnswer) => readonly string[];
  readonly notFound: ForgeAnswer;
}

export async function startForgeServer(options: ForgeServerOptions): Promise<ForgeServer> {
  const subPath = options.subPath ?? '';
  const requests: ForgeRequest[] = [];
  const faults: ForgeFault[] = [];
  const wrong = new Set<string>();
  const backend = await openGitHttpBackend({
    root: await temporaryFolder('forge-server'),
    authorize: async (credentials, repository, service) =>
      credentials === null
        ? 'unauthenticated'
        : options.mayUseGit(credentials.password, realName(repository), service === 'git-receive-pack'),
  });
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    request.url = (request.url ?? '').slice(subPath.length);
    const git = /^\/([^?]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)(\?.*)?$/.exec(request.url);
    if (!git) {
      const answered = answerApi({ options, faults, requests, wrong }, request, response);
      return void answered.catch((error: unknown) => response.writeHead(500).end(String(error)));
    }
    request.url = `/${storedName(git[1] ?? '')}.git/${git[2]}${git[3] ?? ''}`;
    void backend.handle(request, response);
  };
  const listener = createServer(onRequest);
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}${subPath}`;
  return {
    url,
    requests,
    faults,
    backend,
    gitRepository: async (path) => {
      const stored = await backend.createRepository(storedName(path));
      return testRepository(path, stored, `${url}/${path}.git`);
    },
    close: async () => {
      await stop(listener, backend);
      if (wrong.size > 0) throw new Error(`Not as the forge describes it:\n${[...wrong].join('\n')}`);
    },
  };
}

/** The backend knows no folders. */
function storedName(path: string): string {
  return path.replaceAll('/', '--');
}

function realName(stored: string): string {
  return stored.replaceAll('--', '/');
}

interface Serving {
  readonly options: ForgeServerOptions;
  readonly faults: ForgeFault[];
  readonly requests: ForgeRequest[];
  readonly wrong: Set<string>;
}

async function answerApi(
  { options, faults, requests, wrong }: Serving,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const call = await readCall(request);
  const at = faults.findIndex(
    ({ on }) => (!on?.method || on.method === call.method) && (!on?.path || on.path.test(call.path)),
  );
  const does = at < 0 ? undefined : faults.splice(at, 1)[0]?.does;
  if (does?.kind === 'before' || does?.kind === 'hang-up') await does.run?.();
  if (does?.kind === 'hang-up') return void request.socket.destroy();
  const answer =
    does?.kind === 'answer'
      ? { ...does.answer, headers: { ...options.headers(call), ...does.answer.headers } }
      : await answerOf(options, call);
  const asked = options.rewrite?.(call.path) ?? call.path;
  for (const problem of options.inspect?.(call, asked, answer) ?? []) wrong.add(problem);
  requests.push({ method: call.method, path: request.url ?? '', status: answer.status });
  if (does?.kind === 'lose-answer') return void request.socket.destroy();
  send(response, answer, does?.kind === 'cut');
}

async function answerOf(options: ForgeServerOptions, call: ForgeCall): Promise<ForgeAnswer> {
  const answer = options.refuse(call) ?? (await routed(options, call));
  const headers = options.headers(call);
  const tag = `W/"${createHash('sha256')
    .update(JSON.stringify(answer.body ?? ''))
    .digest('hex')}"`;
  if (call.method !== 'GET' || answer.status !== 200) return { ...answer, headers: { ...headers, ...answer.headers } };
  const tagged = { ...headers, ...answer.headers, etag: tag };
  if (call.headers['if-none-match'] === tag) return { status: 304, headers: tagged };
  return { ...answer, headers: tagged };
}

async function routed(options: ForgeServerOptions, call: ForgeCall): Promise<ForgeAnswer> {
  const asked = options.rewrite?.(call.path) ?? call.path;
  for (const { method, path, answer } of options.routes) {
    const caught = method === call.method && path.exec(asked);
    if (caught) return await answer(call, ...caught.slice(1).map((part) => decodeURIComponent(part ?? '')));
  }
  return options.notFound;
}

async function readCall(request: IncomingMessage): Promise<ForgeCall> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const url = new URL(request.url ?? '/', 'http://server');
  const bearer = /^(?:bearer|token) (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  return {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
    headers: request.headers,
    token: bearer ?? String(request.headers['private-token'] ?? '') ?? null,
  };
}

function send(response: ServerResponse, { status, body, headers }: ForgeAnswer, isCut: boolean): void {
  const isText = typeof body === 'string';
  const text = body === undefined ? '' : isText ? body : JSON.stringify(body);
  response.writeHead(status, {
    ...(text === '' ? {} : { 'content-type': isText ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8' }),
    'content-length': String(Buffer.byteLength(text)),
    ...headers,
  });
  if (!isCut) return void response.end(text);
  response.write(text.slice(0, Math.ceil(text.length / 2)), () => response.socket?.destroySoon());
}

async function stop(listener: Server, backend: GitHttpBackend): Promise<void> {
  const closed = new Promise((resolve) => listener.close(resolve));
  listener.closeIdleConnections();
  await backend.close();
  listener.closeAllConnections();
  await closed;
}
