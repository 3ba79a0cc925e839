/** The places where the contract of Branches is kept: a real git server, and the twin in memory, with people in both. */
import { mkdir, writeFile } from 'node:fs/promises';
import { repoPath } from '../../src/domain/file-tree.ts';
import type { CommitId } from '../../src/domain/identifiers.ts';
import type { MergeMethod } from '../../src/domain/pull-request.ts';
import type { Branches, Repository } from '../../src/ports.ts';
import type { GitServer } from '../support/git-server.ts';
import { memoryBranches } from '../support/memory-branches.ts';
import { memoryRemote, memoryRepository } from '../support/memory-repository.ts';
import type { TestRepository } from '../support/test-repository.ts';

export type WholeRepository = Repository & Branches;
export type Changes = Readonly<Record<string, string | null>>;

export interface BranchesWorld {
  readonly repository: WholeRepository;
  /** Another process, which knows nothing yet. */
  open(): Promise<WholeRepository>;
  /** A person's commit; a branch that is not there begins at the base. */
  commit(changes: Changes, branch?: string): Promise<CommitId>;
  /** A person's commit that stands on nothing. */
  unrelated(branch: string, files: Changes): Promise<CommitId>;
  /** Null takes it away. */
  set(branch: string, commit: CommitId | null): Promise<void>;
  merge(branch: string, method: MergeMethod): Promise<void>;
  tip(branch?: string): Promise<CommitId | null>;
  files(branch?: string): Promise<Readonly<Record<string, string>>>;
  /** Subjects, newest first. */
  log(branch?: string): Promise<readonly string[]>;
  parents(commit: CommitId): Promise<readonly string[]>;
  /** Right before the next push is judged. */
  beforePush(run: () => Promise<unknown>): void;
  /** From now on a hook refuses the branch `towpath/<name>` with these words. */
  refuse(name: string, words: string): Promise<void>;
}

export function memoryWorld(files: Changes | null): BranchesWorld {
  const remote = memoryRemote();
  const open = (): WholeRepository => Object.assign(memoryRepository(remote), memoryBranches(remote));
  const world: BranchesWorld = {
    repository: open(),
    open: async () => open(),
    commit: async (changes, branch = 'main') => {
      const list = changesOf(changes);
      return branch === 'main' ? remote.commit('theirs', list) : remote.commitOn(branch, 'theirs', list);
    },
    unrelated: async (branch, theirs) => {
      const head = remote.head;
      remote.head = null;
      const tip = remote.commit('theirs', changesOf(theirs));
      remote.head = head;
      remote.branches.set(branch, tip);
      return tip;
    },
    set: async (branch, commit) => {
      if (branch === 'main') remote.head = commit;
      else if (commit === null) remote.branches.delete(branch);
      else remote.branches.set(branch, commit);
    },
    merge: async (branch, method) => void remote.mergeBranch(branch, method),
    tip: async (branch = 'main') => (branch === 'main' ? remote.head : (remote.branches.get(branch) ?? null)),
    files: async (branch = 'main') => Object.fromEntries(remote.files(await world.tip(branch))),
    log: async (branch = 'main') => {
      const subjects: string[] = [];
      for (let id = await world.tip(branch); id; id = remote.commits.get(id)?.parents[0] ?? null) {
        subjects.push(remote.commits.get(id)?.subject ?? '');
      }
      return subjects;
    },
    parents: async (commit) => remote.commits.get(commit)?.parents ?? [],
    beforePush: (run) => {
      const once = (): void => {
        remote.beforePropose = null;
        remote.beforePublish = null;
        void run();
      };
      remote.beforePropose = once;
      remote.beforePublish = once;
    },
    refuse: async (name, words) => {
      remote.policy = (message) => (message.startsWith(`deploy(${name})`) ? words : null);
    },
  };
  if (files) void world.commit(files);
  return world;
}

export interface RealWorld extends BranchesWorld {
  readonly remote: TestRepository;
}

export async function realWorld(
  remote: TestRepository,
  files: Changes | null,
  open: () => Promise<WholeRepository> | WholeRepository,
  beforePush: BranchesWorld['beforePush'],
): Promise<RealWorld> {
  if (files) await remote.seed(files);
  const tip = async (branch = 'main') => (await remote.head(branch)) as CommitId | null;
  return {
    remote,
    repository: await open(),
    open: async () => open(),
    commit: async (changes, branch = 'main') => {
      if (!(await remote.head(branch)) && branch !== 'main') await remote.git('branch', branch, 'main');
      return (await remote.seed(changes, { branch, message: 'theirs' })) as CommitId;
    },
    unrelated: async (branch, theirs) => (await remote.seed(theirs, { branch, message: 'theirs' })) as CommitId,
    set: async (branch, commit) => {
      const ref = `refs/heads/${branch}`;
      await remote.git('update-ref', ...(commit === null ? ['-d', ref] : [ref, commit]));
    },
    merge: async (branch, method) => {
      const tree = (await remote.git('merge-tree', '--write-tree', 'main', branch)).trim();
      const second = method === 'merge' ? ['-p', branch] : [];
      const made = await remote.git('commit-tree', tree, '-p', 'main', ...second, '-m', `Merge ${branch}`);
      await remote.git('update-ref', 'refs/heads/main', made.trim());
    },
    tip,
    files: (branch = 'main') => remote.tree(branch),
    log: async (branch = 'main') =>
      (await remote.git('log', '--first-parent', '--format=%s', `refs/heads/${branch}`)).trim().split('\n'),
    parents: async (commit) => (await remote.git('log', '-1', '--format=%P', commit)).trim().split(' ').filter(Boolean),
    beforePush,
    refuse: async (name, words) =>
      writeHook(remote, 'update', `case "$1" in */${name}) echo "${words}" >&2; exit 1;; esac`),
  };
}

/** The next push over HTTP waits until somebody else has done something. */
export function beforePushTo(server: GitServer): BranchesWorld['beforePush'] {
  return (run) => server.inject({ kind: 'before', run });
}

export async function writeHook(remote: TestRepository, name: string, script: string): Promise<void> {
  await mkdir(`${remote.path}/hooks`, { recursive: true });
  await writeFile(`${remote.path}/hooks/${name}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

function changesOf(changes: Changes) {
  return Object.entries(changes).map(([path, content]) =>
    content === null
      ? { kind: 'delete' as const, path: repoPath(path) }
      : { kind: 'write' as const, path: repoPath(path), content },
  );
}
