/** The port Forge on github.com and GitHub Enterprise: REST for pull requests, GraphQL for what REST lacks. */
import { z } from 'zod';
import { TowpathError } from '../domain/failure.ts';
import type { MergeMethod, NewPullRequest, PullRequest, PullRequestContent } from '../domain/pull-request.ts';
import type { Forge } from '../ports.ts';
import type { GithubAppAccess } from './forge-github-app.ts';
import { approvalOf } from './forge-github-approval.ts';
import type { GithubHttp } from './forge-github-http.ts';
import { enableAutoMerge, mergeStatesOf } from './forge-github-merging.ts';
import { readRepository } from './forge-github-repository.ts';
import { isOwn, Pull, pullRequestOf } from './forge-github-shapes.ts';
import type { ForgeCall } from './forge-http.ts';
import { forgeFailure, messagesOf } from './forge-http-failure.ts';
import { shaped } from './forge-http-shape.ts';

export interface GithubForgeSettings {
  readonly http: GithubHttp;
  readonly apiUrl: string;
  /** `owner/name`. */
  readonly repository: string;
  /** The branch that pull requests go onto. */
  readonly base: string;
  /** Whose tokens `http` uses; null: those of a person. */
  readonly app: Pick<GithubAppAccess, 'account' | 'permissions'> | null;
}

export interface GithubContext extends GithubForgeSettings {
  /** `/repos/owner/name`. */
  readonly at: string;
}

export function githubForge(settings: GithubForgeSettings): Forge {
  const context: GithubContext = { ...settings, at: `/repos/${settings.repository}` };
  const { http } = settings;
  return {
    kind: 'github',
    open: (prefix) => listOpen(context, prefix),
    closed: (prefix, after) => listClosed(context, prefix, after),
    read: (number) => read(context, number),
    closedBy: (number) => closedBy(context, number),
    create: (request) => create(context, request),
    update: (number, content) => update(context, number, content),
    close: (number, body) => close(context, number, body),
    autoMerge: (pullRequest, method) => autoMerge(context, pullRequest, method),
    approval: (pullRequest) => approvalOf(context, pullRequest),
    // GitHub sees in the push itself that the base holds the head.
    markMerged: async () => true,
    repository: () => readRepository(context),
    budgets: () => http.budgets(),
    dispose: () => http.dispose(),
  };
}

async function listOpen(context: GithubContext, prefix: string): Promise<readonly PullRequest[]> {
  const purpose = `list the open pull requests of ${context.repository}`;
  const query = { state: 'open', base: context.base, per_page: 100 };
  const found: Pull[] = [];
  for await (const page of context.http.pages(`${context.at}/pulls`, { purpose, query })) {
    found.push(...ownPulls(context, purpose, page.body, prefix));
  }
  if (found.length === 0) return [];
  const states = await mergeStatesOf(context);
  return found.map((pull) => {
    const state = states.get(pull.number);
    return pullRequestOf(pull, state?.head === pull.head.sha ? state.mergeability : 'unknown');
  });
}

/** In the order of their last change, so that the first one that is too old ends it. */
async function listClosed(context: GithubContext, prefix: string, after: Date): Promise<readonly PullRequest[]> {
  const purpose = `list the closed pull requests of ${context.repository}`;
  const query = { state: 'closed', base: context.base, sort: 'updated', direction: 'desc', per_page: 100 };
  const found: Pull[] = [];
  for await (const page of context.http.pages(`${context.at}/pulls`, { purpose, query })) {
    const all = shaped(context.http, purpose, z.array(Pull), page.body);
    found.push(...all.filter((pull) => isOwn(pull) && pull.head.ref.startsWith(prefix)));
    const last = all.at(-1);
    if (last && new Date(last.updated_at) < after) break;
  }
  return found
    .filter((pull) => typeof pull.closed_at === 'string' && new Date(pull.closed_at) >= after)
    .map((pull) => pullRequestOf(pull, 'unknown'));
}

function ownPulls(context: GithubContext, purpose: string, body: unknown, prefix: string): readonly Pull[] {
  const all = shaped(context.http, purpose, z.array(Pull), body);
  return all.filter((pull) => isOwn(pull) && pull.head.ref.startsWith(prefix));
}

async function read(context: GithubContext, number: number): Promise<PullRequest | null> {
  const found = await readPull(context, number);
  return found && pullRequestOf(found);
}

async function readPull(context: GithubContext, number: number): Promise<Pull | null> {
  const purpose = `read pull request #${number} of ${context.repository}`;
  const answer = await context.http.get(`${context.at}/pulls/${number}`, { purpose, accept: [404] });
  if (answer.status !== 404) return shaped(context.http, purpose, Pull, answer.body);
  // A repository that is gone, or hidden from this token, has no pull requests either: that must not pass for an answer.
  await context.http.get(context.at, { purpose });
  return null;
}

/** Of one that was merged, who merged it. */
async function closedBy(context: GithubContext, number: number): Promise<string | null> {
  const purpose = `read who closed pull request #${number} of ${context.repository}`;
  const { body } = await context.http.get(`${context.at}/issues/${number}`, { purpose });
  return shaped(context.http, purpose, Issue, body).closed_by?.login ?? null;
}

