/** Stops a revision that is on its way: nothing more is published for it, and what is committed stays. */
import { eq } from 'drizzle-orm';
import type { DeploymentId, RevisionId } from '../../domain/identifiers.ts';
import { shownName } from '../../domain/requester.ts';
import { revisionName } from '../../domain/revision-name.ts';
import { audit } from '../audit.ts';
import { requesterOf, type WorkspacePrincipal } from '../principal.ts';
import { Refusal } from '../refusal.ts';
import type { Services } from '../services.ts';
import { findRevision } from '../store/deployments.ts';
import { deployments, revisions } from '../store/schema.ts';
import { changeDeploymentInTurn } from '../store/turns.ts';
import { lockForChange, refuseWhileDeleting, targetOf } from './locking.ts';
import { writeLog } from './revision-log.ts';
import { isFinished } from './status.ts';

export async function interruptRevision(
  services: Services,
  principal: WorkspacePrincipal,
  id: DeploymentId,
  revisionId: RevisionId,
): Promise<void> {
  const at = services.now();
  await changeDeploymentInTurn(services.database, principal.workspaceId, id, async (transaction) => {
    const { deployment, listener } = await lockForChange(transaction, principal.workspaceId, id);
    refuseWhileDeleting(deployment);
    const revision = await findRevision(transaction, id, revisionId);
    if (isFinished(revision.status)) {
      throw new Refusal(
        400,
        `Cannot interrupt ${revisionName(revision)}: it has finished already (${revision.status})`,
      );
    }
    const message = `Interrupted by ${shownName(requesterOf(principal))}${revision.commit ? '; what is committed stays' : ''}`;
    await transaction
      .update(revisions)
      .set({ status: 'INTERRUPTED', interrupted: true, reason: 'Interrupted', message, updatedAt: at, finishedAt: at })
      .where(eq(revisions.id, revisionId));
    await transaction
      .update(deployments)
      .set({ listenerVersion: listener.changeVersion, updatedAt: at })
      .where(eq(deployments.id, id));
    await writeLog(transaction, [
      { deploymentId: id, revisionId, at, level: 'WARNING', stage: revision.stage, message },
    ]);
    await audit(transaction, principal, 'revision.interrupt', targetOf(deployment), {
      revisionId,
      number: revision.number,
    });
  });
}
