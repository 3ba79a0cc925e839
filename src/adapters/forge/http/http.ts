/** One HTTP client for three forges: JSON, time-outs, ETags, pages, redirects and budgets, with failures classed. */
import type { IncomingHttpHeaders } from 'node:http';
import type { ForgeBudget } from '../../../domain/pull-request.ts';
import { forgeFailure, headerOf, isRateLimit, strangeAnswer } from './failure.ts';
import type { ForgeHttpSettings } from './forge-http-settings.ts';
import { type AnswerMemory, answerMemory } from './memory.ts';
import { nextPage } from './pages.ts';
import { type Method, type RawAnswer, requestSender, type Sender, serverOf } from './send.ts';

export interface ForgeCall {
  /** For messages: `read pull request #12`. */
  readonly purpose: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Statuses beside 2xx that are answers, too: whoever asks judges them. */
  readonly accept?: readonly number[];
  /** `text`: the body is the answer's text as it is. */
  readonly as?: 'text';
  /** Whether it counts as making something; absent: POST, PUT and PATCH do. */
  readonly makesContent?: boolean;
}

export interface ForgeAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Parsed JSON; null where there is none. It may be given again: do not change it. */
  readonly body: unknown;
}

/** `path` is below apiUrl, its parts encoded; or a whole URL on the same host (GitHub's GraphQL). */
export interface ForgeHttp {
  /** For people: the API's URL without credentials. */
  readonly server: string;
  get(path: string, call: ForgeCall): Promise<ForgeAnswer>;
  post(path: string, body: unknown, call: ForgeCall): Promise<ForgeAnswer>;
  patch(path: string, body: unknown, call: ForgeCall): Promise<ForgeAnswer>;
  put(path: string, body: unknown, call: ForgeCall): Promise<ForgeAnswer>;
  delete(path: string, call: ForgeCall): Promise<ForgeAnswer>;
  /** One answer a page; whoever has seen enough leaves the loop. */
  pages(path: string, call: ForgeCall): AsyncIterable<ForgeAnswer>;
  /** What the forge's headers last told, if they do. */
  budgets(): readonly ForgeBudget[];
  /** Ends what is under way. */
  dispose(): Promise<void>;
}

export function forgeHttp(settings: ForgeHttpSettings): ForgeHttp {
  const ending = new AbortController();
  const client: Client = {
    settings,
    memory: answerMemory(),
    send: requestSender(settings, ending.signal),
    budgets: new Map(),
    limited: new Map(),
  };
  return {
    server: serverOf(settings.apiUrl),
    get: (path, call) => ask(client, { method: 'GET', path, call }),
    post: (path, body, call) => ask(client, { method: 'POST', path, call, body }),
    patch: (path, body, call) => ask(client, { method: 'PATCH', path, call, body }),
    put: (path, body, call) => ask(client, { method: 'PUT', path, call, body }),
    delete: (path, call) => ask(client, { method: 'DELETE', path, call }),
    pages: (path, call) => pagesOf(client, path, call),
    budgets: () => [...client.budgets.values()],
    dispose: async () => ending.abort(new Error('The listener is stopping')),
  };
}

interface Client {
  readonly settings: ForgeHttpSettings;
  readonly memory: AnswerMemory;
  readonly send: Sender;
  readonly budgets: Map<string, ForgeBudget>;
  /** How often in a row the forge's limit refused what makes something (true), and what reads. */
  readonly limited: Map<boolean, number>;
}

interface Asked {
  readonly method: Method;
  readonly path: string;
  readonly call: ForgeCall;
  readonly body?: unknown;
  /** Instead of the call's query: that of a further page. */
  readonly query?: URLSearchParams;
}

