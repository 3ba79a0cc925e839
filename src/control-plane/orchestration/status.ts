/** LangSmith's status words, and how they follow from what a listener reports. */
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

/** Nothing more is expected of these, though a late success may still correct a failure. */
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

/** The word for what a listener has reported; a revision that nobody has taken yet is QUEUED. */
export function statusOf(report: { readonly stage: Stage; readonly outcome: Outcome }): RevisionStatus {
  if (report.outcome === 'failed') return 'DEPLOY_FAILED';
  if (report.outcome === 'succeeded') return 'DEPLOYED';
  switch (report.stage) {
    case 'queued':
    case 'rendered':
    case 'in-review':
      return 'AWAITING_DEPLOY';
    case 'committed':
    case 'synced':
    case 'healthy':
      return 'DEPLOYING';
    default:
      return report.stage satisfies never;
  }
}
