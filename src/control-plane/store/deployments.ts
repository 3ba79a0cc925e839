/** Reads deployments together with what belongs to them; those that are gone are not found. */
import { and, eq, isNull } from 'drizzle-orm';
import type { DeploymentId, RevisionId, WorkspaceId } from '../../domain/identifiers.ts';
import { Refusal } from '../refusal.ts';
import { columnsWithout } from './columns.ts';
import type { Database, Transaction } from './open-database.ts';
import type { DeploymentRow, ListenerRow, RevisionRow, SecretSetRow } from './rows.ts';
import { deployments, listeners, revisions, secretSets } from './schema.ts';

export interface DeploymentDetail {
  readonly deployment: DeploymentRow;
  readonly revision: RevisionRow;
  readonly listener: ListenerRow;
  readonly secretSet: SecretSetRow | null;
  /** Of the change that was just made: what it kept, and what would be refused today. */
  readonly warnings?: readonly string[];
}

/** All of a revision that reports change. */
export const revisionState = columnsWithout(revisions, 'resourceSpec', 'secretReferences', 'buildSettings');

/** The one place that says which rows a deployment is made of; callers add conditions and order. */
function selectDetails(database: Database | Transaction) {
  return database
    .select({ deployment: deployments, revision: revisions, listener: listeners, secretSet: secretSets })
    .from(deployments)
    .innerJoin(revisions, eq(revisions.id, deployments.latestRevisionId))
    .innerJoin(listeners, eq(listeners.id, deployments.listenerId))
    .leftJoin(secretSets, eq(secretSets.id, revisions.secretSetId));
}

export async function findDetail(
  database: Database | Transaction,
  workspaceId: WorkspaceId,
  id: DeploymentId,
): Promise<DeploymentDetail> {
  const [found] = await selectDetails(database).where(lives(workspaceId, id));
  return found ?? deploymentNotFound(id);
}

export async function findDeployment(
  database: Database | Transaction,
  workspaceId: WorkspaceId,
  id: DeploymentId,
): Promise<DeploymentRow> {
  const [found] = await database.select().from(deployments).where(lives(workspaceId, id));
  return found ?? deploymentNotFound(id);
}

/** Locks the deployment only; its listener, locked before by whoever adds a revision, keeps the rest from changing. */
export async function lockDetail(
  transaction: Transaction,
  workspaceId: WorkspaceId,
  id: DeploymentId,
): Promise<DeploymentDetail> {
  const [found] = await selectDetails(transaction).where(lives(workspaceId, id)).for('update', { of: deployments });
  return found ?? deploymentNotFound(id);
}

export async function findRevision(
  database: Database | Transaction,
  deploymentId: DeploymentId,
  id: RevisionId,
): Promise<RevisionRow> {
  const [found] = await database
    .select()
    .from(revisions)
    .where(and(eq(revisions.id, id), eq(revisions.deploymentId, deploymentId)));
  if (!found) throw new Refusal(404, `Revision ID ${id} not found.`);
  return found;
}

export function lives(workspaceId: WorkspaceId, id: DeploymentId) {
  return and(eq(deployments.id, id), eq(deployments.workspaceId, workspaceId), isNull(deployments.goneAt));
}

export function deploymentNotFound(id: DeploymentId): never {
  throw new Refusal(404, `Deployment ID ${id} not found.`);
}
