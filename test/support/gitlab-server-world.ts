/** What the stand-in for GitLab knows, and what its endpoints share. */
import type { ForgeAnswer, ForgeCall } from './forge-server.ts';
import { hindrances, refreshPulls, type ServedPull, type ServedRepository } from './forge-server-pulls.ts';
import type { Shaping } from './gitlab-server-shapes.ts';

export interface GitlabWorld {
  web: string;
  /** By path. */
  readonly repositories: Map<string, ServedRepository>;
  readonly renames: Map<string, string>;
  readonly tokens: Map<string, { readonly username: string; readonly scopes: readonly string[] }>;
  pageSize: number;
  /** Whether all that it is asked and answers must be as GitLab describes it now. */
  isDescribed: boolean;
  /** What the last list said of each. */
  readonly listed: WeakMap<ServedPull, { readonly key: string; readonly status: string }>;
}

export interface Asking {
  readonly world: GitlabWorld;
  readonly call: ForgeCall;
  readonly username: string;
  readonly repository: ServedRepository;
  readonly shaping: Shaping;
}

export type Handler = (asking: Asking, ...caught: readonly string[]) => ForgeAnswer | Promise<ForgeAnswer>;

export function failure(status: number, message: unknown): ForgeAnswer {
  return { status, body: { message } };
}

/** Wraps an endpoint below `/projects/<id or path>`. */
export function inProject(world: GitlabWorld, isWriting: boolean, handler: Handler) {
  return async (call: ForgeCall, id = '', ...caught: readonly string[]): Promise<ForgeAnswer> => {
    const username = world.tokens.get(call.token ?? '')?.username ?? '';
    const renamed = world.renames.get(id);
    const repository = [...world.repositories.values()].find(
      (each) => each.path === (renamed ?? id) || String(each.id) === id,
    );
    const right = repository?.people.get(username);
    if (!repository || right === undefined) return failure(404, '404 Project Not Found');
    if (renamed !== undefined) return moved(world, call, id, repository);
    // GitLab says no more of an archived project.
    if (isWriting && (repository.archived || right === 'read')) return failure(403, '403 Forbidden');
    await refreshPulls(repository);
    return handler({ world, call, username, repository, shaping: { web: world.web, repository } }, ...caught);
  };
}

function moved(world: GitlabWorld, call: ForgeCall, path: string, repository: ServedRepository): ForgeAnswer {
  if (call.method !== 'GET') return failure(405, 'Non GET methods are not allowed for moved projects');
  const target = call.path.replace(encodeURIComponent(path), String(repository.id));
  const query = call.query.size > 0 ? `?${call.query}` : '';
  const location = `${world.web}${target}${query}`;
  return {
    status: 301,
    headers: { location },
    body: { message: `This resource has been moved permanently to ${location}` },
  };
}

/** One page of a list, with GitLab's headers and its Link. */
export function paged({ world, call }: Pick<Asking, 'world' | 'call'>, items: readonly unknown[]): ForgeAnswer {
  const size = Math.min(Number(call.query.get('per_page') ?? 20), 100, world.pageSize);
  const page = Number(call.query.get('page') ?? 1);
  const last = Math.max(1, Math.ceil(items.length / size));
  return {
    status: 200,
    body: items.slice((page - 1) * size, page * size),
    headers: {
      'x-next-page': page < last ? String(page + 1) : '',
      'x-page': String(page),
      'x-per-page': String(size),
      'x-prev-page': page > 1 ? String(page - 1) : '',
      'x-total': String(items.length),
      'x-total-pages': String(last),
    },
  };
}

/** `detailed_merge_status`; the first thing that is missing, in GitLab's order. */
export async function mergeStatus(repository: ServedRepository, pull: ServedPull): Promise<string> {
  if (pull.state !== 'open') return 'not_open';
  if (pull.unknownFor > 0) {
    pull.unknownFor -= 1;
    return 'checking';
  }
  const found = await hindrances(repository, pull);
  const order = [
    ['draft', 'draft_status'],
    ['conflict', 'conflict'],
    ['changes-requested', 'requested_changes'],
    ['approvals', 'not_approved'],
    ['checks', 'ci_must_pass'],
    ['behind', 'need_rebase'],
  ] as const;
  return order.find(([hindrance]) => found.includes(hindrance))?.[1] ?? 'mergeable';
}
