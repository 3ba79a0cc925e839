/** Takes the locks of a change in their one order: the listener's row first, then the deployment's. */
import type { DeploymentId, WorkspaceId } from '../../domain/identifiers.ts';
import { Refusal } from '../refusal.ts';
import type { Transaction } from '../store/database.ts';
import { findDeployment, lockDeployment } from '../store/deployments.ts';
import { raiseListenerVersion } from '../store/listener-version.ts';
import type { DeploymentRow, ListenerRow } from '../store/rows.ts';

export interface Locked {
  readonly listener: ListenerRow;
  readonly deployment: DeploymentRow;
}

/** For a change that the listener must hear of: its version is raised already. */
export async function lockForChange(
  transaction: Transaction,
  workspaceId: WorkspaceId,
  id: DeploymentId,
): Promise<Locked> {
  const { listenerId } = await findDeployment(transaction, workspaceId, id);
  const listener = await raiseListenerVersion(transaction, listenerId, workspaceId);
  return { listener, deployment: await lockDeployment(transaction, workspaceId, id) };
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
