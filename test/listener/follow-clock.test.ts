/** A clock that is set back by a day keeps nothing waiting for a day. */
import { expect, it } from 'vitest';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import { emptyMemory, type LaneContext } from '../../src/listener/context.ts';
import { nextRetry } from '../../src/listener/decide.ts';
import { followClock } from '../../src/listener/follow-clock.ts';
import { budgetWait } from '../../src/listener/publish.ts';

const now = Date.parse('2026-05-02T10:00:00.000Z');
const dayBefore = now - 86_400_000;

it('what waits, waits as long as it would have', () => {
  const memory = emptyMemory();
  followClock(memory, now);
  const setback = { revisionId: null, attempts: 1, message: 'no', retryAt: now + 30_000 };
  memory.setbacks.set('one' as DeploymentId, setback);
  memory.review.opensFrom = now + 10_000;

  followClock(memory, dayBefore);

  expect(nextRetry(memory, dayBefore)).toBe(dayBefore + 10_000);
  expect(memory.setbacks.get('one' as DeploymentId)?.retryAt).toBe(dayBefore + 30_000);
});

it('a push of a minute that never was does not count for a day', () => {
  const memory = emptyMemory();
  const at = (time: number): LaneContext =>
    ({ settings: { pushesPerMinute: 1 }, clock: { now: () => new Date(time) } }) as LaneContext;
  followClock(memory, now);
  budgetWait(at(now), memory);

  followClock(memory, dayBefore);

  expect(budgetWait(at(dayBefore), memory)).toBe(60_000);
  expect(budgetWait(at(dayBefore + 60_000), memory)).toBe(0);
});

it('time that goes on changes nothing', () => {
  const memory = emptyMemory();
  followClock(memory, now);
  memory.review.retryAt = now + 10_000;

  followClock(memory, now + 5_000);

  expect(nextRetry(memory, now + 5_000)).toBe(now + 10_000);
});
