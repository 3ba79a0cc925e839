/** What a plan alone already has to say about a deployment, before anything is pushed. */
import type { Folder } from '../core/folder.ts';
import { folderPath, type Step } from '../core/plan.ts';
import { doubtWords, type Remnant } from '../core/plan-removal.ts';
import { adoptCommand, releaseCommand } from '../core/release-commands.ts';
import {
  byWhom,
  doubtAbout,
  reportCommitted,
  reportFailed,
  reportHeld,
  reportRemoval,
  reportWaiting,
  saysTheSame,
} from '../core/report.ts';
import type { Present, Removed } from '../domain/desired.ts';
import { asTowpathError } from '../domain/failure.ts';
import type { CommitId } from '../domain/identifiers.ts';
import type { RemovalReport, Report, RevisionReport } from '../domain/report.ts';
import type { CommitSummary } from '../ports.ts';
import type { LaneContext, Setback } from './context.ts';
import { changesSince, commitOf, findRemoval, lastChangeOf } from './evidence.ts';
import type { RepositoryView } from './repository-view.ts';

export async function reportsOfStep(
  context: LaneContext,
  view: RepositoryView,
  step: Step,
  refusal: string | null,
): Promise<readonly Report[]> {
  switch (step.kind) {
    case 'keep':
    case 'outdated':
      return reportKept(context, view, step.desired, step.folder);
    case 'hold':
      return reportHold(context, view, step);
    case 'foreign':
      return reportForeign(context, view, step);
    case 'removed':
      return reportRemoved(context, view, step.desired);
    case 'remove':
      context.observer?.remains(step.desired);
      return refusal === null ? [] : [removalFailed(context, step, 'DeletionLimit', refusal)];
    case 'remove-held':
      return reportRemovalHeld(context, view, step);
    case 'remove-foreign':
      return reportRemnant(context, view, step);
    case 'lay-down':
    case 'update':
    case 'rerender':
    case 'restore':
    case 'interrupted':
      return [];
    default:
      return step satisfies never;
  }
}

/** A failure that the developer should see: at once when it is his to mend, later when it may mend itself. */
export function reportSetback(
  context: LaneContext,
  desired: Present,
  setback: Setback,
  error: unknown,
): readonly Report[] {
  const known = asTowpathError(error);
  const reason = known?.reason ?? 'Unexpected';
  const message = known?.message ?? 'Cannot prepare the revision: an unexpected error, see the log of the listener';
  const now = context.clock.now();
  // What is mended outside (a missing right) is tried again all the same, and a late success corrects this.
  if (setback.retryAt === null || known?.kind === 'terminal') {
    return unlessSaid(desired, reportFailed(desired, { stage: 'rendered', reason, message }, now));
  }
  const isWorthSaying = known?.kind === 'waiting' || setback.attempts >= 3;
  return !isWorthSaying
    ? []
    : unlessSaid(desired, reportWaiting(desired, reason, `${message}; it is tried again`, now));
}

/** Said only once: the control plane remembers, and so do we. */
export function unlessSaid(desired: Present, report: RevisionReport): readonly Report[] {
  return saysTheSame(report, desired.lastReport) ? [] : [report];
}

/** In git, but the control plane has not heard so: a restart came between, or a person undid his change. */
async function reportKept(
  context: LaneContext,
  view: RepositoryView,
  desired: Present,
  { path, provenance }: Folder,
): Promise<readonly Report[]> {
  if (isSaidCommitted(context, desired)) return [];
  const now = context.clock.now();
  const commit = await commitOf(context.repository, view.snapshot, desired, path, now);
  const { branch, url } = context.repository;
  const { engine } = context;
  const secret = engine === null ? provenance?.secretName : null;
  const notes = secret ? [`A cluster needs Secret "${secret}" in namespace ${context.namespace}.`] : [];
  context.observer?.committed(desired, path, now);
  return [reportCommitted(desired, { engine, commit, branch, repository: url, notes, url: null }, now)];
}

/** What was seen in the cluster since has the last word; a failure of this stage (a hold, a refusal) is over. */
function isSaidCommitted({ engine }: LaneContext, { lastReport: last, revisionId }: Present): boolean {
  if (last?.revisionId !== revisionId || last.commit === null) return false;
  if (last.stage === 'committed') return last.outcome === (engine === null ? 'succeeded' : 'progressing');
  return engine !== null && (last.stage === 'synced' || last.stage === 'healthy');
}

/** With a cluster the word is the observer's: gone from git is not gone. */
async function reportRemoved(context: LaneContext, view: RepositoryView, desired: Removed): Promise<readonly Report[]> {
  const commit = await removalCommitOf(context, view, desired);
  context.observer?.gone(desired, folderPath(desired, context.settings.layout), commit);
  return context.engine === null ? [removedReport(context, desired, commit)] : [];
}

async function reportHold(
  context: LaneContext,
  view: RepositoryView,
  step: Extract<Step, { kind: 'hold' }>,
): Promise<readonly Report[]> {
  const { desired, path, drift, since } = step;
  const changes = await changesSince(context.repository, view.snapshot, since, path);
  if (drift === 'edited' && cameEdited(context, desired, changes))
    return reportMergedEdited(context, view, desired, path);
  const reports = unlessSaid(
    desired,
    reportHeld({ ...desired, drift, path, commit: since, changes }, context.clock.now()),
  );
  const fields = { namespace: context.namespace, deployment: desired.name, revision: desired.revisionId };
  if (reports.length > 0) context.log.warn('Holding a deployment that was changed in git', { ...fields, drift, path });
  return reports;
}

