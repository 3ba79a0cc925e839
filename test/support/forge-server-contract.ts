/** The world that the contract suite of Forge wants, over a repository of a stand-in for GitHub or GitLab. */
import type { CommitId } from '../../src/domain/identifiers.ts';
import type { MergeMethod } from '../../src/domain/pull-request.ts';
import type { FaultProxy } from '../contract/forge-faults.ts';
import type { ForgeWorld } from '../contract/forge-world.ts';
import {
  branchOf,
  closePull,
  mergePull,
  openPull,
  refreshPulls,
  reopenPull,
  review,
  type ServedPull,
  type ServedRepository,
  touch,
} from './forge-server-pulls.ts';

interface ContractParts {
  readonly repository: ServedRepository;
  readonly forge: ForgeWorld['forge'];
  readonly proxy: FaultProxy;
  readonly reviewer: string;
}

export function contractWorld({ repository, forge, proxy, reviewer }: ContractParts): ForgeWorld {
  const { git } = repository;
  let count = 0;
  const seed = async (branch: string): Promise<CommitId> => {
    count += 1;
    return (await git.seed({ [`files/${count}`]: `${count}\n` }, { branch, message: `change ${count}\n` })) as CommitId;
  };
  const begin = async (name: string): Promise<CommitId> => {
    await git.git('update-ref', `refs/heads/${name}`, 'refs/heads/main');
    return seed(name);
  };
  const baseHead = async (): Promise<CommitId> => (await git.head('main')) as CommitId;
  const pullOf = async (number: number): Promise<ServedPull> => {
    await refreshPulls(repository);
    const found = repository.pulls.find((pull) => pull.number === number);
    if (!found) throw new RangeError(`There is no pull request #${number}`);
    return found;
  };
  return {
    forge,
    branch: begin,
    push: seed,
    baseHead,
    baseMessage: () => git.git('log', '-1', '--format=%B', 'main'),
    fastForward: async (branch) => {
      await git.git('update-ref', 'refs/heads/main', `refs/heads/${branch}`);
      return baseHead();
    },
    reviewer: {
      name: reviewer,
      merge: async (number, method: MergeMethod) =>
        (await mergePull(repository, await pullOf(number), method, reviewer)) as CommitId,
      close: async (number) => closePull(await pullOf(number), reviewer),
      reopen: async (number) => reopenPull(await pullOf(number)),
      approve: async (number) => review(await pullOf(number), reviewer, 'APPROVED'),
      requestChanges: async (number) => review(await pullOf(number), reviewer, 'CHANGES_REQUESTED'),
      label: async (number, name) => {
        const pull = await pullOf(number);
        touch(pull, { labels: [...pull.labels, name] });
      },
    },
    openElsewhere: async (where, head) => {
      const fork = where === 'a fork' ? 'joe/env' : null;
      const base = where === 'a fork' ? 'main' : 'release';
      if (base === 'release') await git.git('update-ref', 'refs/heads/release', 'refs/heads/main');
      await begin(branchOf({ head, fork }));
      await openPull(repository, { head, base, fork, title: 'other', body: '', draft: false, author: 'joe' });
    },
    check: async (commit, state) => {
      repository.checks.set(commit, [{ name: 'ci/test', state }]);
    },
    archive: async () => {
      repository.archived = true;
    },
    protect: async () => {
      repository.protection = { approvals: 1, strict: false, checks: [] };
    },
    fault: (fault, skip) => proxy.fault(fault, skip),
    close: async () => {
      await forge.dispose();
      await proxy.close();
    },
  };
}
