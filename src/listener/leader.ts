/** Leader election by a Lease, with client-go's algorithm: one replica works, the others stand by. */
import {
  decideToRenew,
  decideToTake,
  highestTerm,
  jitterFactor,
  type LeaseObservation,
  type LeaseTimings,
  observeLease,
  timingsProblem,
} from '../core/lease-decision.ts';
import { TowpathError } from '../domain/failure.ts';
import type { LeaseRecord } from '../domain/live-object.ts';
import type { Clock, LeaseStore, Log, Telemetry } from '../ports.ts';
import { describe } from './decide.ts';
import type { Leadership } from './leadership.ts';

/** What `run` gets: it asks `isHeld()` right before each write, and ends when the signal aborts. */
export interface HeldLeadership extends Leadership {
  /** Aborts when the leadership is lost, and when the process is to stop; then it is held until `run` has ended. */
  readonly signal: AbortSignal;
}

/** For health: a replica that stands by without trouble is as ready as one that leads. */
export type LeaderState =
  | { readonly kind: 'leading'; readonly term: number }
  | { readonly kind: 'standing-by'; readonly holder: string | null }
  /** The Lease can be neither read nor written; the message says why. */
  | { readonly kind: 'blind'; readonly message: string };

export interface LeadOptions {
  readonly lease: LeaseStore;
  /** Must differ between any two processes, those of one pod included. */
  readonly identity: string;
  readonly timings: LeaseTimings;
  readonly clock: Clock;
  readonly log: Log;
  readonly telemetry: Pick<Telemetry, 'leading'>;
  /** Gives the Lease back, once `run` has ended. */
  readonly signal: AbortSignal;
  readonly run: (leadership: HeldLeadership) => Promise<void>;
  /** Told after each attempt. */
  readonly onState?: (state: LeaderState) => void;
  /** Milliseconds of a clock that nobody sets. */
  readonly monotonic?: () => number;
  /** From 0 to 1. */
  readonly random?: () => number;
}

/** Ends when the signal aborts or `run` ends by itself; losing the Lease only means to stand by again. */
export async function lead(options: LeadOptions): Promise<void> {
  const problem = timingsProblem(options.timings);
  if (problem !== null) {
    throw new TowpathError('terminal', 'InvalidLeaderElection', `Cannot elect a leader: ${problem}`);
  }
  const { signal, telemetry } = options;
  const election: Election = { ...options, monotonic: options.monotonic ?? (() => performance.now()), observed: null };
  telemetry.leading(false);
  while (!signal.aborted) {
    const won = await standBy(election);
    if (won === null) return;
    if ((await reign(election, won)) === 'finished') return;
  }
}

interface Election extends LeadOptions {
  readonly monotonic: () => number;
  observed: LeaseObservation | null;
}

/** A moment by both clocks: the wall clock runs while a machine sleeps, the other one is not set back. */
interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

interface Written {
  readonly record: LeaseRecord;
  /** Before the request was sent: the others count from a later moment. */
  readonly at: Moment;
}

async function standBy(election: Election): Promise<Written | null> {
  const { signal, timings, clock, log, onState, random = Math.random } = election;
  let said: string | null = '';
  while (!signal.aborted) {
    try {
      const answer = await tryToTake(election);
      if (answer.kind === 'taken') return answer.written;
      if (answer.holder !== said) log.info('Standing by', { leader: answer.holder });
      said = answer.holder;
      onState?.({ kind: 'standing-by', holder: answer.holder });
    } catch (error) {
      log.warn('Cannot take part in the election', { error: describe(error) });
      onState?.({ kind: 'blind', message: describe(error) });
    }
    await pause(clock, timings.retryPeriod * (1 + jitterFactor * random()), signal);
  }
  return null;
}

type Attempt =
  | { readonly kind: 'taken'; readonly written: Written }
  | { readonly kind: 'wait'; readonly holder: string | null };

async function tryToTake(election: Election): Promise<Attempt> {
  const { lease, identity, monotonic } = election;
  const record = await within(election, lease.read());
  election.observed = observeLease(election.observed, record, monotonic());
  const decision = decideToTake(election.observed, identity, monotonic());
  if (decision.kind !== 'take') return { kind: 'wait', holder: decision.holder };
  const written = await write(election, decision.term, record);
  if (written === null) return { kind: 'wait', holder: null };
  election.log.info('Leading', { term: decision.term, lease: decision.why });
  return { kind: 'taken', written };
}

/** One time of leading: what is known of the Lease, and whether it is over. */
interface Reign {
  readonly election: Election;
  readonly lost: AbortController;
  last: Written;
  wantedTerm: number;
  /** Renewals and raised terms, one after the other. */
  queue: Promise<void>;
}

async function reign(election: Election, won: Written): Promise<'finished' | 'lost'> {
  const current: Reign = {
    election,
    lost: new AbortController(),
    last: won,
    wantedTerm: won.record.term,
    queue: Promise.resolve(),
  };
  const { log, signal, telemetry, run } = election;
  const ended = new AbortController();
  telemetry.leading(true);
  tell(current);
  // Told to stop while the Lease was being taken: it is only given back.
  const work = signal.aborted ? Promise.resolve() : run(leadershipOf(current));
  const running = work.finally(() => ended.abort());
  const [outcome] = await Promise.allSettled([running, keepRenewing(current, ended.signal)]);
  telemetry.leading(false);
  election.observed = observeLease(election.observed, current.last.record, election.monotonic());
  if (!isHeld(current)) {
    if (outcome.status === 'rejected')
      log.warn('The work of a lost leadership failed', { error: describe(outcome.reason) });
    return 'lost';
  }
  await release(current);
  if (outcome.status === 'rejected') throw outcome.reason;
  return 'finished';
}

