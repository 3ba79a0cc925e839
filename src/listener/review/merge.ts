/** `merge: fast-forward`: the listener puts approved commits onto the base itself, so that they stay what was signed. */
import { plainLine } from '../../core/plain-line.ts';
import { closedBody } from '../../core/pull-request/marker.ts';
import { asTowpathError } from '../../domain/failure.ts';
import type { CommitId } from '../../domain/identifiers.ts';
import type { PullRequest } from '../../domain/pull-request.ts';
import type { Report } from '../../domain/report.ts';
import { revisionName } from '../../domain/revision-name.ts';
import type { CommitDraft, PushOutcome, Snapshot } from '../../ports.ts';
import type { LaneMemory } from '../context.ts';
import { isStillWanted } from '../decide.ts';
import { describe } from '../describe.ts';
import { budgetWait, deniedError, refuseWithoutLeadership, TryAgain } from '../publish.ts';
import type { ReviewCase } from './cases.ts';
import { cleanUp, fieldsOf, ofEverybody } from './close.ts';
import { logHappening } from './log-lines.ts';
import { noteClosed, type ReviewContext } from './look.ts';
import { sayInReview, waitingWords } from './words.ts';

interface Merged {
  readonly snapshot: Snapshot;
  readonly merged: number;
  readonly reports: readonly Report[];
}

/** So many are asked about a pass: each costs a forge two or three requests. */
const mostAsked = 20;

export async function mergeApproved(
  context: ReviewContext,
  memory: LaneMemory,
  snapshot: Snapshot,
  cases: readonly ReviewCase[],
): Promise<Merged> {
  if (context.publication.merge === 'forge') return { snapshot, merged: 0, reports: [] };
  let head = snapshot;
  const gone = new Map<string, CommitId>();
  const logOf = logger(context, memory);
  const reports: Report[] = [];
  for (const { pullRequest, tip, item } of candidates(memory, cases)) {
    const approval = await alone(context, memory, pullRequest, () => context.review.forge.approval(pullRequest));
    if (approval === null) continue;
    if (approval.by.length > 0) logOf('approved', item, pullRequest, { by: approval.by.join(', ') });
    if (approval.kind !== 'approved' || approval.by.length < context.publication.approvals) {
      reports.push(...sayInReview(context, item.step.desired, pendingWords(context, item, pullRequest, approval)));
      continue;
    }
    const isOpen = await alone(context, memory, pullRequest, () => isStillOpen(context, pullRequest));
    if (!isOpen || !isStillWanted(context, item.step.desired)) continue;
    refuseWithoutLeadership(context);
    const wait = budgetWait(context, memory);
    if (wait > 0) {
      memory.review.retryAt = context.clock.now().getTime() + wait;
      break;
    }
    const outcome = await merge(context, head, tip, mergeDraft(context, item, pullRequest, approval.by));
    if (outcome.kind === 'conflict' || outcome.kind === 'denied') {
      reports.push(...sayInReview(context, item.step.desired, unmergedWords(outcome, pullRequest)));
      continue;
    }
    if (outcome.kind === 'moved' && gone.size === 0) throw new TryAgain(`branch ${context.repository.branch} moved`);
    if (outcome.kind === 'moved') break;
    head = outcome.snapshot;
    const commit = outcome.commits.at(-1) ?? tip;
    memory.pushed = commit;
    gone.set(item.branch, tip);
    await alone(context, memory, pullRequest, () => tellForge(context, memory, pullRequest, commit));
    logOf('merged', item, pullRequest, { by: approval.by.join(', '), commit: commit.slice(0, 12) });
  }
  await cleanUp(context, memory, gone);
  return { snapshot: head, merged: gone.size, reports };
}

function unmergedWords(
  outcome: Exclude<Awaited<ReturnType<typeof merge>>, { readonly kind: 'pushed' | 'moved' }>,
  pullRequest: PullRequest,
) {
  const isConflict = outcome.kind === 'conflict';
  const [reason, message] = isConflict
    ? ['MergeConflict', outcome.message]
    : ['MergeDenied', deniedError(outcome).message];
  return { outcome: 'progressing', reason, message, pullRequest } as const;
}

function logger(context: ReviewContext, memory: LaneMemory) {
  return (
    happening: 'approved' | 'merged',
    { branch, step }: ReviewCase,
    pullRequest: PullRequest,
    detail: Readonly<Record<string, string>>,
  ): void => logHappening(context, memory, { happening, branch, pullRequest, deployment: step.desired.name, detail });
}

