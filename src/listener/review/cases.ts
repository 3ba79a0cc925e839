/** One case a deployment: what it needs on the base, what its branch and pull request hold, and what follows. */
import { inputsDigest } from '../../core/inputs-digest.ts';
import type { NamespacePlan, Step } from '../../core/plan.ts';
import { isWriting } from '../../core/plan.ts';
import { type BranchState, branchState, nothingReplaced, type Ourselves } from '../../core/proposal.ts';
import { decideReview, type ReviewState, type ReviewStep, type Wish } from '../../core/review.ts';
import type { Desired } from '../../domain/desired.ts';
import type { CommitId } from '../../domain/identifiers.ts';
import type { PullRequest } from '../../domain/pull-request.ts';
import { resourceName } from '../../domain/resource-name.ts';
import type { Proposal, Snapshot } from '../../ports.ts';
import type { LaneMemory } from '../context.ts';
import type { Draft } from '../draft.ts';
import { changes } from '../draft.ts';
import { wentWithHistory } from '../evidence.ts';
import { noteClosed, type ReviewContext, type ReviewLook, rememberLongAgo } from './look.ts';

export interface ReviewCase {
  readonly step: Step;
  readonly branch: string;
  readonly state: ReviewState;
  readonly wish: Wish | null;
  readonly next: ReviewStep;
}

export async function reviewCases(
  context: ReviewContext,
  memory: LaneMemory,
  look: ReviewLook,
  plan: NamespacePlan,
  snapshot: Snapshot,
): Promise<readonly ReviewCase[]> {
  const { review, publication } = context;
  const branches = new Map(plan.steps.map((step) => [branchOf(publication.branchPrefix, step.desired), step]));
  // Of others, which share the repository, nothing is read.
  const tips = new Map([...look.tips].filter(([branch]) => branches.has(branch)));
  const proposals = tips.size === 0 ? new Map<string, Proposal>() : await review.branches.read(snapshot, tips);
  const ourselves = ourselvesOf(context);
  const cases: ReviewCase[] = [];
  for (const [branch, step] of branches) {
    const proposal = proposals.get(branch) ?? null;
    const open = look.open.get(branch) ?? null;
    const wish = wishOf(context, snapshot, step);
    if (wish !== null && open === null) await askForReported(context, memory, step.desired);
    const own = branchState(proposal, ourselves);
    const isOver =
      own.kind === 'edited' && open === null && (await isMergedWhole(context, memory, snapshot, branch, own.tip));
    const found: BranchState = isOver ? { kind: 'empty', tip: own.tip } : own;
    const decide = (): Pick<ReviewCase, 'state' | 'next'> => {
      const closed = memory.review.closed.get(branch) ?? [];
      const state = { branch: found, open, closed, baseHead: snapshot.head };
      return { state, next: decideReview(wish, state, askedFor(step)) };
    };
    let decided = decide();
    if (decided.next.kind === 'describe' && decided.next.pullRequest === null && !memory.review.sawLongAgo) {
      await rememberLongAgo(context, memory);
      decided = decide();
    }
    if (decided.next.kind === 'merged' && (await isGivenUp(context, snapshot, decided.next.pullRequest))) {
      forgetMerged(memory, branch, decided.next.pullRequest);
      decided = decide();
    }
    cases.push({ step, branch, wish, state: decided.state, next: unlessUnfinished(memory, branch, decided.next) });
  }
  return cases;
}

/**
 * A squash leaves commits of people's that the base does not have, though it has all that they changed. A forge may name
 * what was pushed after it as what it merged, so the base itself is looked at, too.
 */
async function isMergedWhole(
  { review }: ReviewContext,
  memory: LaneMemory,
  snapshot: Snapshot,
  branch: string,
  tip: CommitId,
): Promise<boolean> {
  const [newest] = memory.review.closed.get(branch) ?? [];
  if (newest?.state !== 'merged' || newest.headCommit !== tip) return false;
  return review.branches.holds(snapshot, tip);
}

