/** The counter that tells a listener that something of it changed. */
import { and, eq, sql } from 'drizzle-orm';
import type { ListenerId, WorkspaceId } from '../../domain/identifiers.ts';
import { Refusal } from '../refusal.ts';
import type { Transaction } from './database.ts';
import type { ListenerRow } from './rows.ts';
import { listeners } from './schema.ts';

/**
 * Raises it and keeps the row locked until the transaction ends, so that versions are committed in their order.
 * Call it before anything else is locked: every change of a listener's deployments queues here and nowhere else.
 */
export async function raiseListenerVersion(
  transaction: Transaction,
  listenerId: ListenerId,
  workspaceId: WorkspaceId,
): Promise<ListenerRow> {
  const [raised] = await transaction
    .update(listeners)
    .set({ changeVersion: sql`${listeners.changeVersion} + 1` })
    .where(and(eq(listeners.id, listenerId), eq(listeners.workspaceId, workspaceId)))
    .returning();
  if (!raised) throw new Refusal(404, `Listener ID ${listenerId} not found.`);
  return raised;
}
