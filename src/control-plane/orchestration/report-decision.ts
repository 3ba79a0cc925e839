/** What a report makes of a revision; pure. A status never goes backwards but by a late success. */
import type { RevisionReport } from '../../domain/report.ts';
import type { RevisionRow } from '../store/rows.ts';
import { isFinished, type RevisionStatus, statusOf } from './status.ts';

export interface ReportDecision {
  readonly revision: Partial<
    Pick<RevisionRow, 'status' | 'stage' | 'outcome' | 'reason' | 'message' | 'finishedAt' | 'commit' | 'pullRequest'>
  >;
  /** Whether the deployment's active revision becomes this one, unless a newer one is active already. */
  readonly activates: boolean;
  /** False where the listener only said again what it had said before. */
  readonly news: boolean;
}

export function decideReport(revision: RevisionRow, report: RevisionReport, now: Date): ReportDecision {
  const status = nextStatus(revision.status, statusOf(report));
  const facts = {
    // What was once committed stays named, also where a later report knows of no commit.
    commit: report.commit ?? revision.commit,
    pullRequest: report.pullRequest ?? revision.pullRequest,
  };
  const news = saysNews(revision, report);
  if (status === null && !isAilment(revision.status, report) && !isInReviewAfterAll(revision.status, report)) {
    return { revision: facts, activates: false, news };
  }
  const { stage, outcome, reason, message } = report;
  if (status === null) return { revision: { ...facts, stage, outcome, reason, message }, activates: false, news };
  const finishedAt = !isFinished(status) ? null : status === revision.status ? revision.finishedAt : now;
  return {
    revision: { ...facts, status, stage, outcome, reason, message, finishedAt },
    activates: status === 'DEPLOYED',
    news,
  };
}

/** What was deployed and then fell ill stays DEPLOYED, for its rollout is over; but nobody should have to guess. */
function isAilment(present: RevisionStatus, { stage, outcome }: RevisionReport): boolean {
  return present === 'DEPLOYED' && stage === 'healthy' && outcome === 'progressing';
}

/** What kept it from being proposed is mended: it stays DEPLOY_FAILED until it is deployed, but people have it before them. */
function isInReviewAfterAll(present: RevisionStatus, { stage, outcome }: RevisionReport): boolean {
  return present === 'DEPLOY_FAILED' && stage === 'in-review' && outcome === 'progressing';
}

const order: readonly RevisionStatus[] = ['CREATING', 'QUEUED', 'AWAITING_DEPLOY', 'DEPLOYING'];

/** Null: the report changes no status, and the present reason and message stay as they are. */
function nextStatus(present: RevisionStatus, reported: RevisionStatus): RevisionStatus | null {
  // A newer revision has taken over, or the deployment is being deleted: nothing brings this one back.
  if (present === 'SKIPPED') return null;
  if (reported === 'DEPLOYED') return 'DEPLOYED';
  // Reverted or edited in git, say: also what was DEPLOYED can fail. What a person interrupted stays interrupted.
  if (reported === 'DEPLOY_FAILED') return present === 'INTERRUPTED' ? null : 'DEPLOY_FAILED';
  if (isFinished(present)) return null;
  return order.indexOf(reported) < order.indexOf(present) ? null : reported;
}

function saysNews(revision: RevisionRow, report: RevisionReport): boolean {
  const last = revision.lastReport;
  if (!last) return true;
  return (['stage', 'outcome', 'reason', 'message', 'commit', 'pullRequest'] as const).some(
    (field) => last[field] !== report[field],
  );
}
