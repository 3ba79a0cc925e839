/** Merged, says the forge, but the base does not hold it: read a moment ago, or its git is behind its API, or undone. */
import type { LaneMemory } from '../context.ts';
import { TryAgain } from '../publish.ts';
import type { ReviewCase } from './cases.ts';
import type { ReviewContext } from './look.ts';

/** So often it is looked again at once: for all of them together, so that many hold up nobody for longer than one. */
const mostLooks = 4;

export function awaitMerged(
  { repository, clock }: ReviewContext,
  { review }: LaneMemory,
  cases: readonly Pick<ReviewCase, 'next'>[],
): void {
  const now = clock.now().getTime();
  let isNew = false;
  for (const { next } of cases) {
    if (next.kind !== 'merged') continue;
    const { number } = next.pullRequest;
    const { looks, since } = review.mergedLooks.get(number) ?? { looks: 0, since: now };
    review.mergedLooks.set(number, { looks: looks + 1, since });
    isNew ||= looks < mostLooks;
  }
  if (isNew) throw new TryAgain(`branch ${repository.branch} moved`);
}

/** Whether the base has lacked it for so long that somebody must have undone it. */
export function isBelieved({ clock, timings }: ReviewContext, { review }: LaneMemory, number: number): boolean {
  const now = clock.now().getTime();
  const { since } = review.mergedLooks.get(number) ?? { since: now };
  if (now - since >= timings.mergedMs) return true;
  review.lookAgain = true;
  return false;
}
