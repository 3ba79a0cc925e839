/** A Lease in memory that keeps the promises of the real one: a write counts only on the version that it was made on. */
import type { LeaseRecord } from '../../src/domain/live-object.ts';
import type { LeaseStore } from '../../src/ports.ts';

export interface MemoryLease extends LeaseStore {
  /** What anybody would read at this moment. */
  readonly record: LeaseRecord | null;
  /** As `kubectl delete lease` does. */
  remove(): void;
}

export function memoryLease(): MemoryLease {
  let record: LeaseRecord | null = null;
  let version = 0;
  return {
    get record() {
      return record;
    },
    read: async () => record,
    async write(next, previous) {
      if (record?.version !== previous?.version) return null;
      version += 1;
      record = { ...next, version: String(version) };
      return record;
    },
    remove() {
      record = null;
    },
  };
}
