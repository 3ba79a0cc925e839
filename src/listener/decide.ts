/** From a plan to commits: what is rendered, what is only reported, what must wait. */
import PQueue from 'p-queue';
import { decideRemovals } from '../core/deletion-limit.ts';
import { keptSteps, type NamespacePlan, planNamespace, type Step } from '../core/plan.ts';
import type { Desired } from '../domain/desired.ts';
import { asTowpathError, failureKind, TowpathError } from '../domain/failure.ts';
import type { DeploymentId } from '../domain/identifiers.ts';
import type { Report } from '../domain/report.ts';
import type { LaneContext, LaneMemory, Prepared, Setback } from './context.ts';
import { type Draft, draftDeploy, draftRemoval, filesNeededOnce } from './draft.ts';
import { countRecentRemovals, unproven } from './evidence.ts';
import { prepareRevision } from './prepare.ts';
import type { RepositoryView } from './repository-view.ts';
import { reportSetback, reportsOfStep } from './step-reports.ts';
import { backoff } from './timings.ts';

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
/** Specifications are fetched and rendered side by side. */
const concurrency = 16;

export type WritingStep = Extract<Step, { kind: 'lay-down' | 'update' | 'rerender' | 'restore' }>;
export type RemovingStep = Extract<Step, { kind: 'remove' }>;

export async function decide(
  context: LaneContext,
  memory: LaneMemory,
  view: RepositoryView,
  desired: readonly Desired[],
): Promise<Decision> {
  const plan = await provenPlan(context, memory, view, desired);
  memory.kept = keptSteps(plan);
  const now = context.clock.now();
  const writing = plan.steps.filter(isWriting);
  forgetFinished(memory, writing);
  noteWanted(memory, writing, now);
  const due = writing.filter((step) => isDue(memory.setbacks.get(step.desired.deploymentId), step, now));
  const taken = due.slice(0, draftsAPass);
  const removals = plan.steps.filter((step) => step.kind === 'remove').slice(0, draftsAPass);
  const refusal = await refusalOf(context, memory, view, removals.length);
  const written = await draftAll(context, memory, taken, view);
  const removed = refusal === null ? removals.map((step) => draftRemoval(context, view.snapshot, step)) : [];
  const said = [];
  for (const step of plan.steps) said.push(...(await reportsOfStep(context, view, step, refusal)));
  return {
    plan,
    drafts: [...written.drafts, ...removed],
    reports: [...said, ...written.reports],
    refusal,
    more: due.length > taken.length || written.late,
  };
}

/** A plan whose holds rest on a commit that this history really has. */
async function provenPlan(
  context: LaneContext,
  memory: LaneMemory,
  view: RepositoryView,
  desired: readonly Desired[],
): Promise<NamespacePlan> {
  const planFor = (items: readonly Desired[]): NamespacePlan =>
    planNamespace({
      listenerId: context.listenerId,
      settings: context.settings,
      configuration: context.configuration,
      desired: items,
      complete: context.desired.complete,
      folders: view.folders,
      emptyRepository: view.snapshot.head === null,
      kept: memory.kept,
    });
  const plan = planFor(desired);
  const doubtful = await unproven(context.repository, view.snapshot, plan.steps);
  if (doubtful.size === 0) return plan;
  return planFor(desired.map((item) => (doubtful.has(item.deploymentId) ? { ...item, lastReport: null } : item)));
}

async function refusalOf(
  context: LaneContext,
  memory: LaneMemory,
  view: RepositoryView,
  wanted: number,
): Promise<string | null> {
  if (wanted === 0) return null;
  const { deletion } = context.settings;
  const after = new Date(context.clock.now().getTime() - deletion.within);
  const recent = await countRecentRemovals(context.repository, view.snapshot, after);
  const decision = decideRemovals(deletion, { recent, wanted, held: memory.removalsHeld });
  memory.removalsHeld = decision.kind === 'refused';
  return decision.kind === 'refused' ? decision.message : null;
}

interface Drafted {
  readonly drafts: readonly Draft[];
  readonly reports: readonly Report[];
  /** True where some were not ready in time. */
  readonly late: boolean;
}

/** One deployment's failure is its own: the neighbours are drafted all the same. */
async function draftAll(
  context: LaneContext,
  memory: LaneMemory,
  steps: readonly WritingStep[],
  view: RepositoryView,
): Promise<Drafted> {
  if (steps.length === 0) return { drafts: [], reports: [], late: false };
  const ready = new AbortController();
  const deadline = context.clock.sleep(context.timings.prepareMs, ready.signal).catch(() => undefined);
  const isOver = { now: false };
  const over = deadline.then(() => {
    isOver.now = true;
    return null;
  });
  const queue = new PQueue({ concurrency });
  const draft = async (step: WritingStep): Promise<Drafted> =>
    isOver.now ? notReady : draftOne(context, memory, view, step, over);
  const results = await Promise.all(steps.map((step) => queue.add(() => draft(step))));
  ready.abort();
  const drafts = results.flatMap((result) => result.drafts);
  const once = filesNeededOnce(context, view);
  const [first, ...rest] = drafts;
  return {
    drafts: first && once.size > 0 ? [first.withOnce(once), ...rest] : drafts,
    reports: results.flatMap((result) => result.reports),
    late: results.some((result) => result.late),
  };
}

