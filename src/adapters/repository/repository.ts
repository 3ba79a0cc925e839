/** One branch of one repository through our own git engine: trees in memory, commits as packs, no disk. */
import { type BlobId, CommitId } from '../../domain/identifiers.ts';
import type { IsSigned, Sign } from '../../git/commit.ts';
import { CommitBuilder } from '../../git/commit-builder.ts';
import { fetchHead, holdsHead } from '../../git/head-fetch.ts';
import { noObject } from '../../git/object-id.ts';
import { ObjectStore } from '../../git/object-store.ts';
import { ReceivePack } from '../../git/receive-pack.ts';
import type { Transport } from '../../git/transport.ts';
import { UploadPack } from '../../git/upload-pack.ts';
import type {
  BranchDraft,
  Branches,
  BranchOutcome,
  CommitDraft,
  CommitSummary,
  FileAt,
  History,
  Proposal,
  PushOutcome,
  Repository,
  Snapshot,
} from '../../ports.ts';
import { GitBranches } from './branches.ts';
import { takeBreaths } from './breath.ts';
import { ObjectsById } from './by-id.ts';
import { emptyCommit, gitError, missingBranch } from './failure.ts';
import { type Commits, HistoryReader, summaryOf } from './history.ts';
import { buildMerge } from './merge.ts';
import { longestKept, PassingBlobs } from './passing-blobs.ts';
import { refOf } from './propose.ts';
import { deliver } from './push.ts';
import { GitSnapshot } from './snapshot.ts';

export interface GitRepositoryOptions {
  readonly branch: string;
  readonly transport: Transport;
  readonly sign?: Sign;
  /** Beside `sign`: what it has not signed becomes no head. */
  readonly isSigned?: IsSigned;
  /** A branch that is missing among others is made, with a history of its own. */
  readonly createBranch?: boolean;
}

// What passes leave behind may grow by this much before it is swept.
const slackBytes = 16 * 1024 * 1024;

export class GitRepository implements Repository, Branches {
  readonly url: string;
  readonly branch: string;
  readonly #options: GitRepositoryOptions;
  readonly #upload: UploadPack;
  readonly #receive: ReceivePack;
  readonly #passing = new PassingBlobs();
  readonly #byId: ObjectsById;
  readonly #history: HistoryReader;
  readonly #branches: GitBranches;
  /** Each tree in it is whole: all that is below it is in it too. */
  readonly #objects = new ObjectStore();
  readonly #snapshots = new Set<WeakRef<GitSnapshot>>();
  readonly #closing = new AbortController();
  #newest: string | null = null;
  #latest: GitSnapshot | null = null;

