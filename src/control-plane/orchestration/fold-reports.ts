/** What a batch of reports makes of a listener's deployments: all decided first, in memory, to be written in few statements. */
import type { DeploymentId, RevisionId } from '../../domain/identifiers.ts';
import type { RemovalReport, Report, RevisionReport } from '../../domain/report.ts';
import type { DeploymentRow, RevisionState } from '../store/rows.ts';
import { decideReport, type ReportDecision } from './report-decision.ts';
import type { LogLine } from './revision-log.ts';

/** What is stored of the deployments and revisions that a batch speaks of. */
export interface Known {
  readonly deployments: ReadonlyMap<DeploymentId, DeploymentRow>;
  /** Those reported on, and the active ones of their deployments. */
  readonly revisions: ReadonlyMap<RevisionId, RevisionState>;
  /** `replayKey` of log lines that are there already: a batch sent again adds none. */
  readonly lines: ReadonlySet<string>;
}

export interface Ignored {
  readonly index: number;
  readonly why: string;
}

/** The new state of whatever changed. */
export interface Folded {
  readonly deployments: ReadonlyMap<DeploymentId, DeploymentRow>;
  readonly revisions: ReadonlyMap<RevisionId, RevisionState>;
  readonly lines: readonly LogLine[];
  readonly ignored: readonly Ignored[];
}

interface State {
  readonly known: Known;
  readonly now: Date;
  readonly deployments: Map<DeploymentId, DeploymentRow>;
  readonly revisions: Map<RevisionId, RevisionState>;
  readonly lines: LogLine[];
  readonly seen: Set<string>;
}

export function foldReports(known: Known, reports: readonly Report[], now: Date): Folded {
  const ignored: Ignored[] = [];
  const state: State = {
    known,
    now,
    deployments: new Map(),
    revisions: new Map(),
    lines: [],
    seen: new Set(known.lines),
  };
  for (const [index, report] of reports.entries()) {
    const why = report.kind === 'lane' ? null : fold(state, report);
    if (why !== null) ignored.push({ index, why });
  }
  return { deployments: state.deployments, revisions: state.revisions, lines: state.lines, ignored };
}

/** The listener's time and words tell one report from its copy; the status before them is ours. */
export function replayKey(revisionId: RevisionId, at: Date, line: string): string {
  return `${revisionId} ${at.getTime()} ${line.replace(/^[A-Z_]+: /, '')}`;
}

export function timeOf(report: Pick<Report, 'at'>, now: Date): Date {
  const at = new Date(report.at);
  return Number.isNaN(at.getTime()) ? now : at;
}

/** Answers why it is of no use, or null. */
function fold(state: State, report: RevisionReport | RemovalReport): string | null {
  const { deploymentId } = report;
  const deployment = state.deployments.get(deploymentId) ?? state.known.deployments.get(deploymentId);
  if (deployment === undefined || deployment.goneAt !== null) return 'no such deployment of this listener';
  return report.kind === 'removal' ? foldRemoval(state, deployment, report) : foldRevision(state, deployment, report);
}

function foldRevision(state: State, deployment: DeploymentRow, report: RevisionReport): string | null {
  const revision = state.revisions.get(report.revisionId) ?? state.known.revisions.get(report.revisionId);
  if (revision?.deploymentId !== deployment.id) return 'no such revision of this deployment';
  const decision = decideReport(revision, report, state.now);
  if (!decision.news) return null;
  const { kind: _, deploymentId: __, url, ...lastReport } = report;
  const times = { at: state.now, reportedAt: timeOf(report, state.now) };
  const level = report.outcome === 'failed' ? 'ERROR' : 'INFO';
  const line = { ...times, level, stage: report.stage, message: messageOf(report, decision) } as const;
  if (!addLine(state, { deploymentId: deployment.id, revisionId: revision.id, ...line })) return null;
  state.revisions.set(revision.id, { ...revision, ...decision.revision, lastReport, updatedAt: state.now });
  // A late success of an older revision must not take the place of a newer one.
  const activates = decision.activates && revision.number >= activeNumber(state, deployment);
  state.deployments.set(deployment.id, {
    ...deployment,
    status: activates && deployment.status === 'AWAITING_DATABASE' ? 'READY' : deployment.status,
    activeRevisionId: activates ? revision.id : deployment.activeRevisionId,
    reportedUrl: url ?? deployment.reportedUrl,
    lastReport,
    updatedAt: state.now,
  });
  return null;
}

function messageOf(
  { stage, outcome, reason, message, commit, pullRequest, url }: RevisionReport,
  decision: ReportDecision,
): string {
  const places = [
    commit === null ? null : `commit ${commit}`,
    pullRequest === null ? null : `pull request ${pullRequest}`,
    url === null || outcome !== 'succeeded' ? null : `url ${url}`,
  ].filter((place) => place !== null);
  const word = decision.revision.status ? `${decision.revision.status}: ` : '';
  return `${word}${stage} (${reason}): ${message}${places.length > 0 ? ` [${places.join(', ')}]` : ''}`;
}

function activeNumber(state: State, { activeRevisionId }: DeploymentRow): number {
  return activeRevisionId === null ? 0 : (state.known.revisions.get(activeRevisionId)?.number ?? 0);
}

function foldRemoval(state: State, deployment: DeploymentRow, report: RemovalReport): string | null {
  // Only what somebody asked to delete can end: a removal that nobody asked for is the listener's error.
  if (deployment.status !== 'AWAITING_DELETE') return 'nobody has asked for the removal of this deployment';
  const ends = report.outcome === 'succeeded';
  const revisionId = deployment.latestRevisionId;
  const level = report.outcome === 'failed' ? 'ERROR' : 'INFO';
  const times = { at: state.now, reportedAt: timeOf(report, state.now) };
  const line = { ...times, level, stage: null, message: removalMessage(report) } as const;
  const isNew = revisionId !== null && addLine(state, { deploymentId: deployment.id, revisionId, ...line });
  if (!isNew && !ends) return null;
  state.deployments.set(deployment.id, {
    ...deployment,
    lastRemovalReport: report,
    goneAt: ends ? state.now : null,
    updatedAt: state.now,
  });
  return null;
}

function removalMessage({ outcome, reason, message, commit, retained }: RemovalReport): string {
  const kept = retained.length > 0 ? ` [retained: ${retained.join(', ')}]` : '';
  return `Removal ${outcome} (${reason}): ${message}${commit === null ? '' : ` [commit ${commit}]`}${kept}`;
}

/** False for a line that is there already. */
function addLine(state: State, line: LogLine & { readonly reportedAt: Date }): boolean {
  const key = replayKey(line.revisionId, line.reportedAt, line.message);
  if (state.seen.has(key)) return false;
  state.seen.add(key);
  state.lines.push(line);
  return true;
}