/** What the forge refuses of one alone holds up no other: null, and it is tried again at the next look. */
async function alone<T>(
  context: ReviewContext,
  { review }: LaneMemory,
  pullRequest: PullRequest,
  ask: () => Promise<T>,
): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    const known = asTowpathError(error);
    if (known === undefined || ofEverybody.has(known.reason)) throw error;
    review.lookAgain = true;
    const fields = { ...fieldsOf(context, pullRequest), error: describe(error) };
    context.log.warn('Cannot ask about an approved pull request', fields);
    return null;
  }
}

/** A list may be a moment behind, and a person may have closed since what was approved before. */
async function isStillOpen({ review }: ReviewContext, { number, headCommit }: PullRequest): Promise<boolean> {
  const now = await review.forge.read(number);
  return now?.state === 'open' && !now.draft && now.headCommit === headCommit;
}

/** One that does not fit onto the base is nobody else's trouble. */
async function merge(
  { review }: ReviewContext,
  ...given: Parameters<ReviewContext['review']['branches']['merge']>
): Promise<PushOutcome | { readonly kind: 'conflict'; readonly message: string }> {
  try {
    return await review.branches.merge(...given);
  } catch (error) {
    const known = asTowpathError(error);
    if (known?.reason !== 'MergeConflict') throw error;
    return { kind: 'conflict', message: known.message };
  }
}

/** Each gets its turn: those that wait long must not keep later ones from being asked about. */
function candidates({ review }: LaneMemory, cases: readonly ReviewCase[]) {
  const all = cases.flatMap((item) => {
    const { next, state } = item;
    if (next.kind !== 'wait' || next.pullRequest.draft || state.branch.kind !== 'ours') return [];
    const { tip } = state.branch;
    // What was approved is what the forge has seen.
    return next.pullRequest.headCommit === tip ? [{ item, tip, pullRequest: next.pullRequest }] : [];
  });
  const from = review.askedApprovals >= all.length ? 0 : review.askedApprovals;
  const asked = all.slice(from, from + mostAsked);
  review.askedApprovals = from + asked.length;
  return asked;
}

type Pending = Awaited<ReturnType<ReviewContext['review']['forge']['approval']>>;

function pendingWords(context: ReviewContext, { step }: ReviewCase, pullRequest: PullRequest, approval: Pending) {
  const { by } = approval;
  const so = by.length === 0 ? '' : `approved by ${by.map((name) => plainLine(name, 50)).join(', ')}`;
  const why = approval.kind === 'approved' ? `${context.publication.approvals} approvals are needed` : approval.why;
  const note = [so, plainLine(why, 300)].filter((part) => part !== '').join('; ');
  return waitingWords(context, step.desired, pullRequest, note);
}

/** Used only where the base has moved on: else the approved commit itself is the base's new head. */
function mergeDraft(
  { committer, clock }: ReviewContext,
  { step, wish }: ReviewCase,
  { number, url }: PullRequest,
  approvedBy: readonly string[],
): Omit<CommitDraft, 'changes'> {
  const identity = { ...committer, at: clock.now() };
  const revision = wish === null ? '' : `: ${revisionName({ id: wish.revisionId, number: numberOf(step) })}`;
  const name = step.desired.name.slice(0, 40);
  const names = approvedBy.map((each) => plainLine(each, 100)).join(', ');
  const message = `merge(${name})${revision} (#${number})\n\nPull request ${url}, approved by ${names}.\n`;
  return { message, author: identity, committer: identity };
}

function numberOf(step: ReviewCase['step']): number | null {
  if (step.desired.kind === 'present') return step.desired.revisionNumber;
  return step.kind === 'remove' ? (step.folder.provenance?.revisionNumber ?? null) : null;
}

/** Not every forge sees by itself that a branch has reached its base. */
async function tellForge(context: ReviewContext, memory: LaneMemory, pullRequest: PullRequest, commit: CommitId) {
  const { forge } = context.review;
  const isKnown = await forge.markMerged(pullRequest, commit);
  const body = closedBody(pullRequest.body, `merged by fast-forward as ${commit.slice(0, 12)}`);
  if (!isKnown) await forge.close(pullRequest.number, body);
  noteClosed(memory.review, [{ ...pullRequest, body, state: isKnown ? 'merged' : 'closed', mergeCommit: commit }]);
}
