/** What branches and pull requests show: one request to git, one to the forge, and a few where something vanished. */
import { isDeepStrictEqual } from 'node:util';
import { readMarker, withMarker } from '../../core/pull-request/marker.ts';
import type { ProposedPublication } from '../../domain/configuration-publication.ts';
import type { CommitId } from '../../domain/identifiers.ts';
import type { PullRequest } from '../../domain/pull-request.ts';
import type { LaneContext, LaneMemory, Review } from '../context.ts';

/** A lane whose changes are proposed. */
export interface ReviewContext extends LaneContext {
  readonly review: Review;
  readonly publication: ProposedPublication;
}

export interface ReviewLook {
  readonly head: CommitId | null;
  readonly tips: ReadonlyMap<string, CommitId>;
  /** By branch. */
  readonly open: ReadonlyMap<string, PullRequest>;
  /** By branch: newer ones that say the very same as the one in `open`. */
  readonly doubles: ReadonlyMap<string, readonly PullRequest[]>;
  /** Since the last look of this process. */
  readonly merged: readonly PullRequest[];
  readonly reopened: readonly PullRequest[];
  readonly fingerprint: string;
}

/** How far back a start looks for pull requests that people have closed. */
const memoryMs = 30 * 86_400_000;
/** Beyond this many it is cheaper to list what was closed of late. */
const mostReads = 3;
const marginMs = 600_000;
/** For so long an open one may be missing from the list; after that it was taken to another base, say. */
const lagMs = 60_000;
/** After a burst the list may lack dozens: these are asked for one by one, the others once that time is over. */
const mostLagging = 20;
/** Of one branch: what people decided about older revisions matters no more. */
const mostClosed = 20;

/** Null with publication `direct`. */
export function reviewContext(context: LaneContext): ReviewContext | null {
  const { publication } = context.settings;
  if (context.review === null || publication.mode !== 'proposed') return null;
  return { ...context, review: context.review, publication };
}

export async function lookAtReview(context: ReviewContext, memory: LaneMemory): Promise<ReviewLook> {
  const { review, publication, telemetry, namespace } = context;
  const { head, tips } = await review.branches.tips(publication.branchPrefix);
  // Without a base there are none; Gitea even denies that an empty repository could have any.
  const nothing = { merged: [], reopened: [] };
  if (head === null) return { head, tips, ...byBranch([]), ...nothing, fingerprint: fingerprintOf(head, tips, []) };
  const before = memory.review.open ?? [];
  const listed = await review.forge.open(publication.branchPrefix);
  const reopened = forgetReopened(memory.review, listed);
  const open = [...listed, ...(await rememberClosed(context, memory, listed))];
  const merged = mergedOf(memory.review, before);
  memory.review.open = open;
  telemetry.reviews(namespace, open.length);
  for (const budget of review.forge.budgets()) telemetry.forgeBudget(namespace, budget);
  return { head, tips, ...byBranch(open), merged, reopened, fingerprint: fingerprintOf(head, tips, open) };
}

/** The newest counts where a forge has several; of those that say the very same the oldest, for people may know it. */
function byBranch(all: readonly PullRequest[]): Pick<ReviewLook, 'open' | 'doubles'> {
  const open = new Map<string, PullRequest>();
  const doubles = new Map<string, PullRequest[]>();
  const newestFirst = all.toSorted((left, right) => right.number - left.number);
  // One that Towpath closed, and a person opened again, is that person's where there is another.
  const reopenedLast = newestFirst.toSorted((left, right) => Number(isReopened(left)) - Number(isReopened(right)));
  for (const one of reopenedLast) {
    const newer = open.get(one.head);
    // A list that changes while it is read may name one twice.
    if (newer !== undefined && (one.number === newer.number || !saysTheSame(one, newer))) continue;
    open.set(one.head, one);
    if (newer !== undefined) doubles.set(one.head, [...(doubles.get(one.head) ?? []), newer]);
  }
  return { open, doubles };
}

/** By a person, after Towpath had closed it. */
export function isReopened({ body }: PullRequest): boolean {
  return typeof readMarker(body)?.closed === 'string';
}

