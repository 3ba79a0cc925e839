/** Which commits touched a path: commits without trees first, then only the trees along the path. */
import { isTowpathsMessage } from '../../domain/commit.ts';
import type { FileAt } from '../../domain/file-tree.ts';
import type { CommitId } from '../../domain/identifiers.ts';
import { type ParsedCommit, parseCommit } from '../../git/commit.ts';
import { holdsHead } from '../../git/head-fetch.ts';
import type { ObjectStore } from '../../git/object-store.ts';
import { entryAt, findEntry, folderMode } from '../../git/tree.ts';
import type { FetchRequest, UploadPack } from '../../git/upload-pack.ts';
import type { ObjectsById } from './by-id.ts';
import { ChangeIndex } from './changes.ts';
import { filesBelow, TreeReader } from './trees.ts';

export type Commits = ReadonlyMap<string, ParsedCommit>;

interface RecentCommits {
  readonly head: string;
  /** All commits since then are known. */
  readonly since: Date;
  readonly commits: Commits;
}

/** More are let go and asked for again. */
const mostRecent = 20_000;
/** Big trees come in portions, so that a thousand versions of one never stand in memory together. */
const treesAtOnce = 64;
/** Asked for beyond what is wanted, so that the same question a little later needs no request. */
const marginMs = 3_600_000;

export class HistoryReader {
  readonly #upload: UploadPack;
  readonly #byId: ObjectsById;
  readonly #objects: ObjectStore;
  readonly #trees: TreeReader;
  readonly #changes = new ChangeIndex();
  #recent: RecentCommits | null = null;

  constructor(upload: UploadPack, byId: ObjectsById, objects: ObjectStore) {
    this.#upload = upload;
    this.#byId = byId;
    this.#objects = objects;
    this.#trees = new TreeReader(byId, objects);
  }

  /** Commits that `head` has and `since` has not, newest first; null where `head` does not descend from it. */
  async between(head: string, since: string, signal: AbortSignal): Promise<Commits | null> {
    if (head === since) return new Map();
    const held = this.#heldLine(head, since);
    if (held) return held;
    const request = { wants: [head], haves: [since], filter: 'tree:0' } as const;
    const asked = await this.#fetchCommits({ ...request, done: false }, signal);
    if (!asked.packed && !asked.acknowledged.includes(since)) return null;
    // Known to the server but, it thinks, no ancestor: only the commits themselves prove it.
    const { commits } = asked.packed ? asked : await this.#fetchCommits({ ...request, done: true }, signal);
    const reached = [...commits.values()].some((commit) => commit.parents.includes(since));
    return reached ? newestFirst(head, commits) : null;
  }

  /** Commits down from `head` whose committer's time is `after` or later, newest first. */
  async recent(head: string, after: Date, signal: AbortSignal): Promise<Commits> {
    const known = this.#recent && this.#recent.since <= after ? this.#recent : null;
    const line = known && known.commits.size < mostRecent ? this.#heldLine(head, known.head) : null;
    this.#recent =
      known && line
        ? { head, since: known.since, commits: new Map([...line, ...known.commits]) }
        : await this.#readSince(head, new Date(after.getTime() - marginMs), signal);
    return new Map([...this.#recent.commits].filter(([, commit]) => commit.committer.at >= after));
  }

  /** Those of the commits after which the path held something else than after any of their parents. */
  async touching(commits: Commits, path: string, signal: AbortSignal): Promise<Commits> {
    if (path === '' || commits.size === 0) return commits;
    const trees = new Map([...commits].map(([id, commit]) => [id, commit.tree]));
    const outside = [...commits.values()].flatMap(({ parents }) => parents).filter((id) => !trees.has(id));
    for (const [id, commit] of await this.#commits([...new Set(outside)], signal)) trees.set(id, commit.tree);
    const depth = path.split('/').length;
    await this.#changes.learn(
      commits,
      (id) => trees.get(id),
      depth,
      (ids) => this.#trees.read(ids, signal),
    );
    const unclear = new Map([...commits].filter(([id]) => this.#changes.answer(id, path) === 'maybe'));
    const around = new Set([...unclear].flatMap(([id, { parents }]) => [id, ...parents]));
    const found = await this.#idsAt(new Map([...trees].filter(([id]) => around.has(id))), path, signal);
    return new Map(
      [...commits].filter(([id, { parents }]) => {
        if (!unclear.has(id)) return this.#changes.answer(id, path) === 'yes';
        const after = found.get(id) ?? null;
        return parents.length === 0 ? after !== null : parents.every((parent) => (found.get(parent) ?? null) !== after);
      }),
    );
  }

  async #readSince(head: string, since: Date, signal: AbortSignal): Promise<RecentCommits> {
    const newest = this.#objects.get(head);
    // The server takes a time that no commit reaches for a mistake.
    if (newest && parseCommit(newest).committer.at < since) return { head, since, commits: new Map() };
    const sinceSeconds = Math.ceil(since.getTime() / 1000);
    const request = { wants: [head], filter: 'tree:0', sinceSeconds, done: true } as const;
    const beyond = holdsHead(this.#objects, head) ? [head] : [];
    const { commits } = await this.#fetchCommits({ ...request, beyond }, signal);
    if (newest && !commits.has(head))
      return { head, since, commits: newestFirst(head, new Map([[head, parseCommit(newest)], ...commits])) };
    return { head, since, commits: newestFirst(head, commits) };
  }

  /** Without a request, where the line from `head` to `since` is held and straight. */
  #heldLine(head: string, since: string): Commits | null {
    const line = new Map<string, ParsedCommit>();
    for (let id = head; id !== since; ) {
      const body = this.#objects.get(id);
      const commit = body && parseCommit(body);
      const [parent, ...others] = commit?.parents ?? [];
      if (!commit || parent === undefined || others.length > 0) return null;
      line.set(id, commit);
      id = parent;
    }
    return line;
  }

  async #commits(ids: readonly string[], signal: AbortSignal): Promise<Commits> {
    const found = new Map<string, ParsedCommit>();
    const lacking = ids.filter((id) => {
      const body = this.#objects.get(id);
      if (body) found.set(id, parseCommit(body));
      return !body;
    });
    if (lacking.length === 0) return found;
    for (const [id, body] of await this.#byId.read('commit', new Set(lacking), signal)) {
      found.set(id, parseCommit(body));
      this.#objects.put(id, body);
    }
    return found;
  }

  async #fetchCommits(
    request: FetchRequest,
    signal: AbortSignal,
  ): Promise<{ commits: Commits; packed: boolean; acknowledged: readonly string[] }> {
    const commits = new Map<string, ParsedCommit>();
    const answer = await this.#upload.fetch(
      request,
      {
        onObject: (type, id, body) => {
          if (type !== 'commit') return;
          commits.set(id, parseCommit(body));
          // Small enough to stay, so that the next question about these commits needs no request.
          this.#objects.put(id, body);
        },
        findBase: () => undefined,
        blobs: false,
      },
      signal,
    );
    return { commits, ...answer };
  }

