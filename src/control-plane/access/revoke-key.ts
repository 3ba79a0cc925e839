/** Revokes a key together with the keys that it made, and those that they made. */
import { and, eq, inArray, isNull, type SQL, sql } from 'drizzle-orm';
import { auditEach } from '../audit.ts';
import type { Principal } from '../principal.ts';
import { Refusal } from '../refusal.ts';
import type { Services } from '../services.ts';
import { rowsOf } from '../store/database.ts';
import type { Transaction } from '../store/open-database.ts';
import { apiKeys } from '../store/schema.ts';

interface Revocation {
  readonly id: string;
  /** The condition under which the caller sees a key. */
  readonly which: SQL | undefined;
  /** What it made goes with it, or stays: an admin who replaces a key in good order keeps it. */
  readonly descendants: 'revoke' | 'keep';
}

/** What is revoked is refused everywhere at once; asked again it revokes what has been left of its descendants. */
export async function revokeKey(
  { database, now }: Pick<Services, 'database' | 'now'>,
  principal: Principal,
  { id, which, descendants }: Revocation,
): Promise<void> {
  await database.transaction(async (transaction) => {
    const [known] = await transaction
      .select()
      .from(apiKeys)
      .where(and(eq(apiKeys.id, id), which))
      .for('update');
    if (!known) throw new Refusal(404, `API key ID ${id} not found.`);
    await refuseForeign(transaction, principal, id, descendants);
    const at = now();
    const revoked = await revoke(transaction, [id], at);
    if (descendants === 'revoke') revoked.push(...(await revokeDescendants(transaction, id, at)));
    // What goes through a descendant ends the whole request, so nothing is half done.
    if (principal.kind === 'admin' && revoked.some((one) => one.id === principal.keyId))
      throw revokesItself(id, principal);
    const entries = revoked.map(({ id: revokedId, name, prefix, workspaceId }) => ({
      target: { kind: 'key', id: revokedId, workspaceId } as const,
      detail: { name, prefix, ...(revokedId === id ? {} : { madeBy: id }) },
    }));
    await auditEach(transaction, principal, 'key.revoke', entries);
  });
}

/** Who holds a workspace key ends that key and what it made; the keys of others are not his. */
async function refuseForeign(
  transaction: Transaction,
  principal: Principal,
  id: string,
  descendants: Revocation['descendants'],
): Promise<void> {
  if (principal.kind === 'admin') return;
  if (descendants === 'keep') throw new Refusal(403, 'Only the admin key can keep what a revoked key made.');
  if ((await branchOf(transaction, principal.keyId)).includes(id)) return;
  throw new Refusal(403, 'This key can revoke itself and the keys that it made: use the admin key for others.');
}

/**
 * Until nothing is left: a key that a descendant was just making is there only when its transaction has ended, which the
 * revocation of that descendant has waited for.
 */
async function revokeDescendants(transaction: Transaction, id: string, at: Date): Promise<Revoked[]> {
  const all: Revoked[] = [];
  for (;;) {
    const some = await revoke(transaction, await branchOf(transaction, id), at);
    if (some.length === 0) return all;
    all.push(...some);
  }
}

type Revoked = Pick<typeof apiKeys.$inferSelect, 'id' | 'name' | 'prefix' | 'workspaceId'>;

function revoke(transaction: Transaction, ids: readonly string[], at: Date): Promise<Revoked[]> {
  return transaction
    .update(apiKeys)
    .set({ revokedAt: at })
    .where(and(inArray(apiKeys.id, [...ids]), isNull(apiKeys.revokedAt)))
    .returning({ id: apiKeys.id, name: apiKeys.name, prefix: apiKeys.prefix, workspaceId: apiKeys.workspaceId });
}

/** The key itself and all that it made, and they made; `union` ends circles, which nobody can make. */
async function branchOf(transaction: Transaction, id: string): Promise<readonly string[]> {
  const found = await rowsOf<{ readonly id: string }>(
    transaction,
    sql`with recursive branch as (
      select id from api_keys where id = ${id}
      union select made.id from api_keys made join branch on made.made_by = branch.id
    ) select id from branch`,
  );
  return found.map((row) => row.id);
}

function revokesItself(id: string, { keyId }: Principal): Refusal {
  if (id === keyId) return new Refusal(409, 'Cannot revoke the key of this very request: use another one.');
  const keep = 'use another one, or keep what that key made with descendants=keep';
  return new Refusal(409, `Cannot revoke the key ${id}: it made the key of this very request; ${keep}.`);
}
