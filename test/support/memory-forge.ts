/** A Forge without a network: the twin of the real ones, with people who merge, close and approve, and with faults. */
import { TowpathError } from '../../src/domain/failure.ts';
import type { CommitId } from '../../src/domain/identifiers.ts';
import type { MergeMethod, PullRequest } from '../../src/domain/pull-request.ts';
import type { Forge } from '../../src/ports.ts';
import { memoryForgePort } from './memory-forge-port.ts';

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

export type MemoryCheck = 'pending' | 'success' | 'failure';

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

export function memoryForge(options: MemoryForgeOptions): MemoryForge {
  const base = options.base ?? 'main';
  const state: MemoryForgeState = {
    options: {
      base,
      now: () => new Date(),
      account: 'towpath',
      users: ['jane', 'joe'],
      seesPushedMerges: true,
      squashText: 'title',
      ...options,
    },
    pullRequests: new Map(),
    settings: { archived: false, mayPush: true, protected: false, defaultBranch: base },
    checks: new Map(),
  };
  const calls = Object.fromEntries(methods.map((name) => [name, 0])) as Record<ForgeMethod, number>;
  const incidents: Incident[] = [];
  return {
    forge: spoiled(memoryForgePort(state), calls, incidents),
    pullRequests: state.pullRequests,
    calls,
    settings: state.settings,
    checks: state.checks,
    failNext: (error, method) => incidents.push({ kind: 'fails', error, method: method ?? null }),
    loseAnswer: (method) => incidents.push({ kind: 'answer is lost', method }),
    beforeNext: (method, act) => incidents.push({ kind: 'somebody is faster', act, method }),
    people: peopleOf(state),
  };
}

const methods = [
  ...(['open', 'closed', 'read', 'closedBy', 'create', 'update', 'close'] as const),
  ...(['autoMerge', 'approval', 'markMerged', 'repository'] as const),
] satisfies readonly ForgeMethod[];

type Incident = { readonly method: ForgeMethod | null } & (
  | { readonly kind: 'fails'; readonly error: TowpathError }
  | { readonly kind: 'answer is lost' }
  | { readonly kind: 'somebody is faster'; readonly act: () => void }
);

function spoiled(forge: Forge, calls: Record<ForgeMethod, number>, incidents: Incident[]): Forge {
  const spoil = async <T>(method: ForgeMethod, call: () => Promise<T>): Promise<T> => {
    calls[method] += 1;
    const at = incidents.findIndex((one) => one.method === null || one.method === method);
    const [incident] = at < 0 ? [] : incidents.splice(at, 1);
    if (incident?.kind === 'fails') throw incident.error;
    if (incident?.kind === 'somebody is faster') incident.act();
    const answer = await call();
    if (incident?.kind !== 'answer is lost') return answer;
    throw new TowpathError(
      'transient',
      'ForgeUnreachable',
      `Cannot ${method} at memory://forge: the connection failed`,
    );
  };
  return {
    kind: forge.kind,
    open: (...given) => spoil('open', () => forge.open(...given)),
    closed: (...given) => spoil('closed', () => forge.closed(...given)),
    read: (...given) => spoil('read', () => forge.read(...given)),
    closedBy: (...given) => spoil('closedBy', () => forge.closedBy(...given)),
    create: (...given) => spoil('create', () => forge.create(...given)),
    update: (...given) => spoil('update', () => forge.update(...given)),
    close: (...given) => spoil('close', () => forge.close(...given)),
    autoMerge: (...given) => spoil('autoMerge', () => forge.autoMerge(...given)),
    approval: (...given) => spoil('approval', () => forge.approval(...given)),
    markMerged: (...given) => spoil('markMerged', () => forge.markMerged(...given)),
    repository: () => spoil('repository', () => forge.repository()),
    budgets: () => forge.budgets(),
    dispose: () => forge.dispose(),
  };
}

function peopleOf(state: MemoryForgeState): MemoryPeople {
  const touch = (number: number): MemoryPullRequest => touched(state, number);
  const review = (number: number, by: string, verdict: 'approved' | 'changes requested'): void => {
    const one = touch(number);
    one.reviews.push({ by, commit: settled(state, one).headCommit, verdict });
  };
  return {
    merge: (number, method = 'merge', by = 'jane') =>
      mergePullRequest(state, settled(state, touch(number)), method, by),
    close: (number, by = 'jane') => {
      Object.assign(touch(number), { state: 'closed', closedBy: by });
    },
    reopen: (number) => {
      Object.assign(touch(number), { state: 'open', closedBy: null });
    },
    edit: (number, changes) => {
      Object.assign(touch(number), changes);
    },
    approve: (number, by = 'jane') => review(number, by, 'approved'),
    requestChanges: (number, by = 'jane') => review(number, by, 'changes requested'),
    open: ({ head, base = state.options.base, fork = null, commit, title = head }) =>
      addPullRequest(state, { head, base, fork, headCommit: commit, title }).number,
    double: (number) => {
      const { number: _number, ...same } = touch(number);
      return addPullRequest(state, same).number;
    },
    judge: (number, mergeability) => {
      touch(number).mergeability = mergeability;
    },
  };
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
