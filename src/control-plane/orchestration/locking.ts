/** Takes the locks of a change in their one order: the listener's row first, then the deployment's. */
import type { DeploymentId, WorkspaceId } from '../../domain/identifiers.ts';
import { Refusal } from '../refusal.ts';
import { type DeploymentDetail, lockDetail } from '../store/deployments.ts';
import { raiseVersionFor } from '../store/listener-version.ts';
import type { Transaction } from '../store/open-database.ts';
import type { DeploymentRow } from '../store/rows.ts';

/** For a change that the listener must hear of: its version is raised already. */
export async function lockForChange(
  transaction: Transaction,
  workspaceId: WorkspaceId,
  id: DeploymentId,
): Promise<DeploymentDetail> {
  await raiseVersionFor(transaction, id, workspaceId);
  return lockDetail(transaction, workspaceId, id);
}

export function refuseWhileDeleting(deployment: DeploymentRow): void {
  if (deployment.status !== 'AWAITING_DELETE') return;
  throw new Refusal(
    409,
    `Cannot change deployment '${deployment.name}': it awaits deletion. Wait until it is gone, then create it anew`,
  );
}

/** What the audit table calls it. */
export function targetOf(deployment: DeploymentRow) {
  return { kind: 'deployment', id: deployment.id, workspaceId: deployment.workspaceId } as const;
}
