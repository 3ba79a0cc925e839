/** What is seen of one deployment, as the verdict needs it. */
import type { CommitId, RevisionId } from '../../domain/identifiers.ts';
import type { LiveDeployment, LiveObject } from '../../domain/live-object.ts';
import type { LastReport } from '../../domain/report.ts';
import type { ObjectStatus } from '../kstatus/kstatus.ts';

export interface Observation {
  readonly revisionId: RevisionId;
  readonly commit: CommitId;
  readonly live: LiveDeployment;
  /** Newest first. */
  readonly events: readonly LiveObject[];
  /** Workloads that the folder in git holds, by kind; what is missing live is waited for. */
  readonly expected: ReadonlyMap<string, number>;
  /** Whether a revision of the branch (40 hex, or whatever the engine calls it) holds the commit; null: not known. */
  readonly contains: (revision: string) => boolean | null;
  readonly committedAt: Date;
  readonly now: Date;
  /** Milliseconds. */
  readonly rollout: { readonly deadline: number; readonly stuckAfter: number };
  /** It was DEPLOYED before: what breaks now is told, and fails it no more. */
  readonly wasHealthy: boolean;
  /** What was last said of this revision: an engine takes its words back while it tries again, and we do not. */
  readonly last?: Pick<LastReport, 'stage' | 'outcome' | 'reason' | 'message'> | null;
}

export interface SeenWorkload {
  readonly object: LiveObject;
  readonly status: ObjectStatus;
  /** Of the desired revision, or, like the databases, of none. */
  readonly isOurs: boolean;
}

export interface Sight {
  readonly workloads: readonly SeenWorkload[];
  /** That bear the desired revision. */
  readonly fresh: readonly SeenWorkload[];
  /** That bear another one. */
  readonly stale: readonly SeenWorkload[];
  /** `1 Deployment`, for each kind of which there are too few. */
  readonly missing: readonly string[];
  readonly troubles: readonly Trouble[];
  /** All workloads are there and of the desired revision. */
  readonly isApplied: boolean;
  /** And all of them are Current. */
  readonly isComplete: boolean;
  /** Something has been unable to start for too long. */
  readonly isStuck: boolean;
  readonly failAt: readonly Date[];
  readonly puzzling: readonly LiveObject[];
  readonly puzzlingAt: readonly Date[];
}

export interface Trouble {
  readonly object: LiveObject;
  readonly reason: string;
  readonly message: string;
  readonly advice: string;
  /** Null: it may mend itself, and only the deadline ends the waiting. */
  readonly failAt: Date | null;
  /** When its events are worth asking for; null: they are not. */
  readonly puzzlingAt: Date | null;
}
