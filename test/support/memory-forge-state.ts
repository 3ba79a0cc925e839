/** The state of the forge in memory, and what changes it by itself. */
import type { TowpathError } from '../../src/domain/failure.ts';
import type { CommitId } from '../../src/domain/identifiers.ts';
import type { MergeMethod, PullRequest } from '../../src/domain/pull-request.ts';
import type { Forge } from '../../src/ports.ts';

export interface MemoryPullRequest {
  number: number;
  head: string;
  base: string;
  /** Null: the repository itself. */
  fork: string | null;
  headCommit: CommitId;
  state: PullRequest['state'];
  title: string;
  body: string;
  labels: string[];
  draft: boolean;
  reviewers: string[];
  teamReviewers: string[];
  mergeability: PullRequest['mergeability'];
  mergeCommit: CommitId | null;
  closedBy: string | null;
  /** What the forge was asked to merge it by, once its rules are met. */
  autoMerge: MergeMethod | null;
  /** What it was told to say of a squash; null: its own text. */
  squashMessage: string | null;
  reviews: { readonly by: string; readonly commit: CommitId; readonly verdict: 'approved' | 'changes requested' }[];
  createdAt: Date;
  updatedAt: Date;
}

type MemoryCheck = 'pending' | 'success' | 'failure';

export interface MemoryForgeOptions {
  readonly branches: MemoryForgeBranches;
  readonly base?: string;
  readonly now?: () => Date;
  /** Whose credentials they are; who closes by them is called so. */
  readonly account?: string;
  /** Whom the forge knows; others cannot be asked to review. */
  readonly users?: readonly string[];
  /** False: as Gitea, which does not see that a head was pushed to the base. */
  readonly seesPushedMerges?: boolean;
  /** What the forge's own text for a squash holds: the title alone (as Gitea's does), or the description, too. */
  readonly squashText?: 'title' | 'description';
  /** As `src/adapters/forge/http/http.ts` takes it. */
  readonly budget?: { take(kind: 'content'): void };
}

export type ForgeMethod = Exclude<keyof Forge, 'kind' | 'budgets' | 'dispose'>;

export interface MemoryForge {
  readonly forge: Forge;
  readonly pullRequests: ReadonlyMap<number, MemoryPullRequest>;
  /** How often each method was called, failed calls included. */
  readonly calls: Record<ForgeMethod, number>;
  /** What these credentials may do, and how the repository is; may be changed. */
  readonly settings: { archived: boolean; mayPush: boolean; protected: boolean | null; defaultBranch: string };
  readonly checks: Map<CommitId, MemoryCheck>;
  /** The next calls (of this method, if named) fail with this, one after another; nothing happens in the forge. */
  failNext(error: TowpathError, method?: ForgeMethod): void;
  /** The next call of this method does its work, and its answer is lost. */
  loseAnswer(method: ForgeMethod): void;
  /** Runs before the next call of this method is judged: a person who is faster. */
  beforeNext(method: ForgeMethod, act: () => void): void;
  readonly people: MemoryPeople;
}

export interface MemoryPeople {
  /** Answers the base's new head. */
  merge(number: number, method?: MergeMethod, by?: string): CommitId;
  close(number: number, by?: string): void;
  reopen(number: number, by?: string): void;
  edit(number: number, changes: Partial<Pick<MemoryPullRequest, 'title' | 'body' | 'labels' | 'draft'>>): void;
  approve(number: number, by?: string): void;
  requestChanges(number: number, by?: string): void;
  /** A pull request that is not Towpath's: onto another base, or from a fork. */
  open(request: { head: string; base?: string; fork?: string; commit: CommitId; title?: string }): number;
  /** As Gitea does where two processes ask for the same at one moment: the same once more; answers its number. */
  double(number: number): number;
  /** What the forge says of its mergeability from now on. */
  judge(number: number, mergeability: PullRequest['mergeability']): void;
}

export interface MemoryForgeState {
  readonly options: Required<Omit<MemoryForgeOptions, 'budget'>> & Pick<MemoryForgeOptions, 'budget'>;
  readonly pullRequests: Map<number, MemoryPullRequest>;
  readonly settings: MemoryForge['settings'];
  readonly checks: Map<CommitId, MemoryCheck>;
}

export function addPullRequest(
  state: MemoryForgeState,
  given: Pick<MemoryPullRequest, 'head' | 'base' | 'fork' | 'headCommit' | 'title'> & Partial<MemoryPullRequest>,
): MemoryPullRequest {
  const at = state.options.now();
  const number = state.pullRequests.size + 1;
  const added: MemoryPullRequest = {
    number,
    ...{ state: 'open', body: '', labels: [], draft: false, reviewers: [], teamReviewers: [], reviews: [] },
    ...{
      mergeability: 'mergeable',
      mergeCommit: null,
      closedBy: null,
      autoMerge: null,
      squashMessage: null,
      createdAt: at,
      updatedAt: at,
    },
    ...given,
  };
  state.pullRequests.set(number, added);
  return added;
}

export function touched(state: MemoryForgeState, number: number): MemoryPullRequest {
  const found = state.pullRequests.get(number);
  if (!found) throw new RangeError(`Cannot find pull request #${number}`);
  found.updatedAt = state.options.now();
  return found;
}

export function mergePullRequest(
  state: MemoryForgeState,
  one: MemoryPullRequest,
  method: MergeMethod,
  by: string,
): CommitId {
  const own = state.options.squashText === 'description' ? `\n\n${one.body}` : '';
  const message = `${one.squashMessage ?? `${one.title} (#${one.number})${own}`}\n`;
  one.mergeCommit = state.options.branches.merge(one.head, method, message);
  Object.assign(one, { state: 'merged', closedBy: by, updatedAt: state.options.now() });
  return one.mergeCommit;
}

/** A forge notices by itself what happens to the branches: new commits, a branch that is gone, a head on the base. */
export function settled(state: MemoryForgeState, one: MemoryPullRequest): MemoryPullRequest {
  const { branches, seesPushedMerges } = state.options;
  if (one.state !== 'open' || one.fork !== null || one.base !== state.options.base) return one;
  const tip = branches.tipOf(one.head);
  if (tip === null) return Object.assign(touched(state, one.number), { state: 'closed' as const });
  if (tip !== one.headCommit) touched(state, one.number).headCommit = tip;
  if (seesPushedMerges && branches.isOnBase(tip)) {
    return Object.assign(touched(state, one.number), { state: 'merged' as const, mergeCommit: branches.baseHead() });
  }
  if (one.autoMerge !== null && one.mergeability === 'mergeable') {
    mergePullRequest(state, one, one.autoMerge, state.options.account);
  }
  return one;
}

/** The repository's branches, as the forge sees them. */
export interface MemoryForgeBranches {
  /** Null: there is no such branch. */
  tipOf(branch: string): CommitId | null;
  baseHead(): CommitId | null;
  /** Whether the base reaches it. */
  isOnBase(commit: CommitId): boolean;
  /** Puts a branch onto the base; answers the base's new head. */
  merge(branch: string, method: MergeMethod, squashMessage: string): CommitId;
  removeBranch(branch: string): void;
}
