/** A Forge without a network: the twin of the real ones, with people who merge, close and approve, and with faults. */
import { TowpathError } from '../../src/domain/failure.ts';
import type { Forge } from '../../src/ports.ts';
import { memoryForgePort } from './memory-forge-port.ts';
import {
  addPullRequest,
  type ForgeMethod,
  type MemoryForge,
  type MemoryForgeOptions,
  type MemoryForgeState,
  type MemoryPeople,
  type MemoryPullRequest,
  mergePullRequest,
  settled,
  touched,
} from './memory-forge-state.ts';

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
  ...(['autoMerge', 'approval', 'markMerged', 'repository', 'unknownReviewers'] as const),
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
    unknownReviewers: (...given) => spoil('unknownReviewers', () => forge.unknownReviewers(...given)),
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
