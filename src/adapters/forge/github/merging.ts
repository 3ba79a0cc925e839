/** Asks GitHub to merge a pull request by itself: now, or once its rules are met. */
import { setTimeout as pause } from 'node:timers/promises';
import { plainLine } from '../../../core/plain-line.ts';
import { splitMessage } from '../../../domain/commit.ts';
import { asTowpathError } from '../../../domain/failure.ts';
import type { CommitId } from '../../../domain/identifiers.ts';
import type { MergeMethod, PullRequest } from '../../../domain/pull-request.ts';
import { messagesOf } from '../http/failure.ts';
import type { GithubContext } from './github-context.ts';
import type { GraphqlAnswer } from './http.ts';
import { readPull } from './read.ts';
import { mergeabilityOf, type Pull } from './shapes.ts';

const autoMergeMutation = `
mutation($input: EnablePullRequestAutoMergeInput!) {
  enablePullRequestAutoMerge(input: $input) { pullRequest { number } }
}`;

interface Merging {
  readonly head: CommitId;
  readonly method: MergeMethod;
  /** Of the one commit of a squash; null: as GitHub words it. */
  readonly message: string | null;
}

/** Null: it does, or has; else why it cannot. */
export async function autoMerge(
  context: GithubContext,
  pullRequest: PullRequest,
  method: MergeMethod,
  message: string | null,
): Promise<string | null> {
  const pull = await readPull(context, pullRequest.number);
  if (!pull) return 'there is no such pull request any more';
  if (pull.state !== 'open') return typeof pull.merged_at === 'string' ? null : 'it is closed';
  return enable(context, pull, { head: pullRequest.headCommit, method, message });
}

async function enable(context: GithubContext, pull: Pull, merging: Merging): Promise<string | null> {
  const purpose = `let pull request #${pull.number} of ${context.repository} be merged`;
  const mergeMethod = merging.method.toUpperCase();
  const words = squashWords(merging);
  const said = words ? { commitHeadline: words.subject, commitBody: words.body } : {};
  const input = { pullRequestId: pull.node_id, mergeMethod, expectedHeadOid: merging.head, ...said };
  const answer = await context.http
    .graphql({ query: autoMergeMutation, variables: { input }, purpose, makesContent: true })
    .catch(refusedWhereForbidden);
  if (answer.kind === 'data') return null;
  // GitHub arms nothing where nothing is left to wait for: then the merge itself is what is asked for.
  if (/is in (?:clean|unstable|has_hooks) status/i.test(answer.message)) return mergeNow(context, pull, merging);
  // No rules, so nothing that could ever be met later.
  if (/rules not configured/i.test(answer.message) && (await isReady(context, pull))) {
    return mergeNow(context, pull, merging);
  }
  return plainLine(answer.message);
}

function squashWords({ method, message }: Merging) {
  return method === 'squash' && message !== null ? splitMessage(message) : null;
}

/** It opens and pushes all the same. */
function refusedWhereForbidden(error: unknown): GraphqlAnswer {
  const known = asTowpathError(error);
  if (known?.reason !== 'ForgeForbidden') throw error;
  return { kind: 'refused', type: 'FORBIDDEN', message: known.message };
}

/** After an opening or a push GitHub works out in the background whether it can be merged; asking sets it to work. */
const tries = { most: 10, pauseMs: 300 } as const;

async function isReady(context: GithubContext, pull: Pull): Promise<boolean> {
  let found: Pull | null = pull;
  for (let attempt = 1; found && readiness(found) === 'unknown' && attempt <= tries.most; attempt += 1) {
    await pause(tries.pauseMs);
    found = await readPull(context, pull.number);
  }
  return found !== null && readiness(found) === 'mergeable';
}

function readiness({ mergeable, mergeable_state }: Pull): PullRequest['mergeability'] {
  return mergeabilityOf(mergeable ?? null, mergeable_state);
}

async function mergeNow(context: GithubContext, pull: Pull, merging: Merging): Promise<string | null> {
  const { head, method } = merging;
  const words = squashWords(merging);
  const said = words ? { commit_title: words.subject, commit_message: words.body } : {};
  const purpose = `merge pull request #${pull.number} of ${context.repository}`;
  const call = { purpose, accept: [403, 405, 409, 422] };
  const path = `${context.at}/pulls/${pull.number}/merge`;
  const { status, body } = await context.http.put(path, { merge_method: method, sha: head, ...said }, call);
  return status < 400 ? null : messagesOf(body).join('; ') || `GitHub answered ${status}`;
}
