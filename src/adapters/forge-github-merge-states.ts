/** How open pull requests of GitHub can be merged, many by one question. */
import { asTowpathError } from '../domain/failure.ts';
import type { PullRequest } from '../domain/pull-request.ts';
import type { GithubContext } from './forge-github.ts';
import type { GraphqlAnswer } from './forge-github-http.ts';
import { MergeStates, mergeabilityOf } from './forge-github-shapes.ts';
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
    for (const { number, headRefOid, mergeable, mergeStateStatus } of pullRequests.nodes.filter(
      (node) => node !== null,
    )) {
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
