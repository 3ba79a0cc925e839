/** The append-only record of every change: who, with which key, did what to what. */
import type { WorkspaceId } from '../domain/identifiers.ts';
import { type Principal, requesterOf } from './principal.ts';
import type { Transaction } from './store/open-database.ts';
import { audit as auditTable } from './store/schema.ts';

interface AuditTarget {
  readonly kind: 'workspace' | 'key' | 'listener' | 'deployment' | 'revision' | 'secrets';
  readonly id: string;
  readonly workspaceId: WorkspaceId | null;
}

/**
 * Call it in the transaction of the change itself: what is rolled back was never done. A null principal is the control
 * plane itself. `action` is noun and verb (`deployment.create`); `detail` never holds a secret's value.
 */
export async function audit(...entry: Parameters<typeof auditEntry>): Promise<void> {
  await auditEntry(...entry);
}

/** The statement alone, to be sent together with the change. */
export function auditEntry(
  transaction: Transaction,
  principal: Principal | null,
  action: string,
  target: AuditTarget,
  detail: Readonly<Record<string, unknown>> = {},
) {
  return transaction.insert(auditTable).values(rowOf(principal, action, target, detail));
}

/** Many at once: what one call did to each of its targets. */
export async function auditEach(
  transaction: Transaction,
  principal: Principal | null,
  action: string,
  entries: readonly { readonly target: AuditTarget; readonly detail: Readonly<Record<string, unknown>> }[],
): Promise<void> {
  for (let from = 0; from < entries.length; from += entriesAtOnce) {
    const some = entries.slice(from, from + entriesAtOnce);
    await transaction
      .insert(auditTable)
      .values(some.map(({ target, detail }) => rowOf(principal, action, target, detail)));
  }
}

/** A statement holds 65,535 parameters at most. */
const entriesAtOnce = 1_000;

function rowOf(
  principal: Principal | null,
  action: string,
  target: AuditTarget,
  detail: Readonly<Record<string, unknown>>,
): typeof auditTable.$inferInsert {
  return {
    workspaceId: target.workspaceId,
    keyId: principal?.keyId ?? null,
    actor: principal && requesterOf(principal),
    ...principal?.origin,
    action,
    targetKind: target.kind,
    targetId: target.id,
    detail,
  };
}
