/** Makes, lists and renames workspaces. */
import { and, eq, getTableColumns } from 'drizzle-orm';
import type { WorkspaceId } from '../../domain/identifiers.ts';
import { audit } from '../audit.ts';
import type { Principal } from '../principal.ts';
import { Refusal } from '../refusal.ts';
import type { Services } from '../services.ts';
import { byCreation, type CreationOrder, madeAfter } from '../store/creation-order.ts';
import { type Page, pageOf, rowsToFind, storedBytes } from '../store/list-room.ts';
import type { Database } from '../store/open-database.ts';
import { workspaces } from '../store/schema.ts';

export type WorkspaceRow = typeof workspaces.$inferSelect;

export async function createWorkspace(
  { database, now }: Pick<Services, 'database' | 'now'>,
  principal: Principal | null,
  name: string,
): Promise<WorkspaceRow> {
  return database.transaction(async (transaction) => {
    const at = now();
    const [row] = await transaction
      .insert(workspaces)
      .values({ name, createdAt: at, updatedAt: at })
      .onConflictDoNothing()
      .returning();
    if (!row) throw nameTaken(name);
    const target = { kind: 'workspace', id: row.id, workspaceId: row.id } as const;
    await audit(transaction, principal, 'workspace.create', target, { name });
    return row;
  });
}

interface WorkspaceQuestion {
  /** Undefined: all of them. */
  readonly id: WorkspaceId | undefined;
  readonly name?: string | undefined;
  readonly limit: number;
  readonly cursor?: CreationOrder | undefined;
}

export async function listWorkspaces(
  database: Database,
  { id, name, limit, cursor }: WorkspaceQuestion,
): Promise<Page<WorkspaceRow>> {
  const found = await database
    .select({ ...getTableColumns(workspaces), bytes: storedBytes(workspaces.name) })
    .from(workspaces)
    .where(
      and(
        id === undefined ? undefined : eq(workspaces.id, id),
        name === undefined ? undefined : eq(workspaces.name, name),
        madeAfter(workspaces, cursor),
      ),
    )
    .orderBy(...byCreation(workspaces))
    .limit(rowsToFind(limit));
  return pageOf(found, limit);
}

export async function findWorkspace(database: Database, id: WorkspaceId): Promise<WorkspaceRow> {
  const [row] = await database.select().from(workspaces).where(eq(workspaces.id, id));
  return row ?? notFound(id);
}

export async function renameWorkspace(
  { database, now }: Pick<Services, 'database' | 'now'>,
  principal: Principal,
  id: WorkspaceId,
  name: string,
): Promise<WorkspaceRow> {
  return database.transaction(async (transaction) => {
    const [before] = await transaction.select().from(workspaces).where(eq(workspaces.id, id)).for('update');
    if (!before) return notFound(id);
    if (before.name === name) return before;
    const [other] = await transaction.select().from(workspaces).where(eq(workspaces.name, name));
    if (other) throw nameTaken(name);
    const [row] = await transaction
      .update(workspaces)
      .set({ name, updatedAt: now() })
      .where(eq(workspaces.id, id))
      .returning();
    const target = { kind: 'workspace', id, workspaceId: id } as const;
    await audit(transaction, principal, 'workspace.rename', target, { from: before.name, to: name });
    return row ?? notFound(id);
  });
}

function nameTaken(name: string): Refusal {
  return new Refusal(409, `Workspace with name '${name}' already exists.`);
}

function notFound(id: WorkspaceId): never {
  throw new Refusal(404, `Workspace ID ${id} not found.`);
}
