/** How open pull requests of GitHub can be merged, many by one question. */
import { asTowpathError } from '../../../domain/failure.ts';
import type { PullRequest } from '../../../domain/pull-request.ts';
import { shaped } from '../http/shape.ts';
import type { GithubContext } from './github-context.ts';
import { MergeStates, mergeabilityOf } from './shapes.ts';

interface MergeState {
  /** The commit that this is said of. */
  readonly head: string;
  readonly mergeability: PullRequest['mergeability'];
}

const mergeStatesQuery = `
query($owner: String!, $name: String!, $base: String!, $first: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequests(states: OPEN, baseRefName: $base, first: $first, after: $after) {
      nodes { number headRefOid mergeable mergeStateStatus }
      pageInfo { hasNextPage endCursor }
    }
  }
}`;

/** So many at once: GitHub works each out, and ends what takes it longer than ten seconds. */
const sizes = [100, 25, 5] as const;

/** A list in REST has no mergeability; GraphQL tells that of a hundred for one point. What it cannot tell is left out. */
export async function mergeStatesOf(context: GithubContext): Promise<ReadonlyMap<number, MergeState>> {
  const found = new Map<number, MergeState>();
  let [size, ...smaller] = sizes as readonly number[];
  let after: string | null = null;
  while (size !== undefined) {
    const answer = await askPage(context, size, after);
    if (answer === 'nothing') return found;
    if (answer === 'too much') {
      [size, ...smaller] = smaller;
      continue;
    }
    const { nodes, pageInfo }: Page = answer;
    for (const { number, headRefOid, mergeable, mergeStateStatus } of nodes.filter((node) => node !== null)) {
      const can = mergeable === 'UNKNOWN' ? null : mergeable === 'MERGEABLE';
      found.set(number, { head: headRefOid, mergeability: mergeabilityOf(can, mergeStateStatus.toLowerCase()) });
    }
    after = pageInfo.endCursor;
    if (!pageInfo.hasNextPage || after === null) return found;
  }
  return found;
}

type Page = MergeStates['repository']['pullRequests'];

async function askPage(
  context: GithubContext,
  first: number,
  after: string | null,
): Promise<Page | 'nothing' | 'too much'> {
  const purpose = `read how the pull requests of ${context.repository} can be merged`;
  const [owner = '', name = ''] = context.repository.split('/');
  const variables = { owner, name, base: context.base, first, after };
  try {
    const query = { query: mergeStatesQuery, variables, purpose, makesContent: false, isOptional: true };
    const answer = await context.http.graphql(query);
    if (answer.kind === 'refused') return 'nothing';
    return shaped(context.http, purpose, MergeStates, answer.data).repository.pullRequests;
  } catch (error) {
    const reason = asTowpathError(error)?.reason ?? '';
    if (reason === 'ForgeUnreachable') return 'too much';
    // A token may be let into REST alone: then mergeability stays unknown until one is read by itself.
    if (['ForgeForbidden', 'ForgeMissing'].includes(reason)) return 'nothing';
    throw error;
  }
}
