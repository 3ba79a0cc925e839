/** What each branch has that the base does not, remembered from one head of the base to the next. */
import { CommitId } from '../../domain/identifiers.ts';
import { type ParsedCommit, parseCommit } from '../../git/commit.ts';
import type { ObjectStore } from '../../git/object-store.ts';
import type { UploadPack } from '../../git/upload-pack.ts';
import type { BranchCommit } from '../../ports.ts';
import { newestFirst } from './history.ts';

export interface Fork {
  /** Newest first. */
  readonly commits: readonly BranchCommit[];
  /** Commits of the base that they stand on. */
  readonly ends: readonly string[];
}

const mostCommits = 50;
// A branch of a history of its own may have any number; the newest are among these.
const mostWalked = 2000;

export class Forks {
  readonly #upload: UploadPack;
  readonly #objects: ObjectStore;
  /** By tip. All of them hold at this head of the base. */
  #forks = new Map<string, Fork>();
  #head: string | null = null;

  constructor(upload: UploadPack, objects: ObjectStore) {
    this.#upload = upload;
    this.#objects = objects;
  }

  /** Of all the tips at this head: in one request, or in none where each is known or stands right on the head. */
  async learn(tips: ReadonlySet<string>, head: string | null, signal: AbortSignal): Promise<ReadonlyMap<string, Fork>> {
    this.#advance(head);
    const known = new Map([...tips].flatMap((tip) => this.#known(tip, head)));
    const wants = [...tips].filter((tip) => !known.has(tip));
    const asked = wants.length > 0 ? await this.#ask(wants, head, signal) : new Map<string, ParsedCommit>();
    for (const tip of wants) known.set(tip, forkOf(tip, asked));
    // Somebody may have asked about another head meanwhile.
    if (this.#head === head) for (const [tip, fork] of known) this.#forks.set(tip, fork);
    return known;
  }

  /** A commit that was just made on this head. */
  add(tip: string, body: Buffer, head: string | null): void {
    this.#advance(head);
    const commit = parseCommit(body);
    this.#forks.set(tip, { commits: [proposed(tip, commit)], ends: commit.parents });
  }

  keep(tips: ReadonlySet<string>): void {
    this.#forks = new Map([...this.#forks].filter(([tip]) => tips.has(tip)));
  }

  #advance(head: string | null): void {
    if (head === this.#head) return;
    const joined = head === null ? null : this.#joined(head);
    const remaining = [...this.#forks].map(([tip, fork]) => {
      const commits = fork.commits.filter(({ id }) => !joined?.has(id));
      return [tip, { ...fork, commits }] as const;
    });
    this.#forks = new Map(joined ? remaining : []);
    this.#head = head;
  }

  /** Commits that the base got since the last head; null where what is held does not tell them all. */
  #joined(head: string): ReadonlySet<string> | null {
    if (this.#head === null) return null;
    const ends = new Set([this.#head, ...[...this.#forks.values()].flatMap((fork) => fork.ends)]);
    const joined = new Set<string>();
    const { met, whole } = this.#walk(head, (id) => {
      if (!ends.has(id)) joined.add(id);
      return !ends.has(id);
    });
    // Only a head that descends from the last one has all that the last one had.
    return met.has(this.#head) && whole ? joined : null;
  }

  #known(tip: string, head: string | null): [string, Fork][] {
    const known = this.#forks.get(tip);
    if (known) return [[tip, known]];
    if (head === null) return [];
    const own = new Map<string, ParsedCommit>();
    const { met, whole } = this.#walk(tip, (id, commit) => {
      if (id === head || own.size >= mostCommits) return false;
      if (commit) own.set(id, commit);
      return true;
    });
    // Where every way down ends at the head itself, nothing on it can be older than the head.
    const isOnHead = whole && [...met].every((id) => id === head || own.has(id));
    return isOnHead ? [[tip, forkOf(tip, own)]] : [];
  }

  /** Down all held ways; `goOn` false ends one. Not whole: a way was lost, or came to a first commit. */
  #walk(
    from: string,
    goOn: (id: string, commit: ParsedCommit | null) => boolean,
  ): { readonly met: ReadonlySet<string>; readonly whole: boolean } {
    const met = new Set<string>();
    const open = [from];
    let whole = true;
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (met.has(id)) continue;
      met.add(id);
      const body = this.#objects.get(id);
      const commit = body ? parseCommit(body) : null;
      if (!goOn(id, commit)) continue;
      if (!commit || commit.parents.length === 0) whole = false;
      else open.push(...commit.parents);
    }
    return { met, whole };
  }

  /** The server knows which commits the base has, whether or not we ever read them. */
  async #ask(wants: readonly string[], head: string | null, signal: AbortSignal): Promise<Map<string, ParsedCommit>> {
    const commits = new Map<string, ParsedCommit>();
    const sink = {
      onObject: (type: string, id: string, body: Buffer) =>
        void (type === 'commit' && commits.set(id, parseCommit(body))),
      findBase: () => undefined,
      blobs: false,
    };
    const haves = head === null ? [] : [head];
    await this.#upload.fetch({ wants, haves, filter: 'tree:0', done: true }, sink, signal);
    return commits;
  }
}

/** `all` holds what the base does not have; empty where the base has the tip. */
function forkOf(tip: string, all: ReadonlyMap<string, ParsedCommit>): Fork {
  const own = new Map<string, ParsedCommit>();
  const ends = new Set<string>();
  const open = [tip];
  for (let id = open.shift(); id !== undefined && own.size < mostWalked; id = open.shift()) {
    const commit = all.get(id);
    if (!commit) ends.add(id);
    else if (!own.has(id)) {
      own.set(id, commit);
      open.push(...commit.parents);
    }
  }
  const commits = [...newestFirst(tip, own)].slice(0, mostCommits);
  return { commits: commits.map(([id, commit]) => proposed(id, commit)), ends: [...ends] };
}

function proposed(id: string, { parents, author, committer, message }: ParsedCommit): BranchCommit {
  return {
    id: CommitId.parse(id),
    parents: parents.map((parent) => CommitId.parse(parent)),
    author: { name: author.name, email: author.email },
    committer: { name: committer.name, email: committer.email },
    message,
  };
}
