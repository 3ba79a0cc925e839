/** Branches beside the base without git or network: the twin of the real port. */
import { TowpathError } from '../../src/domain/failure.ts';
import type { CommitId } from '../../src/domain/identifiers.ts';
import type { BranchDraft, Branches, BranchOutcome, Proposal, PushOutcome, Snapshot } from '../../src/ports.ts';
import { applyChanges, idAt, mergeFiles, type Tree, treeOf } from './memory-files.ts';
import { ancestry, type MemoryRemote, required, type StoredCommit } from './memory-remote.ts';
import { headOf, refusalOf, snapshotOf } from './memory-repository.ts';

const mostCommits = 50;

export function memoryBranches(remote: MemoryRemote, base = 'main'): Branches {
  return {
    tips: async (prefix) => {
      remote.requests.tips += 1;
      const tips = new Map([...remote.branches].filter(([branch]) => branch.startsWith(prefix)));
      return { head: headOf(remote, base), tips };
    },
    read: async (snapshot, tips) => {
      remote.requests.read += 1;
      return new Map([...tips].map(([branch, tip]) => [branch, proposalOf(remote, snapshot, tip)]));
    },
    holds: async ({ head }, tip) => {
      const own = ancestry(remote.commits, tip, head);
      const ids = new Set(own.map(({ id }) => id));
      const ends = own.flatMap(({ parents }) => parents.filter((parent) => !ids.has(parent)));
      if (own.length === 0) return true;
      const ours = head === null ? new Map<string, string>() : remote.files(head);
      return ends.some((end) => {
        const { files, conflicts } = mergeFiles(remote.files(end), ours, remote.files(tip));
        return conflicts.length === 0 && treeOf(files).id === treeOf(ours).id;
      });
    },
    propose: async (snapshot, drafts) => {
      remote.requests.propose += 1;
      const made = drafts.map((draft) => ({ draft, commit: commitOf(remote, snapshot, draft) }));
      remote.beforePropose?.();
      return made.map(({ draft, commit }) => push(remote, base, draft, commit));
    },
    remove: async (branches) => {
      remote.requests.remove += 1;
      remote.beforePropose?.();
      for (const [branch, tip] of branches) {
        if (remote.branches.get(branch) !== tip) continue;
        if (remote.denial !== null) {
          const message = `Cannot delete branch "${branch}": the server refuses it: "${remote.denial}"`;
          throw new TowpathError('terminal', 'GitPermission', message);
        }
        remote.branches.delete(branch);
      }
    },
    merge: async (snapshot, tip, draft) => {
      remote.requests.merge += 1;
      return merge(remote, snapshot, tip, draft);
    },
  };
}

function proposalOf(remote: MemoryRemote, snapshot: Snapshot, tip: CommitId): Proposal {
  let tree: Tree | null = null;
  const commits = ancestry(remote.commits, tip, snapshot.head).slice(0, mostCommits);
  return {
    tip,
    commits: commits.map(({ id, parents, author, committer, message }) => ({
      id,
      parents,
      author,
      committer,
      message,
    })),
    idAt: (path) => {
      tree ??= treeOf(required(remote.commits.get(tip), tip).files);
      return idAt(tree, path);
    },
  };
}

function commitOf(remote: MemoryRemote, { head }: Snapshot, { draft }: BranchDraft): CommitId {
  const before = head === null ? new Map<string, string>() : remote.files(head);
  const files = applyChanges(before, draft.changes);
  if (treeOf(files).id === treeOf(before).id) {
    throw new TowpathError('terminal', 'EmptyCommit', `Cannot commit "${draft.message}": it changes nothing`);
  }
  return remote.add({ ...draft, parents: head === null ? [] : [head], files });
}

function push(
  remote: MemoryRemote,
  base: string,
  { branch, tip, draft }: BranchDraft,
  commit: CommitId,
): BranchOutcome {
  if ((remote.branches.get(branch) ?? null) !== tip) return { kind: 'moved' };
  const doing = `Cannot push to branch "${branch}"`;
  const blocking = [base, ...remote.branches.keys()].find(
    (other) => branch.startsWith(`${other}/`) || other.startsWith(`${branch}/`),
  );
  if (blocking) return { kind: 'denied', class: 'denied', message: `${doing}: delete branch "${blocking}"` };
  if (remote.denial !== null) return { kind: 'denied', class: 'denied', message: `${doing}: "${remote.denial}"` };
  const objection = remote.policy?.(draft.message) ?? null;
  if (objection !== null) return { kind: 'denied', class: 'policy', message: `${doing}: "${objection}"` };
  remote.branches.set(branch, commit);
  return { kind: 'pushed', commit };
}

function merge(
  remote: MemoryRemote,
  snapshot: Snapshot,
  tip: CommitId,
  draft: Parameters<Branches['merge']>[2],
): PushOutcome {
  const { head } = snapshot;
  const own = ancestry(remote.commits, tip, head);
  if (own.length === 0) return { kind: 'pushed', commits: [tip], snapshot };
  const [commit] = own;
  if (own.length > 1 || !commit || commit.parents.length !== 1 || head === null) throw conflict(tip, 'not one commit');
  const merged = commit.parents[0] === head ? tip : mergeCommit(remote, head, commit, draft);
  const refused = refusalOf(remote, snapshot, [draft.message]);
  if (refused) return refused;
  remote.head = merged;
  return { kind: 'pushed', commits: [merged], snapshot: snapshotOf(remote, merged) };
}

function mergeCommit(
  remote: MemoryRemote,
  head: CommitId,
  tip: StoredCommit,
  draft: Parameters<Branches['merge']>[2],
): CommitId {
  const { files, conflicts } = mergeFiles(remote.files(tip.parents[0]), remote.files(head), tip.files);
  if (conflicts.length > 0) throw conflict(tip.id, `both changed ${conflicts.join(', ')}`);
  return remote.add({ ...draft, parents: [head, tip.id], files });
}

function conflict(tip: CommitId, why: string): TowpathError {
  return new TowpathError('terminal', 'MergeConflict', `Cannot merge ${tip.slice(0, 8)}: ${why}`);
}
