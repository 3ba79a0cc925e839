/** Leader election by a Lease, with client-go's algorithm: one replica works, the others stand by. */
import {
  decideToRenew,
  decideToTake,
  jitterFactor,
  type LeaseObservation,
  type LeaseTimings,
  observeLease,
  timingsProblem,
} from '../../core/lease-decision.ts';
import { TowpathError } from '../../domain/failure.ts';
import { highestTerm } from '../../domain/report.ts';
import type { Clock, LeaseStore, Log, Telemetry } from '../../ports.ts';
import { describe } from '../describe.ts';
import type { Leadership } from './leadership.ts';
import { type LeaseAccess, leaseAccess, type Written } from './lease.ts';

/** What `run` gets: it asks `isHeld()` right before each write, and ends when the signal aborts. */
export interface HeldLeadership extends Leadership {
  /** Aborts when the leadership is lost, and when the process is to stop; then it is held until `run` has ended. */
  readonly signal: AbortSignal;
}

/** For health: a replica that stands by without trouble is as ready as one that leads. */
export type LeaderState =
  | { readonly kind: 'leading'; readonly term: number }
  | { readonly kind: 'standing-by'; readonly holder: string | null }
  /** Lost it, and waits for `run` to end. */
  | { readonly kind: 'leaving' }
  /** The Lease can be neither read nor written; the message says why. */
  | { readonly kind: 'blind'; readonly message: string };

interface LeadOptions {
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
  const election: Election = { ...options, access: leaseAccess(options), observed: null };
  telemetry.leading(false);
  while (!signal.aborted) {
    const won = await standBy(election);
    if (won === null) return;
    if ((await reign(election, won)) === 'finished') return;
  }
}

interface Election extends LeadOptions {
  readonly access: LeaseAccess;
  observed: LeaseObservation | null;
}

async function standBy(election: Election): Promise<Written | null> {
  const { signal, timings, clock, log, onState, random = Math.random } = election;
  let said: string | null = '';
  const say = (key: string | null, write: () => void): void => {
    if (key !== said) write();
    said = key;
  };
  while (!signal.aborted) {
    try {
      const answer = await tryToTake(election);
      if (answer.kind === 'taken') return answer.written;
      say(answer.holder, () => log.info('Standing by', { leader: answer.holder }));
      onState?.({ kind: 'standing-by', holder: answer.holder });
    } catch (error) {
      const message = describe(error);
      say(message, () => log.warn('Cannot take part in the election', { error: message }));
      onState?.({ kind: 'blind', message });
    }
    await pause(clock, timings.retryPeriod * (1 + jitterFactor * random()), signal);
  }
  return null;
}

type Attempt =
  | { readonly kind: 'taken'; readonly written: Written }
  | { readonly kind: 'wait'; readonly holder: string | null };

async function tryToTake(election: Election): Promise<Attempt> {
  const { access, identity } = election;
  const record = await access.read();
  election.observed = observeLease(election.observed, record, access.nowMs());
  const decision = decideToTake(election.observed, identity, access.nowMs());
  if (decision.kind !== 'take') return { kind: 'wait', holder: decision.holder };
  const written = await access.write(decision.term, record);
  if (written === null) return { kind: 'wait', holder: null };
  election.log.info('Leading', { term: decision.term, lease: decision.why });
  return { kind: 'taken', written };
}

/** One time of leading: what is known of the Lease, and whether it is over. */
interface Reign {
  readonly election: Election;
  readonly lost: AbortController;
  /** The work has ended by itself, so the Lease may go to somebody else. */
  isDone: boolean;
  last: Written;
  wantedTerm: number;
  /** Renewals and raised terms, one after the other. */
  queue: Promise<void>;
}

async function reign(election: Election, won: Written): Promise<'finished' | 'lost'> {
  const current: Reign = {
    election,
    lost: new AbortController(),
    isDone: false,
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
  const over = AbortSignal.any([ended.signal, current.lost.signal]);
  const [outcome] = await Promise.allSettled([running, keepRenewing(current, over), watchDeadline(current, over)]);
  telemetry.leading(false);
  election.observed = observeLease(election.observed, current.last.record, election.access.nowMs());
  if (!isHeld(current)) {
    if (outcome.status === 'rejected')
      log.warn('The work of a lost leadership failed', { error: describe(outcome.reason) });
    return 'lost';
  }
  current.isDone = true;
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
function isHeld(current: Reign): boolean {
  const { election, last, lost, isDone } = current;
  if (isDone || lost.signal.aborted) return false;
  if (election.access.elapsedSince(last.at) < election.timings.renewDeadline) return true;
  lose(current, 'Lost the leadership: the Lease could not be renewed in time', {});
  return false;
}

function lose({ election, last, lost }: Reign, message: string, fields: Readonly<Record<string, unknown>>): void {
  if (lost.signal.aborted) return;
  lost.abort();
  election.telemetry.leading(false);
  election.log.warn(message, { term: last.record.term, ...fields });
  election.onState?.({ kind: 'leaving' });
}

async function keepRenewing(current: Reign, over: AbortSignal): Promise<void> {
  const { clock, timings, log, onState } = current.election;
  while (!over.aborted) {
    await pause(clock, timings.retryPeriod, over);
    if (over.aborted || !isHeld(current)) return;
    try {
      await renewInTurn(current);
      tell(current);
    } catch (error) {
      log.warn('Cannot renew the Lease', { error: describe(error) });
      if (isHeld(current)) onState?.({ kind: 'blind', message: describe(error) });
    }
  }
}

/** A request may hang beyond the deadline; the work is to learn of it all the same. */
async function watchDeadline(current: Reign, over: AbortSignal): Promise<void> {
  const { access, clock, timings } = current.election;
  while (!over.aborted && isHeld(current)) {
    await pause(clock, timings.renewDeadline - access.elapsedSince(current.last.at) + 1, over);
  }
}

function tell(current: Reign): void {
  if (isHeld(current)) current.election.onState?.({ kind: 'leading', term: current.last.record.term });
}

function renewInTurn(current: Reign): Promise<void> {
  const turn = current.queue.then(() => renew(current));
  current.queue = turn.catch(() => undefined);
  return turn;
}

/** First on what was written last, without reading; where that is not there any more, on what is. */
async function renew(current: Reign): Promise<void> {
  if (!isHeld(current)) return;
  const { access, identity } = current.election;
  const quick = await access.write(current.wantedTerm, current.last.record);
  if (quick !== null) {
    current.last = quick;
    return;
  }
  const record = await access.read();
  const decision = decideToRenew(record, identity, current.wantedTerm);
  if (decision.kind === 'lost') {
    return lose(current, 'Lost the leadership: somebody else holds the Lease', { leader: decision.holder });
  }
  if (!isHeld(current)) return;
  const written = await access.write(decision.term, record);
  if (written !== null) current.last = written;
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

/** So that another replica takes over at its next look; should this fail, it does once the Lease expires. */
async function release({ election, last, queue }: Reign): Promise<void> {
  const { access, log, onState } = election;
  const { term } = last.record;
  await queue;
  try {
    if (await access.release(last.record)) log.info('Gave the Lease back', { term });
    else log.info('Did not give the Lease back: somebody else holds it', { term });
  } catch (error) {
    log.warn('Cannot give the Lease back: another replica waits until it expires', { error: describe(error) });
  }
  onState?.({ kind: 'standing-by', holder: null });
}

async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  await clock.sleep(ms, signal).catch(() => undefined);
}
