/** A git server's side in memory: commits, the base and the branches beside it, and what people do to them. */
import { isTowpathsMessage } from '../../src/domain/commit.ts';
import type { FileChange } from '../../src/domain/file-tree.ts';
import type { CommitId } from '../../src/domain/identifiers.ts';
import type { MergeMethod } from '../../src/domain/pull-request.ts';
import type { CommitDraft, CommitSummary } from '../../src/ports.ts';
import { applyChanges, type Files, mergeFiles, sha1, treeOf } from './memory-files.ts';

export interface StoredCommit extends CommitSummary {
  readonly committer: { readonly name: string; readonly email: string };
  readonly message: string;
  readonly parents: readonly CommitId[];
  readonly files: Files;
}

interface NewCommit extends Omit<CommitDraft, 'changes'> {
  readonly parents: readonly CommitId[];
  readonly files: Files;
}

/** The server's side, shared by all who push to it. */
export interface MemoryRemote {
  readonly commits: ReadonlyMap<CommitId, StoredCommit>;
  head: CommitId | null;
  /** All but the base, by name. A person deletes one by `branches.delete`, and sets one back by `branches.set`. */
  readonly branches: Map<string, CommitId>;
  /** How often each method that needs the network was called. */
  readonly requests: Record<
    'head' | 'snapshot' | 'readBlobs' | 'publish' | 'tips' | 'read' | 'propose' | 'remove' | 'merge',
    number
  >;
  /** Runs before a push to the base is judged: a competitor, an outage. */
  beforePublish: (() => void) | null;
  /** The same for pushes to branches, deletions too. */
  beforePropose: (() => void) | null;
  /** The server refuses with these words. */
  denial: string | null;
  /** A hook: refuses a push, or of several branches the one, that holds such a commit, with these words. */
  policy: ((message: string) => string | null) | null;
  files(commit?: CommitId | null): Files;
  /** Newest first. */
  log(): readonly StoredCommit[];
  /** A person's commit on the base. */
  commit(subject: string, changes: readonly FileChange[]): CommitId;
  /** A person's commit on a branch; one that is not there begins at the base. */
  commitOn(branch: string, subject: string, changes: readonly FileChange[]): CommitId;
  /** A person merges a branch into the base, which answers its new head; the branch stays. */
  mergeBranch(branch: string, method: MergeMethod, squashMessage?: string): CommitId;
  /** Whoever makes it, on whatever it stands. */
  add(commit: NewCommit): CommitId;
}

export function memoryRemote(now: () => Date = () => new Date()): MemoryRemote {
  const commits = new Map<CommitId, StoredCommit>();
  const person = () => ({ name: 'Jane', email: 'jane@example.com', at: now() });
  const commitOnTop = (parent: CommitId | null, subject: string, changes: readonly FileChange[]): CommitId => {
    const files = applyChanges(remote.files(parent), changes);
    const jane = person();
    return add({ message: `${subject}\n`, author: jane, committer: jane, parents: parent ? [parent] : [], files });
  };
  const add = (commit: NewCommit): CommitId => {
    const stored = storedCommit(commit);
    commits.set(stored.id, stored);
    return stored.id;
  };
  const remote: MemoryRemote = {
    commits,
    head: null,
    branches: new Map(),
    requests: { head: 0, snapshot: 0, readBlobs: 0, publish: 0, tips: 0, read: 0, propose: 0, remove: 0, merge: 0 },
    beforePublish: null,
    beforePropose: null,
    denial: null,
    policy: null,
    files: (commit = remote.head) => (commit && commits.get(commit)?.files) || new Map(),
    log: () => ancestry(commits, remote.head),
    commit: (subject, changes) => {
      remote.head = commitOnTop(remote.head, subject, changes);
      return remote.head;
    },
    commitOn: (branch, subject, changes) => {
      const tip = commitOnTop(remote.branches.get(branch) ?? remote.head, subject, changes);
      remote.branches.set(branch, tip);
      return tip;
    },
    mergeBranch: (branch, method, squashMessage) => {
      remote.head = merged(remote, branch, { method, person: person(), squashMessage });
      return remote.head;
    },
    add,
  };
  return remote;
}

function storedCommit(commit: NewCommit): StoredCommit {
  const { message, author, committer, parents, files } = commit;
  const named = ({ name, email }: { name: string; email: string }) => ({ name, email });
  const at = committer.at.toISOString();
  const words = [parents, treeOf(files).id, message, author, committer];
  return {
    id: sha1(JSON.stringify(words)) as CommitId,
    author: named(author),
    committer: named(committer),
    at,
    subject: message.split('\n', 1)[0] ?? '',
    isTowpaths: isTowpathsMessage(message),
    message,
    parents,
    files,
  };
}

/** Commits of `head` that `without` does not reach, each before its parents, newest first. */
export function ancestry(
  commits: ReadonlyMap<CommitId, StoredCommit>,
  head: CommitId | null,
  without: CommitId | null = null,
): readonly StoredCommit[] {
  const known = new Set(without === null ? [] : ancestry(commits, without).map(({ id }) => id));
  const line: StoredCommit[] = [];
  const visit = (id: CommitId): void => {
    const pending: { readonly commit: StoredCommit; next: number }[] = [];
    const enter = (each: CommitId): void => {
      if (known.has(each)) return;
      known.add(each);
      pending.push({ commit: required(commits.get(each), each), next: 0 });
    };
    enter(id);
    for (let top = pending.at(-1); top; top = pending.at(-1)) {
      const parent = top.commit.parents[top.next++];
      if (parent !== undefined) enter(parent);
      else line.push(required(pending.pop(), id).commit);
    }
  };
  if (head !== null) visit(head);
  return line.reverse();
}

interface Merging {
  readonly method: MergeMethod;
  readonly person: CommitDraft['author'];
  readonly squashMessage: string | undefined;
}

function merged(remote: MemoryRemote, branch: string, { method, person, squashMessage }: Merging): CommitId {
  const tip = required(remote.branches.get(branch), branch);
  const head = required(remote.head ?? undefined, 'the base');
  const own = ancestry(remote.commits, tip, head);
  const message = `Merge ${branch}\n`;
  const jane = { author: person, committer: person };
  const onto = (ours: CommitId, from: StoredCommit[]): Files => {
    const before = from[0]?.parents[0];
    const { files, conflicts } = mergeFiles(
      before ? remote.files(before) : new Map(),
      remote.files(ours),
      remote.files(from.at(-1)?.id ?? ours),
    );
    if (conflicts.length > 0) throw new RangeError(`Cannot merge ${branch}: both changed ${conflicts.join(', ')}`);
    return files;
  };
  const oldestFirst = [...own].reverse();
  switch (method) {
    case 'merge':
      return remote.add({ message, ...jane, parents: [head, tip], files: onto(head, oldestFirst) });
    case 'squash': {
      const last = required(own[0], branch);
      const files = onto(head, oldestFirst);
      return remote.add({
        message: squashMessage ?? last.message,
        author: { ...last.author, at: person.at },
        committer: person,
        parents: [head],
        files,
      });
    }
    case 'rebase':
      return oldestFirst.reduce((base, { id, message, author }) => {
        const files = onto(base, [required(remote.commits.get(id), id)]);
        return remote.add({ message, author: { ...author, at: person.at }, committer: person, parents: [base], files });
      }, head);
  }
}

export function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new RangeError(`Cannot find ${name}`);
  return value;
}
