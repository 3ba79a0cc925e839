/**
 * A git server over smart HTTP for a folder of bare repositories: `git http-backend` as CGI behind node:http.
 * It is what `towpath dev` clones from and pushes to; authorisation is the caller's.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import PQueue from 'p-queue';
import { type RunningBackend, startBackend } from './process.ts';
import {
  configure,
  createRepository,
  exists,
  listRepositories,
  maintain,
  repositoryPath,
  runGit,
  sweepRepositories,
} from './repositories.ts';

type GitService = 'git-upload-pack' | 'git-receive-pack';

interface GitCredentials {
  readonly username: string;
  readonly password: string;
}

/** `forward`: may push, but neither take commits away from a branch nor delete one. */
export type GitVerdict = 'allow' | 'forward' | 'deny' | 'unauthenticated';

export interface GitHttpOptions {
  /** Folder that holds `<name>.git`; made when missing. */
  readonly root: string;
  /** Path below which it answers, `/git` for `/git/<name>.git`; empty for the root. */
  readonly prefix?: string;
  /** Asked at every request; null without an Authorization header. A bearer token counts as the password. */
  readonly authorize: (
    credentials: GitCredentials | null,
    repository: string,
    service: GitService,
  ) => Promise<GitVerdict>;
  /** Told what git complained about; the text may hold paths, never credentials. */
  readonly onComplaint?: (repository: string, text: string) => void;
  readonly limits?: Partial<GitHttpLimits>;
}

interface GitHttpLimits {
  readonly processes: number;
  /** Requests that may wait for a process; beyond it 503 with Retry-After. */
  readonly waiting: number;
  readonly requestBytes: number;
  readonly timeoutMs: number;
  /** Housekeeping runs in the background after so many pushes to a repository. */
  readonly pushesBetweenMaintenance: number;
  /** What still runs when it closes may go on for so long. */
  readonly closingMs: number;
}

export interface GitHttpBackend {
  readonly root: string;
  /** What was left over by a kill and taken away when opening. */
  readonly swept: readonly string[];
  /** Never rejects; what goes wrong is answered. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Gives the path of the bare repository; one that exists is left as it is. */
  createRepository(name: string): Promise<string>;
  /** Lets running pushes end, then stops. */
  close(): Promise<void>;
}

interface Target {
  readonly repository: string;
  readonly service: GitService;
  readonly pathInfo: string;
  readonly query: string;
}

const defaults: GitHttpLimits = {
  processes: 16,
  waiting: 500,
  requestBytes: 2 * 1024 ** 3,
  timeoutMs: 15 * 60_000,
  pushesBetweenMaintenance: 50,
  closingMs: 5_000,
};

/** Sweeps, configures and tidies every repository in the folder, then is ready to answer. */
export async function openGitHttpBackend(options: GitHttpOptions): Promise<GitHttpBackend> {
  const limits = { ...defaults, ...options.limits };
  const executable = join((await runGit(['--exec-path'])).trim(), 'git-http-backend');
  const swept = await sweepRepositories(options.root);
  for (const name of await listRepositories(options.root)) {
    await configure(join(options.root, `${name}.git`));
    await maintain(join(options.root, `${name}.git`));
  }
  const server = new Backend(options, limits, executable);
  return {
    root: options.root,
    swept,
    handle: (request, response) => server.handle(request, response),
    createRepository: (name) => createRepository(options.root, name),
    close: () => server.close(),
  };
}

class Backend {
  readonly #options: GitHttpOptions;
  readonly #limits: GitHttpLimits;
  readonly #executable: string;
  readonly #slots: PQueue;
  readonly #housekeeping = new PQueue({ concurrency: 1 });
  readonly #running = new Set<RunningBackend>();
  readonly #pushes = new Map<string, number>();
  #closed = false;

