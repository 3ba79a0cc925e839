/** One run over a lane: read the head, plan, render what is missing, push once, and say what became of it. */
import pRetry from 'p-retry';
import { plainLine } from '../core/plain-line.ts';
import { asTowpathError, TowpathError } from '../domain/failure.ts';
import type { CommitId } from '../domain/identifiers.ts';
import type { Report } from '../domain/report.ts';
import type { PushOutcome } from '../ports.ts';
import type { LaneContext, LaneMemory } from './context.ts';
import { type Decision, decide, earliestRetry } from './decide.ts';
import { type Draft, writtenProvenance } from './draft.ts';
import { refuseRewrittenHistory } from './evidence.ts';
import { type RepositoryView, viewAt, viewOf } from './repository-view.ts';

export type PassOutcome =
  /** Nothing changed anywhere: one request, no rendering. */
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'done';
      readonly reports: readonly Report[];
      readonly head: CommitId | null;
      readonly pushed: number;
      readonly refusal: string | null;
      readonly orphans: readonly string[];
    };

/** Throws TowpathError for what concerns the whole repository; a deployment's own failure is among the reports. */
export async function runPass(
  context: LaneContext,
  memory: LaneMemory,
  say: (reports: readonly Report[]) => void,
): Promise<PassOutcome> {
  const { first, most, attempts } = context.timings.movedMs;
  try {
    return await pRetry(() => attemptPass(context, memory, say), {
      retries: attempts,
      minTimeout: first,
      maxTimeout: most,
      randomize: true,
      shouldRetry: ({ error }) => error instanceof TryAgain,
    });
  } catch (error) {
    if (error instanceof TryAgain) throw keepsMoving(context, error);
    throw error;
  }
}

/** The push did not come through, and the next attempt begins with a new look at the head. */
class TryAgain extends Error {}

async function attemptPass(
  context: LaneContext,
  memory: LaneMemory,
  say: (reports: readonly Report[]) => void,
): Promise<PassOutcome> {
  const { repository, desired, namespace } = context;
  const version = desired.version(namespace);
  const head = await repository.head();
  if (memory.view?.snapshot.head === head && isSettled(context, memory, version)) return { kind: 'idle' };
  const items = desired.items(namespace);
  const view = await viewAt(repository, head, memory.view);
  await refuseRewrittenHistory(repository, view.snapshot, memory.pushed, items);
  memory.view = view;
  const decision = await decide(context, memory, view, items);
  const drafts = decision.drafts.filter((draft) => isStillWanted(context, draft));
  const published = drafts.length === 0 ? [] : await publish(context, memory, view, drafts, decision, say);
  memory.settledVersion = decision.more || drafts.length < decision.drafts.length ? null : version;
  return {
    kind: 'done',
    reports: [...decision.reports, ...published],
    head: memory.view.snapshot.head,
    pushed: published.length,
    refusal: decision.refusal,
    orphans: decision.plan.orphans,
  };
}

function isSettled(context: LaneContext, memory: LaneMemory, version: number): boolean {
  const retryAt = earliestRetry(memory.setbacks);
  return memory.settledVersion === version && (retryAt === null || retryAt > context.clock.now().getTime());
}

/** Superseded, interrupted or removed while it was being rendered: it is not pushed any more. */
function isStillWanted(context: LaneContext, draft: Draft): boolean {
  const now = context.desired.find(draft.desired.deploymentId);
  if (now?.kind !== 'present' || draft.desired.kind !== 'present') return now?.kind === draft.desired.kind;
  return now.revisionId === draft.desired.revisionId && !now.interrupted;
}

async function publish(
  context: LaneContext,
  memory: LaneMemory,
  view: RepositoryView,
  drafts: readonly Draft[],
  decision: Decision,
  say: (reports: readonly Report[]) => void,
): Promise<readonly Report[]> {
  spendBudget(context, memory);
  const outcome = await context.repository.publish(
    view.snapshot,
    drafts.map((draft) => draft.commit),
  );
  if (outcome.kind !== 'pushed') {
    say(decision.reports);
    throw notPushed(context, outcome);
  }
  memory.pushed = outcome.commits.at(-1) ?? memory.pushed;
  for (const draft of drafts) memory.prepared.delete(draft.desired.deploymentId);
  const reports = drafts.flatMap((draft, index) => {
    const commit = outcome.commits[index];
    return commit ? [draft.reportPushed(commit)] : [];
  });
  // Said before the new head is read: what is pushed is pushed, even where reading fails.
  memory.view = null;
  memory.view = await viewOf(context.repository, outcome.snapshot, view, writtenProvenance(drafts)).catch(() => null);
  return reports;
}

/** A forge counts pushes a minute; beyond that the pass waits, and takes along what arrives meanwhile. */
function spendBudget(context: LaneContext, memory: LaneMemory): void {
  const budget = context.settings.pushesPerMinute;
  const now = context.clock.now().getTime();
  while (memory.pushes[0] !== undefined && memory.pushes[0] <= now - 60_000) memory.pushes.shift();
  const oldest = memory.pushes[0];
  if (budget !== undefined && oldest !== undefined && memory.pushes.length >= budget) {
    throw new TowpathError(
      'waiting',
      'PushBudget',
      `Cannot push to ${context.repository.url} yet: pushesPerMinute is ${budget}; the next push waits for its turn`,
      { retryAfterMs: oldest + 60_000 - now },
    );
  }
  if (budget !== undefined) memory.pushes.push(now);
}

/** The repository tries a refusal that may pass by itself; one that it hands on is the server's last word. */
function notPushed(context: LaneContext, outcome: Exclude<PushOutcome, { kind: 'pushed' }>): Error {
  if (outcome.kind === 'moved') return new TryAgain(`branch ${context.repository.branch} moved`);
  const reason = outcome.class === 'policy' ? 'PushRefusedByPolicy' : 'PushDenied';
  const advice =
    'allow the listener’s account to push there, or mend what the server names; it is tried again now and then';
  return new TowpathError('terminal', reason, `${plainLine(outcome.message, 2000)}; ${advice}`);
}

function keepsMoving(context: LaneContext, cause: Error): TowpathError {
  const { branch, url } = context.repository;
  return new TowpathError(
    'transient',
    'HeadKeepsMoving',
    `Cannot push to branch ${branch} of ${url} yet: somebody else was faster each time; the next pass tries again`,
    { cause: asTowpathError(cause) ?? cause },
  );
}
