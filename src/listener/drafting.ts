/** Renders what is due, side by side; one deployment's failure is its own. */
import PQueue from 'p-queue';
import type { Step, WritingStep } from '../core/plan.ts';
import type { Desired } from '../domain/desired.ts';
import { asTowpathError, failureKind, TowpathError } from '../domain/failure.ts';
import type { RevisionId } from '../domain/identifiers.ts';
import type { Report } from '../domain/report.ts';
import type { LaneContext, LaneMemory, Prepared, Setback } from './context.ts';
import { describe } from './describe.ts';
import { type Draft, draftDeploy, filesNeededOnce } from './draft.ts';
import { takenBackOf } from './edited-folder.ts';
import { prepareRevision } from './prepare.ts';
import type { RepositoryView } from './repository-view.ts';
import { refuseLeaks } from './secrets/leaks.ts';
import { reportSetback } from './step-reports.ts';
import { retryDelay } from './timings.ts';

/** Specifications are fetched and rendered side by side. */
const concurrency = 16;

interface Drafted {
  readonly drafts: readonly Draft[];
  readonly reports: readonly Report[];
  /** True where some were not ready in time. */
  readonly late: boolean;
}

/** One deployment's failure is its own: the neighbours are drafted all the same. */
export async function draftAll(
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
    const folder = 'folder' in step ? step.folder : null;
    const takenBack = await takenBackOf(context, view.snapshot, folder, prepared.files);
    const draft = draftDeploy(context, view.snapshot, step, prepared, { takenBack });
    const texts = new Map([['commit message', draft.commit.message]]);
    refuseLeaks({ deployment: step.desired.name, files: new Map(), texts, sensitive: prepared.sensitive });
    return { drafts: [draft], reports: spokenOf(step, draft.renderedReport), late: false };
  } catch (error) {
    // That is nobody's setback: whoever leads now goes on from here.
    if (asTowpathError(error)?.reason === 'NotLeading') throw error;
    const setback = setbackOf(context, memory.setbacks.get(deploymentId), step, error);
    memory.setbacks.set(deploymentId, setback);
    const fields = { namespace: context.namespace, deployment: step.desired.name, revision: revisionId };
    context.log.warn('Cannot prepare revision', { ...fields, attempt: setback.attempts, error: describe(error) });
    const reports = spokenOf(step, reportSetback(context, step.desired, setback, error));
    return { drafts: [], reports, late: false };
  }
}

/** What is only rendered anew runs as it is until that is pushed, and its status with it. */
function spokenOf({ kind }: WritingStep, reports: readonly Report[]): readonly Report[] {
  return kind === 'rerender' ? [] : reports;
}

/** A kustomization that lists a folder which is not there would stop the engine for this deployment. */
export function refuseMissingComponents(context: LaneContext, view: RepositoryView): void {
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
  const folder = 'folder' in step ? step.folder : null;
  // What was kept of a folder that a person or a command has changed since would take that back.
  if (known?.revisionId === revisionId && known.beside === (folder?.content ?? null)) return known;
  const running = memory.preparing.get(deploymentId);
  if (running?.revisionId === revisionId) return running.result;
  const result = prepareRevision(context, step.desired, folder).finally(() => {
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
  const isOwn = failureKind(error) === 'terminal' && asked !== undefined;
  const delay = isOwn ? asked : retryDelay(error, context.timings.retryMs, attempts);
  return { revisionId, attempts, message, retryAt: context.clock.now().getTime() + delay };
}

export function isDue(setback: Setback | undefined, { desired }: Pick<Step, 'desired'>, now: Date): boolean {
  if (!setback || setback.revisionId !== subjectOf(desired)) return true;
  return setback.retryAt !== null && setback.retryAt <= now.getTime();
}

/** What a setback is about: a revision, or null for a removal. */
export function subjectOf(desired: Desired): RevisionId | null {
  return desired.kind === 'present' ? desired.revisionId : null;
}