  constructor(options: GitRepositoryOptions) {
    this.url = options.transport.url;
    this.branch = options.branch;
    this.#options = options;
    this.#upload = new UploadPack(options.transport);
    this.#receive = new ReceivePack(options.transport);
    this.#byId = new ObjectsById({
      upload: this.#upload,
      passing: this.#passing,
      tips: async (signal) => [...new Set((await this.#upload.listRefs([this.#ref], signal)).values())],
      held: () => this.#held(),
    });
    this.#history = new HistoryReader(this.#upload, this.#byId, this.#objects);
    this.#branches = new GitBranches({
      url: this.url,
      upload: this.#upload,
      receive: this.#receive,
      objects: this.#objects,
      sign: options.sign,
      signal: this.#closing.signal,
    });
  }

  async head(): Promise<CommitId | null> {
    return this.#doing('read', async () => {
      return this.#headIn(await this.#upload.listRefs([this.#ref], this.#closing.signal));
    });
  }

  async tips(prefix: string): Promise<{ head: CommitId | null; tips: ReadonlyMap<string, CommitId> }> {
    return this.#doing('read', async () => {
      const refs = await this.#upload.listRefs([this.#ref, refOf(prefix)], this.#closing.signal);
      return { head: await this.#headIn(refs), tips: this.#branches.list(refs, prefix, this.branch) };
    });
  }

  async snapshot(head: CommitId | null): Promise<Snapshot> {
    return this.#doing('fetch', async () => {
      if (head === null || holdsHead(this.#objects, head)) return this.#snapshotAt(head);
      const { signal } = this.#closing;
      const passing = { longest: longestKept, put: this.#passing.put.bind(this.#passing) };
      await fetchHead({ upload: this.#upload, objects: this.#objects, held: this.#held(), head, passing, signal });
      return this.#snapshotAt(head);
    });
  }

  async readBlobs(ids: readonly BlobId[]): Promise<ReadonlyMap<BlobId, Buffer>> {
    if (ids.length === 0) return new Map();
    return this.#doing('read files of', async () => {
      const found = await this.#byId.read('blob', new Set(ids), this.#closing.signal);
      return found as ReadonlyMap<BlobId, Buffer>;
    });
  }

  async history(snapshot: Snapshot, since: CommitId, path: string): Promise<History> {
    return this.#doing('read the history of', async () => {
      const { signal } = this.#closing;
      const commits = snapshot.head && (await this.#history.between(snapshot.head, since, signal));
      if (!commits) return { kind: 'rewritten' };
      return { kind: 'descends', commits: summaries(await this.#history.touching(commits, path, signal)) };
    });
  }

  async recent(snapshot: Snapshot, after: Date, path: string): Promise<readonly CommitSummary[]> {
    return this.#doing('read the history of', async () => {
      const { signal } = this.#closing;
      if (snapshot.head === null) return [];
      const commits = await this.#history.recent(snapshot.head, after, signal);
      return summaries(await this.#history.touching(commits, path, signal));
    });
  }

  async filesAt(commits: readonly CommitId[], folder: string): Promise<ReadonlyMap<CommitId, readonly FileAt[]>> {
    return this.#doing('read the history of', () => this.#history.filesAt(commits, folder, this.#closing.signal));
  }

  async publish(snapshot: Snapshot, drafts: readonly CommitDraft[]): Promise<PushOutcome> {
    if (drafts.length === 0) return { kind: 'pushed', commits: [], snapshot };
    const builder = await this.#build(snapshot, drafts);
    const ids = builder.commits.map(({ id }) => CommitId.parse(id));
    const newId = ids.at(-1) ?? noObject;
    const update = { ref: this.#ref, oldId: snapshot.head ?? noObject, newId };
    const outcome = await this.#doing('push to', () =>
      deliver(this.#deliveryWorld(), { update, pack: builder.pack() }),
    );
    if (outcome.kind !== 'pushed') return outcome;
    for (const [id, raw] of builder.newTrees()) this.#objects.put(id, raw);
    for (const { id, body } of builder.commits) this.#objects.put(id, body);
    return { kind: 'pushed', commits: ids, snapshot: this.#snapshotAt(CommitId.parse(newId)) };
  }

  async read(snapshot: Snapshot, tips: ReadonlyMap<string, CommitId>): Promise<ReadonlyMap<string, Proposal>> {
    return this.#doing('fetch', () => this.#branches.read(snapshot, tips));
  }

  async holds(snapshot: Snapshot, tip: CommitId): Promise<boolean> {
    return this.#doing('fetch', () => this.#branches.holds(snapshot, tip));
  }

  async propose(snapshot: Snapshot, drafts: readonly BranchDraft[]): Promise<readonly BranchOutcome[]> {
    return this.#doing('push to', () => this.#branches.propose(snapshot, drafts));
  }

  async remove(branches: ReadonlyMap<string, CommitId>): Promise<void> {
    return this.#doing('push to', () => this.#branches.remove(branches));
  }

  async merge(snapshot: Snapshot, tip: CommitId, draft: Omit<CommitDraft, 'changes'>): Promise<PushOutcome> {
    return this.#doing('push to', async () => {
      const { sign, isSigned } = this.#options;
      const own = { url: this.url, branch: this.branch, objects: this.#objects, branches: this.#branches };
      const world = { ...own, sign, isSigned };
      const { head, pack, objects } = await buildMerge(world, snapshot, tip, draft);
      if (head === snapshot.head) return { kind: 'pushed', commits: [tip], snapshot };
      const update = { ref: this.#ref, oldId: snapshot.head ?? noObject, newId: head };
      const outcome = await deliver(this.#deliveryWorld(), { update, pack });
      if (outcome.kind !== 'pushed') return outcome;
      for (const [id, body] of objects) this.#objects.put(id, body);
      const newHead = CommitId.parse(head);
      return { kind: 'pushed', commits: [newHead], snapshot: this.#snapshotAt(newHead) };
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#options.transport.close();
  }

  get #ref(): string {
    return refOf(this.branch);
  }

  /** Null only where the repository is empty, or the branch may be begun. */
  async #headIn(refs: ReadonlyMap<string, string>): Promise<CommitId | null> {
    const id = refs.get(this.#ref);
    if (id !== undefined) return CommitId.parse(id);
    if (this.#options.createBranch) return null;
    const all = await this.#upload.listRefs(['refs/heads/'], this.#closing.signal);
    // Ours may be among them by now: somebody has just made the first commit.
    const made = all.get(this.#ref);
    const names = [...all.keys()].map((ref) => ref.replace('refs/heads/', ''));
    if (made === undefined && names.length > 0) throw missingBranch(this.url, this.branch, names);
    return made === undefined ? null : CommitId.parse(made);
  }

  /** Commits that are in the store with all their trees: a proposal may come back to us as part of the base. */
  #held(): readonly string[] {
    return [...(this.#newest === null ? [] : [this.#newest]), ...this.#branches.held];
  }

  async #readHead(): Promise<CommitId | null> {
    const refs = await this.#upload.listRefs([this.#ref], this.#closing.signal);
    const id = refs.get(this.#ref);
    return id === undefined ? null : CommitId.parse(id);
  }

  #snapshotAt(head: CommitId | null): GitSnapshot {
    if (this.#latest && this.#latest.head === head) return this.#latest;
    const snapshot = new GitSnapshot(head, this.#objects);
    this.#latest = snapshot;
    this.#newest = head ?? this.#newest;
    this.#snapshots.add(new WeakRef(snapshot));
    if (this.#objects.isDueForSweep(slackBytes)) this.#sweep();
    return snapshot;
  }

  /** Keeps the newest head, the branches that are there, and whatever snapshots somebody still holds. */
  #sweep(): void {
    const heads = new Set(this.#held());
    for (const reference of this.#snapshots) {
      const head = reference.deref()?.head;
      if (head) heads.add(head);
      else if (head === undefined) this.#snapshots.delete(reference);
    }
    this.#objects.sweep(heads);
  }

  async #build(snapshot: Snapshot, drafts: readonly CommitDraft[]): Promise<CommitBuilder> {
    const base = { commit: snapshot.head, tree: snapshot.idAt('') };
    const builder = new CommitBuilder(base, (id) => this.#objects.get(id), this.#options.sign);
    const breathe = takeBreaths();
    for (const draft of drafts) {
      if ((await builder.add(draft)) === null) throw emptyCommit(draft);
      await breathe();
    }
    return builder;
  }

  #deliveryWorld() {
    const { signal } = this.#closing;
    return {
      receive: this.#receive,
      url: this.url,
      branch: this.branch,
      readHead: () => this.#readHead(),
      descends: async (head: string, ancestor: string) =>
        (await this.#history.between(head, ancestor, signal)) !== null,
      signal,
    };
  }

  async #doing<Result>(verb: string, action: () => Promise<Result>): Promise<Result> {
    try {
      return await action();
    } catch (error) {
      throw gitError(`${verb} ${this.url}`, error);
    }
  }
}

function summaries(commits: Commits): readonly CommitSummary[] {
  return [...commits].map(([id, commit]) => summaryOf(id, commit));
}