  /** Every file below a folder, after each of the commits. */
  async filesAt<Id extends string>(
    ids: readonly Id[],
    folder: string,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<Id, readonly FileAt[]>> {
    const roots = new Map([...(await this.#commits(ids, signal))].map(([id, { tree }]) => [id, tree]));
    const folders = await this.#idsAt(roots, folder, signal, true);
    const files = await filesBelow(new Set(folders.values()), (trees) => this.#trees.read(trees, signal));
    return new Map(ids.map((id) => [id, files.get(folders.get(id) ?? '') ?? []]));
  }

  /** What each commit's tree holds at a path: one round a segment, each tree looked at once and let go. */
  async #idsAt(
    roots: ReadonlyMap<string, string>,
    path: string,
    signal: AbortSignal,
    foldersOnly = false,
  ): Promise<ReadonlyMap<string, string>> {
    let current = roots;
    const segments = path.split('/');
    for (const [index, segment] of segments.entries()) {
      const isLast = !foldersOnly && index === segments.length - 1;
      const children = await this.#childrenOf(new Set(current.values()), segment, isLast, signal);
      const next = new Map<string, string>();
      for (const [commit, tree] of current) {
        const child = children.get(tree);
        if (child !== undefined) next.set(commit, child);
      }
      current = next;
    }
    return current;
  }

  async #childrenOf(
    trees: ReadonlySet<string>,
    name: string,
    isLast: boolean,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string>> {
    const children = new Map<string, string>();
    const all = [...trees];
    for (let at = 0; at < all.length; at += treesAtOnce) {
      for (const [tree, raw] of await this.#trees.read(new Set(all.slice(at, at + treesAtOnce)), signal)) {
        const position = findEntry(raw, name);
        const entry = position && entryAt(raw, position);
        if (entry && (isLast || entry.mode === folderMode)) children.set(tree, entry.id);
      }
    }
    return children;
  }
}

/** Children before their parents; among those free to come, the youngest first. */
export function newestFirst(head: string, commits: Commits): Commits {
  const childrenLeft = new Map<string, number>();
  for (const { parents } of commits.values()) {
    for (const parent of parents) childrenLeft.set(parent, (childrenLeft.get(parent) ?? 0) + 1);
  }
  const ordered = new Map<string, ParsedCommit>();
  const free = [head];
  for (let id = free.pop(); id !== undefined; id = free.pop()) {
    const commit = commits.get(id);
    if (!commit) continue;
    ordered.set(id, commit);
    for (const parent of commit.parents) {
      const left = (childrenLeft.get(parent) ?? 1) - 1;
      childrenLeft.set(parent, left);
      if (left === 0) free.push(parent);
    }
    if (free.length > 1) free.sort((a, b) => timeOf(commits, a) - timeOf(commits, b));
  }
  return ordered;
}

function timeOf(commits: Commits, id: string): number {
  return commits.get(id)?.committer.at.getTime() ?? 0;
}

export function summaryOf(id: string, commit: ParsedCommit): { id: CommitId } & CommitText {
  const { name, email } = commit.author;
  return {
    id: id as CommitId,
    author: { name, email },
    at: commit.committer.at.toISOString(),
    subject: commit.subject,
    isTowpaths: isTowpathsMessage(commit.message),
  };
}

interface CommitText {
  readonly author: { readonly name: string; readonly email: string };
  readonly at: string;
  readonly subject: string;
  readonly isTowpaths: boolean;
}
