/** Under review: what to do about the branch and the pull request of one deployment. */
import type { BranchCommit } from '../domain/commit.ts';
import type { CommitId, DeploymentId, RevisionId } from '../domain/identifiers.ts';
import type { PullRequest } from '../domain/pull-request.ts';
import type { BranchState } from './proposal.ts';
import type { Change } from './provenance.ts';
import { type Marker, readMarker } from './pull-request/marker.ts';

/** A change that the base should get. */
export interface Wish {
  readonly change: Change;
  readonly deploymentId: DeploymentId;
  readonly revisionId: RevisionId;
  readonly inputsDigest: string;
  /** The folder's tree on the base now, or `nothing`. */
  readonly replaces: string;
}

export interface ReviewState {
  readonly branch: BranchState;
  readonly open: PullRequest | null;
  /** Those of this branch that are closed or merged, as far as they are known; newest first. */
  readonly closed: readonly PullRequest[];
  readonly baseHead: CommitId | null;
}

export type ReviewStep =
  | { readonly kind: 'rest' }
  /** All is there; people have the word. */
  | { readonly kind: 'wait'; readonly pullRequest: PullRequest }
  /** The branch is made, or made anew; `closeFirst` is about something else and must not become this. */
  | {
      readonly kind: 'push';
      readonly tip: CommitId | null;
      readonly pullRequest: PullRequest | null;
      readonly closeFirst: PullRequest | null;
    }
  /** The branch is good, but nothing is open, or what is open speaks of something else. */
  | { readonly kind: 'describe'; readonly pullRequest: PullRequest | null }
  /** A person's commit is on the branch. */
  | { readonly kind: 'edited'; readonly pullRequest: PullRequest | null; readonly by: BranchCommit }
  | { readonly kind: 'rejected'; readonly pullRequest: PullRequest }
  /** Merged, says the forge, but the base that was read does not hold it. */
  | { readonly kind: 'merged'; readonly pullRequest: PullRequest }
  | { readonly kind: 'close'; readonly pullRequest: PullRequest; readonly tip: CommitId | null }
  /** A branch that is of no more use. */
  | { readonly kind: 'clean-up'; readonly tip: CommitId };

/**
 * `wish` is null where the base holds what it should, or where it waits for a person; `asked` are changes that a person's
 * command may have proposed there.
 */
export function decideReview(wish: Wish | null, state: ReviewState, asked: readonly Change[] = []): ReviewStep {
  if (wish === null) return isAskedFor(state, asked) ? { kind: 'rest' } : withoutWish(state);
  const { branch, open, closed } = state;
  const rejected = open === null ? closed.find((one) => isRejected(one, wish)) : undefined;
  if (rejected !== undefined) return { kind: 'rejected', pullRequest: rejected };
  if (branch.kind === 'edited') return { kind: 'edited', pullRequest: open, by: branch.by };
  const [newest] = closed;
  const isSaidMerged = newest?.state === 'merged' && speaksOf(readMarker(newest.body), wish);
  if (open === null && isSaidMerged && !isOvertaken(wish, branch)) {
    return { kind: 'merged', pullRequest: newest };
  }
  const tip = branch.kind === 'absent' ? null : branch.tip;
  if (open !== null && isOfOtherKind(open, wish)) return { kind: 'push', tip, pullRequest: null, closeFirst: open };
  if (!isGood(wish, state)) return { kind: 'push', tip, pullRequest: open, closeFirst: null };
  if (open === null || !speaksOf(readMarker(open.body), wish)) return { kind: 'describe', pullRequest: open };
  return { kind: 'wait', pullRequest: open };
}

/** Between the push of its branch and its opening, too. */
function isAskedFor({ branch, open, closed }: ReviewState, asked: readonly Change[]): boolean {
  if (branch.kind !== 'ours' || !asked.includes(branch.proposed.change)) return false;
  const marker = open && readMarker(open.body);
  if (marker) return marker.closed === null && marker.change === branch.proposed.change;
  return open !== null || closed.every(({ headCommit }) => headCommit !== branch.tip);
}

function withoutWish({ branch, open }: ReviewState): ReviewStep {
  if (branch.kind === 'edited') return { kind: 'rest' };
  if (open !== null) {
    // Towpath closed it once, and a person opened it again: that is his business.
    if ((readMarker(open.body)?.closed ?? null) !== null) return { kind: 'rest' };
    return { kind: 'close', pullRequest: open, tip: branch.kind === 'absent' ? null : branch.tip };
  }
  return branch.kind === 'absent' ? { kind: 'rest' } : { kind: 'clean-up', tip: branch.tip };
}

/** Closed by a person, though it named the very thing that is wanted. */
function isRejected({ state, body }: PullRequest, wish: Wish): boolean {
  const marker = readMarker(body);
  if (state !== 'closed' || marker === null || marker.closed !== null) return false;
  if (marker.deploymentId !== wish.deploymentId || !brings(marker.change, wish.change)) return false;
  if (wish.change === 'remove') return true;
  if (marker.revisionId !== wish.revisionId) return false;
  // The same revision from other inputs is another question, unless the revision itself was refused.
  return wish.change === 'deploy' || marker.inputsDigest === wish.inputsDigest;
}

function speaksOf(marker: Marker | null, wish: Wish): boolean {
  return (
    marker !== null &&
    marker.closed === null &&
    brings(marker.change, wish.change) &&
    marker.deploymentId === wish.deploymentId &&
    marker.revisionId === wish.revisionId &&
    marker.inputsDigest === wish.inputsDigest
  );
}

/** A folder that is taken over from elsewhere holds the revision as well; a rollback is a deploy of an older one. */
function brings(change: Change, wanted: Change): boolean {
  return change === wanted || (wanted === 'deploy' && (change === 'adopt' || change === 'rollback'));
}

/**
 * Merged while its text was written: the base got the commit before ours, which ours does not replace. What was merged
 * with ours and undone again leaves the base as ours found it.
 */
function isOvertaken(wish: Wish, branch: BranchState): boolean {
  return branch.kind === 'ours' && branch.proposed.replaces !== wish.replaces;
}

/** Nobody's approval of a deployment may become one of its deletion, nor the other way round. */
function isOfOtherKind({ body }: PullRequest, wish: Wish): boolean {
  const marker = readMarker(body);
  return marker !== null && (marker.change === 'remove') !== (wish.change === 'remove');
}

function isGood(wish: Wish, { branch, open, baseHead }: ReviewState): boolean {
  if (branch.kind !== 'ours' || branch.parent === null) return false;
  const { change, deploymentId, revisionId, inputsDigest, replaces } = branch.proposed;
  const isWanted =
    brings(change, wish.change) &&
    deploymentId === wish.deploymentId &&
    revisionId === wish.revisionId &&
    inputsDigest === wish.inputsDigest &&
    replaces === wish.replaces;
  const isStale = open?.mergeability === 'conflict' || open?.mergeability === 'behind';
  return isWanted && !(isStale && branch.parent !== baseHead);
}