  constructor(options: GitHttpOptions, limits: GitHttpLimits, executable: string) {
    this.#options = options;
    this.#limits = limits;
    this.#executable = executable;
    this.#slots = new PQueue({ concurrency: limits.processes });
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#answer(request, response);
    } catch (error) {
      this.#options.onComplaint?.('', `Cannot answer ${request.method} ${request.url}: ${String(error)}`);
      refuse(request, response, 500, 'The git server failed; its log says why');
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#housekeeping.clear();
    const timer = setTimeout(() => {
      for (const one of this.#running) one.stop();
    }, this.#limits.closingMs);
    await Promise.all([this.#slots.onIdle(), this.#housekeeping.onIdle()]);
    clearTimeout(timer);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = targetOf(request, this.#options.prefix ?? '');
    if (!target) return refuse(request, response, 404, 'Not a git address: expected /<name>.git over smart HTTP');
    const credentials = credentialsOf(request.headers.authorization);
    const verdict = await this.#options.authorize(credentials, target.repository, target.service);
    if (verdict === 'unauthenticated') return challenge(request, response);
    if (verdict === 'deny') {
      return refuse(request, response, 403, `This key may not use ${target.service} on ${target.repository}`);
    }
    const path = repositoryPath(this.#options.root, target.repository);
    if (!path || !(await exists(path))) {
      return refuse(request, response, 404, `There is no repository ${target.repository}`);
    }
    if (this.#closed || this.#slots.size >= this.#limits.waiting) {
      response.setHeader('Retry-After', '2');
      return refuse(request, response, 503, 'The git server is busy; try again');
    }
    await this.#slots.add(() =>
      this.#run(request, response, { ...target, verdict, user: credentials?.username ?? '' }),
    );
    if (target.service === 'git-receive-pack' && request.method === 'POST') this.#afterPush(target.repository, path);
  }

  async #run(
    request: IncomingMessage,
    response: ServerResponse,
    { verdict, ...target }: Target & { readonly verdict: GitVerdict; readonly user: string },
  ): Promise<void> {
    if (response.closed) return;
    if (this.#closed) return refuse(request, response, 503, 'The git server is stopping; try again');
    const running = startBackend(request, response, {
      executable: this.#executable,
      root: this.#options.root,
      ...target,
      mayRewrite: verdict === 'allow',
      requestBytes: this.#limits.requestBytes,
      timeoutMs: this.#limits.timeoutMs,
    });
    this.#running.add(running);
    const { complaint } = await running.done;
    this.#running.delete(running);
    if (complaint) this.#options.onComplaint?.(target.repository, complaint);
  }

  #afterPush(repository: string, path: string): void {
    const count = (this.#pushes.get(repository) ?? 0) + 1;
    this.#pushes.set(repository, count % this.#limits.pushesBetweenMaintenance);
    if (count < this.#limits.pushesBetweenMaintenance || this.#closed) return;
    this.#housekeeping
      .add(() => maintain(path))
      .catch((error: unknown) => this.#options.onComplaint?.(repository, String(error)));
  }
}

/** Only the three addresses of the smart protocol; files of the repository are never served. */
function targetOf(request: IncomingMessage, prefix: string): Target | null {
  const [path = '', query = ''] = splitOnce(request.url ?? '', '?');
  if (!path.startsWith(`${prefix}/`)) return null;
  const match = /^\/([A-Za-z0-9][A-Za-z0-9._-]*?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/.exec(
    path.slice(prefix.length),
  );
  const [, repository, call] = match ?? [];
  if (!repository || !call) return null;
  const service = call === 'info/refs' ? new URLSearchParams(query).get('service') : call;
  if (service !== 'git-upload-pack' && service !== 'git-receive-pack') return null;
  if (request.method !== (call === 'info/refs' ? 'GET' : 'POST')) return null;
  return { repository, service, pathInfo: `/${repository}.git/${call}`, query };
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function credentialsOf(header: string | undefined): GitCredentials | null {
  const [scheme, value] = splitOnce(header?.trim() ?? '', ' ');
  if (scheme.toLowerCase() === 'bearer' && value) return { username: '', password: value.trim() };
  if (scheme.toLowerCase() !== 'basic') return null;
  const [username, password] = splitOnce(Buffer.from(value, 'base64').toString('utf8'), ':');
  return { username, password };
}

function challenge(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('WWW-Authenticate', 'Basic realm="Towpath git", charset="UTF-8"');
  refuse(request, response, 401, 'Give the API key as the password; any user name will do');
}

function refuse(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  request.resume();
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-cache' });
  response.end(`${text}\n`);
}