function leadershipOf(current: Reign): HeldLeadership {
  return {
    get term() {
      return current.last.record.term;
    },
    signal: AbortSignal.any([current.election.signal, current.lost.signal]),
    isHeld: () => isHeld(current),
    raiseTerm: (above) => raiseTerm(current, above),
  };
}

/** By the clock and not by a timer: a process that slept learns it at its first question. Once lost is lost. */
function isHeld({ election, last, lost }: Reign): boolean {
  if (lost.signal.aborted) return false;
  if (elapsedSince(election, last.at) < election.timings.renewDeadline) return true;
  lost.abort();
  election.log.warn('Lost the leadership: the Lease could not be renewed in time', { term: last.record.term });
  return false;
}

async function keepRenewing(current: Reign, ended: AbortSignal): Promise<void> {
  const { election, lost } = current;
  const { clock, timings, log, onState } = election;
  const over = AbortSignal.any([ended, lost.signal]);
  while (!over.aborted) {
    const left = timings.renewDeadline - elapsedSince(election, current.last.at);
    await pause(clock, Math.max(1, Math.min(timings.retryPeriod, left)), over);
    if (over.aborted || !isHeld(current)) return;
    try {
      await renewInTurn(current);
      tell(current);
    } catch (error) {
      log.warn('Cannot renew the Lease', { error: describe(error) });
      onState?.({ kind: 'blind', message: describe(error) });
    }
  }
}

function tell({ election, last, lost }: Reign): void {
  if (!lost.signal.aborted) election.onState?.({ kind: 'leading', term: last.record.term });
}

function renewInTurn(current: Reign): Promise<void> {
  const turn = current.queue.then(() => renew(current));
  current.queue = turn.catch(() => undefined);
  return turn;
}

/** First on what was written last, without reading; where that is not there any more, on what is. */
async function renew(current: Reign): Promise<void> {
  if (!isHeld(current)) return;
  const { election } = current;
  const quick = await write(election, current.wantedTerm, current.last.record);
  if (quick !== null) return accept(current, quick);
  const record = await within(election, election.lease.read());
  const decision = decideToRenew(record, election.identity, current.wantedTerm);
  if (decision.kind === 'lost') return depose(current, decision.holder);
  const written = await write(election, decision.term, record);
  if (written !== null) accept(current, written);
}

/** An answer that came too late changes nothing: by then the leadership was given up. */
function accept(current: Reign, written: Written): void {
  if (isHeld(current)) current.last = written;
}

function depose({ election, last, lost }: Reign, holder: string | null): void {
  if (lost.signal.aborted) return;
  lost.abort();
  election.log.warn('Lost the leadership: somebody else holds the Lease', { term: last.record.term, leader: holder });
}

async function raiseTerm(current: Reign, above: number): Promise<number> {
  if (above >= highestTerm) {
    const message = `Cannot raise the term of the Lease above ${above}: it cannot count higher; register the listener anew`;
    throw new TowpathError('terminal', 'TermExhausted', message);
  }
  current.wantedTerm = Math.max(current.wantedTerm, above + 1);
  await renewInTurn(current);
  const { term } = current.last.record;
  if (isHeld(current) && term > above) return term;
  const message = `Cannot raise the term of the Lease above ${above}: it was changed meanwhile; it is tried again`;
  throw new TowpathError('transient', 'TermNotRaised', message);
}

/** Names nobody, so that another replica takes over at its next look; should that fail, it does once the Lease expires. */
async function release({ election, last }: Reign): Promise<void> {
  const { lease, clock, log, onState } = election;
  const record = { holder: null, term: last.record.term, renewedAt: clock.now(), durationSeconds: 1 };
  try {
    await within(election, lease.write(record, last.record));
    log.info('Gave the Lease back', { term: record.term });
  } catch (error) {
    log.warn('Cannot give the Lease back: another replica waits until it expires', { error: describe(error) });
  }
  onState?.({ kind: 'standing-by', holder: null });
}

async function write(election: Election, term: number, previous: LeaseRecord | null): Promise<Written | null> {
  const { lease, identity, timings, clock } = election;
  const at = momentOf(election);
  const durationSeconds = Math.ceil(timings.leaseDuration / 1_000);
  const next = { holder: identity, term, renewedAt: clock.now(), durationSeconds };
  const record = await within(election, lease.write(next, previous));
  return record === null ? null : { record, at };
}

/** Half the deadline, as client-go's clients have it: a connection that hangs leaves time for another one. */
async function within<T>({ clock, timings }: Election, request: Promise<T>): Promise<T> {
  const timeoutMs = timings.renewDeadline / 2;
  const settled = new AbortController();
  const late = clock.sleep(timeoutMs, settled.signal).then(() => {
    const message = `Cannot reach the Lease: no answer within ${timeoutMs} ms; is the API server reachable?`;
    throw new TowpathError('transient', 'LeaseUnreachable', message);
  });
  try {
    return await Promise.race([request, late]);
  } finally {
    settled.abort();
    late.catch(() => undefined);
    request.catch(() => undefined);
  }
}

function momentOf({ clock, monotonic }: Election): Moment {
  return { monotonic: monotonic(), wall: clock.now().getTime() };
}

/** By whichever clock says more; a wall clock that was set back says less than nothing. */
function elapsedSince({ clock, monotonic }: Election, moment: Moment): number {
  return Math.max(monotonic() - moment.monotonic, clock.now().getTime() - moment.wall);
}

async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  await clock.sleep(ms, signal).catch(() => undefined);
}
