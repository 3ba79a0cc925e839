/** The memory Lease keeps the promises that the tests of the election build on. */
import { memoryLease } from '../support/memory-lease.ts';
import { leaseContract } from './lease.ts';

leaseContract('in memory', async () => {
  const lease = memoryLease();
  return { ours: lease, theirs: lease, remove: async () => lease.remove() };
});
