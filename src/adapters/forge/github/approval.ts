/** What GitHub's reviews, statuses and check runs say of the head commit of a pull request. */

import { z } from 'zod';
import type { Approval, PullRequest } from '../../../domain/pull-request.ts';
import { shaped } from '../http/shape.ts';
import type { GithubContext } from './github-context.ts';
import { rightOf } from './repository.ts';
import { CheckRuns, CombinedStatus, Review } from './shapes.ts';

type Checks = { readonly kind: 'good' } | { readonly kind: 'running' | 'failed'; readonly names: readonly string[] };

export async function approvalOf(context: GithubContext, pullRequest: PullRequest): Promise<Approval> {
  const last = await lastReviews(context, pullRequest);
  const approvers: string[] = [];
  const against: string[] = [];
  for (const { login, state, commit } of last) {
    if (state === 'DISMISSED' || !(await mayWrite(context, login))) continue;
    if (state === 'CHANGES_REQUESTED') against.push(login);
    // Of an older commit: what is there now was not seen.
    else if (commit === pullRequest.headCommit) approvers.push(login);
  }
  if (against.length > 0) return { kind: 'refused', by: approvers, why: `changes requested by ${against.join(', ')}` };
  const checks = await checksOf(context, pullRequest);
  if (checks.kind === 'failed') return { kind: 'refused', by: approvers, why: `failed: ${checks.names.join(', ')}` };
  if (checks.kind === 'running') return { kind: 'pending', by: approvers, why: `waits for ${checks.names.join(', ')}` };
  if (approvers.length > 0) return { kind: 'approved', by: approvers };
  return { kind: 'pending', by: [], why: 'nobody with write access has approved this commit yet' };
}

interface LastReview {
  readonly login: string;
  readonly state: string;
  readonly commit: string | null;
}

/** A comment takes no approval back. */
async function lastReviews(context: GithubContext, { number }: PullRequest): Promise<readonly LastReview[]> {
  const purpose = `read the reviews of pull request #${number} of ${context.repository}`;
  const call = { purpose, query: { per_page: 100 } };
  const last = new Map<string, LastReview>();
  for await (const { body } of context.http.pages(`${context.at}/pulls/${number}/reviews`, call)) {
    for (const review of shaped(context.http, purpose, z.array(Review), body)) {
      const login = review.user?.login;
      if (login === undefined || !['APPROVED', 'CHANGES_REQUESTED', 'DISMISSED'].includes(review.state)) continue;
      last.set(login, { login, state: review.state, commit: review.commit_id });
    }
  }
  return [...last.values()];
}

/** Whoever sees a public repository may review; only those count whom the repository lets write. */
async function mayWrite(context: GithubContext, login: string): Promise<boolean> {
  const right = await rightOf(context, login);
  return right === 'admin' || right === 'write';
}

async function checksOf(context: GithubContext, { headCommit }: PullRequest): Promise<Checks> {
  const commit = `${context.at}/commits/${headCommit}`;
  const purpose = `read the checks of ${headCommit} in ${context.repository}`;
  const found: { readonly name: string; readonly state: ReturnType<typeof wordOfRun> }[] = [];
  for await (const { body } of context.http.pages(`${commit}/status`, { purpose, query: { per_page: 100 } })) {
    const { statuses } = shaped(context.http, purpose, CombinedStatus, body);
    found.push(...statuses.map(({ context: name, state }) => ({ name, state: wordOfStatus(state) })));
  }
  for await (const { body } of context.http.pages(`${commit}/check-runs`, { purpose, query: { per_page: 100 } })) {
    const runs = shaped(context.http, purpose, CheckRuns, body).check_runs;
    found.push(...runs.map(({ name, conclusion }) => ({ name, state: wordOfRun(conclusion) })));
  }
  const named = (word: string): readonly string[] =>
    found.filter(({ state }) => state === word).map(({ name }) => name);
  const [failed, running] = [named('failed'), named('running')];
  if (failed.length > 0) return { kind: 'failed', names: failed };
  return running.length > 0 ? { kind: 'running', names: running } : { kind: 'good' };
}

function wordOfStatus(state: string): 'good' | 'running' | 'failed' {
  if (state === 'success') return 'good';
  return state === 'pending' ? 'running' : 'failed';
}

function wordOfRun(conclusion: string | null): 'good' | 'running' | 'failed' {
  if (conclusion === null) return 'running';
  return ['success', 'neutral', 'skipped'].includes(conclusion) ? 'good' : 'failed';
}
