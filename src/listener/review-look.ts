/** What branches and pull requests show: one request to git, one to the forge, and a few where something vanished. */

import type { ProposedPublication } from '../domain/configuration-publication.ts';
import type { CommitId } from '../domain/identifiers.ts';
import type { PullRequest } from '../domain/pull-request.ts';
import type { LaneContext, LaneMemory, Review } from './context.ts';

/** A lane whose changes are proposed. */
export interface ReviewContext extends LaneContext {
  readonly review: Review;
  readonly publication: ProposedPublication;
}

export interface ReviewLook {
  readonly head: CommitId | null;
  readonly tips: ReadonlyMap<string, CommitId>;
  /** By branch. */
  readonly open: ReadonlyMap<string, PullRequest>;
  readonly fingerprint: string;
}

/** How far back a start looks for pull requests that people have closed. */
const memoryMs = 30 * 86_400_000;
/** Beyond this many it is cheaper to list what was closed of late. */
const mostReads = 3;
const marginMs = 600_000;

/** Null with publication `direct`. */
export function reviewContext(context: LaneContext): ReviewContext | null {
  const { publication } = context.settings;
  if (context.review === null || publication.mode !== 'proposed') return null;
  return { ...context, review: context.review, publication };
}

export async function lookAtReview(context: ReviewContext, memory: LaneMemory): Promise<ReviewLook> {
  const { review, publication, telemetry, namespace } = context;
  const { head, tips } = await review.branches.tips(publication.branchPrefix);
  const open = await review.forge.open(publication.branchPrefix);
  await rememberClosed(context, memory, open);
  memory.review.open = open;
  telemetry.reviews(namespace, open.length);
  for (const budget of review.forge.budgets()) telemetry.forgeBudget(namespace, budget);
  // The newest where a forge allows several.
  const byHead = new Map([...open].sort((one, other) => one.number - other.number).map((one) => [one.head, one]));
  return { head, tips, open: byHead, fingerprint: fingerprintOf(head, tips, open) };
}

/** What vanished from the open ones was merged or closed; at a start that is asked for as a whole. */
async function rememberClosed(
  { review, publication, clock }: ReviewContext,
  { review: memory }: LaneMemory,
  open: readonly PullRequest[],
): Promise<void> {
  const { branchPrefix } = publication;
  const numbers = new Set(open.map(({ number }) => number));
  // Opened again.
  for (const [head, closed] of memory.closed) {
    if (closed.some(({ number }) => numbers.has(number))) {
      memory.closed.set(
        head,
        closed.filter(({ number }) => !numbers.has(number)),
      );
    }
  }
  const now = clock.now().getTime();
  if (memory.open === null) {
    noteClosed(memory, await review.forge.closed(branchPrefix, new Date(now - memoryMs)));
    return;
  }
  const vanished = memory.open.filter(({ number }) => !numbers.has(number));
  if (vanished.length === 0) return;
  if (vanished.length <= mostReads) {
    for (const { number } of vanished) noteClosed(memory, [await review.forge.read(number)]);
    return;
  }
  const oldest = Math.min(...vanished.map(({ updatedAt }) => updatedAt.getTime()));
  noteClosed(memory, await review.forge.closed(branchPrefix, new Date(Math.min(oldest, now) - marginMs)));
}

/** Newest first; one that is known already is replaced. */
export function noteClosed(
  { closed }: Pick<LaneMemory['review'], 'closed'>,
  found: readonly (PullRequest | null)[],
): void {
  for (const one of found) {
    if (one === null || one.state === 'open') continue;
    const others = (closed.get(one.head) ?? []).filter(({ number }) => number !== one.number);
    closed.set(
      one.head,
      [one, ...others].sort((left, right) => right.number - left.number),
    );
  }
}

function fingerprintOf(
  head: CommitId | null,
  tips: ReadonlyMap<string, CommitId>,
  open: readonly PullRequest[],
): string {
  const shown = open.map(({ number, headCommit, mergeability, draft, title, body }) => [
    ...[number, headCommit, mergeability, draft],
    ...[title, body],
  ]);
  return JSON.stringify([head, [...tips].sort(), shown]);
}