const notReady: Drafted = { drafts: [], reports: [], late: true };

async function draftOne(
  context: LaneContext,
  memory: LaneMemory,
  view: RepositoryView,
  step: WritingStep,
  over: Promise<null>,
): Promise<Drafted> {
  const { deploymentId, revisionId } = step.desired;
  try {
    refuseMissingComponents(context, view);
    const prepared = await Promise.race([preparedFor(context, memory, step), over]);
    if (prepared === null) return notReady;
    const draft = draftDeploy(context, view.snapshot, step, prepared);
    return { drafts: [draft], reports: draft.renderedReport, late: false };
  } catch (error) {
    // That is nobody's setback: whoever leads now goes on from here.
    if (asTowpathError(error)?.reason === 'NotLeading') throw error;
    const setback = setbackOf(context, memory.setbacks.get(deploymentId), step, error);
    memory.setbacks.set(deploymentId, setback);
    const fields = { namespace: context.namespace, deployment: step.desired.name, revision: revisionId };
    context.log.warn('Cannot prepare revision', { ...fields, attempt: setback.attempts, error: describe(error) });
    return { drafts: [], reports: reportSetback(context, step.desired, setback, error), late: false };
  }
}

/** A kustomization that lists a folder which is not there would stop the engine for this deployment. */
function refuseMissingComponents(context: LaneContext, view: RepositoryView): void {
  const missing = context.settings.kustomize.components.filter((path) => view.snapshot.list(path) === null);
  if (missing.length === 0) return;
  throw new TowpathError(
    'waiting',
    'MissingComponent',
    `Cannot use kustomize.components: ${missing.join(', ')} is no folder of branch ${context.repository.branch}; add it there`,
  );
}

async function preparedFor(context: LaneContext, memory: LaneMemory, step: WritingStep): Promise<Prepared> {
  const { deploymentId, revisionId } = step.desired;
  const known = memory.prepared.get(deploymentId);
  if (known?.revisionId === revisionId) return known;
  const running = memory.preparing.get(deploymentId);
  if (running?.revisionId === revisionId) return running.result;
  const held = 'folder' in step ? (step.folder?.provenance ?? null) : null;
  const result = prepareRevision(context, step.desired, held).finally(() => {
    if (memory.preparing.get(deploymentId)?.result === result) memory.preparing.delete(deploymentId);
  });
  memory.preparing.set(deploymentId, { revisionId, result });
  // Whoever waits sees it fail; where nobody does any more, it must not end the process.
  result.catch(() => undefined);
  const prepared = await result;
  memory.prepared.set(deploymentId, prepared);
  return prepared;
}

function setbackOf(context: LaneContext, last: Setback | undefined, step: WritingStep, error: unknown): Setback {
  const { revisionId } = step.desired;
  const attempts = last?.revisionId === revisionId ? last.attempts + 1 : 1;
  const message = describe(error);
  const asked = asTowpathError(error)?.retryAfterMs;
  if (failureKind(error) === 'terminal' && asked === undefined) return { revisionId, attempts, message, retryAt: null };
  const delay = asked ?? backoff(context.timings.retryMs, attempts);
  return { revisionId, attempts, message, retryAt: context.clock.now().getTime() + delay };
}

function isDue(setback: Setback | undefined, step: WritingStep, now: Date): boolean {
  if (!setback || setback.revisionId !== step.desired.revisionId) return true;
  return setback.retryAt !== null && setback.retryAt <= now.getTime();
}

function isWriting(step: Step): step is WritingStep {
  return step.kind === 'lay-down' || step.kind === 'update' || step.kind === 'rerender' || step.kind === 'restore';
}

/** What may be logged of an error: our own words, never what a stranger's stack holds. */
export function describe(error: unknown): string {
  return (
    asTowpathError(error)?.message ?? (error instanceof Error ? `${error.name}: ${error.message}` : 'unknown error')
  );
}

/** From here on it is measured how long a revision takes. */
function noteWanted({ wantedSince }: LaneMemory, writing: readonly WritingStep[], at: Date): void {
  for (const { desired } of writing) {
    const { deploymentId, revisionId } = desired;
    if (wantedSince.get(deploymentId)?.revisionId !== revisionId) wantedSince.set(deploymentId, { revisionId, at });
  }
}

/** What is superseded, removed or done needs no second try, and nothing that was made ready for it. */
function forgetFinished({ setbacks, prepared, wantedSince }: LaneMemory, writing: readonly WritingStep[]): void {
  const wanted = new Map(writing.map(({ desired }) => [desired.deploymentId, desired.revisionId]));
  for (const memory of [setbacks, prepared, wantedSince]) {
    for (const [id, { revisionId }] of memory) if (wanted.get(id) !== revisionId) memory.delete(id);
  }
}

export function earliestRetry(setbacks: ReadonlyMap<DeploymentId, Setback>): number | null {
  const times = [...setbacks.values()].flatMap((setback) => setback.retryAt ?? []);
  return times.length === 0 ? null : Math.min(...times);
}
