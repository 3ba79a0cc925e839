/** A Repository without git or network: the twin of the real one, for tests of what is decided above it. */
import { createHash } from 'node:crypto';
import { blobId } from '../../src/core/blob-id.ts';
import type { FileChange } from '../../src/domain/file-tree.ts';
import type { BlobId, CommitId } from '../../src/domain/identifiers.ts';
import type {
  CommitDraft,
  CommitSummary,
  History,
  PushOutcome,
  Repository,
  Snapshot,
  TreeEntry,
} from '../../src/ports.ts';

export type Files = ReadonlyMap<string, string>;

interface StoredCommit extends CommitSummary {
  readonly message: string;
  readonly parent: CommitId | null;
  readonly files: Files;
}

/** The server's side, shared by all who push to it. */
export interface MemoryRemote {
  readonly commits: ReadonlyMap<CommitId, StoredCommit>;
  head: CommitId | null;
  /** How often each method that needs the network was called. */
  readonly requests: Record<'head' | 'snapshot' | 'readBlobs' | 'publish', number>;
  /** Runs before a push is judged: a competitor, an outage. */
  beforePublish: (() => void) | null;
  /** The server refuses with these words. */
  denial: string | null;
  /** A hook: refuses a push that holds such a commit, with these words. */
  policy: ((message: string) => string | null) | null;
  files(): Files;
  /** Newest first. */
  log(): readonly StoredCommit[];
  /** A person's commit. */
  commit(subject: string, changes: readonly FileChange[]): CommitId;
}

export function memoryRemote(now: () => Date = () => new Date()): MemoryRemote {
  const commits = new Map<CommitId, StoredCommit>();
  const add = (parent: CommitId | null, draft: CommitDraft): CommitId => {
    const files = applyChanges((parent && commits.get(parent)?.files) || new Map(), draft.changes);
    const at = draft.committer.at.toISOString();
    const id = sha1(`${parent}\n${treeOf(files).id}\n${draft.message}\n${at}`) as CommitId;
    const [subject = ''] = draft.message.split('\n');
    const { name, email } = draft.author;
    commits.set(id, { id, author: { name, email }, at, subject, message: draft.message, parent, files });
    return id;
  };
  const remote: MemoryRemote & { add: typeof add } = {
    commits,
    head: null,
    requests: { head: 0, snapshot: 0, readBlobs: 0, publish: 0 },
    beforePublish: null,
    denial: null,
    policy: null,
    files: () => (remote.head && commits.get(remote.head)?.files) || new Map(),
    log: () => ancestry(commits, remote.head),
    commit: (subject, changes) => {
      const person = { name: 'Jane', email: 'jane@example.com', at: now() };
      remote.head = add(remote.head, { message: `${subject}\n`, author: person, committer: person, changes });
      return remote.head;
    },
    add,
  };
  adders.set(remote, add);
  return remote;
}

const adders = new WeakMap<MemoryRemote, (parent: CommitId | null, draft: CommitDraft) => CommitId>();

export function memoryRepository(remote: MemoryRemote, branch = 'main'): Repository {
  return {
    url: 'memory://repository',
    branch,
    head: async () => {
      remote.requests.head += 1;
      return remote.head;
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
    publish: async (snapshot, drafts) => push(remote, snapshot, drafts),
    close: async () => undefined,
  };
}

function push(remote: MemoryRemote, snapshot: Snapshot, drafts: readonly CommitDraft[]): PushOutcome {
  remote.requests.publish += 1;
  remote.beforePublish?.();
  if (remote.head !== snapshot.head) return { kind: 'moved' };
  if (remote.denial !== null) {
    return { kind: 'denied', class: 'denied', message: `Cannot push: the server refuses it: "${remote.denial}"` };
  }
  const objection = drafts.map((draft) => remote.policy?.(draft.message) ?? null).find((words) => words !== null);
  if (objection) return { kind: 'denied', class: 'policy', message: `Cannot push: the hook says "${objection}"` };
  const add = required(adders.get(remote), 'remote');
  const commits: CommitId[] = [];
  for (const draft of drafts) commits.push(add(commits.at(-1) ?? snapshot.head, draft));
  remote.head = commits.at(-1) ?? remote.head;
  return { kind: 'pushed', commits, snapshot: snapshotOf(remote, remote.head) };
}

function historyOf(remote: MemoryRemote, snapshot: Snapshot, since: CommitId, path: string): History {
  const line = ancestry(remote.commits, snapshot.head);
  const index = line.findIndex((commit) => commit.id === since);
  if (index === -1) return { kind: 'rewritten' };
  return { kind: 'descends', commits: line.slice(0, index).filter((commit) => touches(remote, commit, path)) };
}

function touches(remote: MemoryRemote, commit: StoredCommit, path: string): boolean {
  const before = commit.parent ? remote.commits.get(commit.parent)?.files : new Map<string, string>();
  return idAt(treeOf(commit.files), path) !== idAt(treeOf(before ?? new Map()), path);
}

function ancestry(commits: ReadonlyMap<CommitId, StoredCommit>, head: CommitId | null): readonly StoredCommit[] {
  const line: StoredCommit[] = [];
  for (let id = head; id !== null; ) {
    const commit = required(commits.get(id), id);
    line.push(commit);
    id = commit.parent;
  }
  return line;
}

function applyChanges(files: Files, changes: readonly FileChange[]): Files {
  const next = new Map(files);
  for (const change of changes) {
    if (change.kind === 'write') next.set(change.path, change.content);
    if (change.kind === 'delete') next.delete(change.path);
    if (change.kind === 'delete-folder')
      for (const path of next.keys()) if (path.startsWith(`${change.path}/`)) next.delete(path);
  }
  return next;
}

interface Tree {
  readonly id: string;
  readonly entries: ReadonlyMap<string, TreeEntry & { readonly tree: Tree | null }>;
}

function snapshotOf(remote: MemoryRemote, head: CommitId | null): Snapshot {
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

function idAt(tree: Tree, path: string): string | null {
  return path === '' ? tree.id : (entryAt(tree, path)?.id ?? null);
}

function entryAt(tree: Tree, path: string): (TreeEntry & { readonly tree: Tree | null }) | undefined {
  const [first = '', ...rest] = path.split('/');
  const entry = tree.entries.get(first);
  if (rest.length === 0 || !entry) return entry;
  return entry.tree ? entryAt(entry.tree, rest.join('/')) : undefined;
}

function treeOf(files: Files): Tree {
  const folders = new Map<string, Map<string, string>>();
  const found: (TreeEntry & { readonly tree: Tree | null })[] = [];
  for (const [path, content] of files) {
    const [name = '', ...rest] = path.split('/');
    if (rest.length === 0) found.push({ name, kind: 'file', id: blobId(content), tree: null });
    else folders.set(name, (folders.get(name) ?? new Map()).set(rest.join('/'), content));
  }
  for (const [name, inside] of folders) {
    const tree = treeOf(inside);
    found.push({ name, kind: 'folder', id: tree.id, tree });
  }
  // Git sorts a folder as if its name ended with a slash.
  const sortKey = ({ name, kind }: TreeEntry): string => (kind === 'folder' ? `${name}/` : name);
  found.sort((one, other) => (sortKey(one) < sortKey(other) ? -1 : 1));
  return {
    id: sha1(found.map(({ name, id }) => `${name} ${id}`).join('\n')),
    entries: new Map(found.map((each) => [each.name, each])),
  };
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

function required<T>(value: T | undefined, name: string | BlobId): T {
  if (value === undefined) throw new RangeError(`Cannot find ${name}`);
  return value;
}
