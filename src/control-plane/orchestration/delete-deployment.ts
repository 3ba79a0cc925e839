/** Deletes softly, so that a listener can take things down first; `force` ends what already awaits its deletion. */
import { setImmediate } from 'node:timers/promises';
import { and, eq, notInArray } from 'drizzle-orm';
import type { DeploymentId } from '../../domain/identifiers.ts';
import { shownName } from '../../domain/requester.ts';
import { audit } from '../audit.ts';
import { requesterOf, type WorkspacePrincipal } from '../principal.ts';
import { Refusal } from '../refusal.ts';
import { forgetSecrets } from '../secrets/secret-sets.ts';
import type { Services } from '../services.ts';
import type { DeploymentDetail } from '../store/deployments.ts';
import type { Transaction } from '../store/open-database.ts';
import type { DeploymentRow } from '../store/rows.ts';
import { deployments, revisions } from '../store/schema.ts';
import { changeDeploymentInTurn } from '../store/turns.ts';
import { lockForChange, targetOf } from './locking.ts';
import { writeLog } from './revision-log.ts';
import { finishedStatuses } from './status.ts';

/** Asked twice it answers the same: the second time nothing is left to do. */
export async function deleteDeployment(
  services: Services,
  principal: WorkspacePrincipal,
  id: DeploymentId,
  options: { readonly force: boolean },
): Promise<void> {
  await changeDeploymentInTurn(services.database, principal.workspaceId, id, async (transaction) => {
    const locked = await lockForChange(transaction, principal.workspaceId, id);
    const awaiting = locked.deployment.status === 'AWAITING_DELETE';
    if (options.force && !awaiting) {
      throw new Refusal(
        400,
        `Cannot force the deletion of deployment '${locked.deployment.name}': it is ${locked.deployment.status}. ` +
          'Delete it without force first; force only ends what already awaits its deletion',
      );
    }
    const at = services.now();
    if (options.force) await endByForce(transaction, principal, locked, at);
    else if (!awaiting) await requestDeletion(transaction, principal, locked, at);
  });
}

/** Each by itself: one that cannot be deleted holds up no other. */
export async function deleteDeployments(
  services: Services,
  principal: WorkspacePrincipal,
  ids: readonly DeploymentId[],
): Promise<readonly { readonly id: DeploymentId; readonly refusal: Refusal | null }[]> {
  const results: { id: DeploymentId; refusal: Refusal | null }[] = [];
  for (const id of new Set(ids)) {
    // An embedded database works in this very thread: others have their turn in between.
    await setImmediate();
    try {
      await deleteDeployment(services, principal, id, { force: false });
      results.push({ id, refusal: null });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      results.push({ id, refusal: error });
    }
  }
  return results;
}

async function requestDeletion(
  transaction: Transaction,
  principal: WorkspacePrincipal,
  { deployment, listener }: DeploymentDetail,
  at: Date,
): Promise<void> {
  await transaction
    .update(deployments)
    .set({
      status: 'AWAITING_DELETE',
      deletionRequester: requesterOf(principal),
      deletionRequestedAt: at,
      listenerVersion: listener.changeVersion,
      updatedAt: at,
    })
    .where(eq(deployments.id, deployment.id));
  await skipUnfinished(transaction, deployment, at);
  await log(transaction, deployment, at, `Deletion requested by ${shownName(requesterOf(principal))}`);
  await audit(transaction, principal, 'deployment.delete', targetOf(deployment), { name: deployment.name });
}

async function skipUnfinished(transaction: Transaction, deployment: DeploymentRow, at: Date): Promise<void> {
  const message = 'Skipped: its deployment is being deleted';
  await transaction
    .update(revisions)
    .set({ status: 'SKIPPED', reason: 'Deleted', message, updatedAt: at, finishedAt: at })
    .where(and(eq(revisions.deploymentId, deployment.id), notInArray(revisions.status, [...finishedStatuses])));
}

/** Nothing is taken out of git or the cluster: what is left there the listener reports as an orphan. */
async function endByForce(
  transaction: Transaction,
  principal: WorkspacePrincipal,
  { deployment, listener }: DeploymentDetail,
  at: Date,
): Promise<void> {
  await transaction
    .update(deployments)
    .set({ goneAt: at, forced: true, listenerVersion: listener.changeVersion, updatedAt: at })
    .where(eq(deployments.id, deployment.id));
  await forgetSecrets(transaction, deployment.id);
  await log(
    transaction,
    deployment,
    at,
    `Deleted by force by ${shownName(requesterOf(principal))}: nothing was cleaned up`,
  );
  await audit(transaction, principal, 'deployment.force-delete', targetOf(deployment), { name: deployment.name });
}

async function log(transaction: Transaction, deployment: DeploymentRow, at: Date, message: string): Promise<void> {
  if (deployment.latestRevisionId === null) return;
  const line = { deploymentId: deployment.id, revisionId: deployment.latestRevisionId, at, stage: null, message };
  await writeLog(transaction, [{ ...line, level: 'INFO' }]);
}
