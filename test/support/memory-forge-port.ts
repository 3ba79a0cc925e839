/** What the memory forge answers to the listener: the port over its pull requests. */
import { TowpathError } from '../../src/domain/failure.ts';
import type { Approval, NewPullRequest, PullRequest } from '../../src/domain/pull-request.ts';
import type { Forge } from '../../src/ports.ts';
import {
  addPullRequest,
  type MemoryForgeState,
  type MemoryPullRequest,
  settled,
  touched,
} from './memory-forge-state.ts';

export function memoryForgePort(state: MemoryForgeState): Forge {
  const { branches } = state.options;
  return {
    kind: 'gitea',
    open: async (prefix) => listed(state, prefix).filter((one) => one.state === 'open'),
    closed: async (prefix, after) =>
      listed(state, prefix)
        .filter((one) => one.state !== 'open' && one.updatedAt >= after)
        .sort((one, other) => other.updatedAt.getTime() - one.updatedAt.getTime() || other.number - one.number),
    read: async (number) => {
      const found = state.pullRequests.get(number);
      return found ? shown(settled(state, found)) : null;
    },
    closedBy: async (number) => state.pullRequests.get(number)?.closedBy ?? null,
    create: async (request) => shown(createOne(state, request)),
    update: async (number, { title, body, labels }) => {
      const one = writable(state, number);
      return shown(Object.assign(one, { title, body, labels: [...new Set([...one.labels, ...labels])] }));
    },
    close: async (number, body) => {
      Object.assign(changeable(state, number), { state: 'closed', closedBy: state.options.account, body });
    },
    autoMerge: async ({ number }, method, message) => {
      const one = changeable(state, number);
      one.autoMerge = method;
      one.squashMessage = message;
      settled(state, one);
      return null;
    },
    approval: async ({ number }) => approvalOf(state, settled(state, touchedNot(state, number))),
    markMerged: async ({ number }, commit) => {
      const one = settled(state, touchedNot(state, number));
      if (one.state === 'open' && branches.isOnBase(commit)) {
        Object.assign(touched(state, number), {
          state: 'merged',
          mergeCommit: commit,
          closedBy: state.options.account,
        });
      }
      return one.state === 'merged';
    },
    repository: async () => ({
      account: state.options.account,
      ...state.settings,
      mergeMethods: ['merge', 'squash', 'rebase'],
      mergeSignature: 'unsigned',
    }),
    unknownReviewers: async (names) => names.filter((name) => !state.options.users.includes(name)),
    budgets: () => [],
    dispose: async () => undefined,
  };
}

function listed(state: MemoryForgeState, prefix: string): PullRequest[] {
  // As Gitea, which has no pull requests of an empty repository.
  if (state.options.branches.baseHead() === null) {
    throw new TowpathError('terminal', 'ForgeMissing', 'Cannot list pull requests at memory://forge: not found');
  }
  return [...state.pullRequests.values()]
    .filter((one) => one.base === state.options.base && one.fork === null && one.head.startsWith(prefix))
    .map((one) => shown(settled(state, one)));
}

function createOne(state: MemoryForgeState, request: NewPullRequest): MemoryPullRequest {
  refuseArchived(state);
  state.options.budget?.take('content');
  const { head, title, body, labels, draft } = request;
  const open = [...state.pullRequests.values()].find(
    (one) =>
      one.head === head && one.base === state.options.base && one.fork === null && settled(state, one).state === 'open',
  );
  if (open) {
    return Object.assign(touched(state, open.number), {
      title,
      body,
      labels: [...new Set([...open.labels, ...labels])],
    });
  }
  const headCommit = state.options.branches.tipOf(head);
  if (headCommit === null) throw missing(`open a pull request for "${head}"`);
  const { base } = state.options;
  const reviewers = request.reviewers.filter((one) => state.options.users.includes(one));
  const teamReviewers = [...request.teamReviewers];
  return addPullRequest(state, {
    ...{ head, base, fork: null, headCommit, title, body, draft, reviewers, teamReviewers },
    labels: [...new Set(labels)],
  });
}

/** Whoever only looks changes no time. */
function touchedNot(state: MemoryForgeState, number: number): MemoryPullRequest {
  const found = state.pullRequests.get(number);
  if (!found) throw missing(`read pull request #${number}`);
  return found;
}

/** Texts may be changed of merged ones, too. */
function writable(state: MemoryForgeState, number: number): MemoryPullRequest {
  refuseArchived(state);
  const found = touchedNot(state, number);
  state.options.budget?.take('content');
  settled(state, found);
  return touched(state, number);
}

function changeable(state: MemoryForgeState, number: number): MemoryPullRequest {
  const found = writable(state, number);
  if (found.state === 'merged') {
    throw new TowpathError('terminal', 'ForgeInvalid', `Cannot change pull request #${number}: it is merged already`);
  }
  return found;
}

function refuseArchived({ settings }: MemoryForgeState): void {
  if (settings.archived)
    throw new TowpathError('terminal', 'ForgeArchived', 'Cannot write: the repository is archived');
}

function missing(what: string): TowpathError {
  return new TowpathError('terminal', 'ForgeMissing', `Cannot ${what} at memory://forge: it does not exist`);
}

/** The last word of each reviewer counts; an approval only where it is of this very commit. */
function approvalOf(state: MemoryForgeState, one: MemoryPullRequest): Approval {
  const last = new Map(one.reviews.map((review) => [review.by, review]));
  const reviews = [...last.values()];
  const by = reviews
    .filter((review) => review.verdict === 'approved' && review.commit === one.headCommit)
    .map((review) => review.by);
  const against = reviews.filter((review) => review.verdict === 'changes requested').map((review) => review.by);
  const check = state.checks.get(one.headCommit);
  if (against.length > 0) return { kind: 'refused', by, why: `changes requested by ${against.join(', ')}` };
  if (check === 'failure') return { kind: 'refused', by, why: 'a check has failed' };
  if (check === 'pending') return { kind: 'pending', by, why: 'a check is running' };
  return by.length > 0 ? { kind: 'approved', by } : { kind: 'pending', by, why: 'nobody has approved it yet' };
}

function shown(one: MemoryPullRequest): PullRequest {
  const { number, head, headCommit, title, body, draft, mergeability, mergeCommit, createdAt, updatedAt } = one;
  return {
    ...{
      number,
      head,
      headCommit,
      state: one.state,
      title,
      body,
      draft,
      mergeability,
      mergeCommit,
      createdAt,
      updatedAt,
    },
    url: `memory://forge/pulls/${number}`,
    labels: [...one.labels],
  };
}
