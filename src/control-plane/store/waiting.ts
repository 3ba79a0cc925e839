/** Somebody who waits for a turn: not for ever, and not once nobody reads the answer any more. */
import { Refusal } from '../refusal.ts';
import { callerNow } from './caller.ts';

export interface Waiting {
  /** Fulfilled when it is this one's turn; rejected where it gives up or is refused. */
  readonly granted: Promise<void>;
  /** False: it has given up, so the turn is the next one's. */
  grant(): boolean;
  refuse(error: Error): void;
}

/** The client has gone before its turn came: nothing was done for it. */
class CallerGone extends Error {
  override readonly name = 'CallerGone';
}

export function waitForTurn(patienceMs: number, why: string): Waiting {
  const { promise: granted, resolve, reject } = Promise.withResolvers<void>();
  const { gone } = callerNow();
  let open = true;
  const settle = (settled: () => void): boolean => {
    const wasOpen = open;
    open = false;
    clearTimeout(timer);
    gone?.removeEventListener('abort', leave);
    if (wasOpen) settled();
    return wasOpen;
  };
  const leave = () => settle(() => reject(new CallerGone('The client has gone')));
  const timer = setTimeout(() => settle(() => reject(busy(why))), patienceMs);
  if (gone?.aborted) leave();
  else gone?.addEventListener('abort', leave, { once: true });
  return { granted, grant: () => settle(resolve), refuse: (error) => void settle(() => reject(error)) };
}

/** Nothing was changed, so the same may be asked again. */
export function busy(why: string): Refusal {
  return new Refusal(503, `Cannot do this now: ${why}. Nothing was changed; ask again`, { retryAfterSeconds: 2 });
}

export function stoppingRefusal(): Refusal {
  return new Refusal(503, 'This server is stopping: ask again', { retryAfterSeconds: 1 });
}
