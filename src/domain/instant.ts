/** A point in time as text that every part can hold: ISO 8601, from the year 1 to the year 9999 in UTC. */
import { z } from 'zod';

const earliestMs = Date.parse('0001-01-01T00:00:00Z');
const latestMs = Date.parse('9999-12-31T23:59:59.999Z');

/** An offset may take a time out of those years, and Postgres reads no text of such a time. */
export function isStorable(text: string): boolean {
  const ms = Date.parse(text);
  return ms >= earliestMs && ms <= latestMs;
}

export const outOfRange = 'expected a time from the year 1 to the year 9999 in UTC';

/** With an offset: `2026-11-23T08:00:00Z`. */
export const InstantText = z.iso.datetime({ offset: true }).max(64).refine(isStorable, outOfRange);
