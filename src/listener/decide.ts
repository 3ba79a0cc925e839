/** From a plan to commits: what is rendered, what is only reported, what must wait. */
import { decideRemovals } from '../core/deletion-limit.ts';
import type { WritingStep } from '../core/plan.ts';
import { isWriting, keptSteps, type NamespacePlan, planNamespace, type RemovingStep, type Step } from '../core/plan.ts';
import type { Desired } from '../domain/desired.ts';
import type { DeploymentId } from '../domain/identifiers.ts';
import type { Report } from '../domain/report.ts';
import type { LaneContext, LaneMemory, Setback } from './context.ts';
import { type Draft, draftRemoval } from './draft.ts';
import { draftAll, isDue, subjectOf } from './drafting.ts';
import { countRecentRemovals, unproven } from './evidence.ts';
import type { RepositoryView } from './repository-view.ts';
import { reportsOfStep } from './step-reports.ts';
import { tracesIn } from './traces.ts';

export interface Decision {
  readonly plan: NamespacePlan;
  readonly drafts: readonly Draft[];
  /** What can be said already, whether the push succeeds or not. */
  readonly reports: readonly Report[];
  /** Why removals wait for a person; null where none do. */
  readonly refusal: string | null;
  /** True where more waits than one pass takes. */
  readonly more: boolean;
}

/** A push of more would hold too much in memory, and its author waiting. */
const draftsAPass = 1000;

/** Which steps of a plan become commits; under review most of them wait already. */
export interface Selection {
  takes(step: WritingStep | RemovingStep): boolean;
  /** Those whose turn comes, now or later: what is known of them is kept. Absent: those that it takes. */
  remembers?(step: WritingStep | RemovingStep): boolean;
  /** How many removals count against the limit, whether they are taken now or wait already. */
  readonly removals: number;
  /** How many were made since then, where more is known than git shows. */
  removedSince?(after: Date): number;
}

export async function decide(
  context: LaneContext,
  memory: LaneMemory,
  view: RepositoryView,
  desired: readonly Desired[],
): Promise<Decision> {
  const plan = await planPass(context, memory, view, desired);
  const removals = plan.steps.filter((step) => step.kind === 'remove').length;
  return draftPlan(context, memory, view, plan, { takes: () => true, removals });
}

/** A plan whose holds rest on a commit that this history really has. */
export async function planPass(
  context: LaneContext,
  memory: LaneMemory,
  view: RepositoryView,
  desired: readonly Desired[],
): Promise<NamespacePlan> {
  const plan = await provenPlan(context, memory, view, desired);
  memory.kept = keptSteps(plan);
  return plan;
}

export async function draftPlan(
  context: LaneContext,
  memory: LaneMemory,
  view: RepositoryView,
  plan: NamespacePlan,
  selection: Selection,
): Promise<Decision> {
  const now = context.clock.now();
  const changing = plan.steps.filter((step) => isWriting(step) || step.kind === 'remove');
  const selected = changing.filter(selection.takes);
  forgetFinished(memory, changing.filter(selection.remembers ?? selection.takes));
  noteWanted(memory, selected.filter(isWriting), now);
  const due = selected.filter((step) => isDue(memory.setbacks.get(step.desired.deploymentId), step, now));
  const writing = due.filter(isWriting);
  const taken = writing.slice(0, draftsAPass);
  const removing = due.filter((step) => step.kind === 'remove');
  const refusal = await refusalOf(context, memory, view, selection);
  const written = await draftAll(context, memory, taken, view);
  const removed = refusal === null ? draftRemovals(context, view, removing.slice(0, draftsAPass)) : [];
  const said: Report[] = [];
  for (const step of plan.steps) {
    if (step.kind === 'remove' && !removing.includes(step)) continue;
    said.push(...(await reportsOfStep(context, view, step, refusal)));
  }
  return {
    plan,
    drafts: [...written.drafts, ...removed],
    reports: [...said, ...written.reports],
    refusal: removing.length === 0 ? null : refusal,
    more: writing.length > taken.length || written.late,
  };
}

