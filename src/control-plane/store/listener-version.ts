/** The counter that tells a listener that something of it changed. */
import { and, eq, type SQL, sql } from 'drizzle-orm';
import type { DeploymentId, ListenerId, WorkspaceId } from '../../domain/identifiers.ts';
import { Refusal } from '../refusal.ts';
import { deploymentNotFound, lives } from './deployments.ts';
import type { Transaction } from './open-database.ts';
import type { ListenerRow } from './rows.ts';
import { deployments, listeners } from './schema.ts';

/**
 * Raises it and keeps the row locked until the transaction ends, so that versions are committed in their order.
 * Call it before anything else is locked: every change of a listener's deployments queues here and nowhere else.
 */
export async function raiseListenerVersion(
  transaction: Transaction,
  listenerId: ListenerId,
  workspaceId: WorkspaceId,
): Promise<ListenerRow> {
  const raised = await raise(transaction, and(eq(listeners.id, listenerId), eq(listeners.workspaceId, workspaceId)));
  if (!raised) throw new Refusal(404, `Listener ID ${listenerId} not found.`);
  return raised;
}

/** The same for the listener of a deployment, which is its listener for ever. */
export async function raiseVersionFor(
  transaction: Transaction,
  deploymentId: DeploymentId,
  workspaceId: WorkspaceId,
): Promise<ListenerRow> {
  const owner = transaction
    .select({ id: deployments.listenerId })
    .from(deployments)
    .where(lives(workspaceId, deploymentId));
  return (await raise(transaction, eq(listeners.id, owner))) ?? deploymentNotFound(deploymentId);
}

async function raise(transaction: Transaction, which: SQL | undefined): Promise<ListenerRow | undefined> {
  const [raised] = await transaction
    .update(listeners)
    .set({ changeVersion: sql`${listeners.changeVersion} + 1` })
    .where(which)
    .returning();
  return raised;
}
