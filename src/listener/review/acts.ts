/** Acts on branches and pull requests: all branches in one push, then one call after another within the forge's budget. */
import PQueue from 'p-queue';
import { proposedDraft } from '../../core/proposal.ts';
import { asTowpathError, TowpathError } from '../../domain/failure.ts';
import type { CommitId } from '../../domain/identifiers.ts';
import type { PullRequest, PullRequestContent } from '../../domain/pull-request.ts';
import type { Report } from '../../domain/report.ts';
import type { Snapshot } from '../../ports.ts';
import type { LaneMemory } from '../context.ts';
import { isStillWanted } from '../decide.ts';
import type { Draft } from '../draft.ts';
import { budgetWait, deniedError, refuseWithoutLeadership } from '../publish.ts';
import { shownOf } from '../pushed-line.ts';
import { reportRefused } from '../refused.ts';
import type { DraftedCase } from './cases.ts';
import { closeOthers, ofEverybody } from './close.ts';
import { logHappening } from './log-lines.ts';
import type { ReviewContext } from './look.ts';
import { contentsOf } from './texts.ts';
import { queuedWords, sayInReview, waitingWords } from './words.ts';

export interface Acted {
  readonly reports: readonly Report[];
  readonly pushed: number;
  /** True where something is left to do at once. */
  readonly unsent: boolean;
  /** What concerns all of them, and does not mend itself with time alone; null: nothing does. */
  readonly failure: unknown;
}

/** Side by side where a forge does not ask for one after another, as GitHub does. */
const callsAtOnce = { gitea: 4, gitlab: 4, github: 1 } as const;

export async function propose(
  context: ReviewContext,
  memory: LaneMemory,
  snapshot: Snapshot,
  cases: readonly DraftedCase[],
): Promise<Acted> {
  if (cases.length === 0) return { reports: [], pushed: 0, unsent: false, failure: null };
  // Before anything is pushed: a text that holds a secret must stop its commit, too.
  const { contents, refused } = await readableContents(context, memory, cases);
  const readable = cases.filter(({ draft }) => contents.has(draft) && isStillWanted(context, draft.desired));
  const failures: unknown[] = [];
  const aside = await closeOthers(context, memory, readable, failures);
  const ready = readable.filter((each) => !aside.has(each));
  const branches = await pushBranches(context, memory, snapshot, ready);
  const described = await describeAll(context, memory, branches, contents, failures);
  const reports = [...refused, ...branches.reports, ...described];
  const failure = lastingFailure(context, memory, failures);
  return { reports, pushed: branches.pushed, unsent: branches.unsent, failure };
}

/** What waits for its turn with the forge is tried later; anything else is answered, and ends the pass. */
export function lastingFailure(context: ReviewContext, { review }: LaneMemory, failures: readonly unknown[]): unknown {
  for (const failure of failures) {
    const known = asTowpathError(failure);
    if (known?.retryAfterMs === undefined || !waiting.has(known.reason)) return failure;
    review.retryAt = context.clock.now().getTime() + known.retryAfterMs;
  }
  return null;
}

const waiting = new Set(['ForgeBudget', 'ForgeRateLimited']);

async function readableContents(context: ReviewContext, memory: LaneMemory, cases: readonly DraftedCase[]) {
  const contents = new Map<Draft, PullRequestContent>();
  const refused: Report[] = [];
  const made = await contentsOf(
    context,
    cases.map(({ draft }) => draft),
  );
  for (const [draft, content] of made) {
    if (!(content instanceof TowpathError)) contents.set(draft, content);
    else refused.push(...reportRefused(context, memory, draft.desired, content));
  }
  return { contents, refused };
}

interface Branched {
  /** Whose branch is as it should be. */
  readonly good: readonly DraftedCase[];
  /** What was pushed just now: a forge may take a moment to see it. */
  readonly tips: ReadonlyMap<DraftedCase, CommitId>;
  readonly reports: readonly Report[];
  readonly pushed: number;
  readonly unsent: boolean;
}

async function pushBranches(
  context: ReviewContext,
  memory: LaneMemory,
  snapshot: Snapshot,
  cases: readonly DraftedCase[],
): Promise<Branched> {
  const pushes = cases.flatMap((each) => (each.case.next.kind === 'push' ? [{ each, tip: each.case.next.tip }] : []));
  const good = cases.filter((each) => each.case.next.kind !== 'push');
  const tips = new Map<DraftedCase, CommitId>();
  if (pushes.length === 0) return { good, tips, reports: [], pushed: 0, unsent: false };
  refuseWithoutLeadership(context);
  const wait = budgetWait(context, memory);
  if (wait > 0) {
    memory.review.retryAt = context.clock.now().getTime() + wait;
    return { good, tips, reports: [], pushed: 0, unsent: false };
  }
  const drafts = pushes.map(({ each, tip }) => ({
    branch: each.case.branch,
    tip,
    draft: proposedDraft(each.draft.commit, each.replaces),
  }));
  const outcomes = await context.review.branches.propose(snapshot, drafts);
  const reports: Report[] = [];
  let unsent = false;
  for (const [index, outcome] of outcomes.entries()) {
    const { each } = pushes[index] ?? {};
    if (each === undefined) continue;
    if (outcome.kind === 'pushed') tips.set(each, outcome.commit);
    else if (outcome.kind === 'moved') unsent = true;
    else reports.push(...reportRefused(context, memory, each.draft.desired, deniedError(outcome)));
  }
  return { good: [...good, ...tips.keys()], tips, reports, pushed: tips.size, unsent };
}

