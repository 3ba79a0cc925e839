/** GitHub's API over the forges' HTTP client: its headers, its GraphQL, and the tokens of an App. */
import { asTowpathError } from '../../../domain/failure.ts';
import { forgeFailure, tellsLimit } from '../http/failure.ts';
import type { ForgeHttpSettings } from '../http/forge-http-settings.ts';
import { type ForgeCall, type ForgeHttp, forgeHttp } from '../http/http.ts';
import type { GithubAppAccess } from './app.ts';
import { githubHeaders } from './github-headers.ts';

export type GithubHttpSettings = Omit<ForgeHttpSettings, 'headers' | 'authorization' | 'onUnauthorized'>;

export interface GithubHttp extends ForgeHttp {
  graphql(query: GraphqlQuery): Promise<GraphqlAnswer>;
}

interface GraphqlQuery {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** For messages. */
  readonly purpose: string;
  /** Whether it counts as making something. */
  readonly makesContent: boolean;
  /** It can be done without: where GraphQL’s own limit is used up, that is an answer, and nothing is asked until its end. */
  readonly isOptional?: boolean;
}

/** GitHub refuses by status 200 and a list of errors. */
export type GraphqlAnswer =
  | { readonly kind: 'data'; readonly data: unknown }
  | { readonly kind: 'refused'; readonly type: string; readonly message: string };

/** With an App its tokens are used instead of `token`, and made anew where GitHub no longer knows them. */
export function githubHttp(
  settings: Omit<GithubHttpSettings, 'token'> & Partial<Pick<GithubHttpSettings, 'token'>>,
  app: Pick<GithubAppAccess, 'token' | 'forget' | 'refused'> | null = null,
): GithubHttp {
  const http = forgeHttp({
    ...settings,
    token: app ? () => app.token() : (settings.token ?? (async () => '')),
    headers: githubHeaders,
    ...(app ? { onUnauthorized: (attempt: number) => app.refused(attempt) } : {}),
  });
  const kept = app ? forgettingTokens(http, app) : http;
  const spent: Spent = { untilMs: 0, answer: null };
  return { ...kept, graphql: (query) => ask(kept, graphqlUrl(settings.apiUrl), query, spent) };
}

/** GraphQL's limit is one of its own, beside that of REST. */
interface Spent {
  untilMs: number;
  answer: GraphqlAnswer | null;
}

/** An Enterprise server has its GraphQL beside REST, github.com below. */
export function graphqlUrl(apiUrl: string): string {
  return apiUrl.endsWith('/api/v3') ? apiUrl.replace(/v3$/, 'graphql') : `${apiUrl}/graphql`;
}

async function ask(http: ForgeHttp, url: string, asked: GraphqlQuery, spent: Spent): Promise<GraphqlAnswer> {
  const { query, variables, purpose, makesContent, isOptional = false } = asked;
  if (isOptional && spent.answer && Date.now() < spent.untilMs) return spent.answer;
  const { headers, body } = await http.post(url, { query, variables }, { purpose, makesContent });
  const { data, errors } = (body ?? {}) as { readonly data?: unknown; readonly errors?: unknown };
  const [first] = Array.isArray(errors) ? (errors as readonly Partial<Record<string, unknown>>[]) : [];
  if (!first) return { kind: 'data', data };
  const [type, message] = [String(first['type'] ?? ''), String(first['message'] ?? 'it gives no reason')];
  const status = statuses[type] ?? (tellsLimit(message) ? 429 : isIll(message) ? 503 : undefined);
  if (status === undefined) return { kind: 'refused', type, message };
  const about = { purpose, server: url, status, headers, body: { message }, isPage: false, now: new Date() };
  const failure = forgeFailure(about);
  if (!isOptional || !type.startsWith('RATE_LIMIT')) throw failure;
  spent.untilMs = Date.now() + (failure.retryAfterMs ?? 0);
  spent.answer = { kind: 'refused', type, message };
  return spent.answer;
}

/** GitHub says so by 200 or by 502, and whether it did what was asked is open. */
function isIll(message: string): boolean {
  return /something went wrong while executing your query|timed? ?out/i.test(message);
}

/** What REST would have answered. */
const statuses: Readonly<Record<string, number>> = {
  RATE_LIMITED: 429,
  RATE_LIMIT: 429,
  FORBIDDEN: 403,
  INSUFFICIENT_SCOPES: 403,
  NOT_FOUND: 404,
  SERVICE_UNAVAILABLE: 503,
};

/** A token of an installation that is no longer there, or lost the repository, finds nothing: the next one is new. */
function forgettingTokens(http: ForgeHttp, app: Pick<GithubAppAccess, 'forget'>): ForgeHttp {
  const watched = async <Answer>(asked: Promise<Answer>): Promise<Answer> => {
    try {
      return await asked;
    } catch (error) {
      if (asTowpathError(error)?.reason === 'ForgeMissing') app.forget();
      throw error;
    }
  };
  return {
    ...http,
    get: (path: string, call: ForgeCall) => watched(http.get(path, call)),
    post: (path, body, call) => watched(http.post(path, body, call)),
    patch: (path, body, call) => watched(http.patch(path, body, call)),
    put: (path, body, call) => watched(http.put(path, body, call)),
    delete: (path, call) => watched(http.delete(path, call)),
    pages: (path, call) => watchedPages(http, app, path, call),
  };
}

async function* watchedPages(
  http: ForgeHttp,
  app: Pick<GithubAppAccess, 'forget'>,
  path: string,
  call: ForgeCall,
): AsyncGenerator<Awaited<ReturnType<ForgeHttp['get']>>> {
  try {
    yield* http.pages(path, call);
  } catch (error) {
    if (asTowpathError(error)?.reason === 'ForgeMissing') app.forget();
    throw error;
  }
}
