import { describe, expect, it } from 'vitest';
import {
  decideToRenew,
  decideToTake,
  type LeaseObservation,
  observeLease,
  timingsProblem,
} from '../../src/core/lease-decision.ts';
import type { LeaseRecord } from '../../src/domain/live-object.ts';
import { highestTerm } from '../../src/domain/report.ts';

const renewedAt = new Date('2026-03-01T12:00:00Z');
const theirs: LeaseRecord = { holder: 'theirs', term: 4, renewedAt, durationSeconds: 15, version: '1' };
const ours: LeaseRecord = { ...theirs, holder: 'ours' };
const released: LeaseRecord = { ...theirs, holder: null, durationSeconds: 1 };

const seen = (record: LeaseRecord | null, nowMs = 0): LeaseObservation => observeLease(null, record, nowMs);
const deleted = (record: LeaseRecord): LeaseObservation => observeLease(seen(record), null, 2_000);

describe('whoever stands by', () => {
  it.each([
    ['makes the first Lease', seen(null), 0, { kind: 'take', term: 1, why: 'absent' }],
    ['takes one that was given back', seen(released), 0, { kind: 'take', term: 5, why: 'free' }],
    ['waits while it is held', seen(theirs), 14_999, { kind: 'wait', holder: 'theirs' }],
    ['takes it when it has expired', seen(theirs), 15_000, { kind: 'take', term: 5, why: 'expired' }],
    ['takes back its own at once', seen(ours), 0, { kind: 'take', term: 5, why: 'ours' }],
    ['waits for a holder whose Lease was deleted', deleted(theirs), 14_999, { kind: 'wait', holder: null }],
    ['makes it anew after that, with a term above', deleted(theirs), 15_000, { kind: 'take', term: 5, why: 'absent' }],
    ['makes one anew that nobody held', deleted(released), 2_000, { kind: 'take', term: 5, why: 'absent' }],
    [
      'does not count beyond what a Lease can hold',
      seen({ ...released, term: highestTerm }),
      0,
      { kind: 'take', term: highestTerm, why: 'free' },
    ],
  ] as const)('%s', (_, observation, nowMs, wanted) => {
    expect(decideToTake(observation, 'ours', nowMs)).toEqual(wanted);
  });
});

describe('whoever leads', () => {
  it.each([
    ['renews its own', ours, 4, { kind: 'renew', term: 4 }],
    ['renews with a term that was raised', ours, 9, { kind: 'renew', term: 9 }],
    ['never lowers the term', { ...ours, term: 12 }, 9, { kind: 'renew', term: 12 }],
    ['makes a deleted one anew', null, 4, { kind: 'renew', term: 4 }],
    ['has lost it to whoever is named', theirs, 4, { kind: 'lost', holder: 'theirs' }],
    ['has lost it where nobody is named', released, 4, { kind: 'lost', holder: null }],
  ] as const)('%s', (_, record, term, wanted) => {
    expect(decideToRenew(record, 'ours', term)).toEqual(wanted);
  });
});

describe('the time that a Lease was seen unchanged', () => {
  it('counts from the first look, whatever the other’s clock says', () => {
    const faraway = { ...theirs, renewedAt: new Date('1999-01-01T00:00:00Z') };
    const later = observeLease(seen(faraway), { ...faraway }, 14_000);

    expect(decideToTake(later, 'ours', 14_999)).toMatchObject({ kind: 'wait' });
    expect(decideToTake(later, 'ours', 15_000)).toMatchObject({ kind: 'take' });
  });

  it.each([
    ['another time of renewal', { renewedAt: new Date('2026-03-01T11:00:00Z') }],
    ['another holder', { holder: 'a third' }],
    ['another term', { term: 5 }],
    ['another duration', { durationSeconds: 16 }],
  ])('begins anew with %s', (_, change) => {
    const later = observeLease(seen(theirs), { ...theirs, ...change }, 10_000);

    expect(decideToTake(later, 'ours', 24_999)).toMatchObject({ kind: 'wait' });
    expect(decideToTake(later, 'ours', 26_000)).toMatchObject({ kind: 'take' });
  });

  it('does not begin anew when only the object was touched, but writes build on its new version', () => {
    const touched = observeLease(seen(theirs), { ...theirs, version: '2' }, 10_000);

    expect(decideToTake(touched, 'ours', 15_000)).toMatchObject({ kind: 'take' });
    expect(touched.record?.version).toBe('2');
  });
});

describe('timings', () => {
  it.each([
    ['client-go’s', { leaseDuration: 15_000, renewDeadline: 10_000, retryPeriod: 2_000 }, null],
    [
      'a deadline after the expiry',
      { leaseDuration: 10_000, renewDeadline: 10_000, retryPeriod: 2_000 },
      /longer than renewDeadline/,
    ],
    [
      'no room for a second attempt',
      { leaseDuration: 15_000, renewDeadline: 2_400, retryPeriod: 2_000 },
      /1.2 times retryPeriod/,
    ],
    ['no pause', { leaseDuration: 15_000, renewDeadline: 10_000, retryPeriod: 0 }, /longer than nothing/],
  ])('%s', (_, timings, wanted) => {
    const problem = timingsProblem(timings);

    if (wanted === null) expect(problem).toBeNull();
    else expect(problem).toMatch(wanted);
  });
});