const Issue = z.object({ closed_by: z.object({ login: z.string() }).nullish() });

async function create(context: GithubContext, request: NewPullRequest): Promise<PullRequest> {
  const { title, body, head, draft, labels } = request;
  const purpose = `open a pull request for "${head}" of ${context.repository}`;
  const call = { purpose, accept: [422] };
  const answer = await context.http.post(`${context.at}/pulls`, { title, body, head, base: context.base, draft }, call);
  if (answer.status === 422) return bringUpToDate(context, request, purpose, answer.body);
  const made = shaped(context.http, purpose, Pull, answer.body);
  const given = await addLabels(context, made, labels);
  await askReviewers(context, made.number, request);
  return pullRequestOf({ ...made, labels: given });
}

/** GitHub refuses a second one of the same head and base: then the first is the answer. */
async function bringUpToDate(
  context: GithubContext,
  request: NewPullRequest,
  purpose: string,
  refusal: unknown,
): Promise<PullRequest> {
  const exists = messagesOf(refusal).some((message) => /already exists/i.test(message));
  const standing = exists ? await findOpen(context, request.head) : null;
  if (standing) {
    const updated = await update(context, standing.number, request);
    await askReviewers(context, standing.number, request);
    return updated;
  }
  if (exists) throw notSeenYet(purpose, context.http.server, refusal);
  const about = { purpose, server: context.http.server, status: 422, headers: {}, body: refusal, isPage: false };
  throw forgeFailure({ ...about, now: new Date() });
}

/** Its list is a moment behind. */
function notSeenYet(purpose: string, server: string, refusal: unknown): TowpathError {
  const words = messagesOf(refusal).join('; ');
  return new TowpathError('transient', 'ForgeBehind', `Cannot ${purpose} at ${server}: ${words}; it is tried again`);
}

async function findOpen(context: GithubContext, head: string): Promise<Pull | null> {
  const purpose = `find the pull request of "${head}" in ${context.repository}`;
  const [owner] = context.repository.split('/');
  const query = { state: 'open', base: context.base, head: `${owner}:${head}`, per_page: 100 };
  const { body } = await context.http.get(`${context.at}/pulls`, { purpose, query });
  return ownPulls(context, purpose, body, head).find((pull) => pull.head.ref === head) ?? null;
}

async function update(context: GithubContext, number: number, content: PullRequestContent): Promise<PullRequest> {
  const purpose = `update pull request #${number} of ${context.repository}`;
  const { title, body, labels } = content;
  const answer = await context.http.patch(`${context.at}/pulls/${number}`, { title, body }, { purpose });
  const updated = shaped(context.http, purpose, Pull, answer.body);
  return pullRequestOf({ ...updated, labels: await addLabels(context, updated, labels) });
}

async function close(context: GithubContext, number: number, body: string): Promise<void> {
  const purpose = `close pull request #${number} of ${context.repository}`;
  await context.http.patch(`${context.at}/pulls/${number}`, { state: 'closed', body }, { purpose });
}

/** What does not exist yet is made by GitHub; one call for all, and none where nothing is missing. */
async function addLabels(context: GithubContext, pull: Pull, labels: readonly string[]): Promise<Pull['labels']> {
  const held = new Set(pull.labels.map(({ name }) => name.toLowerCase()));
  const missing = [...new Set(labels)].filter((label) => !held.has(label.toLowerCase()));
  if (missing.length === 0) return pull.labels;
  const purpose = `label pull request #${pull.number} of ${context.repository}`;
  // Without the right to label, a pull request without labels is better than none.
  const call = { purpose, accept: [403, 404, 422] };
  const path = `${context.at}/issues/${pull.number}/labels`;
  const { status, body } = await context.http.post(path, { labels: missing }, call);
  if (status >= 400) return pull.labels;
  return shaped(context.http, purpose, z.array(z.object({ name: z.string() })), body);
}

/** One who cannot be asked makes GitHub refuse all of them: then each is asked alone. */
async function askReviewers(
  context: GithubContext,
  number: number,
  { reviewers, teamReviewers }: Pick<NewPullRequest, 'reviewers' | 'teamReviewers'>,
): Promise<void> {
  if (reviewers.length + teamReviewers.length === 0) return;
  const path = `${context.at}/pulls/${number}/requested_reviewers`;
  const call: ForgeCall = {
    purpose: `ask for a review of #${number} of ${context.repository}`,
    accept: [403, 404, 422],
  };
  const all = { reviewers, team_reviewers: teamReviewers };
  const { status } = await context.http.post(path, all, call);
  if (status !== 422 || reviewers.length + teamReviewers.length === 1) return;
  for (const reviewer of reviewers) await context.http.post(path, { reviewers: [reviewer] }, call);
  for (const team of teamReviewers) await context.http.post(path, { team_reviewers: [team] }, call);
}

async function autoMerge(
  context: GithubContext,
  pullRequest: PullRequest,
  method: MergeMethod,
): Promise<string | null> {
  const pull = await readPull(context, pullRequest.number);
  if (!pull) return 'there is no such pull request any more';
  if (pull.state !== 'open') return typeof pull.merged_at === 'string' ? null : 'it is closed';
  return enableAutoMerge(context, pull, { head: pullRequest.headCommit, method });
}
