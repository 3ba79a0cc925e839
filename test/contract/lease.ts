/** What every LeaseStore must do: two replicas write one Lease, and only on the version that they have read. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { LeaseRecord } from '../../src/domain/live-object.ts';
import type { LeaseStore } from '../../src/ports.ts';

/** A Lease that does not exist yet, as two replicas see it. */
interface LeaseUnderTest {
  readonly ours: LeaseStore;
  readonly theirs: LeaseStore;
  /** Deletes the Lease, as `kubectl delete lease` does. */
  remove(): Promise<void>;
}

const first = {
  holder: 'ours',
  term: 1,
  renewedAt: new Date('2026-03-01T12:00:00.123Z'),
  durationSeconds: 15,
} as const;

export function leaseContract(name: string, open: () => Promise<LeaseUnderTest>): void {
  describe(`LeaseStore contract: ${name}`, () => {
    let lease: LeaseUnderTest;

    beforeEach(async () => {
      lease = await open();
    });

    it('answers null while there is none', async () => {
      expect(await lease.ours.read()).toBeNull();
    });

    it('creates it, and shows both what was written', async () => {
      const written = await lease.ours.write(first, null);

      expect(written).toMatchObject(first);
      expect(await lease.ours.read()).toEqual(written);
      expect(await lease.theirs.read()).toEqual(written);
    });

    it('creates it only once', async () => {
      const written = await lease.ours.write(first, null);

      expect(await lease.theirs.write({ ...first, holder: 'theirs' }, null)).toBeNull();
      expect(await lease.theirs.read()).toEqual(written);
    });

    it('renews it, with another version each time', async () => {
      const created = await written(lease.ours, first, null);
      const renewal = { ...first, renewedAt: new Date('2026-03-01T12:00:02.456Z') };

      const renewed = await written(lease.ours, renewal, created);
      const again = await written(lease.ours, { ...renewal, renewedAt: new Date('2026-03-01T12:00:04Z') }, renewed);

      expect(renewed).toMatchObject(renewal);
      expect(new Set([created.version, renewed.version, again.version]).size).toBe(3);
    });

    it('refuses a write on a version that is not the last, and keeps what is there', async () => {
      const created = await written(lease.ours, first, null);
      const taken = await written(lease.theirs, { ...first, holder: 'theirs', term: 2 }, created);

      expect(await lease.ours.write({ ...first, term: 7 }, created)).toBeNull();
      expect(await lease.ours.read()).toEqual(taken);
    });

    it('lets one of two win who write at once', async () => {
      const created = await written(lease.ours, first, null);
      const attempts = [lease.ours, lease.theirs].map((store, index) =>
        store.write({ ...first, holder: `writer ${index}`, term: 2 }, created),
      );

      const outcomes = await Promise.all(attempts);

      expect(outcomes.filter((outcome) => outcome !== null)).toEqual([await lease.ours.read()]);
    });

    it('is given up by naming nobody, and can be taken again', async () => {
      const created = await written(lease.ours, first, null);
      const released = await written(lease.ours, { ...first, holder: null, durationSeconds: 1 }, created);

      expect(released.holder).toBeNull();
      expect((await lease.theirs.read())?.holder).toBeNull();
      expect(await lease.theirs.write({ ...first, holder: 'theirs', term: 2 }, released)).toMatchObject({ term: 2 });
    });

    it('answers a write on a Lease that was deleted as if somebody else had been faster', async () => {
      const created = await written(lease.ours, first, null);
      await lease.remove();

      expect(await lease.ours.write(first, created)).toBeNull();
      expect(await lease.ours.read()).toBeNull();
      expect(await lease.ours.write({ ...first, term: 9 }, null)).toMatchObject({ term: 9 });
    });
  });
}

async function written(
  store: LeaseStore,
  record: Omit<LeaseRecord, 'version'>,
  previous: LeaseRecord | null,
): Promise<LeaseRecord> {
  const answer = await store.write(record, previous);
  if (answer === null) throw new Error('The write was refused');
  return answer;
}
