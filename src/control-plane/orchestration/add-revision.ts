/** Adds a revision to a deployment whose listener is locked, and skips the one that it overtakes. */
import { randomUUID } from 'node:crypto';
import { eq, type SQLWrapper } from 'drizzle-orm';
import { RevisionId } from '../../domain/identifiers.ts';
import { type Requester, shownName } from '../../domain/requester.ts';
import { revisionName } from '../../domain/revision-name.ts';
import { sealSecretSet } from '../secrets/secret-sets.ts';
import type { Services } from '../services.ts';
import type { Transaction } from '../store/open-database.ts';
import type { DeploymentRow, ListenerRow, RevisionRow, SecretSetRow } from '../store/rows.ts';
import { revisionLogs, revisions, secretSets } from '../store/schema.ts';
import type { RevisionDraft } from './revision-draft.ts';
import type { LogLine } from './revision-log.ts';
import { isFinished } from './status.ts';

interface Addition {
  readonly listener: ListenerRow;
  readonly deployment: DeploymentRow;
  readonly id: RevisionId;
  /** The latest until now; null for the first. */
  readonly previous: RevisionRow | null;
  /** Where the draft brings no secrets: the set that it goes on with. */
  readonly keptSecretSetId: string | null;
  /** The revision that is deployed once more; null where the draft is a new one. */
  readonly copyOf: RevisionId | null;
  readonly draft: RevisionDraft;
  readonly requester: Requester;
  /** How it came about: `created`, `redeployed from revision 2 (779981da)`. */
  readonly origin: string;
  readonly at: Date;
}

interface Added {
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
  const overtaken = unfinished(addition.previous);
  const statements = [
    ...(secretSet ? [transaction.insert(secretSets).values(secretSet)] : []),
    transaction.insert(revisions).values(revision),
    ...(overtaken ? [skip(transaction, overtaken, revision)] : []),
    transaction
      .insert(revisionLogs)
      .values([...openingLines(addition, revision), ...(overtaken ? [skippingLine(overtaken, revision)] : [])]),
  ];
  return { revision, secretSet, statements };
}

function rowOf(addition: Addition, secretSetId: string | null): RevisionRow {
  const { id, at, copyOf, deployment, draft, listener, previous, requester } = addition;
  return {
    id,
    deploymentId: deployment.id,
    number: (previous?.number ?? 0) + 1,
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
    copyOf,
    requester,
    interrupted: false,
    lastReport: null,
    createdAt: at,
    updatedAt: at,
    finishedAt: null,
  };
}

/**
 * Only what has not finished: a deployed revision stays DEPLOYED, a failed one failed. No older one than the latest can
 * be unfinished, since that one skipped it.
 */
function unfinished(previous: RevisionRow | null): RevisionRow | null {
  return previous === null || isFinished(previous.status) ? null : previous;
}

function skip(transaction: Transaction, { id }: RevisionRow, newer: RevisionRow): SQLWrapper {
  const message = `Superseded by ${revisionName(newer)} before it finished`;
  const at = newer.createdAt;
  return transaction
    .update(revisions)
    .set({ status: 'SKIPPED', reason: 'Superseded', message, updatedAt: at, finishedAt: at })
    .where(eq(revisions.id, id));
}

function skippingLine({ id, number }: RevisionRow, newer: RevisionRow): LogLine {
  const name = revisionName({ id, number });
  const message = `R${name.slice(1)} skipped: superseded by ${revisionName(newer)} before it finished`;
  const { deploymentId, createdAt: at } = newer;
  return { deploymentId, revisionId: id, at, level: 'INFO', stage: null, message };
}

function openingLines({ deployment, draft, listener, origin, requester }: Addition, revision: RevisionRow): LogLine[] {
  const line = {
    deploymentId: deployment.id,
    revisionId: revision.id,
    at: revision.createdAt,
    level: 'INFO',
    stage: 'queued',
  } as const;
  return [
    {
      ...line,
      message: `R${revisionName(revision).slice(1)} ${origin} by ${shownName(requester)}: image ${revision.imageUri}`,
    },
    { ...line, message: `Queued for listener ${listener.computeId}, namespace ${deployment.namespace}` },
    ...draft.warnings.map((warning) => ({ ...line, level: 'WARNING', message: keptWarning(warning) }) as const),
  ];
}

/** For the log and the answer alike. */
export function keptWarning(problem: string): string {
  return `Kept from the revision before, and refused where it is given anew: ${problem}`;
}
