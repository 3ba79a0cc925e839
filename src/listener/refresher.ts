/** Asks the engine to look at what was pushed, and again while it has not: a request can be lost, or come too early. */
import { asTowpathError } from '../domain/failure.ts';
import type { Cluster, Log } from '../ports.ts';
import { describe } from './decide.ts';
import type { Timings } from './timings.ts';

export interface Refresher {
  /** From now on, until it is `seen`. */
  want(folder: string, now: number): void;
  seen(folder: string): void;
  /** One call for all that are due. */
  flush(now: number): Promise<void>;
  /** Milliseconds since 1970; null: nothing is wanted. */
  next(): number | null;
}

interface Wanted {
  attempts: number;
  at: number;
}

export function createRefresher(
  cluster: Pick<Cluster, 'refresh'>,
  timings: Pick<Timings, 'refreshMs'>,
  log: Log,
): Refresher {
  const wanted = new Map<string, Wanted>();
  const { first, most } = timings.refreshMs;
  return {
    want: (folder, now) => {
      if (!wanted.has(folder)) wanted.set(folder, { attempts: 0, at: now });
    },
    seen: (folder) => {
      wanted.delete(folder);
    },
    flush: async (now) => {
      const due = [...wanted].filter(([, { at }]) => at <= now);
      if (due.length === 0) return;
      for (const [, one] of due) {
        one.at = now + Math.min(most, first * 2 ** Math.min(one.attempts, 20));
        one.attempts += 1;
      }
      const why = await cluster.refresh(due.map(([folder]) => folder)).catch((error: unknown) => {
        if (asTowpathError(error)?.kind !== 'transient')
          log.warn('Cannot ask for a refresh', { error: describe(error) });
        return null;
      });
      if (why !== null) log.debug('The engine was not asked to refresh', { why });
    },
    next: () => (wanted.size === 0 ? null : Math.min(...[...wanted.values()].map(({ at }) => at))),
  };
}
