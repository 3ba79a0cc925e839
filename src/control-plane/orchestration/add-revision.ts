/** Adds a revision to a deployment whose listener is locked, and skips those that it overtakes. */
import { randomUUID } from 'node:crypto';
import { and, eq, lt, notInArray, type SQLWrapper } from 'drizzle-orm';
import { RevisionId } from '../../domain/identifiers.ts';
import type { Requester } from '../../domain/specification.ts';
import { sealSecretSet } from '../secrets/secret-sets.ts';
import type { Services } from '../services.ts';
import type { Transaction } from '../store/database.ts';
import type { DeploymentRow, ListenerRow, RevisionRow, SecretSetRow } from '../store/rows.ts';
import { revisionLogs, revisions, secretSets } from '../store/schema.ts';
import type { RevisionDraft } from './revision-draft.ts';
import { type LogLine, writeLog } from './revision-log.ts';
import { finishedStatuses } from './status.ts';

export interface Addition {
  readonly listener: ListenerRow;
  readonly deployment: DeploymentRow;
  readonly id: RevisionId;
  readonly number: number;
  /** Where the draft brings no secrets: the set that it goes on with. */
  readonly keptSecretSetId: string | null;
  readonly draft: RevisionDraft;
  readonly requester: Requester;
  /** How it came about: `created`, `redeployed from revision 2`. */
  readonly origin: string;
  readonly at: Date;
}

export interface Added {
  readonly revision: RevisionRow;
  /** The set that came with it; null where it has none, or goes on with a known one. */
  readonly secretSet: SecretSetRow | null;
}

export const newRevisionId = (): RevisionId => RevisionId.parse(randomUUID());

/** What is to be stored, with the statements that do it; the caller names it as the deployment's latest. */
export function addRevision(
  transaction: Transaction,
  { secretBox }: Pick<Services, 'secretBox'>,
  addition: Addition,
): Added & { readonly statements: readonly SQLWrapper[] } {
  const { deployment, draft, keptSecretSetId } = addition;
  const secretSet =
    draft.secrets.kind === 'keep' ? null : sealSecretSet(secretBox, deployment.id, draft.secrets.values, addition.at);
  const revision = rowOf(addition, secretSet?.id ?? keptSecretSetId);
  const statements = [
    ...(secretSet ? [transaction.insert(secretSets).values(secretSet)] : []),
    transaction.insert(revisions).values(revision),
    transaction.insert(revisionLogs).values(openingLines(addition, revision)),
  ];
  return { revision, secretSet, statements };
}

function rowOf(addition: Addition, secretSetId: string | null): RevisionRow {
  const { id, at, deployment, draft, listener, number, requester } = addition;
  return {
    id,
    deploymentId: deployment.id,
    number,
    status: 'QUEUED',
    stage: 'queued',
    outcome: 'progressing',
    reason: 'Queued',
    message: `Waiting for listener ${listener.computeId} to take it`,
    commit: null,
    pullRequest: null,
    imageUri: draft.image.uri,
    imageVersion: draft.image.version,
    buildSettings: draft.buildSettings,
    resourceSpec: draft.resourceSpec,
    secretReferences: draft.secretReferences,
    secretSetId,
    requester,
    interrupted: false,
    lastReport: null,
    createdAt: at,
    updatedAt: at,
    finishedAt: null,
  };
}

/** Only what has not finished: a deployed revision stays DEPLOYED, a failed one failed. */
export async function skipOlder(transaction: Transaction, newer: RevisionRow): Promise<void> {
  const message = `Superseded by revision ${newer.number} before it finished`;
  const at = newer.createdAt;
  const skipped = await transaction
    .update(revisions)
    .set({ status: 'SKIPPED', reason: 'Superseded', message, updatedAt: at, finishedAt: at })
    .where(
      and(
        eq(revisions.deploymentId, newer.deploymentId),
        lt(revisions.number, newer.number),
        notInArray(revisions.status, [...finishedStatuses]),
      ),
    )
    .returning({ id: revisions.id, number: revisions.number });
  const line = { deploymentId: newer.deploymentId, at, level: 'INFO', stage: null } as const;
  await writeLog(
    transaction,
    skipped.map(({ id, number }) => ({
      ...line,
      revisionId: id,
      message: `Revision ${number} skipped: superseded by revision ${newer.number} before it finished`,
    })),
  );
}

function openingLines({ deployment, listener, origin, requester }: Addition, revision: RevisionRow): LogLine[] {
  const line = {
    deploymentId: deployment.id,
    revisionId: revision.id,
    at: revision.createdAt,
    level: 'INFO',
    stage: 'queued',
  } as const;
  return [
    { ...line, message: `Revision ${revision.number} ${origin} by ${requester.name}: image ${revision.imageUri}` },
    { ...line, message: `Queued for listener ${listener.computeId}, namespace ${deployment.namespace}` },
  ];
}
