/** Pull requests as the stand-ins for GitHub and GitLab keep them; the branches behind them are real. */
import { isAncestor, type MergeKind, mergeBranch, mergedTree } from './forge-server-git.ts';
import type { TestRepository } from './test-repository.ts';

type ReviewState = 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED' | 'DISMISSED';

export interface ServedReview {
  readonly id: number;
  readonly user: string;
  state: ReviewState;
  readonly commit: string;
  readonly at: Date;
}

export interface ServedPull {
  readonly number: number;
  readonly head: string;
  /** Null: the branch is in this very repository; else the fork's path. */
  readonly fork: string | null;
  readonly base: string;
  readonly author: string;
  readonly createdAt: Date;
  title: string;
  body: string;
  draft: boolean;
  labels: string[];
  reviewers: string[];
  teamReviewers: string[];
  state: 'open' | 'closed' | 'merged';
  headCommit: string;
  mergeCommit: string | null;
  mergedWith: MergeKind | null;
  updatedAt: Date;
  closedAt: Date | null;
  closedBy: string | null;
  mergedBy: string | null;
  reviews: ServedReview[];
  /** What the forge was asked to do once its rules are met. */
  autoMerge: MergeKind | null;
  /** What it was told to say of a squash; null: its own text, which is the title alone. */
  squashMessage: string | null;
  /** Each head that it had, and since when. */
  versions: { readonly commit: string; readonly at: Date }[];
  /** How often it is still going to say that it does not know yet. */
  unknownFor: number;
}

interface ServedCheck {
  readonly name: string;
  readonly state: 'pending' | 'success' | 'failure';
}

export interface ServedRepository {
  readonly id: number;
  /** `owner/name`. */
  readonly path: string;
  readonly git: TestRepository;
  readonly pulls: ServedPull[];
  /** By commit. */
  readonly checks: Map<string, ServedCheck[]>;
  readonly labels: Set<string>;
  readonly people: Map<string, 'admin' | 'write' | 'read'>;
  defaultBranch: string;
  archived: boolean;
  /** What the base demands; null: nothing. */
  protection: { readonly approvals: number; readonly strict: boolean; readonly checks: readonly string[] } | null;
  mergeKinds: MergeKind[];
  allowAutoMerge: boolean;
  /** Whether its own text for a squash is that of the commits; else it is the title alone. */
  keepsTrailers: boolean;
  /** Branches that a rule keeps from being moved, with its words. */
  readonly refusedBranches: Map<string, string>;
  /** Where all branches were when they were last looked at. */
  seenRefs: string;
}

export function servedRepository(id: number, path: string, git: TestRepository): ServedRepository {
  return {
    id,
    path,
    git,
    pulls: [],
    checks: new Map(),
    labels: new Set(['bug']),
    people: new Map(),
    defaultBranch: 'main',
    archived: false,
    protection: null,
    mergeKinds: ['merge', 'squash', 'rebase'],
    allowAutoMerge: false,
    keepsTrailers: false,
    refusedBranches: new Map(),
    seenRefs: '',
  };
}

interface Opening {
  readonly head: string;
  readonly base: string;
  readonly title: string;
  readonly body: string;
  readonly draft: boolean;
  readonly author: string;
  readonly fork?: string | null;
}

type Opened =
  | { readonly kind: 'opened'; readonly pull: ServedPull }
  | { readonly kind: 'exists'; readonly pull: ServedPull }
  | { readonly kind: 'no-head' | 'no-base' | 'no-commits' };

export async function openPull(repository: ServedRepository, opening: Opening): Promise<Opened> {
  const { head, base, fork = null } = opening;
  const headCommit = await repository.git.head(branchOf({ head, fork }));
  const baseCommit = await repository.git.head(base);
  if (headCommit === null) return { kind: 'no-head' };
  if (baseCommit === null) return { kind: 'no-base' };
  const standing = repository.pulls.find(
    (pull) => pull.state === 'open' && pull.head === head && pull.base === base && pull.fork === fork,
  );
  if (standing) return { kind: 'exists', pull: standing };
  if (await isAncestor(repository.git, headCommit, baseCommit)) return { kind: 'no-commits' };
  const now = new Date();
  const pull: ServedPull = {
    number: repository.pulls.length + 1,
    head,
    base,
    fork,
    author: opening.author,
    createdAt: now,
    updatedAt: now,
    title: opening.title,
    body: opening.body,
    draft: opening.draft,
    labels: [],
    reviewers: [],
    teamReviewers: [],
    state: 'open',
    headCommit,
    mergeCommit: null,
    mergedWith: null,
    closedAt: null,
    closedBy: null,
    mergedBy: null,
    reviews: [],
    autoMerge: null,
    squashMessage: null,
    versions: [{ commit: headCommit, at: now }],
    unknownFor: 0,
  };
  repository.pulls.push(pull);
  return { kind: 'opened', pull };
}