async function describeAll(
  context: ReviewContext,
  memory: LaneMemory,
  { good, tips }: Pick<Branched, 'good' | 'tips'>,
  contents: ReadonlyMap<Draft, PullRequestContent>,
  failures: unknown[],
): Promise<readonly Report[]> {
  const queue = new PQueue({ concurrency: callsAtOnce[context.review.forge.kind] });
  const one = async (each: DraftedCase): Promise<readonly Report[]> => {
    const content = contents.get(each.draft);
    const open = openOf(each);
    if (content === undefined || !isStillWanted(context, each.draft.desired)) return [];
    if (failures.length > 0) return sayInReview(context, each.draft.desired, queuedWords(each.case.branch, open));
    try {
      return await describeOne(context, memory, each, content, tips.get(each));
    } catch (error) {
      const known = asTowpathError(error);
      const isItsOwn = known !== undefined && !ofEverybody.has(known.reason);
      if (isItsOwn && known.kind === 'terminal' && !mayBeTooSoon(memory, each, known)) {
        return reportRefused(context, memory, each.draft.desired, known);
      }
      if (isItsOwn) memory.review.lookAgain = true;
      else failures.push(error);
      return sayInReview(context, each.draft.desired, queuedWords(each.case.branch, open));
    }
  };
  return (await Promise.all(good.map((each) => queue.add(() => one(each))))).flat();
}

/** Right after a push a forge's API may not know of the branch yet, and then calls it invalid. */
function mayBeTooSoon({ review }: LaneMemory, each: DraftedCase, { reason }: TowpathError): boolean {
  const { branch } = each.case;
  const refusals = (review.unfinished.get(branch) ?? 0) + 1;
  review.unfinished.set(branch, refusals);
  return reason === 'ForgeInvalid' && openOf(each) === null && refusals < mostRefusals;
}

const mostRefusals = 3;

function openOf({ case: { next } }: DraftedCase): PullRequest | null {
  return next.kind === 'push' || next.kind === 'describe' ? next.pullRequest : null;
}

/** Whose opening broke off, and whom a person closed since: to open it once more would be another one. */
async function isClosedByNow({ review }: ReviewContext, memory: LaneMemory, branch: string): Promise<boolean> {
  if (!memory.review.unfinished.has(branch)) return false;
  const begun = memory.review.open?.find(({ head }) => head === branch);
  return begun !== undefined && (await review.forge.read(begun.number))?.state !== 'open';
}

async function describeOne(
  context: ReviewContext,
  memory: LaneMemory,
  each: DraftedCase,
  content: PullRequestContent,
  tip: CommitId | undefined,
): Promise<readonly Report[]> {
  const { review, publication } = context;
  const { forge } = review;
  const open = openOf(each);
  refuseWithoutLeadership(context);
  const { draft, reviewers, teamReviewers, autoMerge } = publication;
  const { branch } = each.case;
  if (open === null && (await isClosedByNow(context, memory, branch))) return [];
  // Its text alone says that all is well, though labels, reviewers or auto-merge may be missing yet.
  memory.review.unfinished.set(branch, memory.review.unfinished.get(branch) ?? 0);
  const pullRequest =
    open === null
      ? await forge.create({ ...content, head: branch, draft, reviewers, teamReviewers })
      : await forge.update(open.number, content);
  const { deploymentId } = each.draft.desired;
  for (const made of [memory.prepared, memory.setbacks, memory.wantedSince]) made.delete(deploymentId);
  // Closed before the next look, it must be missed there.
  memory.review.open = [
    ...(memory.review.open ?? []).filter(({ number }) => number !== pullRequest.number),
    pullRequest,
  ];
  if (pullRequest.state !== 'open') {
    // Merged or closed meanwhile: about the text that this person had read, as the next look says.
    memory.review.unfinished.delete(branch);
    if (open !== null) await forge.update(open.number, open);
    return [];
  }
  memory.review.changedAt.set(pullRequest.number, pullRequest.updatedAt.getTime());
  const happening = open === null ? 'opened' : 'updated';
  const { deployment, ...detail } = shownOf(each.draft, tip ?? null);
  logHappening(context, memory, { happening, branch, pullRequest, deployment, detail });
  const meant = tip === undefined ? pullRequest : { ...pullRequest, headCommit: tip };
  const note = autoMerge === 'none' ? null : await forge.autoMerge(meant, autoMerge, each.draft.commit.message);
  memory.review.unfinished.delete(branch);
  const words = waitingWords(
    context,
    each.draft.desired,
    pullRequest,
    note === null ? '' : `it does not merge by itself: ${note}`,
  );
  return [...each.draft.renderedReport, ...sayInReview(context, each.draft.desired, words)];
}
