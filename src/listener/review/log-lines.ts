/** One line in the log for each thing that happens to a pull request, with its deployment and its link. */
import type { DeploymentName } from '../../domain/identifiers.ts';
import type { PullRequest } from '../../domain/pull-request.ts';
import { resourceNameOf } from '../../domain/resource-name.ts';
import type { LaneMemory } from '../context.ts';
import { describe } from '../describe.ts';
import { branchOf } from './cases.ts';
import type { ReviewContext, ReviewLook } from './look.ts';

type Happening = 'opened' | 'updated' | 'approved' | 'merged' | 'rejected' | 'reopened' | 'edited' | 'closed';

const sentences: Readonly<Record<Happening, string>> = {
  opened: 'Opened a pull request',
  updated: 'Updated a pull request',
  approved: 'A pull request was approved',
  merged: 'A pull request was merged',
  rejected: 'A pull request was rejected',
  reopened: 'A pull request was opened again',
  edited: 'A person committed to the branch of a pull request',
  closed: 'Closed a pull request',
};

interface Occurrence {
  readonly happening: Happening;
  readonly branch: string;
  /** Null: the branch has none. */
  readonly pullRequest: Pick<PullRequest, 'number' | 'url'> | null;
  /** Absent: the branch tells it. */
  readonly deployment?: DeploymentName;
  /** What tells it from the last one of its kind: who approved, which commit. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** Once, though passes see it again and again until something else happens to the branch. */
export function logHappening(
  context: Pick<ReviewContext, 'log' | 'namespace'>,
  { review }: Pick<LaneMemory, 'review'>,
  { happening, branch, pullRequest, deployment, detail = {} }: Occurrence,
): void {
  // Whoever merges tells more of it than whoever finds it merged.
  const key = JSON.stringify([happening, pullRequest?.number ?? null, happening === 'merged' ? null : detail]);
  // A commit stays on its branch whatever else happens.
  const about = happening === 'edited' ? `${branch} edited` : branch;
  if (review.logged.get(about) === key) return;
  review.logged.set(about, key);
  context.log.info(sentences[happening], {
    namespace: context.namespace,
    deployment: deployment ?? resourceNameOf(branch).replace(/-[0-9a-f]{10}$/, ''),
    ...detail,
    pullRequest: pullRequest?.number,
    url: pullRequest?.url,
    branch,
  });
}

/** What people did since the last look; a first look has nothing to compare with. */
export async function logLooked(context: ReviewContext, memory: LaneMemory, look: ReviewLook): Promise<void> {
  const approved = await newApprovals(context, memory, look);
  const { merged, reopened } = look;
  if (merged.length + reopened.length + approved.length === 0) return;
  const { branchPrefix } = context.publication;
  const items = context.desired.items(context.namespace);
  const names = new Map(items.map((desired) => [branchOf(branchPrefix, desired), desired.name]));
  const log = (happening: Happening, pullRequest: PullRequest, detail: Occurrence['detail'] = {}): void => {
    const deployment = names.get(pullRequest.head);
    const named = deployment === undefined ? {} : { deployment };
    logHappening(context, memory, { happening, branch: pullRequest.head, pullRequest, detail, ...named });
  };
  for (const one of reopened) log('reopened', one);
  for (const { pullRequest, by } of approved) log('approved', pullRequest, { by: by.join(', ') });
  for (const one of merged) log('merged', one);
}

/** So many are asked about a look: each costs a forge two or three requests, and this is only to be told. */
const mostAsked = 3;
const leastRequests = 100;

interface Approved {
  readonly pullRequest: PullRequest;
  readonly by: readonly string[];
}

/** Asked for where the forge itself merges, and something about it has changed; the listener's own merges ask anyway. */
async function newApprovals(
  { review, publication, log, namespace }: ReviewContext,
  memory: LaneMemory,
  { open }: ReviewLook,
): Promise<readonly Approved[]> {
  const { changedAt } = memory.review;
  const changed = [...open.values()].filter(({ number, updatedAt }) => {
    const before = changedAt.get(number);
    changedAt.set(number, updatedAt.getTime());
    return before !== undefined && before < updatedAt.getTime();
  });
  const numbers = new Set([...open.values()].map(({ number }) => number));
  for (const number of changedAt.keys()) if (!numbers.has(number)) changedAt.delete(number);
  const left = review.forge.budgets().find(({ name }) => name === 'requests')?.left ?? leastRequests;
  if (publication.merge !== 'forge' || left < leastRequests) return [];
  const approved: Approved[] = [];
  for (const pullRequest of changed.slice(0, mostAsked)) {
    try {
      const { by } = await review.forge.approval(pullRequest);
      if (by.length > 0) approved.push({ pullRequest, by });
    } catch (error) {
      log.debug('Cannot ask who approved a pull request', { namespace, url: pullRequest.url, error: describe(error) });
    }
  }
  return approved;
}
