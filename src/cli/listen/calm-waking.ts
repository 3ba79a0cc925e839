/** Webhooks come in showers, and one may be sent again and again: a namespace is woken at once, then only now and then. */
import type { Clock } from '../../ports.ts';

interface CalmWaking<Name> {
  wake(name: Name): void;
  stop(): void;
}

/** Each look costs the forge a request, and what comes meanwhile is seen by the next one. */
const leastMs = 1_000;

export function calmWaking<Name>(wake: (name: Name) => void, clock: Pick<Clock, 'sleep'>): CalmWaking<Name> {
  const resting = new Map<Name, { again: boolean }>();
  const stopping = new AbortController();
  const wakeAndRest = async (name: Name): Promise<void> => {
    const rest = { again: true };
    resting.set(name, rest);
    while (rest.again && !stopping.signal.aborted) {
      rest.again = false;
      wake(name);
      await clock.sleep(leastMs, stopping.signal).catch(() => undefined);
    }
    resting.delete(name);
  };
  return {
    wake: (name) => {
      const rest = resting.get(name);
      if (rest === undefined) void wakeAndRest(name);
      else rest.again = true;
    },
    stop: () => stopping.abort(),
  };
}
