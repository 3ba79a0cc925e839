/** What waits, was edited, rejected or merged: said once, and said again only when it changes. */
import type { BranchCommit } from '../../domain/commit.ts';
import { asTowpathError } from '../../domain/failure.ts';
import type { PullRequest } from '../../domain/pull-request.ts';
import type { Report } from '../../domain/report.ts';
import type { LaneMemory } from '../context.ts';
import type { ReviewCase } from './cases.ts';
import { logHappening } from './log-lines.ts';
import { isReopened, type ReviewContext } from './look.ts';
import { awaitMerged, isBelieved } from './merged.ts';
import { editedWords, mergedWords, rejectedWords, sayInReview, undoneWords, waitingWords } from './words.ts';

export async function sayStanding(
  context: ReviewContext,
  memory: LaneMemory,
  cases: readonly ReviewCase[],
): Promise<readonly Report[]> {
  awaitMerged(context, memory, cases);
  const reports: Report[] = [];
  for (const each of cases) {
    const { step, next } = each;
    const { desired } = step;
    logMergedUnseen(context, memory, each);
    const left = step.kind === 'removed' ? leftOpen(each) : null;
    if (left !== null) reports.push(...sayEdited(context, memory, each, left.by, left.open));
    // Those that the listener may merge itself are told of with what their approval lacks.
    if (next.kind === 'wait' && (context.publication.merge === 'forge' || next.pullRequest.draft)) {
      reports.push(...sayUnlessNoted(context, desired, next.pullRequest));
    } else if (next.kind === 'edited') {
      reports.push(...sayEdited(context, memory, each, next.by, next.pullRequest));
    } else if (next.kind === 'rejected') {
      reports.push(...(await sayRejected(context, memory, each, next.pullRequest)));
    } else if (next.kind === 'merged') {
      const words = isBelieved(context, memory, next.pullRequest.number) ? undoneWords : mergedWords;
      reports.push(...sayInReview(context, desired, words(context.repository.branch, next.pullRequest)));
    }
  }
  return reports;
}

/** While no process looked: the base holds what was in review by the last report. */
function logMergedUnseen(context: ReviewContext, memory: LaneMemory, { step, branch }: ReviewCase): void {
  if (step.kind !== 'keep' && step.kind !== 'outdated') return;
  const { name: deployment, lastReport: last, revisionId } = step.desired;
  if (last?.stage !== 'in-review' || last.revisionId !== revisionId || last.pullRequest === null) return;
  const pullRequest = { number: Number(/(\d+)\/?$/.exec(last.pullRequest)?.[1] ?? 0), url: last.pullRequest };
  logHappening(context, memory, { happening: 'merged', branch, pullRequest, deployment });
}

/** Logged where it is news to the control plane, too: not once more by each process that starts. */
function sayEdited(
  context: ReviewContext,
  memory: LaneMemory,
  { step: { desired }, branch }: ReviewCase,
  by: BranchCommit,
  pullRequest: PullRequest | null,
): readonly Report[] {
  const reports = sayInReview(context, desired, editedWords(branch, by, pullRequest));
  const detail = { by: `${by.author.name} <${by.author.email}>`, commit: by.id.slice(0, 12) };
  const occurrence = { happening: 'edited', branch, pullRequest, deployment: desired.name, detail } as const;
  if (reports.length > 0) logHappening(context, memory, occurrence);
  return reports;
}

/** That auto-merge was refused is said when it is opened, and stays said. */
function sayUnlessNoted(
  context: ReviewContext,
  desired: ReviewCase['step']['desired'],
  pullRequest: PullRequest,
): readonly Report[] {
  const words = waitingWords(context, desired, pullRequest);
  const last =
    desired.kind === 'present' && desired.lastReport?.revisionId === desired.revisionId ? desired.lastReport : null;
  return last?.reason === words.reason && last.message.startsWith(words.message)
    ? []
    : sayInReview(context, desired, words);
}

/** Who closed it is asked for once: a rejection stays. */
async function sayRejected(
  context: ReviewContext,
  memory: LaneMemory,
  { step: { desired }, branch }: ReviewCase,
  pullRequest: PullRequest,
): Promise<readonly Report[]> {
  const { closers } = memory.review;
  const { number } = pullRequest;
  if (!closers.has(number)) closers.set(number, await nameOfCloser(context, number));
  const by = closers.get(number) ?? null;
  const reports = sayInReview(context, desired, rejectedWords(desired, pullRequest, by));
  const occurrence = { happening: 'rejected', branch, pullRequest, deployment: desired.name, detail: { by } } as const;
  if (reports.length > 0) logHappening(context, memory, occurrence);
  return reports;
}

/** A token may not be let to see it: that it was rejected is known all the same. */
async function nameOfCloser({ review }: ReviewContext, number: number): Promise<string | null> {
  return review.forge.closedBy(number).catch((error: unknown) => {
    if (asTowpathError(error)?.kind === 'terminal') return null;
    throw error;
  });
}

/** What a person works on, though nothing is wanted of it any more; merging it would bring the deployment back. */
export function leftOpen({ state: { branch, open } }: ReviewCase) {
  return branch.kind === 'edited' && open !== null && !isReopened(open) ? { by: branch.by, open } : null;
}
