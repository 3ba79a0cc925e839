/** What people do to branches, pull requests and the base; and what of it must never be lost or asked again. */
import { type Marker, readMarker } from '../../src/core/pull-request/marker.ts';
import { repoPath } from '../../src/domain/file-tree.ts';
import type { CommitId } from '../../src/domain/identifiers.ts';
import type { MergeMethod } from '../../src/domain/pull-request.ts';
import { ancestry } from './memory-remote.ts';
import type { ReviewWorld } from './review-world.ts';

export interface ReviewPeople {
  /** Commits of people's on a branch, by id, that nobody but a person may take away. */
  readonly commits: ReadonlyMap<CommitId, string>;
  /** What they had read of those that they closed, and that stay closed. */
  readonly rejected: ReadonlyMap<number, Marker | null>;
  merge(number: number, method: MergeMethod): void;
  close(number: number): void;
  reopen(number: number): void;
  approve(number: number): void;
  /** The forge sees a conflict. */
  conflict(number: number): void;
  /** The forge opens the same once more. */
  double(number: number): void;
  push(branch: string): void;
  deleteBranch(branch: string): void;
  /** Writes below the text, or cuts the hidden line out of it. */
  editBody(number: number, isCut: boolean): void;
  /** Sets a folder, or all that is there, back to what the base held before. */
  revert(): void;
  editFolder(): void;
  commit(): void;
}

export function reviewPeople({ remote, forge }: ReviewWorld): ReviewPeople {
  const commits = new Map<CommitId, string>();
  const rejected = new Map<number, Marker | null>();
  const bodyOf = (number: number): string => forge.pullRequests.get(number)?.body ?? '';
  let written = 0;
  const close = (number: number): void => {
    rejected.set(number, readMarker(bodyOf(number)));
    forge.people.close(number);
  };
  const write = (path: string, content: string): void => {
    remote.commit('Change it', [{ kind: 'write', path: repoPath(path), content }]);
  };
  const folderFiles = (): string[] => [...remote.files().keys()].filter((path) => path.startsWith('deployments/'));
  return {
    commits,
    rejected,
    merge: (number, method) => {
      const head = forge.pullRequests.get(number)?.head ?? '';
      try {
        forge.people.merge(number, method);
      } catch (error) {
        // As the forge says it: both changed the same.
        if (!(error instanceof RangeError)) throw error;
        return;
      }
      for (const [id, branch] of commits) if (branch === head && method !== 'merge') commits.delete(id);
    },
    close,
    reopen: (number) => {
      const head = forge.pullRequests.get(number)?.head ?? '';
      const others = [...forge.pullRequests.values()].filter((one) => one.head === head && one.state === 'open');
      if (others.length > 0 || !remote.branches.has(head)) return;
      rejected.delete(number);
      forge.people.reopen(number);
    },
    approve: (number) => forge.people.approve(number),
    conflict: (number) => forge.people.judge(number, 'conflict'),
    double: (number) => {
      forge.people.double(number);
    },
    push: (branch) => {
      written += 1;
      const change = { kind: 'write', path: repoPath(`theirs/${written}`), content: 'theirs\n' } as const;
      commits.set(remote.commitOn(branch, 'Change it', [change]), branch);
    },
    deleteBranch: (branch) => {
      for (const [id, on] of commits) if (on === branch) commits.delete(id);
      remote.branches.delete(branch);
      for (const one of forge.pullRequests.values()) if (one.head === branch && one.state === 'open') close(one.number);
    },
    editBody: (number, isCut) => {
      const body = isCut ? bodyOf(number).replace(/<!-- towpath .* -->/g, '') : `${bodyOf(number)}\nLooks good.\n`;
      forge.people.edit(number, { body });
    },
    revert: () => {
      const [newest] = remote.log();
      const before = remote.files(newest?.parents[0] ?? null);
      const now = remote.files();
      const changes = [...new Set([...before.keys(), ...now.keys()])].flatMap((path) => {
        const content = before.get(path);
        if (content === now.get(path) || !path.startsWith('deployments/')) return [];
        return [
          content === undefined
            ? ({ kind: 'delete', path: repoPath(path) } as const)
            : ({ kind: 'write', path: repoPath(path), content } as const),
        ];
      });
      if (changes.length > 0) remote.commit('Revert it', changes);
    },
    editFolder: () => {
      const path = folderFiles().find((each) => each.endsWith('api.deployment.yaml'));
      written += 1;
      if (path !== undefined) write(path, `${remote.files().get(path) ?? ''}# ${written}\n`);
    },
    commit: () => {
      written += 1;
      write(`theirs/${written}`, 'theirs\n');
    },
  };
}

/** Whether a branch, or the base, still has it. */
export function isReachable({ remote }: ReviewWorld, id: CommitId, branch: string): boolean {
  const heads = [remote.head, remote.branches.get(branch) ?? null];
  return heads.some((head) => ancestry(remote.commits, head).some((commit) => commit.id === id));
}