/** Merged into a history that a person gave up since: what is gone with that is proposed anew. */
async function isGivenUp(
  { clock, timings, repository, settings }: ReviewContext,
  snapshot: Snapshot,
  { mergeCommit, updatedAt }: PullRequest,
): Promise<boolean> {
  // Right after a merge git may be behind the forge's API.
  if (clock.now().getTime() - updatedAt.getTime() < timings.mergedMs) return false;
  return wentWithHistory(repository, snapshot, settings.acceptHistory, mergeCommit);
}

function forgetMerged({ review }: LaneMemory, branch: string, { number }: PullRequest): void {
  const left = (review.closed.get(branch) ?? []).filter((one) => one.number !== number);
  review.closed.set(branch, left);
  review.asked.add(number);
}

/** The answer to its opening was lost in the middle: to open it once more adds what is missing. */
function unlessUnfinished({ review }: LaneMemory, branch: string, next: ReviewStep): ReviewStep {
  return next.kind === 'wait' && review.unfinished.has(branch) ? { kind: 'describe', pullRequest: null } : next;
}

/** What `hold release`, `adopt` and `secrets reseal` propose, where a pass itself proposes nothing. */
export function askedFor({ kind }: Step): readonly Wish['change'][] {
  switch (kind) {
    case 'hold':
      return ['restore'];
    case 'remove-held':
      return ['remove'];
    case 'foreign':
      return ['adopt'];
    case 'keep':
    case 'outdated':
      return ['reseal'];
    default:
      return [];
  }
}

export function branchOf(prefix: string, { name, deploymentId }: Pick<Desired, 'name' | 'deploymentId'>): string {
  return `${prefix}${resourceName(name, deploymentId)}`;
}

/** A forge's API names itself, or the App, as the committer. */
export function ourselvesOf({ listenerId, publication, committer }: ReviewContext): Ourselves {
  return { listenerId, committer: publication.commits === 'api' ? null : committer.email };
}

function wishOf(context: ReviewContext, snapshot: Snapshot, step: Step): Wish | null {
  const replaced = (path: string): string => snapshot.idAt(path) ?? nothingReplaced;
  const { deploymentId } = step.desired;
  if (isWriting(step)) {
    const { revisionId } = step.desired;
    const digest = inputsDigest(context.configuration, revisionId);
    const path = ('folder' in step ? step.folder?.path : null) ?? step.path;
    return { change: changes[step.kind], deploymentId, revisionId, inputsDigest: digest, replaces: replaced(path) };
  }
  if (step.kind !== 'remove' || step.folder.provenance === null) return null;
  const { revisionId, inputsDigest: digest } = step.folder.provenance;
  return { change: 'remove', deploymentId, revisionId, inputsDigest: digest, replaces: replaced(step.folder.path) };
}

/** Its branch may be gone, and the list of the closed ones too short: then the last report names it. */
async function askForReported({ review }: ReviewContext, memory: LaneMemory, desired: Desired): Promise<void> {
  const { lastReport: last } = desired;
  if (desired.kind !== 'present' || last?.revisionId !== desired.revisionId || last.pullRequest === null) return;
  const number = Number(/(\d+)\/?$/.exec(last.pullRequest)?.[1] ?? Number.NaN);
  if (!Number.isSafeInteger(number) || memory.review.asked.has(number)) return;
  const isKnown = [...memory.review.closed.values()].some((all) => all.some((one) => one.number === number));
  if (!isKnown) noteClosed(memory.review, [await review.forge.read(number)]);
  // Only now: whoever could not be asked must be asked again.
  memory.review.asked.add(number);
}

/** A case whose commit is made, and what is to be said of it. */
export interface DraftedCase {
  readonly draft: Draft;
  readonly case: Pick<ReviewCase, 'branch' | 'next'>;
  /** The id of the folder that it replaces on the base. */
  readonly replaces: string | null;
}
