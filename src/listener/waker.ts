/** A sleep that can be cut short, and that never loses a call that came before it began. */
import type { Clock } from '../ports.ts';

export interface Waker {
  wake(): void;
  /** Returns after `ms`, or at the next `wake` (also one that came since the last wait), or when the signal aborts. */
  wait(ms: number): Promise<void>;
  /** Returns after `ms` or when the signal aborts; a `wake` meanwhile is kept for the next `wait`. */
  pause(ms: number): Promise<void>;
}

export function createWaker(clock: Clock, signal: AbortSignal): Waker {
  let woken = false;
  let current: AbortController | null = null;
  const sleep = (ms: number, until: AbortSignal): Promise<void> =>
    ms <= 0 || until.aborted ? Promise.resolve() : clock.sleep(ms, until).catch(() => undefined);
  return {
    wake: () => {
      woken = true;
      current?.abort();
    },
    wait: async (ms) => {
      if (!woken) {
        current = new AbortController();
        await sleep(ms, AbortSignal.any([signal, current.signal]));
        current = null;
      }
      woken = false;
    },
    pause: (ms) => sleep(ms, signal),
  };
}
