/** The machine's clock sleeps as long as it is told, also where that is longer than a timer can. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/system-clock.ts';

it.each([0, 5])('wakes up after %i ms', async (ms) => {
  await expect(systemClock().sleep(ms)).resolves.toBeUndefined();
});

// Node's timers take these for one millisecond.
it.each([2 ** 31, 999_999_999_000])('sleeps on where it is told %i ms', async (ms) => {
  const stopping = new AbortController();
  const asleep = systemClock().sleep(ms, stopping.signal);

  const first = await Promise.race([asleep.then(() => 'woken'), delay(50, 'asleep')]);
  stopping.abort();

  expect(first).toBe('asleep');
  await expect(asleep).rejects.toMatchObject({ name: 'AbortError' });
});
