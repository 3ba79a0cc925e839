/** Adds a revision to a deployment whose listener is locked, and skips those that it overtakes. */
import { randomUUID } from 'node:crypto';
import { and, eq, lt, notInArray } from 'drizzle-orm';
import { RevisionId } from '../../domain/identifiers.ts';
import type { Requester } from '../../domain/specification.ts';
import { addSecretSet } from '../secrets/secret-sets.ts';
import type { Services } from '../services.ts';
import type { Transaction } from '../store/database.ts';
import type { DeploymentRow, ListenerRow, RevisionRow, SecretSetRow } from '../store/rows.ts';
import { revisions } from '../store/schema.ts';
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

/** The caller names it as the deployment's latest. */
export async function addRevision(
  transaction: Transaction,
  { secretBox }: Pick<Services, 'secretBox'>,
  addition: Addition,
): Promise<Added> {
  const { deployment, draft } = addition;
  const secretSet =
    draft.secrets.kind === 'keep'
      ? null
      : await addSecretSet(transaction, secretBox, deployment.id, draft.secrets.values);
  const secretSetId = secretSet?.id ?? addition.keptSecretSetId;
  const [revision] = await transaction
    .insert(revisions)
    .values({ ...rowOf(addition), secretSetId })
    .returning();
  if (!revision) throw new Error('Cannot add a revision: the database answered no row');
  const skipped = revision.number > 1 ? await skipOlder(transaction, revision, addition.at) : [];
  await writeLog(transaction, [...skipped, ...openingLines(addition, revision)]);
  return { revision, secretSet };
}

function rowOf({ id, at, deployment, draft, listener, number, requester }: Addition) {
  return {
    id,
    deploymentId: deployment.id,
    number,
    status: 'QUEUED',
    stage: 'queued',
    outcome: 'progressing',
    reason: 'Queued',
    message: `Waiting for listener ${listener.computeId} to take it`,
    imageUri: draft.image.uri,
    imageVersion: draft.image.version,
    buildSettings: draft.buildSettings,
    resourceSpec: draft.resourceSpec,
    secretReferences: draft.secretReferences,
    requester,
    createdAt: at,
    updatedAt: at,
  } as const;
}

/** Only what has not finished: a deployed revision stays DEPLOYED, a failed one failed. */
async function skipOlder(transaction: Transaction, newer: RevisionRow, at: Date): Promise<LogLine[]> {
  const message = `Superseded by revision ${newer.number} before it finished`;
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
    .returning();
  return skipped.map((revision) => ({
    deploymentId: revision.deploymentId,
    revisionId: revision.id,
    at,
    level: 'INFO',
    stage: null,
    message: `Revision ${revision.number} skipped: ${message.replace(/^S/, 's')}`,
  }));
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
