/** What GitLab's approvals, reviewers and pipelines say of the head commit of a merge request. */
import type { Approval, PullRequest } from '../domain/pull-request.ts';
import type { GitlabContext } from './forge-gitlab.ts';
import { Approvals, Notes, Reviewers, Statuses, Versions } from './forge-gitlab-shapes.ts';
import { shaped } from './forge-http-shape.ts';

export async function approvalOf(context: GitlabContext, pullRequest: PullRequest): Promise<Approval> {
  return context.project.ask(async (path) => {
    const at = `${path}/merge_requests/${pullRequest.number}`;
    const { by, stale } = await approvers(context, at, pullRequest);
    const against = await changesRequested(context, at, pullRequest);
    if (against.length > 0) return { kind: 'refused', by, why: `changes requested by ${against.join(', ')}` };
    const checks = await checksOf(context, path, pullRequest);
    if (checks.failed.length > 0) return { kind: 'refused', by, why: `failed: ${checks.failed.join(', ')}` };
    if (checks.running.length > 0) return { kind: 'pending', by, why: `waits for ${checks.running.join(', ')}` };
    if (by.length > 0) return { kind: 'approved', by };
    return { kind: 'pending', by, why: stale.length > 0 ? staleWords(stale) : 'nobody has approved it yet' };
  });
}

/** GitLab keeps an approval where a commit is pushed, unless the project says otherwise. */
function staleWords(stale: readonly string[]): string {
  return `${stale.join(', ')} approved an older commit; revoke that approval and approve again`;
}

interface Approvers {
  readonly by: readonly string[];
  /** Who approved before the head commit came. */
  readonly stale: readonly string[];
}

/** An approval names no commit: it counts where it is younger than GitLab's record of the head. */
async function approvers(context: GitlabContext, at: string, { number, headCommit }: PullRequest): Promise<Approvers> {
  const { http, repository } = context;
  const purpose = `read the approvals of !${number} of ${repository}`;
  const { body } = await http.get(`${at}/approvals`, { purpose });
  const given = shaped(http, purpose, Approvals, body).approved_by;
  if (given.length === 0) return { by: [], stale: [] };
  const since = await headSince(context, at, { number, headCommit });
  const isTold = given.every(({ approved_at }) => typeof approved_at === 'string');
  const noted = isTold ? new Map<string, string>() : await notedApprovals(context, at, number);
  const isFresh = (username: string, told: string | null | undefined): boolean => {
    const when = told ?? noted.get(username);
    return since !== null && when !== undefined && new Date(when) >= since;
  };
  const fresh = given.filter(({ user, approved_at }) => isFresh(user.username, approved_at));
  const by = fresh.map(({ user }) => user.username);
  return { by, stale: given.map(({ user }) => user.username).filter((name) => !by.includes(name)) };
}

/** Null: GitLab has not written it down yet. The head may have come back to a commit that was there before. */
async function headSince(
  { http, repository }: GitlabContext,
  at: string,
  { number, headCommit }: Pick<PullRequest, 'number' | 'headCommit'>,
): Promise<Date | null> {
  const purpose = `read the versions of !${number} of ${repository}`;
  const { body } = await http.get(`${at}/versions`, { purpose, query: { per_page: 100 } });
  const [newest] = shaped(http, purpose, Versions, body);
  return newest?.head_commit_sha === headCommit ? new Date(newest.created_at) : null;
}

/** Before GitLab 18.5 only the notes tell when somebody approved. Newest first. */
async function notedApprovals(
  { http, repository }: GitlabContext,
  at: string,
  number: number,
): Promise<ReadonlyMap<string, string>> {
  const purpose = `read the notes of !${number} of ${repository}`;
  const query = { activity_filter: 'only_activity', order_by: 'created_at', sort: 'desc', per_page: 100 };
  const { body } = await http.get(`${at}/notes`, { purpose, query });
  const found = new Map<string, string>();
  for (const note of shaped(http, purpose, Notes, body)) {
    const username = note.author?.username;
    if (!note.system || username === undefined || found.has(username)) continue;
    if (/^approved this merge request/i.test(note.body)) found.set(username, note.created_at);
  }
  return found;
}

/** Older ones have no such list. */
async function changesRequested(
  { http, repository }: GitlabContext,
  at: string,
  { number }: PullRequest,
): Promise<readonly string[]> {
  const purpose = `read the reviewers of !${number} of ${repository}`;
  const { status, body } = await http.get(`${at}/reviewers`, { purpose, accept: [404] });
  if (status === 404) return [];
  return shaped(http, purpose, Reviewers, body)
    .filter(({ state }) => state === 'requested_changes')
    .map(({ user }) => user.username);
}

interface Checks {
  readonly failed: readonly string[];
  readonly running: readonly string[];
}

/** Jobs of the pipelines and what others have said of the commit, the newest of each name. */
async function checksOf(context: GitlabContext, path: string, { headCommit }: PullRequest): Promise<Checks> {
  const { http, repository } = context;
  const purpose = `read the pipelines of ${headCommit} in ${repository}`;
  const [failed, running]: [string[], string[]] = [[], []];
  const call = { purpose, query: { per_page: 100 } };
  for await (const { body } of http.pages(`${path}/repository/commits/${headCommit}/statuses`, call)) {
    for (const { name, status, allow_failure } of shaped(http, purpose, Statuses, body)) {
      if (allow_failure === true || status === 'success' || status === 'skipped') continue;
      (status === 'failed' || status === 'canceled' ? failed : running).push(name);
    }
  }
  return { failed, running };
}
