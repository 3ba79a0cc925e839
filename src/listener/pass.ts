/** One run over a lane: read the head, plan, render what is missing, push once, and say what became of it. */
import type { TowpathError } from '../domain/failure.ts';
import type { CommitId } from '../domain/identifiers.ts';
import type { Report } from '../domain/report.ts';
import type { LaneContext, LaneMemory } from './context.ts';
import { type Decision, decide, earliestRetry, isStillWanted } from './decide.ts';
import { describe } from './describe.ts';
import { type Draft, writtenProvenance } from './draft.ts';
import { refuseRewrittenHistory } from './evidence.ts';
import { whileItMoves } from './moving.ts';
import type { PassOutcome } from './pass-outcome.ts';
import { publishDrafts, TryAgain } from './publish.ts';
import { shownOf } from './pushed-line.ts';
import { reportRefused } from './refused.ts';
import { type RepositoryView, viewAt, viewOf } from './repository-view.ts';
import { reviewContext } from './review/look.ts';
import { attemptReviewPass } from './review/pass.ts';

/** Throws TowpathError for what concerns the whole repository; a deployment's own failure is among the reports. */
export async function runPass(
  context: LaneContext,
  memory: LaneMemory,
  say: (reports: readonly Report[]) => void,
): Promise<PassOutcome> {
  const review = reviewContext(context);
  const attempt = () => (review === null ? attemptPass(context, memory, say) : attemptReviewPass(review, memory, say));
  const { branch, url } = context.repository;
  return whileItMoves(context.timings.movedMs, attempt, { branch, url, advice: 'the next pass tries again' });
}

async function attemptPass(
  context: LaneContext,
  memory: LaneMemory,
  say: (reports: readonly Report[]) => void,
): Promise<PassOutcome> {
  const { repository, desired, namespace } = context;
  const version = desired.version(namespace);
  const trusted = trustedHead(context, memory, version);
  memory.headKnownAt = null;
  const head = trusted === undefined ? await repository.head() : trusted;
  if (memory.view?.snapshot.head === head && isSettled(context, memory, version)) return { kind: 'idle' };
  const items = desired.items(namespace);
  const view = await viewAt(repository, head, memory.view);
  await refuseRewrittenHistory(repository, view.snapshot, {
    namespace,
    pushed: memory.pushed,
    accepted: context.settings.acceptHistory,
    desired: items,
  });
  memory.view = view;
  context.observer?.branch(view);
  const decision = await decide(context, memory, view, items);
  const drafts = decision.drafts.filter((draft) => isStillWanted(context, draft.desired));
  if (drafts.length === 0 && trusted !== undefined && (await repository.head()) !== head) {
    say(decision.reports);
    throw new TryAgain(`branch ${repository.branch} moved`);
  }
  const published = await publish(context, memory, view, drafts, decision, say);
  memory.headKnownAt = published.unsent ? null : context.clock.now().getTime();
  const isWhole =
    !decision.more &&
    !published.unsent &&
    drafts.length === decision.drafts.length &&
    !drafts.some(({ leaves }) => leaves);
  memory.settledVersion = isWhole ? version : null;
  return {
    kind: 'done',
    reports: [...decision.reports, ...published.reports],
    head: published.head,
    pushed: published.pushed,
    refusal: decision.refusal,
    orphans: decision.plan.orphans,
  };
}

/**
 * Where something is wanted that may be pushed, a head that was known a moment ago need not be asked for: a push says
 * which head it builds on, and is refused where that is no longer so. Undefined: ask.
 */
function trustedHead(context: LaneContext, memory: LaneMemory, version: number): CommitId | null | undefined {
  const { view, headKnownAt, settledVersion } = memory;
  if (view === null || headKnownAt === null || settledVersion === version) return undefined;
  return context.clock.now().getTime() - headKnownAt < context.timings.headTrustedMs ? view.snapshot.head : undefined;
}

function isSettled(context: LaneContext, memory: LaneMemory, version: number): boolean {
  const retryAt = earliestRetry(memory.setbacks);
  return memory.settledVersion === version && (retryAt === null || retryAt > context.clock.now().getTime());
}

interface PublishedReports {
  readonly reports: readonly Report[];
  readonly head: CommitId | null;
  readonly pushed: number;
  readonly unsent: boolean;
}

async function publish(
  context: LaneContext,
  memory: LaneMemory,
  view: RepositoryView,
  drafts: readonly Draft[],
  decision: Decision,
  say: (reports: readonly Report[]) => void,
): Promise<PublishedReports> {
  if (drafts.length === 0) return { reports: [], head: view.snapshot.head, pushed: 0, unsent: false };
  const published = await publishDrafts(context, memory, view.snapshot, drafts).catch((error: unknown) => {
    // The push may take a while yet; that it was rendered is news already.
    say(decision.reports);
    throw error;
  });
  const { snapshot, pushed, refused, unsent } = published;
  for (const { draft, commit } of pushed) notePushed(context, memory, draft, commit);
  // What is pushed is pushed, even where reading it back fails.
  memory.view = await viewOf(context.repository, snapshot, view, writtenProvenance(drafts)).catch(() => null);
  if (memory.view !== null) context.observer?.branch(memory.view);
  const reports = [
    ...pushed.map(({ draft, commit }) => draft.reportPushed(commit)),
    ...refused.flatMap(({ draft, error }) => noteRefused(context, memory, draft, error)),
  ];
  return { reports, head: snapshot.head, pushed: pushed.length, unsent };
}

/** What was only rendered anew runs as it is. */
function noteRefused(context: LaneContext, memory: LaneMemory, draft: Draft, error: TowpathError): readonly Report[] {
  const { desired, reviewed } = draft;
  const reports = reportRefused(context, memory, desired, error);
  const fields = { namespace: context.namespace, deployment: desired.name, change: reviewed.change };
  context.log.warn('The git server refuses a commit', { ...fields, reason: error.reason, error: describe(error) });
  return reviewed.change === 'rerender' ? [] : reports;
}

function notePushed(context: LaneContext, memory: LaneMemory, draft: Draft, commit: CommitId): void {
  const { desired, path, leaves } = draft;
  const line = desired.kind === 'removed' ? 'Pushed a removal' : 'Pushed a revision';
  context.log.info(line, { namespace: context.namespace, ...shownOf(draft, commit) });
  const { deploymentId } = desired;
  const wanted = memory.wantedSince.get(deploymentId);
  const now = context.clock.now();
  for (const made of [memory.prepared, memory.setbacks, memory.wantedSince]) made.delete(deploymentId);
  if (desired.kind === 'removed') {
    if (!leaves) context.observer?.gone(desired, path, commit);
    return;
  }
  context.observer?.committed(desired, path, now);
  if (wanted?.revisionId !== desired.revisionId) return;
  const { namespace, telemetry } = context;
  const { revisionId } = desired;
  telemetry.step({ name: 'desired-to-committed', namespace, deploymentId, revisionId, from: wanted.at, to: now });
}