/** Both were opened by us for one thing; one that we closed, and a person opened again, says that we closed it. */
function saysTheSame(one: PullRequest, other: PullRequest): boolean {
  const [marker, newer] = [readMarker(one.body), readMarker(other.body)];
  return marker !== null && marker.closed === null && isDeepStrictEqual(marker, newer);
}

/**
 * What vanished from the open ones was merged or closed; at a start that is asked for as a whole. The answer are those
 * that are open all the same: a list may be a moment behind.
 */
async function rememberClosed(
  { review, publication, clock }: ReviewContext,
  { review: memory }: LaneMemory,
  listed: readonly PullRequest[],
): Promise<readonly PullRequest[]> {
  const { branchPrefix } = publication;
  const numbers = new Set(listed.map(({ number }) => number));
  const now = clock.now().getTime();
  if (memory.open === null) {
    noteClosed(memory, await review.forge.closed(branchPrefix, new Date(now - memoryMs)));
    return [];
  }
  let vanished = memory.open.filter(({ number }) => !numbers.has(number));
  if (vanished.length > mostReads) {
    const oldest = Math.min(...vanished.map(({ updatedAt }) => updatedAt.getTime()));
    const found = await review.forge.closed(branchPrefix, new Date(Math.min(oldest, now) - marginMs));
    noteClosed(memory, found);
    const closed = new Set(found.map(({ number }) => number));
    vanished = vanished.filter(({ number }) => !closed.has(number));
  }
  const still: PullRequest[] = [];
  for (const [index, known] of vanished.entries()) {
    const since = memory.missing.get(known.number) ?? now;
    const isFresh = now - since < lagMs;
    const found = isFresh && index >= mostLagging ? known : await review.forge.read(known.number);
    noteClosed(memory, [found]);
    if (found?.state === 'open' && isFresh) still.push(found);
    if (found?.state === 'open' && isFresh) memory.missing.set(known.number, since);
    else memory.missing.delete(known.number);
  }
  for (const number of memory.missing.keys()) if (numbers.has(number)) memory.missing.delete(number);
  return still;
}

/** Whoever closes it next may be another person. */
function forgetReopened(
  { closed, closers }: LaneMemory['review'],
  open: readonly PullRequest[],
): readonly PullRequest[] {
  return open.filter(({ number, head }) => {
    closers.delete(number);
    const all = closed.get(head) ?? [];
    const left = all.filter((one) => one.number !== number);
    if (left.length < all.length) closed.set(head, left);
    return left.length < all.length;
  });
}

function mergedOf({ closed }: LaneMemory['review'], before: readonly PullRequest[]): readonly PullRequest[] {
  return before.flatMap(({ head, number }) =>
    (closed.get(head) ?? []).filter((one) => one.number === number && one.state === 'merged'),
  );
}

/** A year: whoever rejected something before that may be asked once more. */
const longMemoryMs = 366 * 86_400_000;

/** Once, where a start did not read far enough back: a branch of ours is there, and nothing is known of its pull request. */
export async function rememberLongAgo(
  { review, publication, clock }: ReviewContext,
  { review: memory }: LaneMemory,
): Promise<void> {
  const after = new Date(clock.now().getTime() - longMemoryMs);
  noteClosed(memory, await review.forge.closed(publication.branchPrefix, after));
  memory.sawLongAgo = true;
}

/** Newest first; one that is known already is replaced. Of its text only the hidden line is kept: there may be thousands. */
export function noteClosed(
  { closed }: Pick<LaneMemory['review'], 'closed'>,
  found: readonly (PullRequest | null)[],
): void {
  for (const one of found) {
    if (one === null || one.state === 'open') continue;
    const others = (closed.get(one.head) ?? []).filter(({ number }) => number !== one.number);
    closed.set(
      one.head,
      [trimmed(one), ...others].sort((left, right) => right.number - left.number).slice(0, mostClosed),
    );
  }
}

function trimmed(one: PullRequest): PullRequest {
  const marker = readMarker(one.body);
  return { ...one, body: marker === null ? '' : withMarker('', marker) };
}

function fingerprintOf(
  head: CommitId | null,
  tips: ReadonlyMap<string, CommitId>,
  open: readonly PullRequest[],
): string {
  const shown = open.map((one) => [one.number, one.headCommit, one.mergeability, one.draft, one.title, one.body]);
  return JSON.stringify([head, [...tips].sort(), shown]);
}
