/** The append-only record of every change: who, with which key, did what to what. */
import type { WorkspaceId } from '../domain/identifiers.ts';
import { type Principal, requesterOf } from './principal.ts';
import type { Transaction } from './store/database.ts';
import { audit as auditTable } from './store/schema.ts';

export interface AuditTarget {
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
  return transaction.insert(auditTable).values({
    workspaceId: target.workspaceId,
    keyId: principal?.keyId ?? null,
    actor: principal && requesterOf(principal),
    ...principal?.origin,
    action,
    targetKind: target.kind,
    targetId: target.id,
    detail,
  });
}
