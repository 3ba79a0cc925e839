/** The Lease as one candidate writes it: each request with an end, each write with the moment from which it counts. */
import type { LeaseTimings } from '../../core/lease-decision.ts';
import { TowpathError } from '../../domain/failure.ts';
import type { LeaseRecord } from '../../domain/live-object.ts';
import type { Clock, LeaseStore } from '../../ports.ts';

export interface LeaseAccess {
  /** Of a clock that nobody sets: by it others' Leases expire. */
  nowMs(): number;
  read(): Promise<LeaseRecord | null>;
  /** Names ourselves; null: somebody else was faster. */
  write(term: number, previous: LeaseRecord | null): Promise<Written | null>;
  /** Names nobody; false: it is not ours to give back any more. */
  release(last: LeaseRecord): Promise<boolean>;
  /** By whichever clock says more; a wall clock that was set back says less than nothing. */
  elapsedSince(moment: Moment): number;
}

/** By both clocks: the wall clock runs while a machine sleeps, the other one is not set back. */
interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

export interface Written {
  readonly record: LeaseRecord;
  /** Before the request was sent: the others count from a later moment. */
  readonly at: Moment;
}

interface LeaseAccessOptions {
  readonly lease: LeaseStore;
  readonly identity: string;
  readonly timings: LeaseTimings;
  readonly clock: Clock;
  readonly monotonic?: () => number;
}

export function leaseAccess(options: LeaseAccessOptions): LeaseAccess {
  const { lease, identity, timings, clock, monotonic = () => performance.now() } = options;
  // Half the deadline, as client-go's clients have it: a connection that hangs leaves time for another one.
  const inTime = <T>(request: Promise<T>): Promise<T> => within(clock, timings.renewDeadline / 2, request);
  const nobody = (term: number) => ({ holder: null, term, renewedAt: clock.now(), durationSeconds: 1 });
  return {
    nowMs: monotonic,
    read: () => inTime(lease.read()),
    async write(term, previous) {
      const at = { monotonic: monotonic(), wall: clock.now().getTime() };
      const durationSeconds = Math.ceil(timings.leaseDuration / 1_000);
      const next = { holder: identity, term, renewedAt: clock.now(), durationSeconds };
      const record = await inTime(lease.write(next, previous));
      return record === null ? null : { record, at };
    },
    async release(last) {
      if ((await inTime(lease.write(nobody(last.term), last))) !== null) return true;
      // A renewal whose answer was lost made another version of what is still ours.
      const found = await inTime(lease.read());
      if (found?.holder !== identity) return false;
      return (await inTime(lease.write(nobody(found.term), found))) !== null;
    },
    elapsedSince: (moment) => Math.max(monotonic() - moment.monotonic, clock.now().getTime() - moment.wall),
  };
}

async function within<T>(clock: Clock, timeoutMs: number, request: Promise<T>): Promise<T> {
  const settled = new AbortController();
  const late = clock.sleep(timeoutMs, settled.signal).then(() => {
    const message = `Cannot reach the Lease: no answer within ${timeoutMs} ms; is the API server reachable?`;
    throw new TowpathError('transient', 'LeaseUnreachable', message);
  });
  // Whichever loses is of no interest any more.
  late.catch(() => undefined);
  try {
    return await Promise.race([request, late]);
  } finally {
    settled.abort();
  }
}
