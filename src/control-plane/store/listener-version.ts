/** The counter that tells a listener that something of it changed. */
import { eq, sql } from 'drizzle-orm';
import type { ListenerId } from '../../domain/identifiers.ts';
import type { Transaction } from './database.ts';
import { listeners } from './schema.ts';

/**
 * Raises it and keeps the row locked until the transaction ends, so that versions are committed in their order.
 * Call it before anything else is locked: every change of a listener's deployments queues here and nowhere else.
 */
export async function raiseListenerVersion(transaction: Transaction, listenerId: ListenerId): Promise<number> {
  const [raised] = await transaction
    .update(listeners)
    .set({ changeVersion: sql`${listeners.changeVersion} + 1` })
    .where(eq(listeners.id, listenerId))
    .returning({ version: listeners.changeVersion });
  if (!raised) throw new Error(`Cannot announce a change: there is no listener ${listenerId}`);
  return raised.version;
}
