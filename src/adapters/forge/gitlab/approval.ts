/** What GitLab's approvals, reviewers and pipelines say of the head commit of a merge request. */
import type { Approval, PullRequest } from '../../../domain/pull-request.ts';
import { shaped } from '../http/shape.ts';
import { type Checks, checksOf, pipelineCheck } from './checks.ts';
import type { GitlabContext } from './gitlab-context.ts';
import { readOne } from './lists.ts';
import { Approvals, Notes, Reviewers, Versions } from './shapes.ts';

export async function approvalOf(context: GitlabContext, pullRequest: PullRequest): Promise<Approval> {
  return context.project.ask(async (path) => {
    const at = `${path}/merge_requests/${pullRequest.number}`;
    const votes = await votesOf(context, at, pullRequest);
    const { by } = votes;
    const against = await changesRequested(context, at, pullRequest);
    if (against.length > 0) return { kind: 'refused', by, why: `changes requested by ${against.join(', ')}` };
    const checks = await checksOf(context, path, pullRequest.headCommit);
    const judged = judge(by, checks);
    if (judged !== null) return judged;
    const want = wantOf(votes);
    if (want !== null || votes.since === null)
      return { kind: 'pending', by, why: want ?? 'nobody has approved it yet' };
    return byItsRules(context, pullRequest, by, votes.since);
  });
}

function judge(by: readonly string[], { failed, running }: Checks): Approval | null {
  if (failed.length > 0) return { kind: 'refused', by, why: `failed: ${failed.join(', ')}` };
  return running.length > 0 ? { kind: 'pending', by, why: `waits for ${running.join(', ')}` } : null;
}

/** What GitLab itself would still wait for: it may have rules of which only it knows. */
async function byItsRules(
  context: GitlabContext,
  { number, headCommit }: PullRequest,
  by: readonly string[],
  since: Date,
): Promise<Approval> {
  const found = await readOne(context, number);
  const judged = judge(by, pipelineCheck(found?.head_pipeline, { commit: headCommit, since }));
  if (judged !== null) return judged;
  const rule = found?.detailed_merge_status ?? 'mergeable';
  return mayBeMerged.has(rule) ? { kind: 'approved', by } : { kind: 'pending', by, why: `GitLab says ${rule}` };
}

/** A conflict, or a base that has moved on, is no decision of anybody, and shows where it is merged. */
const mayBeMerged: ReadonlySet<string> = new Set(['mergeable', 'conflict', 'need_rebase']);

interface Votes {
  readonly by: readonly string[];
  /** Who approved before the head commit came. */
  readonly stale: readonly string[];
  /** How many the rules demand, and how many of them GitLab still waits for. */
  readonly required: number;
  readonly left: number;
  /** Since when GitLab knows the head commit; null: it does not, or nobody has approved anything. */
  readonly since: Date | null;
}

function wantOf({ by, stale, required, left }: Votes): string | null {
  if (by.length > 0 && (by.length < required || left > 0)) {
    const short = by.length < required ? `${by.length} of ${required} approvals` : `${left} more by its rules`;
    return stale.length === 0 ? short : `${short}; ${staleWords(stale)}`;
  }
  if (by.length > 0) return null;
  return stale.length > 0 ? staleWords(stale) : 'nobody has approved it yet';
}

/** GitLab keeps an approval where a commit is pushed, unless the project says otherwise. */
function staleWords(stale: readonly string[]): string {
  return `${stale.join(', ')} approved an older commit; revoke that approval and approve again`;
}

/** An approval names no commit: it counts where it is younger than GitLab's record of the head. */
async function votesOf(context: GitlabContext, at: string, { number, headCommit }: PullRequest): Promise<Votes> {
  const { http, repository } = context;
  const purpose = `read the approvals of !${number} of ${repository}`;
  const { body } = await http.get(`${at}/approvals`, { purpose });
  const { approved_by: given, approvals_required, approvals_left } = shaped(http, purpose, Approvals, body);
  const rules = { required: approvals_required ?? 0, left: approvals_left ?? 0 };
  if (given.length === 0) return { ...rules, by: [], stale: [], since: null };
  const since = await headSince(context, at, { number, headCommit });
  const isTold = given.every(({ approved_at }) => typeof approved_at === 'string');
  const noted = isTold ? new Map<string, string>() : await notedApprovals(context, at, number);
  const isFresh = (username: string, told: string | null | undefined): boolean => {
    const when = told ?? noted.get(username);
    return since !== null && when !== undefined && new Date(when) >= since;
  };
  const fresh = given.filter(({ user, approved_at }) => isFresh(user.username, approved_at));
  const by = fresh.map(({ user }) => user.username);
  const stale = given.map(({ user }) => user.username).filter((name) => !by.includes(name));
  return { ...rules, by, stale, since };
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
