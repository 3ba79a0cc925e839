/** Reading merge requests of GitLab: lists page by page, and single ones, which alone are told as they are now. */
import PQueue from 'p-queue';
import { z } from 'zod';
import type { PullRequest } from '../../../domain/pull-request.ts';
import { shaped } from '../http/shape.ts';
import type { GitlabContext } from './gitlab-context.ts';
import { isOwn, MergeRequest, pullRequestOf } from './shapes.ts';

type ListQuery = Readonly<Record<string, string | boolean>>;

export async function listOpen(context: GitlabContext, prefix: string): Promise<readonly PullRequest[]> {
  // Oldest first: what is opened while we turn the page comes after it. Without the recheck GitLab works out conflicts
  // only where somebody looks at the page.
  const query = { state: 'opened', sort: 'asc', with_merge_status_recheck: true };
  const found = (await list(context, prefix, query)).map(pullRequestOf);
  if (found.length === 0 || (await context.project.read()).merge_method === 'merge') return found;
  return asTheyAreNow(context, found);
}

/**
 * GitLab keeps what it lists for hours, until something of the merge request itself changes. That its base has moved on
 * is no such thing, so where a project demands the newest base, each is asked for.
 */
async function asTheyAreNow(context: GitlabContext, found: readonly PullRequest[]): Promise<readonly PullRequest[]> {
  const queue = new PQueue({ concurrency: 4 });
  const now = async (one: PullRequest): Promise<PullRequest> => {
    const read = await readOne(context, one.number);
    return read === null ? one : pullRequestOf(read);
  };
  return (await queue.addAll(found.map((one) => () => now(one)))).filter(({ state }) => state === 'open');
}

export async function listClosed(context: GitlabContext, prefix: string, after: Date): Promise<readonly PullRequest[]> {
  const query = { updated_after: after.toISOString(), order_by: 'updated_at', sort: 'desc' };
  const found = [
    ...(await list(context, prefix, { ...query, state: 'merged' })),
    ...(await list(context, prefix, { ...query, state: 'closed' })),
  ];
  return found
    .filter(({ merged_at, closed_at, updated_at }) => new Date(merged_at ?? closed_at ?? updated_at) >= after)
    .map(pullRequestOf)
    .sort((one, other) => other.updatedAt.getTime() - one.updatedAt.getTime());
}

/** One that changes its place while we turn the page comes twice. */
export async function list(context: GitlabContext, prefix: string, query: ListQuery): Promise<readonly MergeRequest[]> {
  const { http, repository, base } = context;
  const purpose = `list the merge requests of ${repository}`;
  const call = { purpose, query: { ...query, target_branch: base, scope: 'all', per_page: 100 } };
  return context.project.ask(async (path) => {
    const found = new Map<number, MergeRequest>();
    for await (const { body } of http.pages(`${path}/merge_requests`, call)) {
      for (const one of shaped(http, purpose, z.array(MergeRequest), body)) found.set(one.iid, one);
    }
    return [...found.values()].filter((one) => isOwn(one) && one.source_branch.startsWith(prefix));
  });
}

export async function readOne(
  { http, repository, project }: GitlabContext,
  number: number,
): Promise<MergeRequest | null> {
  const purpose = `read !${number} of ${repository}`;
  const answer = await project.ask((path) => http.get(`${path}/merge_requests/${number}`, { purpose, accept: [404] }));
  if (answer.status !== 404) return shaped(http, purpose, MergeRequest, answer.body);
  // A project that is gone, or hidden from this token, has no merge requests either: that must not pass for an answer.
  await project.read();
  return null;
}
