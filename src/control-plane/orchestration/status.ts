/** LangSmith's status words, and the one table of how they follow from what a listener reports (decision 0024). */
import type { Outcome, Stage } from '../../domain/report.ts';

export const revisionStatuses = [
  'CREATING',
  'QUEUED',
  'AWAITING_BUILD',
  'BUILDING',
  'AWAITING_DEPLOY',
  'DEPLOYING',
  'CREATE_FAILED',
  'BUILD_FAILED',
  'DEPLOY_FAILED',
  'DEPLOYED',
  'SKIPPED',
  'INTERRUPTED',
  'UNKNOWN',
] as const;
export type RevisionStatus = (typeof revisionStatuses)[number];

export const deploymentStatuses = ['AWAITING_DATABASE', 'READY', 'UNUSED', 'AWAITING_DELETE', 'UNKNOWN'] as const;
export type DeploymentStatus = (typeof deploymentStatuses)[number];

/** Clients wait no longer once one of these is reached, though a later report may still correct it. */
export const finishedStatuses: readonly RevisionStatus[] = [
  'CREATE_FAILED',
  'BUILD_FAILED',
  'DEPLOY_FAILED',
  'DEPLOYED',
  'SKIPPED',
  'INTERRUPTED',
];

export function isFinished(status: RevisionStatus): boolean {
  return finishedStatuses.includes(status);
}

/** Columns of the table of transitions: what a report says, as far as a status depends on it. */
const reportColumns = ['before git', 'in git', 'healthy', 'failed', 'succeeded'] as const;
type ReportColumn = (typeof reportColumns)[number];

export function columnOf({ stage, outcome }: { readonly stage: Stage; readonly outcome: Outcome }): ReportColumn {
  if (outcome !== 'progressing') return outcome;
  switch (stage) {
    case 'queued':
    case 'rendered':
    case 'in-review':
      return 'before git';
    case 'committed':
    case 'synced':
      return 'in git';
    case 'healthy':
      return 'healthy';
    default:
      return stage satisfies never;
  }
}

type Row = Readonly<Record<ReportColumn, RevisionStatus | null>>;

/** While it is on its way, and after a failure: the last report has the word. */
const following: Row = {
  'before git': 'AWAITING_DEPLOY',
  'in git': 'DEPLOYING',
  healthy: 'DEPLOYING',
  failed: 'DEPLOY_FAILED',
  succeeded: 'DEPLOYED',
};

/** Null: neither the status nor the words change. */
const transitions: Readonly<Record<RevisionStatus, Row>> = {
  CREATING: following,
  QUEUED: following,
  AWAITING_BUILD: following,
  BUILDING: following,
  AWAITING_DEPLOY: following,
  DEPLOYING: following,
  UNKNOWN: following,
  CREATE_FAILED: following,
  BUILD_FAILED: following,
  DEPLOY_FAILED: following,
  // Its rollout is over: pods that crash later are told of, and take nothing back.
  DEPLOYED: { ...following, healthy: 'DEPLOYED' },
  // What a person stopped; that it runs all the same is the one thing that he should know.
  INTERRUPTED: { 'before git': null, 'in git': null, healthy: null, failed: null, succeeded: 'DEPLOYED' },
  // A newer revision has taken over, or the deployment is being deleted.
  SKIPPED: { 'before git': null, 'in git': null, healthy: null, failed: null, succeeded: null },
};

/** Null: the report changes no status, and the present reason and message stay as they are. */
export function statusAfter(
  present: RevisionStatus,
  report: { readonly stage: Stage; readonly outcome: Outcome },
): RevisionStatus | null {
  return transitions[present][columnOf(report)];
}