/** A fork's branches lie beside our own, where nobody looks for them. */
export function branchOf({ head, fork }: Pick<ServedPull, 'head' | 'fork'>): string {
  return fork === null ? head : `forks/${head}`;
}

/** What a forge notices when it looks at its branches: pushes, merges by hand, branches that are gone. */
export async function refreshPulls(repository: ServedRepository): Promise<void> {
  const refs = await repository.git.git('for-each-ref', '--format=%(objectname) %(refname)', 'refs/heads');
  // Asked at each request: where nothing has moved, there is nothing to find out.
  if (repository.seenRefs === refs && repository.pulls.every(({ autoMerge }) => autoMerge === null)) return;
  repository.seenRefs = refs;
  for (const pull of repository.pulls.filter((each) => each.state === 'open')) {
    const base = await repository.git.head(pull.base);
    if (base && (await isAncestor(repository.git, pull.headCommit, base))) {
      settle(pull, { state: 'merged', mergeCommit: pull.headCommit, by: 'somebody-who-pushed' });
      continue;
    }
    const head = await repository.git.head(branchOf(pull));
    if (head === null) settle(pull, { state: 'closed', mergeCommit: null, by: 'somebody-who-pushed' });
    else if (head !== pull.headCommit) moveHead(pull, head);
    if (pull.autoMerge && (await hindrances(repository, pull)).length === 0) {
      await mergePull(repository, pull, pull.autoMerge, pull.author);
    }
  }
}

function moveHead(pull: ServedPull, headCommit: string): void {
  touch(pull, { headCommit, versions: [...pull.versions, { commit: headCommit, at: new Date() }] });
}

/** Null: it cannot be merged as it is. */
export async function mergePull(
  repository: ServedRepository,
  pull: ServedPull,
  kind: MergeKind,
  by: string,
): Promise<string | null> {
  const merged = await mergeBranch({
    git: repository.git,
    base: pull.base,
    head: pull.headCommit,
    kind,
    message:
      kind === 'squash'
        ? `${pull.squashMessage ?? (await squashText(repository, pull))}\n`
        : `Merge pull request #${pull.number}\n\n${pull.title}\n`,
    by: { name: by, email: `${by}@users.example` },
  });
  if (merged !== null) {
    settle(pull, { state: 'merged', mergeCommit: merged, by });
    touch(pull, { mergedWith: kind });
  }
  return merged;
}

function squashText({ git, keepsTrailers }: ServedRepository, pull: ServedPull): string | Promise<string> {
  return keepsTrailers ? git.git('log', '-1', '--format=%B', pull.headCommit) : `${pull.title} (#${pull.number})`;
}

export function closePull(pull: ServedPull, by: string): void {
  settle(pull, { state: 'closed', mergeCommit: null, by });
}

export function reopenPull(pull: ServedPull): void {
  touch(pull, { state: 'open', closedAt: null, closedBy: null });
}

export function touch(pull: ServedPull, changes: Partial<ServedPull>): void {
  Object.assign(pull, changes, { updatedAt: new Date() });
}

export function review(pull: ServedPull, user: string, state: ReviewState, commit = pull.headCommit): void {
  touch(pull, { reviews: [...pull.reviews, { id: pull.reviews.length + 1, user, state, commit, at: new Date() }] });
}

type Hindrance = 'conflict' | 'behind' | 'draft' | 'approvals' | 'changes-requested' | 'checks';

/** Why the forge would not merge it now; empty: it would. */
export async function hindrances(repository: ServedRepository, pull: ServedPull): Promise<readonly Hindrance[]> {
  const { git, protection } = repository;
  const base = (await git.head(pull.base)) ?? '';
  const found: Hindrance[] = [];
  if ((await mergedTree(git, base, pull.headCommit)) === null) found.push('conflict');
  if (pull.draft) found.push('draft');
  if (protection === null) return found;
  if (protection.strict && !(await isAncestor(git, base, pull.headCommit))) found.push('behind');
  const last = new Map(pull.reviews.filter(({ state }) => state !== 'COMMENTED').map((each) => [each.user, each]));
  const states = [...last.values()].map(({ state }) => state);
  if (states.includes('CHANGES_REQUESTED')) found.push('changes-requested');
  if (states.filter((state) => state === 'APPROVED').length < protection.approvals) found.push('approvals');
  const checks = repository.checks.get(pull.headCommit) ?? [];
  const isGood = (name: string): boolean => checks.some((check) => check.name === name && check.state === 'success');
  if (!protection.checks.every(isGood)) found.push('checks');
  return found;
}

interface Settlement {
  readonly state: 'closed' | 'merged';
  readonly mergeCommit: string | null;
  readonly by: string;
}

function settle(pull: ServedPull, { state, mergeCommit, by }: Settlement): void {
  const mergedBy = state === 'merged' ? by : null;
  touch(pull, { state, mergeCommit, closedAt: new Date(), closedBy: by, mergedBy, autoMerge: null });
}
