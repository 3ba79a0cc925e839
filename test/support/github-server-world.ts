/** What the stand-in for GitHub knows, and what its endpoints share: who asks, for which repository, page by page. */
import type { ForgeAnswer, ForgeCall } from './forge-server.ts';
import { hindrances, refreshPulls, type ServedPull, type ServedRepository } from './forge-server-pulls.ts';
import type { MergeState } from './github-server-pull-shapes.ts';
import { failure, type Shaping, type StatusShape } from './github-server-shapes.ts';

export interface GithubToken {
  /** `towpath[bot]` of an App. */
  readonly login: string;
  /** What an installation may do; null: a person, who may do what the repository lets her. */
  readonly permissions: Readonly<Record<string, 'read' | 'write'>> | null;
  readonly expiresAt: Date | null;
  /** Absent: at once. */
  readonly knownFrom?: Date;
}

export interface GithubApp {
  readonly id: number;
  readonly clientId: string;
  readonly slug: string;
  /** PEM. */
  publicKey: string;
  permissions: Readonly<Record<string, 'read' | 'write'>>;
  /** Paths of the repositories by installation. */
  readonly installations: Map<number, { readonly repositories: string[]; suspended: boolean }>;
  /** How long a token lasts; an hour. */
  tokenLifeMs: number;
  /** How long it takes until all of GitHub's machines know a new token; none. */
  tokenLagMs?: number;
}

export interface GithubWorld {
  /** `https://github.example` */
  web: string;
  api: string;
  readonly repositories: Map<string, ServedRepository>;
  /** Old path to new one. */
  readonly renames: Map<string, string>;
  readonly tokens: Map<string, GithubToken>;
  readonly statuses: Map<string, StatusShape[]>;
  /** At most so many a page, whatever is asked for. */
  pageSize: number;
  app: GithubApp | null;
  limit: number;
  remaining: number;
}

export type Handler = (asking: Asking, ...caught: readonly string[]) => ForgeAnswer | Promise<ForgeAnswer>;

export interface Asking {
  readonly world: GithubWorld;
  readonly call: ForgeCall;
  readonly token: GithubToken;
  readonly repository: ServedRepository;
  readonly shaping: Shaping;
}

/** What GraphQL refuses, with GitHub's word for the kind of refusal. */
export class Refused extends Error {
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

export function notResolved(what: string): Refused {
  return new Refused('NOT_FOUND', `Could not resolve to ${what}.`);
}

export const notFound = failure(404, 'Not Found');
export const notAccessible = failure(403, 'Resource not accessible by integration');
const archived = failure(403, 'Repository was archived so is read-only.');

/** Wraps an endpoint below `/repos/<owner>/<name>`: existence, rights, archive, and what has happened on the branches. */
export function inRepository(world: GithubWorld, needs: Needs, handler: Handler) {
  return async (call: ForgeCall, path = '', ...caught: readonly string[]): Promise<ForgeAnswer> => {
    const token = world.tokens.get(call.token ?? '');
    const renamed = world.renames.get(path);
    const repository = world.repositories.get(renamed ?? path);
    if (!token || !repository || !maySee(token, repository)) return notFound;
    if (renamed !== undefined) return moved(world, call, path, repository);
    const refusal = refused(token, repository, needs);
    if (refusal) return refusal;
    await refreshPulls(repository);
    const shaping = { web: world.web, api: world.api, repository };
    return handler({ world, call, token, repository, shaping }, ...caught);
  };
}

export interface Needs {
  readonly permission: 'contents' | 'pull_requests' | 'metadata' | 'checks' | 'statuses' | 'administration';
  readonly right: 'read' | 'write' | 'admin';
}

function maySee({ login, permissions }: GithubToken, repository: ServedRepository): boolean {
  return permissions !== null || repository.people.has(login);
}

function refused(token: GithubToken, repository: ServedRepository, { permission, right }: Needs): ForgeAnswer | null {
  if (right === 'write' && repository.archived) return archived;
  if (token.permissions) {
    const held = permission === 'metadata' ? 'read' : token.permissions[permission];
    return held === undefined || (right === 'write' && held !== 'write') ? notAccessible : null;
  }
  const held = repository.people.get(token.login);
  const isEnough = right === 'read' || held === 'admin' || (right === 'write' && held === 'write');
  return isEnough
    ? null
    : failure(right === 'admin' ? 404 : 403, right === 'admin' ? 'Not Found' : 'Must have push access to repository');
}

/** 301 for reading, 307 for the rest, to the address by id. */
function moved(world: GithubWorld, call: ForgeCall, path: string, repository: ServedRepository): ForgeAnswer {
  const query = call.query.size > 0 ? `?${call.query}` : '';
  const rest = call.path.slice(call.path.indexOf(`/repos/${path}`) + `/repos/${path}`.length);
  const location = `${world.api}/repositories/${repository.id}${rest}${query}`;
  const status = call.method === 'GET' ? 301 : 307;
  const message = status === 301 ? 'Moved Permanently' : 'Temporary Redirect';
  return { status, headers: { location }, body: { message, url: location, documentation_url: '' } };
}

/** One page of a list, with its Link header. */
export function paged({ world, call }: Pick<Asking, 'world' | 'call'>, items: readonly unknown[]): ForgeAnswer {
  const size = Math.min(Number(call.query.get('per_page') ?? 30), 100, world.pageSize);
  const page = Number(call.query.get('page') ?? 1);
  const last = Math.max(1, Math.ceil(items.length / size));
  const link = (to: number, rel: string): string => {
    const query = new URLSearchParams(call.query);
    query.set('page', String(to));
    return `<${world.api}${call.path.replace(/^\/api\/v3/, '')}?${query}>; rel="${rel}"`;
  };
  const links = page < last ? [link(page + 1, 'next'), link(last, 'last')] : [];
  return {
    status: 200,
    body: items.slice((page - 1) * size, page * size),
    ...(links.length > 0 ? { headers: { link: links.join(', ') } } : {}),
  };
}

export async function mergeState(repository: ServedRepository, pull: ServedPull): Promise<MergeState> {
  if (pull.unknownFor > 0) {
    pull.unknownFor -= 1;
    return { mergeable: null, state: 'unknown' };
  }
  const found = await hindrances(repository, pull);
  if (found.includes('conflict')) return { mergeable: false, state: 'dirty' };
  if (found.includes('draft')) return { mergeable: true, state: 'draft' };
  // GitHub names what is missing before it says that the base has moved.
  if (found.some((each) => each !== 'behind')) return { mergeable: true, state: 'blocked' };
  if (found.includes('behind')) return { mergeable: true, state: 'behind' };
  const checks = repository.checks.get(pull.headCommit) ?? [];
  const isStable = checks.every(({ state }) => state === 'success');
  return { mergeable: true, state: isStable ? 'clean' : 'unstable' };
}

export function textOf(body: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = body[name];
  return typeof value === 'string' ? value : undefined;
}

export function textsOf(body: Readonly<Record<string, unknown>>, name: string): readonly string[] {
  const value = body[name];
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
}
