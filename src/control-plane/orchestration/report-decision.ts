/** What a report makes of a revision; pure. Its status and its words are always of one report (decision 0024). */
import type { RevisionReport } from '../../domain/report.ts';
import type { RevisionState } from '../store/rows.ts';
import { isFinished, statusAfter } from './status.ts';

export interface ReportDecision {
  readonly revision: Partial<
    Pick<RevisionState, 'status' | 'stage' | 'outcome' | 'reason' | 'message' | 'finishedAt' | 'commit' | 'pullRequest'>
  >;
  /** Whether the deployment's active revision becomes this one, unless a newer one is active already. */
  readonly activates: boolean;
  /** False where the listener only said again what it had said before. */
  readonly news: boolean;
}

export function decideReport(revision: RevisionState, report: RevisionReport, now: Date): ReportDecision {
  const status = statusAfter(revision.status, report);
  const facts = {
    // What was once committed stays named, also where a later report knows of no commit.
    commit: report.commit ?? revision.commit,
    pullRequest: report.pullRequest ?? revision.pullRequest,
  };
  const news = saysNews(revision, report);
  if (status === null) return { revision: facts, activates: false, news };
  const { stage, outcome, reason, message } = report;
  const finishedAt = !isFinished(status) ? null : status === revision.status ? revision.finishedAt : now;
  return {
    revision: { ...facts, status, stage, outcome, reason, message, finishedAt },
    activates: outcome === 'succeeded',
    news,
  };
}

function saysNews(revision: RevisionState, report: RevisionReport): boolean {
  const last = revision.lastReport;
  if (!last) return true;
  return (['stage', 'outcome', 'reason', 'message', 'commit', 'pullRequest'] as const).some(
    (field) => last[field] !== report[field],
  );
}
