/** The queue of one (repository, branch): one pass at a time; what arrives meanwhile is taken by the next. */
import { reportFailed, reportLane, reportRemoval, reportWaiting } from '../core/report.ts';
import type { Desired } from '../domain/desired.ts';
import { asTowpathError, type FailureKind, failureKind } from '../domain/failure.ts';
import type { LaneReport, Report } from '../domain/report.ts';
import { emptyMemory, type LaneContext, type LaneMemory } from './context.ts';
import { nextRetry } from './decide.ts';
import { describe } from './describe.ts';
import { followClock } from './follow-clock.ts';
import { runPass } from './pass.ts';
import type { PassOutcome } from './pass-outcome.ts';
import { unlessSaid } from './step-reports.ts';
import { backoff } from './timings.ts';
import { createWaker } from './waker.ts';

export interface Lane {
  /** Something changed: run as soon as the running pass is over. */
  wake(): void;
  /** Resolves once the lane has come to rest after its signal was aborted. */
  readonly done: Promise<void>;
}

interface LaneOptions {
  readonly context: LaneContext;
  readonly intervalMs: number;
  readonly say: (reports: readonly Report[]) => void;
  readonly signal: AbortSignal;
}

export function startLane({ context, intervalMs, say, signal }: LaneOptions): Lane {
  const memory = emptyMemory();
  const waker = createWaker(context.clock, signal);
  const run = async (): Promise<void> => {
    let failures = 0;
    await waker.wait(intervalMs);
    while (!signal.aborted) {
      const result = await onePass(context, memory, say);
      failures = result.kind === 'failed' ? failures + 1 : 0;
      if (result.kind === 'failed') await pauseAfter(result.error, failures);
      else await waker.wait(result.again ? 0 : untilNextLook());
    }
  };
  /** A deployment that is tried again later shortens the wait; chance keeps listeners from looking all at once. */
  const untilNextLook = (): number => {
    const retryAt = nextRetry(memory, context.clock.now().getTime());
    const interval = intervalMs * (0.9 + Math.random() / 5);
    const soonest = retryAt === null ? interval : retryAt - context.clock.now().getTime();
    return Math.max(context.timings.retryMs.first, Math.min(interval, soonest));
  };
  /** After a failure a change alone does not hurry: a server that is down or says no is never asked hotly. */
  const pauseAfter = async (error: unknown, failures: number): Promise<void> => {
    const pause = pauseOf(context, error, failures, intervalMs);
    await waker.pause(pause.atLeastMs);
    await waker.wait(pause.atMostMs - pause.atLeastMs);
  };
  return {
    wake: waker.wake,
    done: run(),
  };
}

type PassResult =
  | { readonly kind: 'passed'; readonly again: boolean }
  | { readonly kind: 'failed'; readonly error: unknown };

async function onePass(
  context: LaneContext,
  memory: LaneMemory,
  say: (reports: readonly Report[]) => void,
): Promise<PassResult> {
  const began = context.clock.now().getTime();
  followClock(memory, began);
  try {
    context.observer?.looking();
    const outcome = await runPass(context, memory, say);
    memory.stuckRemovals.clear();
    context.telemetry.pass(context.namespace, outcome.kind, context.clock.now().getTime() - began);
    context.telemetry.queue(`deployments ${context.namespace}`, memory.wantedSince.size);
    if (outcome.kind === 'done') {
      say([...outcome.reports, laneReport(context, outcome)]);
      const fields = { namespace: context.namespace, commits: outcome.pushed, head: outcome.head?.slice(0, 12) };
      // Each of them has a line of its own.
      if (outcome.pushed > 1) {
        context.log.info('Pushed revisions', { ...fields, durationMs: context.clock.now().getTime() - began });
      }
    }
    // Only now does the observer know what was pushed, and that it was said.
    context.observer?.looked();
    return { kind: 'passed', again: memory.settledVersion !== context.desired.version(context.namespace) };
  } catch (error) {
    memory.settledVersion = null;
    context.telemetry.pass(context.namespace, 'failed', context.clock.now().getTime() - began);
    context.telemetry.retry(failureKind(error));
    sayFailure(context, memory, error, say);
    return { kind: 'failed', error };
  }
}

function laneReport(context: LaneContext, outcome: Extract<PassOutcome, { kind: 'done' }>): LaneReport {
  const { orphans, head, refusal } = outcome;
  const at = context.clock.now();
  if (refusal !== null) {
    return reportLane(
      context.namespace,
      { outcome: 'held', reason: 'DeletionLimit', message: refusal, head, orphans: [...orphans] },
      at,
    );
  }
  const message =
    orphans.length === 0
      ? `Branch ${context.repository.branch} of ${context.repository.url} is in step`
      : `${orphans.length} folder(s) bear this listener's id, but the control plane does not know them; they are left alone: ${orphans.slice(0, 20).join(', ')}`;
  const reason = orphans.length === 0 ? 'InStep' : 'OrphanFolders';
  return reportLane(context.namespace, { outcome: 'ok', reason, message, head, orphans: [...orphans] }, at);
}