async function ask(client: Client, asked: Asked): Promise<ForgeAnswer> {
  const { settings, memory, send } = client;
  const { method, call } = asked;
  if (makesContent(asked)) settings.budget?.take('content');
  const url = urlOf(settings.apiUrl, asked);
  const known = method === 'GET' ? memory.recall(url) : null;
  const raw = await send({
    method,
    url,
    purpose: call.purpose,
    headers: known ? { 'if-none-match': known.etag } : {},
    ...(asked.body === undefined ? {} : { body: JSON.stringify(asked.body) }),
  });
  noteBudget(client, raw.headers);
  // The answer to "not modified" may lack headers that the whole one had, such as the link to the next page.
  if (raw.status === 304 && known) return { status: 200, headers: known.headers, body: known.body };
  const answer = understood(client, asked, raw);
  const etag = headerOf(raw.headers, 'etag');
  if (method === 'GET' && raw.status === 200 && etag !== null) {
    memory.remember(url, { etag, headers: answer.headers, body: answer.body, bytes: raw.text.length });
  }
  return answer;
}

function makesContent({ method, call }: Asked): boolean {
  return call.makesContent ?? ['POST', 'PUT', 'PATCH'].includes(method);
}

function understood({ settings, limited }: Client, asked: Asked, raw: RawAnswer): ForgeAnswer {
  const { call } = asked;
  const { status, headers } = raw;
  const { isPage, isBroken, body } = parsed(raw);
  const { server } = raw;
  // A limit may hide behind a status that would be an answer: who takes it for one takes a right for missing.
  const isLimited = isRateLimit({ status, headers, body });
  const limits = limited.get(makesContent(asked)) ?? 0;
  limited.set(makesContent(asked), isLimited ? limits + 1 : 0);
  const isAnswer = (status >= 200 && status < 300) || (call.accept?.includes(status) === true && !isLimited);
  if (!isAnswer) {
    const now = settings.now?.() ?? new Date();
    throw forgeFailure({ purpose: call.purpose, server, status, headers, body, isPage, now, limits });
  }
  const about = { purpose: call.purpose, server };
  if (isPage) throw strangeAnswer(about, `it answered ${status} with a page instead of JSON`);
  if (call.as === 'text') return { status, headers, body: raw.text };
  if (isBroken) throw strangeAnswer(about, 'its answer is no whole JSON');
  return { status, headers, body };
}

function parsed({ text, headers }: RawAnswer): {
  readonly isPage: boolean;
  readonly isBroken: boolean;
  readonly body: unknown;
} {
  const isPage = /^text\/html\b/i.test(headerOf(headers, 'content-type') ?? '') || /^\s*</.test(text);
  if (isPage || text.trim() === '') return { isPage: isPage && text.trim() !== '', isBroken: false, body: null };
  try {
    return { isPage, isBroken: false, body: JSON.parse(text) };
  } catch {
    return { isPage, isBroken: true, body: null };
  }
}

/** GitHub counts some kinds of requests apart; `core` is what nearly all of ours belong to. */
function noteBudget({ budgets }: Client, headers: IncomingHttpHeaders): void {
  const kind = headerOf(headers, 'x-ratelimit-resource') ?? 'core';
  const number = (name: string): number =>
    Number(headerOf(headers, `x-ratelimit-${name}`) ?? headerOf(headers, `ratelimit-${name}`) ?? Number.NaN);
  const [limit, left] = [number('limit'), number('remaining')];
  if (kind !== 'core' || !Number.isFinite(limit) || !Number.isFinite(left)) return;
  budgets.set('requests', { name: 'requests', limit, left });
}

/** A forge that names the same page again would keep us for ever. */
async function* pagesOf(client: Client, path: string, call: ForgeCall): AsyncIterable<ForgeAnswer> {
  const seen = new Set<string>();
  let query: URLSearchParams | null = queryOf(call);
  while (query !== null && !seen.has(query.toString())) {
    seen.add(query.toString());
    const answer = await ask(client, { method: 'GET', path, call, query });
    yield answer;
    query = nextPage(answer.headers, query);
  }
}

function urlOf(apiUrl: string, { path, call, query }: Asked): string {
  const url = new URL(/^https?:\/\//.test(path) ? path : `${apiUrl}${path}`);
  for (const [name, value] of query ?? queryOf(call)) url.searchParams.append(name, value);
  if (url.origin !== new URL(apiUrl).origin) throw new RangeError(`Cannot ask ${url.origin}: it is not the forge`);
  return url.href;
}

function queryOf({ query = {} }: ForgeCall): URLSearchParams {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]));
}
