/** What a listener tells the control plane, and the words for how far a revision is. */

import { z } from 'zod';
import { CommitId, DeploymentId, NamespaceName, RevisionId } from './identifiers.ts';
import { InstantText } from './instant.ts';

/** How far a revision has come; a failure names the stage that it did not reach. */
export const Stage = z.enum(['queued', 'rendered', 'in-review', 'committed', 'synced', 'healthy']);
export type Stage = z.infer<typeof Stage>;

/** succeeded: nothing more will come (with engine `none` already at `committed`). failed: a human or a new revision. */
export const Outcome = z.enum(['progressing', 'succeeded', 'failed']);
export type Outcome = z.infer<typeof Outcome>;

/** Of one message; whoever makes a report cuts it. */
export const mostMessageCharacters = 20_000;
/** Of the names that a report lists; the message says how many there are. */
export const mostListedNames = 200;

const reason = z.string().max(100);
const message = z.string().max(mostMessageCharacters);
/** ISO 8601, by the listener's clock. */
const at = InstantText;
const Address = z.string().max(2048);

const progress = {
  stage: Stage,
  outcome: Outcome,
  /** One CamelCase word: `Pushed`, `PolicyViolation`, `EditedInGit`. */
  reason,
  /** A sentence for people; no secret in it. */
  message,
  commit: CommitId.nullable(),
  pullRequest: Address.nullable(),
  /**
   * The newest commit of ours that held the deployment, of whichever revision: proof that a history which lacks it was
   * rewritten. A control plane or a listener of an older version does not tell it.
   */
  lastCommit: CommitId.nullable().optional(),
};

export const RevisionReport = z.object({
  kind: z.literal('revision'),
  deploymentId: DeploymentId,
  revisionId: RevisionId,
  ...progress,
  /** Where the agent answers, once there is a route. */
  url: Address.nullable(),
  at,
});
export type RevisionReport = z.infer<typeof RevisionReport>;

/** `succeeded` ends the deployment: nothing of it is left but the claims named in `retained`. */
export const RemovalReport = z.object({
  kind: z.literal('removal'),
  deploymentId: DeploymentId,
  outcome: Outcome,
  reason,
  message,
  commit: CommitId.nullable(),
  retained: z.array(z.string().max(253)).max(mostListedNames),
  at,
});
export type RemovalReport = z.infer<typeof RemovalReport>;

/** The state of a whole repository: cannot be reached, history rewritten, orphan folders, or well again. */
export const LaneReport = z.object({
  kind: z.literal('lane'),
  namespace: NamespaceName,
  outcome: z.enum(['ok', 'failed', 'held']),
  reason,
  message,
  head: CommitId.nullable(),
  /** Folders that bear our listener's id and that the control plane does not know. */
  orphans: z.array(z.string().max(500)).max(mostListedNames),
  at,
});
export type LaneReport = z.infer<typeof LaneReport>;

export const Report = z.discriminatedUnion('kind', [RevisionReport, RemovalReport, LaneReport]);
export type Report = z.infer<typeof Report>;

/** What a Lease counts with (`leaseTransitions` is an int32). */
export const highestTerm = 2 ** 31 - 1;

/** `POST /towpath/v1/listeners/{id}/reports`. A lower term than the last one seen is answered with 409. */
export const ReportBatch = z.object({
  term: z.number().int().min(0).max(highestTerm),
  reports: z.array(Report).max(1000),
});
export type ReportBatch = z.infer<typeof ReportBatch>;

/** The listener's own last word about a revision, kept for it by the control plane: taken as it was stored. */
export const LastReport = z.object({
  revisionId: RevisionId,
  ...{ ...progress, reason: z.string(), message: z.string(), pullRequest: z.string().nullable() },
  at: z.string(),
});
export type LastReport = z.infer<typeof LastReport>;
