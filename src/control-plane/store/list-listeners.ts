/** Lists the listeners of a workspace, newest first. */
import { desc, eq, inArray } from 'drizzle-orm';
import type { WorkspaceId } from '../../domain/identifiers.ts';
import { columnsWithout } from './columns.ts';
import { type PageByCount, readFitting, storedBytes } from './list-room.ts';
import type { Database } from './open-database.ts';
import type { ListenerRow } from './rows.ts';
import { listeners } from './schema.ts';

/** Null namespaces: the list is long enough without them; they are read with the listener itself. */
export type ListedListener = Omit<ListenerRow, 'namespaces'> & {
  readonly namespaces: ListenerRow['namespaces'] | null;
};

export async function listListeners(
  database: Database,
  workspaceId: WorkspaceId,
  { limit, offset }: PageByCount,
): Promise<readonly ListedListener[]> {
  const { id, namespaces } = listeners;
  const found = await database
    .select({ ...columnsWithout(listeners, 'namespaces'), bytes: storedBytes(namespaces) })
    .from(listeners)
    .where(eq(listeners.workspaceId, workspaceId))
    .orderBy(desc(listeners.sequence))
    .limit(limit)
    .offset(offset);
  const whole = await readFitting(found, (ids) =>
    database.select({ id, namespaces }).from(listeners).where(inArray(id, ids)),
  );
  return found.map(({ bytes: _, ...row }) => ({ ...row, namespaces: whole.get(row.id)?.namespaces ?? null }));
}
