/** How many removals count against the deletion limit under review. */
import { readMarker } from '../../core/pull-request/marker.ts';
import type { LaneMemory } from '../context.ts';
import type { Selection } from '../decide.ts';
import type { ReviewCase } from './cases.ts';

/** Those that wait for people as well as those that would be proposed now; and what people have merged. */
export function countRemovals(
  { review }: LaneMemory,
  cases: readonly Pick<ReviewCase, 'step' | 'next'>[],
): Pick<Selection, 'removals' | 'removedSince'> {
  const wanted = cases.filter(({ step, next }) => step.kind === 'remove' && next.kind !== 'rejected');
  return {
    removals: wanted.length,
    // By the forge: a squash may call its commit anything, and a merge keeps the commit's date of long before.
    removedSince: (after) =>
      [...review.closed.values()]
        .flat()
        .filter(({ state, updatedAt }) => state === 'merged' && updatedAt >= after)
        .filter(({ body }) => readMarker(body)?.change === 'remove').length,
  };
}
