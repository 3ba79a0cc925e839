/** Merging on GitLab: at once where a merge request is ready, else by itself once its rules are met. */
import { setTimeout as sleep } from 'node:timers/promises';
import { TowpathError } from '../../../domain/failure.ts';
import type { MergeMethod, PullRequest } from '../../../domain/pull-request.ts';
import { messagesOf } from '../http/failure.ts';
import type { GitlabContext } from './gitlab-context.ts';
import { readOne } from './lists.ts';
import { methodsOf } from './project.ts';
import { type MergeRequest, pullRequestOf } from './shapes.ts';

/** After an opening or a push GitLab works out in the background what the head is, and whether it can be merged. */
const tries = { most: 10, pauseMs: 300 } as const;

/** Null: it is merged, or will be; else why it cannot, for people. Rejects where GitLab has not worked it out in time. */
export async function gitlabAutoMerge(
  context: GitlabContext,
  pullRequest: PullRequest,
  method: MergeMethod,
  message: string | null,
): Promise<string | null> {
  const methods = methodsOf(await context.project.read());
  if (!methods.includes(method)) return `the project merges by ${methods.join(' or ')}, not by ${method}`;
  let refused = null as { readonly status: string; readonly words: string } | null;
  for (let attempt = 1; ; attempt += 1) {
    const found = await readOne(context, pullRequest.number);
    if (found?.state === 'merged') return null;
    if (!found || found.state === 'closed') return 'it is no longer open';
    const isKnown = isWorkedOut(found, pullRequest);
    if (!isKnown && attempt < tries.most) {
      await sleep(tries.pauseMs);
      continue;
    }
    if (found.sha !== pullRequest.headCommit) throw undecided(context, pullRequest);
    if (found.merge_when_pipeline_succeeds === true) return null;
    const status = statusOf(found);
    // What was refused as long as it said something else is asked for once more: it has become ready meanwhile, say.
    if (refused?.status === status) return refused.words;
    const words = await ask(context, pullRequest, found, { method, message });
    if (words === null) return null;
    if (!isKnown) throw undecided(context, pullRequest);
    if (attempt >= tries.most) return words;
    refused = { status, words };
  }
}

function isWorkedOut(found: MergeRequest, { headCommit }: PullRequest): boolean {
  return found.sha === headCommit && pullRequestOf(found).mergeability !== 'unknown';
}

function undecided({ http, repository }: GitlabContext, { number, headCommit }: PullRequest): TowpathError {
  const state = `${http.server} does not know yet whether ${headCommit.slice(0, 12)} can be`;
  const message = `Cannot let !${number} of ${repository} be merged: ${state}; it is tried again`;
  return new TowpathError('transient', 'ForgeNotMergeable', message);
}

function statusOf({ detailed_merge_status: detailed, merge_status: plain }: MergeRequest): string {
  return detailed ?? plain ?? 'unknown';
}

async function ask(
  { http, repository, project }: GitlabContext,
  { number, headCommit }: PullRequest,
  found: MergeRequest,
  { method, message }: { readonly method: MergeMethod; readonly message: string | null },
): Promise<string | null> {
  const purpose = `let !${number} of ${repository} be merged`;
  const put = (tail: string, wish: object, accept: readonly number[] = []) =>
    project.ask((path) => http.put(`${path}/merge_requests/${number}${tail}`, wish, { purpose, accept }));
  const squash = method === 'squash';
  // The merge itself can only add it, not take back what the project chooses for new ones.
  if (found.squash === true && !squash) await put('', { squash });
  const isReady = pullRequestOf(found).mergeability === 'mergeable';
  // The second name is what GitLab called it before 17.11.
  const waiting = isReady ? {} : { auto_merge: true, merge_when_pipeline_succeeds: true };
  const said = squash && message !== null ? { squash_commit_message: message } : {};
  const wish = { sha: headCommit, squash, ...said, ...waiting };
  const { status, body } = await put('/merge', wish, [401, 405, 406, 409, 422]);
  if (status < 400) return null;
  if (status === 401) return 'this token may not merge into that branch';
  return `${messagesOf(body).join('; ') || `GitLab answered ${status}`} (${statusOf(found)})`;
}
