/** What GitHub says of merging: how open pull requests stand, and that it should merge one by itself. */

import { plainLine } from '../core/plain-line.ts';
import { asTowpathError } from '../domain/failure.ts';
import type { CommitId } from '../domain/identifiers.ts';
import type { MergeMethod, PullRequest } from '../domain/pull-request.ts';
import type { GithubContext } from './forge-github.ts';
import type { GraphqlAnswer } from './forge-github-http.ts';
import { MergeStates, mergeabilityOf, type Pull } from './forge-github-shapes.ts';
import { messagesOf } from './forge-http-failure.ts';
import { shaped } from './forge-http-shape.ts';

interface MergeState {
  /** The commit that this is said of. */
  readonly head: string;
  readonly mergeability: PullRequest['mergeability'];
}

const mergeStatesQuery = `
query($owner: String!, $name: String!, $base: String!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequests(states: OPEN, baseRefName: $base, first: 100, after: $after) {
      nodes { number headRefOid mergeable mergeStateStatus }
      pageInfo { hasNextPage endCursor }
    }
  }
}`;

/** A list in REST has no mergeability; GraphQL tells that of a hundred for one point. */
export async function mergeStatesOf(context: GithubContext): Promise<ReadonlyMap<number, MergeState>> {
  const found = new Map<number, MergeState>();
  const purpose = `read how the pull requests of ${context.repository} can be merged`;
  const [owner = '', name = ''] = context.repository.split('/');
  let after: string | null = null;
  for (;;) {
    const variables: Readonly<Record<string, unknown>> = { owner, name, base: context.base, after };
    const answer: GraphqlAnswer | null = await context.http
      .graphql({ query: mergeStatesQuery, variables, purpose, makesContent: false })
      .catch(nothingWhereForbidden);
    if (answer?.kind !== 'data') return found;
    const { pullRequests }: MergeStates['repository'] = shaped(
      context.http,
      purpose,
      MergeStates,
      answer.data,
    ).repository;
    for (const { number, headRefOid, mergeable, mergeStateStatus } of pullRequests.nodes) {
      const can = mergeable === 'UNKNOWN' ? null : mergeable === 'MERGEABLE';
      found.set(number, { head: headRefOid, mergeability: mergeabilityOf(can, mergeStateStatus.toLowerCase()) });
    }
    after = pullRequests.pageInfo.endCursor;
    if (!pullRequests.pageInfo.hasNextPage || after === null) return found;
  }
}

/** A token may be let into REST alone: then mergeability stays unknown until one is read by itself. */
function nothingWhereForbidden(error: unknown): null {
  if (['ForgeForbidden', 'ForgeMissing'].includes(asTowpathError(error)?.reason ?? '')) return null;
  throw error;
}

const autoMergeMutation = `
mutation($input: EnablePullRequestAutoMergeInput!) {
  enablePullRequestAutoMerge(input: $input) { pullRequest { number } }
}`;

interface Merging {
  readonly head: CommitId;
  readonly method: MergeMethod;
}

/** Null: it does, or has; else why it cannot. */
export async function enableAutoMerge(context: GithubContext, pull: Pull, merging: Merging): Promise<string | null> {
  const purpose = `let pull request #${pull.number} of ${context.repository} be merged`;
  const mergeMethod = merging.method.toUpperCase();
  const input = { pullRequestId: pull.node_id, mergeMethod, expectedHeadOid: merging.head };
  const answer: GraphqlAnswer | null = await context.http.graphql({
    query: autoMergeMutation,
    variables: { input },
    purpose,
    makesContent: true,
  });
  if (answer.kind === 'data') return null;
  // GitHub arms nothing where nothing is left to wait for: then the merge itself is what is asked for.
  if (/is in (?:clean|unstable|has_hooks) status/i.test(answer.message)) return mergeNow(context, pull, merging);
  // No rules, so nothing that could ever be met later.
  if (/rules not configured/i.test(answer.message) && isReady(pull)) return mergeNow(context, pull, merging);
  return plainLine(answer.message);
}

function isReady({ mergeable, mergeable_state }: Pull): boolean {
  return mergeabilityOf(mergeable ?? null, mergeable_state) === 'mergeable';
}

async function mergeNow(context: GithubContext, pull: Pull, { head, method }: Merging): Promise<string | null> {
  const purpose = `merge pull request #${pull.number} of ${context.repository}`;
  const call = { purpose, accept: [405, 409, 422] };
  const path = `${context.at}/pulls/${pull.number}/merge`;
  const { status, body } = await context.http.put(path, { merge_method: method, sha: head }, call);
  return status < 400 ? null : messagesOf(body).join('; ') || `GitHub answered ${status}`;
}
