/** The machine's own clock. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../ports.ts';

const longestTimerMs = 2 ** 31 - 1;

export function systemClock(): Clock {
  return {
    now: () => new Date(),
    sleep: async (ms, signal) => {
      const options = signal ? { signal } : {};
      let left = ms;
      // A timer takes anything longer for no time at all.
      for (; left > longestTimerMs; left -= longestTimerMs) await delay(longestTimerMs, undefined, options);
      await delay(left, undefined, options);
    },
  };
}
