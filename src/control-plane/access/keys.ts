/** Makes, lists and revokes API keys. */
import { and, asc, eq, isNull, type SQL } from 'drizzle-orm';
import type { ListenerId, WorkspaceId } from '../../domain/identifiers.ts';
import { audit } from '../audit.ts';
import type { Principal } from '../principal.ts';
import { Refusal } from '../refusal.ts';
import type { Services } from '../services.ts';
import type { Database } from '../store/database.ts';
import { apiKeys, listeners, workspaces } from '../store/schema.ts';
import { type KeyKind, newKey } from './api-key.ts';

export interface KeyRequest {
  readonly kind: KeyKind;
  /** Null for an admin key. */
  readonly workspaceId: WorkspaceId | null;
  /** For a listener key. */
  readonly listenerId: ListenerId | null;
  /** Name and e-mail become the author of commits. */
  readonly name: string;
  readonly email: string;
}

export interface KeySummary {
  readonly id: string;
  readonly kind: KeyKind;
  readonly workspaceId: WorkspaceId | null;
  readonly listenerId: ListenerId | null;
  readonly name: string;
  readonly email: string;
  readonly prefix: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
}

/** The only time that the key's text is to be had. */
export async function createKey(
  { database }: Pick<Services, 'database'>,
  principal: Principal | null,
  request: KeyRequest,
): Promise<KeySummary & { readonly key: string }> {
  const { text, hash, prefix } = newKey(request.kind);
  return database.transaction(async (transaction) => {
    await mustFit(transaction, request);
    const [row] = await transaction
      .insert(apiKeys)
      .values({ ...request, ...makerOf(principal), prefix, hash })
      .returning(summary);
    if (!row) throw new Error('Cannot make a key: the database answered no row');
    const { kind, name, listenerId, workspaceId } = request;
    const target = { kind: 'key', id: row.id, workspaceId } as const;
    await audit(transaction, principal, 'key.create', target, { kind, name, prefix, listenerId });
    return { ...row, key: text };
  });
}

export async function listKeys(database: Database, which: SQL | undefined): Promise<readonly KeySummary[]> {
  return database.select(summary).from(apiKeys).where(which).orderBy(asc(apiKeys.createdAt), asc(apiKeys.id));
}

/** A key that is revoked is refused everywhere at once; revoking it again changes nothing. */
export async function revokeKey(
  { database, now }: Pick<Services, 'database' | 'now'>,
  principal: Principal,
  id: string,
  which: SQL | undefined,
): Promise<void> {
  if (id === principal.keyId) throw new Refusal(409, 'Cannot revoke the key of this very request: use another one.');
  await database.transaction(async (transaction) => {
    const [known] = await transaction
      .select()
      .from(apiKeys)
      .where(and(eq(apiKeys.id, id), which))
      .for('update');
    if (!known) throw new Refusal(404, `API key ID ${id} not found.`);
    if (known.revokedAt !== null) return;
    await transaction
      .update(apiKeys)
      .set({ revokedAt: now() })
      .where(and(eq(apiKeys.id, id), isNull(apiKeys.revokedAt)));
    const target = { kind: 'key', id, workspaceId: known.workspaceId } as const;
    await audit(transaction, principal, 'key.revoke', target, { name: known.name, prefix: known.prefix });
  });
}

/** What an admin says of a key counts; what anybody else says of a key that he makes is his own word. */
function makerOf(principal: Principal | null) {
  const isAdmin = principal === null || principal.kind === 'admin';
  return { madeBy: principal?.keyId ?? null, proof: isAdmin ? 'admin' : 'self-declared' } as const;
}

async function mustFit(database: Database, { workspaceId, listenerId }: KeyRequest): Promise<void> {
  if (workspaceId === null) return;
  const found = await database.select({ id: workspaces.id }).from(workspaces).where(eq(workspaces.id, workspaceId));
  if (found.length === 0) throw new Refusal(404, `Workspace ID ${workspaceId} not found.`);
  if (listenerId === null) return;
  const [listener] = await database
    .select({ id: listeners.id })
    .from(listeners)
    .where(and(eq(listeners.id, listenerId), eq(listeners.workspaceId, workspaceId)));
  if (!listener) throw new Refusal(404, `Listener ID ${listenerId} not found.`);
}

/** Everything but the hash. */
const summary = {
  id: apiKeys.id,
  kind: apiKeys.kind,
  workspaceId: apiKeys.workspaceId,
  listenerId: apiKeys.listenerId,
  name: apiKeys.name,
  email: apiKeys.email,
  prefix: apiKeys.prefix,
  createdAt: apiKeys.createdAt,
  lastUsedAt: apiKeys.lastUsedAt,
  revokedAt: apiKeys.revokedAt,
};
