/** A Repository without git or network: the twin of the real one, for tests of what is decided above it. */
import { blobId } from '../../src/core/blob-id.ts';
import { TowpathError } from '../../src/domain/failure.ts';
import type { BlobId, CommitId } from '../../src/domain/identifiers.ts';
import type { CommitDraft, History, PushOutcome, Repository, Snapshot } from '../../src/ports.ts';
import { applyChanges, entryAt, idAt, treeOf } from './memory-files.ts';
import { ancestry, type MemoryRemote, required, type StoredCommit } from './memory-remote.ts';

export { type MemoryRemote, memoryRemote } from './memory-remote.ts';

export function memoryRepository(remote: MemoryRemote, branch = 'main'): Repository {
  return {
    url: 'memory://repository',
    branch,
    head: async () => {
      remote.requests.head += 1;
      return headOf(remote, branch);
    },
    snapshot: async (head) => {
      remote.requests.snapshot += 1;
      return snapshotOf(remote, head);
    },
    readBlobs: async (ids) => {
      remote.requests.readBlobs += 1;
      const all = new Map(
        [...remote.commits.values()].flatMap(({ files }) => [...files.values()].map((text) => [blobId(text), text])),
      );
      return new Map(ids.map((id) => [id, Buffer.from(required(all.get(id), id))] as const));
    },
    history: async (snapshot, since, path) => historyOf(remote, snapshot, since, path),
    recent: async (snapshot, after, path) =>
      ancestry(remote.commits, snapshot.head).filter(
        (commit) => commit.at >= after.toISOString() && touches(remote, commit, path),
      ),
    filesAt: async (commits, folder) =>
      new Map(
        commits.map((id) => [
          id,
          [...remote.files(id)]
            .filter(([path]) => path.startsWith(`${folder}/`))
            .map(([path, text]) => ({ path: path.slice(folder.length + 1), id: blobId(text) as BlobId })),
        ]),
      ),
    publish: async (snapshot, drafts) => push(remote, snapshot, drafts),
    close: async () => undefined,
  };
}

/** Throws like the real one where there are branches, but no base. */
export function headOf(remote: MemoryRemote, branch: string): CommitId | null {
  if (remote.head !== null || remote.branches.size === 0) return remote.head;
  throw new TowpathError('terminal', 'MissingBranch', `Cannot read branch "${branch}" of memory://repository`);
}

function push(remote: MemoryRemote, snapshot: Snapshot, drafts: readonly CommitDraft[]): PushOutcome {
  remote.requests.publish += 1;
  const refused = refusalOf(
    remote,
    snapshot,
    drafts.map(({ message }) => message),
  );
  if (refused) return refused;
  const commits: CommitId[] = [];
  for (const draft of drafts) {
    const parent = commits.at(-1) ?? snapshot.head;
    const files = applyChanges(parent === null ? new Map() : remote.files(parent), draft.changes);
    commits.push(remote.add({ ...draft, parents: parent === null ? [] : [parent], files }));
  }
  remote.head = commits.at(-1) ?? remote.head;
  return { kind: 'pushed', commits, snapshot: snapshotOf(remote, remote.head) };
}

/** What becomes of a push to the base that does not get through; null: it does. */
export function refusalOf(remote: MemoryRemote, snapshot: Snapshot, messages: readonly string[]): PushOutcome | null {
  remote.beforePublish?.();
  if (remote.head !== snapshot.head) return { kind: 'moved' };
  if (remote.denial !== null) {
    return { kind: 'denied', class: 'denied', message: `Cannot push: the server refuses it: "${remote.denial}"` };
  }
  const objection = messages.map((message) => remote.policy?.(message) ?? null).find((words) => words !== null);
  if (objection) return { kind: 'denied', class: 'policy', message: `Cannot push: the hook says "${objection}"` };
  return null;
}

function historyOf(remote: MemoryRemote, snapshot: Snapshot, since: CommitId, path: string): History {
  const line = ancestry(remote.commits, snapshot.head);
  if (!line.some((commit) => commit.id === since)) return { kind: 'rewritten' };
  const commits = ancestry(remote.commits, snapshot.head, since);
  return { kind: 'descends', commits: commits.filter((commit) => touches(remote, commit, path)) };
}

/** A merge changed what differs from every parent. */
function touches(remote: MemoryRemote, commit: StoredCommit, path: string): boolean {
  const after = idAt(treeOf(commit.files), path);
  const befores = commit.parents.map((parent) => treeOf(remote.files(parent)));
  return (befores.length === 0 ? [treeOf(new Map())] : befores).every((before) => idAt(before, path) !== after);
}

export function snapshotOf(remote: MemoryRemote, head: CommitId | null): Snapshot {
  const tree = treeOf(head === null ? new Map() : required(remote.commits.get(head), head).files);
  return {
    head,
    list: (path) => {
      const found = path === '' ? tree : entryAt(tree, path)?.tree;
      return found ? [...found.entries.values()].map(({ name, kind, id }) => ({ name, kind, id })) : null;
    },
    idAt: (path) => idAt(tree, path),
  };
}
