/** What the contract suite of Forge needs of a world: a repository, its people, and faults between it and the adapter. */
import type { CommitId } from '../../src/domain/identifiers.ts';
import type { MergeMethod } from '../../src/domain/pull-request.ts';
import type { Forge } from '../../src/ports.ts';

/** A fresh repository whose base `main` holds a commit, and its forge. */
export interface ForgeWorld {
  /** Onto `main`; lists in pages of 2, so that three pull requests already need a second one. */
  readonly forge: Forge;
  /** Makes a branch: the base's head plus one commit of its own; answers its tip. */
  branch(name: string): Promise<CommitId>;
  /** A person's further commit on a branch. */
  push(branch: string): Promise<CommitId>;
  /** Fast-forwards the base to a branch by git alone, as the listener does with `merge: fast-forward`. */
  fastForward(branch: string): Promise<CommitId>;
  baseHead(): Promise<CommitId>;
  /** Of the base's head. */
  baseMessage(): Promise<string>;
  /** The reviewer, a person who is not the owner of the adapter's credentials. */
  readonly reviewer: ForgeReviewer;
  /** A pull request that is none of ours, open: from another base (`release`), or from a fork's branch of that name. */
  openElsewhere(where: 'another base' | 'a fork', head: string): Promise<void>;
  /** What CI says of a commit. */
  check(commit: CommitId, state: 'pending' | 'success' | 'failure'): Promise<void>;
  archive(): Promise<void>;
  /** Demands a review before anything is merged into the base. */
  protect(): Promise<void>;
  /** The next request of the adapter meets this, or the one after `skip` good ones. */
  fault(fault: ForgeFault, skip?: number): void;
  close(): Promise<void>;
}

export interface ForgeReviewer {
  /** What `closedBy` and `Approval.by` should call them. */
  readonly name: string;
  merge(number: number, method: MergeMethod): Promise<CommitId>;
  close(number: number): Promise<void>;
  reopen(number: number): Promise<void>;
  approve(number: number): Promise<void>;
  requestChanges(number: number): Promise<void>;
  /** Gives a label beside those that are there. */
  label(number: number, name: string): Promise<void>;
}

export type ForgeFault =
  /** 401. */
  | 'unauthorized'
  /** 403 for want of a right. */
  | 'forbidden'
  /** 404. */
  | 'missing'
  /** The forge's own form of "wait 30 seconds". */
  | 'rate limit'
  /** 503. */
  | 'unavailable'
  /** A page of a proxy. */
  | 'page'
  /** The connection ends in the middle of the answer; what was asked for was done. */
  | 'half an answer'
  /** The request never arrives. */
  | 'no answer'
  /** The request arrives and is carried out, and its answer does not come back. */
  | 'lost answer';

/** What a forge cannot do, or what a world cannot show. */
export interface ForgeCapabilities {
  /** All three where absent. */
  readonly mergeMethods?: readonly MergeMethod[];
  /** How it learns that the listener put the head onto the base: by markMerged, from the push itself, or not at all. */
  readonly pushedMerge: 'told' | 'seen' | 'never';
  /** Whether these credentials are told of the base's protection. */
  readonly tellsProtection: boolean;
  /** Whether a request for changes is told at all (GitLab's free edition knows only approvals). */
  readonly requestsChanges: boolean;
  /** Whether forks and other bases can be made in this world. */
  readonly elsewhere: boolean;
}
