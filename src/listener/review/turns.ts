/** Whose turn it is: as many as the forge allows now, and nothing that a process before this one may be at still. */
import type { LaneMemory } from '../context.ts';
import { isDue } from '../drafting.ts';
import type { ReviewCase } from './cases.ts';
import type { ReviewContext, ReviewLook } from './look.ts';

/** Those that need a commit or a text, by their step. */
export function waitingCases(cases: readonly ReviewCase[]): ReadonlyMap<unknown, ReviewCase> {
  return new Map(
    cases.filter(({ next }) => next.kind === 'push' || next.kind === 'describe').map((each) => [each.step, each]),
  );
}

/**
 * A process that was killed may have asked the forge to open what its branches hold, and the forge may be at it still.
 * Not every forge looks twice: Gitea opens both of two that it is asked for at the same moment.
 */
export function awaitOpenings(
  { timings }: ReviewContext,
  { review }: LaneMemory,
  { tips, open }: ReviewLook,
  beganAt: number,
): void {
  const isUnopened = [...tips.keys()].some((branch) => !open.has(branch));
  review.opensFrom ??= isUnopened ? beganAt + timings.openingMs : 0;
}

function isUnopened({ next }: ReviewCase): boolean {
  if (next.kind === 'push') return next.tip !== null && next.pullRequest === null && next.closeFirst === null;
  return next.kind === 'describe' && next.pullRequest === null;
}

/**
 * As many of them as the forge allows now; who must wait for another reason takes nobody's place. Removals come last:
 * the deletion limit may hold them for long.
 */
export function takenCases(
  { review }: ReviewContext,
  memory: LaneMemory,
  waiting: ReadonlyMap<unknown, ReviewCase>,
  beganAt: number,
): ReadonlyMap<unknown, ReviewCase> {
  const { retryAt, opensFrom } = memory.review;
  const now = new Date(beganAt);
  const isPaused = retryAt !== null && retryAt > beganAt;
  const mayOpen = opensFrom === null || opensFrom <= beganAt;
  const left = review.forge.budgets().flatMap(({ name, left }) => (name === 'requests' ? [] : [left]));
  // One more than none: its refusal tells when there will be room again.
  const most = isPaused ? 0 : Math.max(1, Math.min(...left));
  const isReady = (each: ReviewCase): boolean =>
    (mayOpen || !isUnopened(each)) && isDue(memory.setbacks.get(each.step.desired.deploymentId), each.step, now);
  const ready = [...waiting].filter(([, each]) => isReady(each));
  const isRemoval = ([, { step }]: [unknown, ReviewCase]): number => Number(step.kind === 'remove');
  return new Map(ready.toSorted((one, other) => isRemoval(one) - isRemoval(other)).slice(0, most));
}