/**
 * Under review a person may change a revision on its branch and merge that: it is what the base got, and what runs. Only
 * what is changed on the base after that is a change in git.
 */
function cameEdited({ review }: LaneContext, desired: Present, changes: readonly CommitSummary[]): boolean {
  const { lastReport: last, revisionId } = desired;
  const wasCommitted = last?.revisionId === revisionId && last.commit !== null;
  return review !== null && (!wasCommitted || changes.length === 0);
}

async function reportMergedEdited(
  context: LaneContext,
  view: RepositoryView,
  desired: Present,
  path: string,
): Promise<readonly Report[]> {
  if (isSaidCommitted(context, desired)) return [];
  const { repository, engine, clock } = context;
  const now = clock.now();
  const last = await lastChangeOf(repository, view.snapshot, path, now);
  const { branch, url } = repository;
  const note = `It was merged with what a person changed on its branch${byWhom(last ? [last] : [])}; the next revision writes over that.`;
  const committed = {
    engine,
    commit: last?.id ?? view.snapshot.head,
    branch,
    repository: url,
    notes: [note],
    url: null,
  };
  context.observer?.committed(desired, path, now);
  return [reportCommitted(desired, committed, now)];
}

/** The commit of a removal whose report was lost; null where there was nothing to remove. */
function removalCommitOf(context: LaneContext, view: RepositoryView, desired: Removed): Promise<CommitId | null> {
  const path = folderPath(desired, context.settings.layout);
  return findRemoval(context.repository, view.snapshot, path, context.clock.now());
}

async function reportForeign(
  context: LaneContext,
  view: RepositoryView,
  { desired, path, doubt, since }: Extract<Step, { kind: 'foreign' }>,
): Promise<readonly Report[]> {
  const wasOurs = desired.lastReport?.revisionId === desired.revisionId && since !== null;
  const changes = wasOurs ? await changesSince(context.repository, view.snapshot, since, path) : [];
  const advice = wasOurs ? 'undo that in git' : 'move it away in git';
  const message =
    `Cannot write ${path}: what is there ${doubtAbout(doubt, changes)}; ` +
    `${advice}, or take it over: ${adoptCommand(desired.name, context.namespace)}`;
  const report = reportFailed(desired, { stage: 'committed', reason: 'ForeignFolder', message }, context.clock.now());
  const reports = unlessSaid(desired, report);
  const fields = { namespace: context.namespace, deployment: desired.name, revision: desired.revisionId };
  if (reports.length > 0) context.log.warn('Leaving a folder alone that is not ours', { ...fields, path });
  return reports;
}

async function reportRemovalHeld(
  context: LaneContext,
  view: RepositoryView,
  step: Extract<Step, { kind: 'remove-held' }>,
): Promise<readonly Report[]> {
  context.observer?.remains(step.desired);
  const changes = await changesSince(context.repository, view.snapshot, step.since, step.folder.path);
  const message =
    `Cannot remove ${step.folder.path}: it was edited in git${byWhom(changes)}; ` +
    `undo the change there, or let it go all the same: ${releaseCommand(step.desired.name, context.namespace)}`;
  return [removalFailed(context, step, 'EditedInGit', message)];
}

/** Nothing says that it is not its own, so the deployment is not gone; and nothing says that it is, so it stays. */
async function reportRemnant(
  context: LaneContext,
  view: RepositoryView,
  step: Extract<Step, { kind: 'remove-foreign' }>,
): Promise<readonly Report[]> {
  const { desired, path, doubt, since } = step;
  context.observer?.remains(desired);
  const changes = await changesSince(context.repository, view.snapshot, since, path);
  const message =
    `Cannot end the removal: ${path} ${doubtAbout(doubt, changes)}; ` +
    'remove it in git, or delete the deployment once more with force, which leaves it there';
  return [removalFailed(context, step, 'ForeignFolder', message)];
}

function removalFailed(
  context: LaneContext,
  step: Extract<Step, { kind: 'remove' | 'remove-held' | 'remove-foreign' }>,
  reason: string,
  message: string,
): Report {
  return reportRemoval(step.desired, { outcome: 'failed', reason, message, commit: null }, context.clock.now());
}

export function removedReport(
  context: LaneContext,
  desired: Removed,
  commit: CommitId | null,
  [remnant]: readonly Remnant[] = [],
): RemovalReport {
  const where = commit === null ? 'Nothing of it is in git' : `Removed from git in ${commit.slice(0, 12)}`;
  if (remnant) {
    const message = `${where}; but ${remnant.path} ${doubtWords[remnant.doubt]}`;
    return reportRemoval(
      desired,
      { outcome: 'progressing', reason: 'ForeignFolder', message, commit },
      context.clock.now(),
    );
  }
  if (context.engine !== null) {
    const message = `${where}; waiting until nothing of it is left in the cluster`;
    return reportRemoval(desired, { outcome: 'progressing', reason: 'Pruning', message, commit }, context.clock.now());
  }
  const data = context.settings.deletion.data === 'retain' ? '; a cluster would keep its volume claims' : '';
  const message = `${where}; nothing watches a cluster (engine none), so nothing more is waited for${data}`;
  return reportRemoval(desired, { outcome: 'succeeded', reason: 'Removed', message, commit }, context.clock.now());
}
