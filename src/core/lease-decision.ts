/** Who may hold a Lease: what to do about a record, given what was seen of it and for how long; as client-go does. */
import { electionObjections, retryJitter } from '../domain/configuration-rules.ts';
import type { LeaseRecord } from '../domain/live-object.ts';
import { highestTerm } from '../domain/report.ts';

/** Milliseconds, with client-go's relations: a leader gives up well before another one takes over. */
export interface LeaseTimings {
  readonly leaseDuration: number;
  readonly renewDeadline: number;
  readonly retryPeriod: number;
}

/** What was last seen of the Lease, by the clock of whoever looks. */
export interface LeaseObservation {
  /** Null: there is none. */
  readonly record: LeaseRecord | null;
  /** The last record that anybody held, and until when it counts: a Lease that is deleted does not depose its holder. */
  readonly held: { readonly term: number; readonly untilMs: number } | null;
}

type TakeDecision =
  /** Write the record with this term and ourselves as its holder. */
  | { readonly kind: 'take'; readonly term: number; readonly why: 'absent' | 'free' | 'expired' | 'ours' }
  /** Somebody holds it, as far as one can know. */
  | { readonly kind: 'wait'; readonly holder: string | null };

type RenewDecision =
  | { readonly kind: 'renew'; readonly term: number }
  /** We believed to hold it, and do not. */
  | { readonly kind: 'lost'; readonly holder: string | null };

/** For whoever stands by. */
export function decideToTake(observation: LeaseObservation, identity: string, nowMs: number): TakeDecision {
  const { record, held } = observation;
  const isValid = held !== null && nowMs < held.untilMs;
  if (record === null) {
    if (isValid) return { kind: 'wait', holder: null };
    return { kind: 'take', term: nextTerm(held?.term ?? 0), why: 'absent' };
  }
  const term = nextTerm(Math.max(record.term, held?.term ?? 0));
  if (record.holder === null) return { kind: 'take', term, why: 'free' };
  // An earlier attempt of ours whose answer was lost, or a leadership that was given up before it expired.
  if (record.holder === identity) return { kind: 'take', term, why: 'ours' };
  return isValid ? { kind: 'wait', holder: record.holder } : { kind: 'take', term, why: 'expired' };
}

/** For whoever leads, with the term that it wants; a Lease that somebody deleted is made anew. */
export function decideToRenew(record: LeaseRecord | null, identity: string, term: number): RenewDecision {
  if (record !== null && record.holder !== identity) return { kind: 'lost', holder: record.holder };
  return { kind: 'renew', term: Math.max(term, record?.term ?? 0) };
}

/** Time counts from when the content was first seen, never from what the other's clock wrote into it. */
export function observeLease(
  previous: LeaseObservation | null,
  record: LeaseRecord | null,
  nowMs: number,
): LeaseObservation {
  if (previous !== null && isSameContent(previous.record, record)) return { ...previous, record };
  const held = record === null ? (previous?.held ?? null) : heldBy(record, nowMs);
  return { record, held };
}

/** Null where an election can work with them, else why not. */
export function timingsProblem(timings: LeaseTimings): string | null {
  if (!(timings.retryPeriod > 0)) return `retryPeriod (${timings.retryPeriod} ms) must be longer than nothing`;
  return electionObjections(timings)[0]?.message ?? null;
}

/** Of the pause between two attempts. */
export const jitterFactor = retryJitter;

/** A released Lease names nobody, so it holds nobody off; its term is remembered all the same. */
function heldBy({ holder, term, durationSeconds }: LeaseRecord, nowMs: number): LeaseObservation['held'] {
  return { term, untilMs: holder === null ? nowMs : nowMs + durationSeconds * 1_000 };
}

function isSameContent(one: LeaseRecord | null, other: LeaseRecord | null): boolean {
  if (one === null || other === null) return one === other;
  return (
    one.holder === other.holder &&
    one.term === other.term &&
    one.durationSeconds === other.durationSeconds &&
    one.renewedAt.getTime() === other.renewedAt.getTime()
  );
}

function nextTerm(term: number): number {
  return Math.min(term + 1, highestTerm);
}
