/** The port Forge on github.com and GitHub Enterprise: REST for pull requests, GraphQL for what REST lacks. */
import { z } from 'zod';
import { TowpathError } from '../../../domain/failure.ts';
import type { NewPullRequest, PullRequest, PullRequestContent } from '../../../domain/pull-request.ts';
import type { Forge } from '../../../ports.ts';
import { forgeFailure, messagesOf } from '../http/failure.ts';
import type { ForgeCall } from '../http/http.ts';
import { shaped } from '../http/shape.ts';
import { approvalOf } from './approval.ts';
import type { GithubContext, GithubForgeSettings } from './github-context.ts';
import { autoMerge } from './merging.ts';
import { closedBy, findOpen, listClosed, listOpen, read } from './read.ts';
import { readRepository, unknownReviewers } from './repository.ts';
import { Pull, pullRequestOf } from './shapes.ts';

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
    autoMerge: (...order) => autoMerge(context, ...order),
    approval: (pullRequest) => approvalOf(context, pullRequest),
    // GitHub sees in the push itself that the base holds the head.
    markMerged: async () => true,
    repository: () => readRepository(context),
    unknownReviewers: (names) => unknownReviewers(context, names),
    budgets: () => http.budgets(),
    dispose: () => http.dispose(),
  };
}

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
  const about = { purpose, server: context.http.server, status: 422, headers: {}, isPage: false, now: new Date() };
  throw forgeFailure({ ...about, body: withAdvice(refusal) });
}

/** Opened as one that is none, it might be merged at once. */
function withAdvice(refusal: unknown): unknown {
  const hasNoDrafts = messagesOf(refusal).some((message) => /draft pull requests are not supported/i.test(message));
  return hasNoDrafts ? { message: [...messagesOf(refusal), 'set publication.draft to false'] } : refusal;
}

/** Its list is a moment behind. */
function notSeenYet(purpose: string, server: string, refusal: unknown): TowpathError {
  const words = messagesOf(refusal).join('; ');
  return new TowpathError('transient', 'ForgeBehind', `Cannot ${purpose} at ${server}: ${words}; it is tried again`);
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
  const call = { purpose, accept: [403, 404, 410, 422] };
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