function draftRemovals(context: LaneContext, view: RepositoryView, steps: readonly Step[]): readonly Draft[] {
  return steps.flatMap((step) => (step.kind === 'remove' ? [draftRemoval(context, view.snapshot, step)] : []));
}

async function provenPlan(
  context: LaneContext,
  memory: LaneMemory,
  view: RepositoryView,
  desired: readonly Desired[],
): Promise<NamespacePlan> {
  const traces = await tracesIn(context.repository, memory, view, desired);
  const planFor = (items: readonly Desired[]): NamespacePlan =>
    planNamespace({
      listenerId: context.listenerId,
      settings: context.settings,
      configuration: context.configuration,
      desired: items,
      complete: context.desired.complete,
      folders: view.folders,
      traces,
      emptyRepository: view.snapshot.head === null,
      kept: memory.kept,
    });
  const plan = planFor(desired);
  const { acceptHistory } = context.settings;
  const doubtful = await unproven(context.repository, view.snapshot, acceptHistory, plan.steps);
  if (doubtful.size === 0) return plan;
  return planFor(desired.map((item) => (doubtful.has(item.deploymentId) ? { ...item, lastReport: null } : item)));
}

async function refusalOf(
  context: LaneContext,
  memory: LaneMemory,
  view: RepositoryView,
  { removals: wanted, removedSince }: Selection,
): Promise<string | null> {
  if (wanted === 0) {
    // Whoever released them by a command, or in git, has ended the hold.
    memory.removalsHeld = false;
    return null;
  }
  const { deletion } = context.settings;
  const after = new Date(context.clock.now().getTime() - deletion.within);
  const shown = await countRecentRemovals(context.repository, view.snapshot, after);
  const recent = Math.max(shown, removedSince?.(after) ?? 0);
  const decision = decideRemovals(deletion, {
    namespace: context.namespace,
    recent,
    wanted,
    held: memory.removalsHeld,
  });
  memory.removalsHeld = decision.kind === 'refused';
  return decision.kind === 'refused' ? decision.message : null;
}

/** Superseded, interrupted or removed while it was made ready: it goes out no more. */
export function isStillWanted({ desired }: LaneContext, of: Desired): boolean {
  const now = desired.find(of.deploymentId);
  if (now?.kind !== 'present' || of.kind !== 'present') return now?.kind === of.kind;
  return now.revisionId === of.revisionId && (of.interrupted || !now.interrupted);
}

/** From here on it is measured how long a revision takes. */
function noteWanted({ wantedSince }: LaneMemory, writing: readonly WritingStep[], at: Date): void {
  for (const { desired } of writing) {
    const { deploymentId, revisionId } = desired;
    if (wantedSince.get(deploymentId)?.revisionId !== revisionId) wantedSince.set(deploymentId, { revisionId, at });
  }
}

/** What is superseded, removed or done needs no second try, and nothing that was made ready for it. */
function forgetFinished(
  { setbacks, prepared, wantedSince }: LaneMemory,
  changing: readonly (WritingStep | RemovingStep)[],
): void {
  const wanted = new Map(changing.map(({ desired }) => [desired.deploymentId, subjectOf(desired)]));
  for (const memory of [setbacks, prepared, wantedSince]) {
    for (const [id, { revisionId }] of memory) if (wanted.get(id) !== revisionId) memory.delete(id);
  }
}

/** When a pass has something to do though nothing has moved. While the forge allows nothing, nothing else is tried. */
export function nextRetry({ setbacks, review }: LaneMemory, now: number): number | null {
  const { retryAt, opensFrom } = review;
  if (retryAt !== null && retryAt > now) return retryAt;
  const times = [retryAt, earliestRetry(setbacks), opensFrom || null].filter((time) => time !== null);
  return times.length === 0 ? null : Math.min(...times);
}

export function earliestRetry(setbacks: ReadonlyMap<DeploymentId, Setback>): number | null {
  const times = [...setbacks.values()].flatMap((setback) => setback.retryAt ?? []);
  return times.length === 0 ? null : Math.min(...times);
}
