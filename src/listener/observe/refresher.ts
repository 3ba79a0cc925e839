/** Asks the engine to look at what was pushed, and again while it has not: a request can be lost, or come too early. */
import { asTowpathError } from '../../domain/failure.ts';
import type { Cluster, Log } from '../../ports.ts';
import { describe } from '../describe.ts';
import type { Timings } from '../timings.ts';

export interface Refresher {
  /** Something new was pushed: at once, however long the last request was ago. */
  ask(folder: string, now: number): void;
  /** It has not looked yet; keeps the pace of earlier requests. */
  want(folder: string, now: number): void;
  /** Somebody else changed it: once, for nothing of ours tells when the engine has looked. */
  nudge(folder: string, now: number): void;
  seen(folder: string): void;
  /** One call for all that are due; while one is under way it does nothing. */
  flush(now: number): Promise<void>;
  /** Milliseconds since 1970; null: nothing is wanted, or a call is under way, after which `onFlushed` is called. */
  next(): number | null;
}

interface Wanted {
  readonly once: boolean;
  attempts: number;
  at: number;
}

interface RefresherOptions {
  readonly onFlushed?: () => void;
  /** Whether the branch no longer has the folder, or never had it as far as is known. */
  readonly isGone: (folder: string) => boolean;
}

export function createRefresher(
  cluster: Pick<Cluster, 'refresh'>,
  timings: Pick<Timings, 'refreshMs'>,
  log: Log,
  { onFlushed = () => undefined, isGone }: RefresherOptions,
): Refresher {
  const wanted = new Map<string, Wanted>();
  const { first, most } = timings.refreshMs;
  const refused = createRefusals(log);
  let isAsking = false;
  const call = async (folders: readonly string[]): Promise<void> => {
    isAsking = true;
    try {
      refused.note(await cluster.refresh(folders, folders.filter(isGone)));
    } catch (error) {
      refused.failed(error);
    } finally {
      isAsking = false;
      onFlushed();
    }
  };
  return {
    ask: (folder, now) => {
      wanted.set(folder, { once: false, attempts: 0, at: now });
    },
    want: (folder, now) => {
      if (!wanted.has(folder)) wanted.set(folder, { once: false, attempts: 0, at: now });
    },
    nudge: (folder, now) => {
      if (!wanted.has(folder)) wanted.set(folder, { once: true, attempts: 0, at: now });
    },
    seen: (folder) => {
      // A hold ends the requests for our own commit; what a person has pushed is still to be told.
      if (wanted.get(folder)?.once !== true) wanted.delete(folder);
    },
    flush: async (now) => {
      const due = isAsking ? [] : [...wanted].filter(([, { at }]) => at <= now);
      if (due.length === 0) return;
      for (const [folder, one] of due) {
        if (one.once) wanted.delete(folder);
        one.at = now + Math.min(most, first * 2 ** Math.min(one.attempts, 20));
        one.attempts += 1;
      }
      await call(due.map(([folder]) => folder));
    },
    next: () => (wanted.size === 0 || isAsking ? null : Math.min(...[...wanted.values()].map(({ at }) => at))),
  };
}

/** A right that is missing is missing each time; said is what is new. */
function createRefusals(log: Log) {
  let last: string | null = null;
  return {
    note: (why: string | null): void => {
      if (why !== null && why !== last) log.debug('The engine was not asked to refresh', { why });
      last = why;
    },
    failed: (error: unknown): void => {
      const words = describe(error);
      if (asTowpathError(error)?.kind === 'transient' || words === last) return;
      last = words;
      log.warn('Cannot ask for a refresh', { error: words });
    },
  };
}
