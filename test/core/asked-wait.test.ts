/** What any server may say about how long it wants to be left alone, and what becomes of it. */
import { expect, it } from 'vitest';
import { askedWaitMs, boundedWaitMs, longestLimitMs } from '../../src/core/asked-wait.ts';

const now = Date.parse('2026-11-23T08:00:00Z');

it.each([
  ['120', 120_000],
  [' 7 ', 7_000],
  ['1.5', 1_500],
  ['0', 1_000],
  ['0.001', 1_000],
  ['86400', 600_000],
  ['999999999', 600_000],
  ['9'.repeat(400), 600_000],
  ['Mon, 23 Nov 2026 08:00:30 GMT', 30_000],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 1_000],
  ['Fri, 31 Dec 9999 23:59:59 GMT', 600_000],
  [['5', '6'], 5_000],
  ['soon', null],
  ['NaN', null],
  ['Infinity', null],
  ['', null],
  [undefined, null],
  [null, null],
])('takes Retry-After %j as %j ms', (retryAfter, ms) => {
  expect(askedWaitMs({ retryAfter }, now)).toBe(ms);
});

it('counts up to a date from what the clock of the server says', () => {
  const asked = { retryAfter: 'Mon, 23 Nov 2026 09:00:30 GMT', date: 'Mon, 23 Nov 2026 09:00:00 GMT' };

  expect(askedWaitMs(asked, now)).toBe(30_000);
  expect(askedWaitMs({ ...asked, date: 'yesterday' }, now)).toBe(600_000);
});

it('waits for a limit of requests until its hour is over', () => {
  expect(askedWaitMs({ retryAfter: '86400' }, now, longestLimitMs)).toBe(3_600_000);
  expect([Number.NaN, Number.POSITIVE_INFINITY, -5].map((ms) => boundedWaitMs(ms))).toEqual([null, 600_000, 1_000]);
});
