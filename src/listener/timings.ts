/** How long the listener waits for what; only tests choose other values. */
import { asTowpathError } from '../domain/failure.ts';

export interface Timings {
  /** One long poll. */
  readonly pollSeconds: number;
  /** How often the whole listing is compared. */
  readonly fullComparisonMs: number;
  /** First and last delay of anything that is tried again. */
  readonly retryMs: { readonly first: number; readonly most: number };
  /** After this a pass goes on with what is ready; a specification that hangs must not hold up the others. */
  readonly prepareMs: number;
  /** Between two attempts within one pass, after somebody else was faster. */
  readonly movedMs: { readonly first: number; readonly most: number; readonly attempts: number };
  /** For so long the base may lack what the forge says is merged. */
  readonly mergedMs: number;
  /** For so long after a start a process before this one may still be opening pull requests. */
  readonly openingMs: number;
  /** After a server refused: grows with each refusal. */
  readonly deniedMs: { readonly first: number; readonly most: number };
  /** For so long a head that was read, or pushed, is built on without another look. */
  readonly headTrustedMs: number;
  /** Between two calls with reports: what is said meanwhile goes together. */
  readonly reportGapMs: number;
  /** Between a change in the cluster and a look at it: what changes meanwhile goes together. */
  readonly observeGapMs: number;
  /** Between two requests to an engine that has not looked yet. */
  readonly refreshMs: { readonly first: number; readonly most: number };
  /** Between two looks for what is left of a removed deployment, where nothing tells of a change. */
  readonly removalMs: { readonly first: number; readonly most: number };
  /** Between two questions whether the cluster can be seen; after a look failed, or a pod lacked a Secret. */
  readonly blindMs: number;
  /** For so long not even a change makes a lane ask a server that is ill and wants to be left alone. */
  readonly deafMs: number;
  /** How long a stop waits for the running pass and the last reports. */
  readonly stopMs: number;
}

export const defaultTimings: Timings = {
  pollSeconds: 30,
  fullComparisonMs: 600_000,
  retryMs: { first: 1_000, most: 300_000 },
  prepareMs: 5_000,
  movedMs: { first: 50, most: 2_000, attempts: 8 },
  mergedMs: 60_000,
  openingMs: 10_000,
  deniedMs: { first: 15_000, most: 1_800_000 },
  headTrustedMs: 5_000,
  reportGapMs: 200,
  observeGapMs: 50,
  refreshMs: { first: 2_000, most: 60_000 },
  removalMs: { first: 500, most: 15_000 },
  blindMs: 5_000,
  deafMs: 60_000,
  stopMs: 10_000,
};

/** What the other side has asked for, but never more often than without it: it may ask for a second for ever. */
export function retryDelay(error: unknown, delay: Timings['retryMs'], attempt: number): number {
  return Math.max(asTowpathError(error)?.retryAfterMs ?? 0, backoff(delay, attempt));
}

/** Doubles with each attempt (1, 2, …), and takes between half and the whole of it by chance. */
export function backoff(delay: { readonly first: number; readonly most: number }, attempt: number): number {
  const full = Math.min(delay.most, delay.first * 2 ** Math.min(attempt - 1, 30));
  return Math.round(full * (0.5 + Math.random() / 2));
}
