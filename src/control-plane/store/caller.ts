/**
 * For whom a query is made: the database serves callers in turn, and nobody who has gone. It goes beside the arguments,
 * since every function between a request and the database would have to hand it on.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

interface Caller {
  /** A workspace; strangers and the control plane itself have names of their own. */
  readonly tenant: string;
  /** Aborted when the client has gone and nobody reads the answer. */
  readonly gone?: AbortSignal | undefined;
}

const callers = new AsyncLocalStorage<Caller>();
const itself: Caller = { tenant: 'control plane' };

/** Everything that `work` asks of the database is asked for this caller. */
export function asCaller<Result>(caller: Partial<Caller>, work: () => Result): Result {
  return callers.run({ ...callerNow(), ...caller }, work);
}

export function callerNow(): Caller {
  return callers.getStore() ?? itself;
}
