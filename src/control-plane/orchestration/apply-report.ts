/** Writes down what a listener reports; the same report twice changes nothing the second time. */
import { and, eq, isNull } from 'drizzle-orm';
import type { DeploymentId, ListenerId } from '../../domain/identifiers.ts';
import type { LaneReport, RemovalReport, Report, RevisionReport } from '../../domain/report.ts';
import { audit } from '../audit.ts';
import { forgetSecrets } from '../secrets/secret-sets.ts';
import type { Transaction } from '../store/database.ts';
import type { DeploymentRow, RevisionRow } from '../store/rows.ts';
import { deployments, lanes, revisions } from '../store/schema.ts';
import { targetOf } from './locking.ts';
import { decideReport, type ReportDecision } from './report-decision.ts';
import { type LogLine, writeLog } from './revision-log.ts';

/** `ignored`: about something that is not this listener's, or no more; a listener may be late, so it is no error. */
export type ReportResult = 'applied' | 'ignored';

/** The caller holds the listener's row and has checked the term; reports raise no version. */
export async function applyReport(
  transaction: Transaction,
  listenerId: ListenerId,
  report: Report,
  now: Date,
): Promise<ReportResult> {
  switch (report.kind) {
    case 'revision':
      return applyRevisionReport(transaction, listenerId, report, now);
    case 'removal':
      return applyRemovalReport(transaction, listenerId, report, now);
    case 'lane':
      return applyLaneReport(transaction, listenerId, report, now);
    default:
      return report satisfies never;
  }
}

async function applyRevisionReport(
  transaction: Transaction,
  listenerId: ListenerId,
  report: RevisionReport,
  now: Date,
): Promise<ReportResult> {
  const deployment = await lockOwn(transaction, listenerId, report.deploymentId);
  if (!deployment) return 'ignored';
  const revision = await findOwn(transaction, report);
  if (!revision) return 'ignored';
  const decision = decideReport(revision, report, now);
  const { kind: _, deploymentId: __, url, ...lastReport } = report;
  await transaction
    .update(revisions)
    .set({ ...decision.revision, lastReport, updatedAt: now })
    .where(eq(revisions.id, revision.id));
  const activates = decision.activates && (await isNewest(transaction, deployment, revision));
  await transaction
    .update(deployments)
    .set({
      lastReport,
      reportedUrl: url ?? deployment.reportedUrl,
      ...(activates ? { activeRevisionId: revision.id } : {}),
      ...(activates && deployment.status === 'AWAITING_DATABASE' ? { status: 'READY' } : {}),
      ...(decision.news ? { updatedAt: now } : {}),
    })
    .where(eq(deployments.id, deployment.id));
  if (decision.news) await writeLog(transaction, [lineOf(report, decision, now)]);
  return 'applied';
}

/** A late success of an older revision must not take the place of a newer one. */
async function isNewest(transaction: Transaction, deployment: DeploymentRow, revision: RevisionRow): Promise<boolean> {
  if (deployment.activeRevisionId === null) return true;
  const [active] = await transaction
    .select({ number: revisions.number })
    .from(revisions)
    .where(eq(revisions.id, deployment.activeRevisionId));
  return active === undefined || active.number <= revision.number;
}

function lineOf(report: RevisionReport, decision: ReportDecision, now: Date): LogLine {
  const places = [
    report.commit === null ? null : `commit ${report.commit}`,
    report.pullRequest === null ? null : `pull request ${report.pullRequest}`,
    report.url === null || report.outcome !== 'succeeded' ? null : `url ${report.url}`,
  ].filter((place) => place !== null);
  const word = decision.revision.status ? `${decision.revision.status}: ` : '';
  return {
    deploymentId: report.deploymentId,
    revisionId: report.revisionId,
    at: now,
    level: report.outcome === 'failed' ? 'ERROR' : 'INFO',
    stage: report.stage,
    message: `${word}${report.stage} (${report.reason}): ${report.message}${places.length > 0 ? ` [${places.join(', ')}]` : ''}`,
  };
}

async function applyRemovalReport(
  transaction: Transaction,
  listenerId: ListenerId,
  report: RemovalReport,
  now: Date,
): Promise<ReportResult> {
  const deployment = await lockOwn(transaction, listenerId, report.deploymentId);
  // Only what somebody asked to delete can end: a removal that nobody asked for is the listener's error.
  if (deployment?.status !== 'AWAITING_DELETE') return 'ignored';
  const ends = report.outcome === 'succeeded';
  const last = deployment.lastRemovalReport;
  const news = last?.outcome !== report.outcome || last.reason !== report.reason || last.message !== report.message;
  await transaction
    .update(deployments)
    .set({ lastRemovalReport: report, updatedAt: now, ...(ends ? { goneAt: now } : {}) })
    .where(eq(deployments.id, deployment.id));
  if (news && deployment.latestRevisionId) {
    await writeLog(transaction, [
      {
        deploymentId: deployment.id,
        revisionId: deployment.latestRevisionId,
        at: now,
        level: report.outcome === 'failed' ? 'ERROR' : 'INFO',
        stage: null,
        message: removalMessage(report),
      },
    ]);
  }
  if (ends) {
    await forgetSecrets(transaction, deployment.id);
    await audit(transaction, null, 'deployment.gone', targetOf(deployment), { retained: report.retained });
  }
  return 'applied';
}

function removalMessage(report: RemovalReport): string {
  const retained = report.retained.length > 0 ? ` [retained: ${report.retained.join(', ')}]` : '';
  const commit = report.commit === null ? '' : ` [commit ${report.commit}]`;
  return `Removal ${report.outcome} (${report.reason}): ${report.message}${commit}${retained}`;
}

async function applyLaneReport(
  transaction: Transaction,
  listenerId: ListenerId,
  report: LaneReport,
  now: Date,
): Promise<ReportResult> {
  const { namespace } = report;
  await transaction
    .insert(lanes)
    .values({ listenerId, namespace, report, updatedAt: now })
    .onConflictDoUpdate({ target: [lanes.listenerId, lanes.namespace], set: { report, updatedAt: now } });
  return 'applied';
}

async function lockOwn(
  transaction: Transaction,
  listenerId: ListenerId,
  id: DeploymentId,
): Promise<DeploymentRow | undefined> {
  const [found] = await transaction
    .select()
    .from(deployments)
    .where(and(eq(deployments.id, id), eq(deployments.listenerId, listenerId), isNull(deployments.goneAt)))
    .for('update');
  return found;
}

async function findOwn(transaction: Transaction, report: RevisionReport): Promise<RevisionRow | undefined> {
  const [found] = await transaction
    .select()
    .from(revisions)
    .where(and(eq(revisions.id, report.revisionId), eq(revisions.deploymentId, report.deploymentId)));
  return found;
}
