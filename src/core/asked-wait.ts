/** How long a server asks to be left alone, read out of its answer's headers: one reading, with bounds, for every peer. */

type Header = string | readonly string[] | null | undefined;

interface AskedWait {
  /** `Retry-After`: seconds, or a date. */
  readonly retryAfter: Header;
  /** `Date`: the server's own clock, since ours may be wrong. */
  readonly date?: Header;
}

/** "At once" is what a server says that has lost count; whoever follows it asks hotly. */
const leastMs = 1_000;
/** A server that is ill may be well again long before the time that it named. */
export const longestWaitMs = 600_000;
/** Limits of requests are counted by the hour. */
export const longestLimitMs = 3_600_000;

/** Null where nothing is said that can be understood. */
export function askedWaitMs(asked: AskedWait, nowMs: number, mostMs = longestWaitMs): number | null {
  const text = textOf(asked.retryAfter);
  const ms = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - serverTimeMs(asked.date, nowMs);
  return boundedWaitMs(ms, mostMs);
}

/** Null where it is no number. */
export function boundedWaitMs(ms: number, mostMs = longestWaitMs): number | null {
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, leastMs), mostMs);
}

/** Milliseconds since 1970 by the server's clock, where its answer tells. */
export function serverTimeMs(date: Header, nowMs: number): number {
  const ms = Date.parse(textOf(date));
  return Number.isNaN(ms) ? nowMs : ms;
}

function textOf(header: Header): string {
  const first = typeof header === 'string' ? header : header?.[0];
  return (first ?? '').trim();
}
