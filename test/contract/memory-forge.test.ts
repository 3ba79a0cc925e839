/** The memory forge does what every forge must: what the listener's tests learn from it holds of the real ones. */
import { createHash } from 'node:crypto';
import { TowpathError } from '../../src/domain/failure.ts';
import type { CommitId } from '../../src/domain/identifiers.ts';
import { memoryForge } from '../support/memory-forge.ts';
import type { MemoryForgeBranches } from '../support/memory-forge-state.ts';
import { forgeContract } from './forge.ts';
import type { ForgeFault, ForgeWorld } from './forge-world.ts';

for (const seesPushedMerges of [true, false]) {
  forgeContract(
    seesPushedMerges ? 'memory' : 'memory that is told of merges',
    async () => memoryWorld(seesPushedMerges),
    {
      pushedMerge: seesPushedMerges ? 'seen' : 'told',
      tellsProtection: true,
      requestsChanges: true,
      elsewhere: true,
    },
  );
}

interface PlainBranches extends MemoryForgeBranches {
  said(): string;
  commit(branch: string, onBase: boolean): CommitId;
  fastForward(branch: string): CommitId;
}

/** Branches that are nothing but ids: the forge asks for no more. */
function plainBranches(): PlainBranches {
  let count = 0;
  const next = (): CommitId => createHash('sha1').update(String(count++)).digest('hex') as CommitId;
  const tips = new Map<string, CommitId>();
  const base = [next()];
  let said = '';
  const head = (): CommitId => base.at(-1) as CommitId;
  return {
    tipOf: (branch) => tips.get(branch) ?? null,
    baseHead: head,
    isOnBase: (commit) => base.includes(commit),
    merge: (branch, method, message) => {
      const tip = tips.get(branch);
      said = message;
      if (tip && method === 'merge') base.push(tip);
      base.push(next());
      return head();
    },
    said: () => said,
    removeBranch: (branch) => tips.delete(branch),
    commit: (branch) => {
      const tip = next();
      tips.set(branch, tip);
      return tip;
    },
    fastForward: (branch) => {
      base.push(tips.get(branch) as CommitId);
      return head();
    },
  };
}

async function memoryWorld(seesPushedMerges: boolean): Promise<ForgeWorld> {
  const branches = plainBranches();
  const memory = memoryForge({ branches, seesPushedMerges });
  const { forge, people, pullRequests, settings } = memory;
  let spoiled: { readonly fault: ForgeFault; skip: number } | null = null;
  return {
    forge: { ...forge, open: (prefix) => whole(prefix), create: (request) => spoil(() => forge.create(request)) },
    branch: async (name) => branches.commit(name, true),
    push: async (name) => branches.commit(name, false),
    fastForward: async (name) => branches.fastForward(name),
    baseHead: async () => branches.baseHead() as CommitId,
    baseMessage: async () => branches.said(),
    reviewer: {
      name: 'jane',
      merge: async (number, method) => people.merge(number, method),
      close: async (number) => people.close(number),
      reopen: async (number) => people.reopen(number),
      approve: async (number) => people.approve(number),
      requestChanges: async (number) => people.requestChanges(number),
      label: async (number, name) =>
        people.edit(number, { labels: [...(pullRequests.get(number)?.labels ?? []), name] }),
    },
    openElsewhere: async (where, head) => {
      const commit = branches.commit(where === 'a fork' ? `fork:${head}` : head, true);
      people.open({ head, commit, ...(where === 'a fork' ? { fork: 'joe/env' } : { base: 'release' }) });
    },
    check: async (commit, state) => {
      memory.checks.set(commit, state);
    },
    archive: async () => {
      settings.archived = true;
    },
    protect: async () => {
      settings.protected = true;
    },
    fault: (fault, skip = 0) => {
      spoiled = { fault, skip };
    },
    close: () => forge.dispose(),
  };

  /** The twin has no pages: two at a time would be so many requests. */
  async function whole(prefix: string) {
    return spoil(() => forge.open(prefix), Math.ceil(pullRequests.size / 2));
  }

  async function spoil<T>(call: () => Promise<T>, requests = 1): Promise<T> {
    const incident = spoiled !== null && spoiled.skip < requests ? spoiled.fault : null;
    if (incident === null) return call();
    spoiled = null;
    if (incident !== 'lost answer') memory.failNext(errors[incident]);
    const answer = await call();
    if (incident !== 'lost answer') return answer;
    throw errors[incident];
  }
}

const unreachable = new TowpathError('transient', 'ForgeUnreachable', 'Cannot ask at memory://forge: no answer');
const errors: Readonly<Record<ForgeFault, TowpathError>> = {
  unauthorized: new TowpathError('terminal', 'ForgeUnauthorized', 'Cannot ask at memory://forge: bad token'),
  forbidden: new TowpathError('terminal', 'ForgeForbidden', 'Cannot ask at memory://forge: no right'),
  missing: new TowpathError('terminal', 'ForgeMissing', 'Cannot ask at memory://forge: not found'),
  'rate limit': new TowpathError('waiting', 'ForgeRateLimited', 'Cannot ask at memory://forge: too many requests', {
    retryAfterMs: 30_000,
  }),
  unavailable: unreachable,
  page: unreachable,
  'half an answer': unreachable,
  'no answer': unreachable,
  'lost answer': unreachable,
};
