/** Reads pull requests of GitHub: the open ones, the closed ones, one by its number, and who closed it. */
import { z } from 'zod';
import type { PullRequest } from '../../../domain/pull-request.ts';
import { shaped } from '../http/shape.ts';
import type { GithubContext } from './github-context.ts';
import { mergeStatesOf } from './merge-states.ts';
import { isOwn, Pull, pullRequestOf } from './shapes.ts';

export async function listOpen(context: GithubContext, prefix: string): Promise<readonly PullRequest[]> {
  const found = await openPulls(context, prefix);
  if (found.length === 0) return [];
  const states = await mergeStatesOf(context);
  return found.map((pull) => {
    const state = states.get(pull.number);
    return pullRequestOf(pull, state?.head === pull.head.sha ? state.mergeability : 'unknown');
  });
}

/** Looked for in the whole list: GitHub's own search wants the owner's name, which may be another one by now. */
export async function findOpen(context: GithubContext, head: string): Promise<Pull | null> {
  return (await openPulls(context, head)).find((pull) => pull.head.ref === head) ?? null;
}

async function openPulls(context: GithubContext, prefix: string): Promise<readonly Pull[]> {
  const purpose = `list the open pull requests of ${context.repository}`;
  const query = { state: 'open', base: context.base, per_page: 100 };
  const found: Pull[] = [];
  for await (const page of context.http.pages(`${context.at}/pulls`, { purpose, query })) {
    found.push(...ownPulls(context, purpose, page.body, prefix));
  }
  return found;
}

/** In the order of their last change, so that the first one that is too old ends it. */
export async function listClosed(context: GithubContext, prefix: string, after: Date): Promise<readonly PullRequest[]> {
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

export async function read(context: GithubContext, number: number): Promise<PullRequest | null> {
  const found = await readPull(context, number);
  return found && pullRequestOf(found);
}

export async function readPull(context: GithubContext, number: number): Promise<Pull | null> {
  const purpose = `read pull request #${number} of ${context.repository}`;
  const answer = await context.http.get(`${context.at}/pulls/${number}`, { purpose, accept: [404] });
  if (answer.status !== 404) return shaped(context.http, purpose, Pull, answer.body);
  // A repository that is gone, or hidden from this token, has no pull requests either: that must not pass for an answer.
  await context.http.get(context.at, { purpose });
  return null;
}

/** Of one that was merged, who merged it. */
export async function closedBy(context: GithubContext, number: number): Promise<string | null> {
  const purpose = `read who closed pull request #${number} of ${context.repository}`;
  const { body, status } = await context.http.get(`${context.at}/issues/${number}`, { purpose, accept: [410] });
  if (status === 410) return null;
  return shaped(context.http, purpose, Issue, body).closed_by?.login ?? null;
}

const Issue = z.object({ closed_by: z.object({ login: z.string() }).nullish() });