/** What concerns the whole repository is said of each revision that waits for it, so that its developer sees why. */
function sayFailure(
  context: LaneContext,
  memory: LaneMemory,
  error: unknown,
  say: (reports: readonly Report[]) => void,
): void {
  const { namespace, clock, log } = context;
  const known = asTowpathError(error);
  if (known?.reason === 'PushBudget' || known?.reason === 'NotLeading') {
    log.debug('Waiting before the next push', { namespace, reason: known.reason });
    return;
  }
  const kind = failureKind(error);
  const reason = known?.reason ?? 'Unexpected';
  const url = context.repository.url;
  const message = known?.message ?? `Cannot work on ${url}: an unexpected error, see the log of the listener`;
  log.warn('Cannot finish the pass', { namespace, kind, reason, error: describe(error) });
  const now = clock.now();
  const pending = context.desired
    .items(namespace)
    .filter((desired) => isPending(memory, desired) && !isWithPeople(desired, kind, reason))
    .flatMap((desired) => reportStuck(memory, desired, kind, { reason, message }, now));
  const outcome = reason === 'HistoryRewritten' ? 'held' : 'failed';
  say([...pending, reportLane(namespace, { outcome, reason, message, head: null, orphans: [] }, now)]);
}

/** What waits for this repository; a revision that failed by itself keeps its own reason. */
function isPending({ setbacks }: LaneMemory, desired: Desired): boolean {
  if (desired.kind === 'removed') return true;
  const { deploymentId, revisionId, lastReport, interrupted } = desired;
  const setback = setbacks.get(deploymentId);
  if (setback?.revisionId === revisionId && setback.retryAt === null) return false;
  return !interrupted && (lastReport?.revisionId !== revisionId || lastReport.commit === null);
}

/** What people have before them stays as it is whatever the forge says to us, and what they refused stays refused. */
function isWithPeople(desired: Desired, kind: FailureKind, reason: string): boolean {
  if (desired.kind === 'removed') return false;
  const { lastReport: last, revisionId } = desired;
  if (last?.revisionId !== revisionId || last.stage !== 'in-review') return false;
  return kind !== 'terminal' || last.reason === 'Rejected' || reason.startsWith('Forge');
}

function reportStuck(
  { stuckRemovals }: LaneMemory,
  desired: Desired,
  kind: FailureKind,
  words: { readonly reason: string; readonly message: string },
  now: Date,
): readonly Report[] {
  if (desired.kind === 'present') {
    return unlessSaid(
      desired,
      kind === 'terminal'
        ? reportFailed(desired, { stage: 'committed', ...words }, now)
        : reportWaiting(desired, words.reason, words.message, now),
    );
  }
  const isFinal = kind === 'terminal';
  // A removal that waits says nothing of an outage, unless what it said before is over.
  if (!isFinal && !stuckRemovals.has(desired.deploymentId)) return [];
  stuckRemovals.add(desired.deploymentId);
  const outcome = isFinal ? 'failed' : 'progressing';
  return [reportRemoval(desired, { outcome, ...words, commit: null }, now)];
}

interface Pause {
  /** Not even a change shortens this. */
  readonly atLeastMs: number;
  readonly atMostMs: number;
}

function pauseOf(context: LaneContext, error: unknown, failures: number, intervalMs: number): Pause {
  const known = asTowpathError(error);
  const { retryMs, deniedMs, deafMs } = context.timings;
  const delay = Math.min(backoff(retryMs, failures), intervalMs);
  if (known?.retryAfterMs !== undefined) {
    // A limit ends when it says; a server that is ill may be well again when somebody changes something.
    const deaf = known.kind === 'waiting' ? known.retryAfterMs : Math.min(known.retryAfterMs, deafMs);
    return { atLeastMs: Math.max(deaf, delay), atMostMs: Math.max(known.retryAfterMs, delay) };
  }
  if (known?.reason === 'PushDenied' || known?.reason === 'PushRefusedByPolicy') {
    return {
      atLeastMs: Math.min(deniedMs.first, intervalMs),
      atMostMs: Math.max(backoff(deniedMs, failures), intervalMs),
    };
  }
  return { atLeastMs: delay, atMostMs: failureKind(error) === 'terminal' ? intervalMs : delay };
}
