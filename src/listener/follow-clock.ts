/** A clock that was set back: what was noted by the time of before is brought along, so that nothing waits for it long. */
import type { LaneMemory } from './context.ts';

/** Before each pass; `now` in milliseconds since 1970. */
export function followClock(memory: LaneMemory, now: number): void {
  const back = memory.clockAt - now;
  memory.clockAt = now;
  if (back <= 0) return;
  const { setbacks, pushes, review } = memory;
  if (memory.headKnownAt !== null) memory.headKnownAt -= back;
  for (const [id, setback] of setbacks) {
    if (setback.retryAt !== null) setbacks.set(id, { ...setback, retryAt: setback.retryAt - back });
  }
  for (const [index, at] of pushes.entries()) pushes[index] = at - back;
  for (const [number, since] of review.missing) review.missing.set(number, since - back);
  for (const [number, look] of review.mergedLooks)
    review.mergedLooks.set(number, { ...look, since: look.since - back });
  if (review.retryAt !== null) review.retryAt -= back;
  if (review.opensFrom) review.opensFrom -= back;
}
