/**
 * The second backend (`git.backend: isomorphic-git`): one branch of one repository through a bare clone on disk.
 * It cannot do SSH nor a partial fetch, and is there for comparison and for servers that our own engine cannot read.
 */
import { TowpathError } from '../../../domain/failure.ts';
import { type BlobId, CommitId } from '../../../domain/identifiers.ts';
import { changeTree } from '../../../git/change-tree.ts';
import { type Sign, serializeCommit } from '../../../git/commit.ts';
import { emptyTree, noObject } from '../../../git/object-id.ts';
import type { PushReport, RefUpdate } from '../../../git/receive-pack.ts';
import { isSshAddress } from '../../../git/ssh-address.ts';
import { TransportError } from '../../../git/transport.ts';
import type { CommitDraft, CommitSummary, FileAt, History, PushOutcome, Repository, Snapshot } from '../../../ports.ts';
import { gitError, missingBranch } from '../failure.ts';
import { newestFirst, summaryOf } from '../history.ts';
import { deliver } from '../push.ts';
import { BareClone, isNotFound } from './clone.ts';
import { type Commits, commitsBetween, commitsSince, commitsTouching, filesOfFolder } from './history.ts';
import { type IsomorphicHttpOptions, isomorphicHttp } from './http.ts';
import { CloneSnapshot, loadTrees, writeFolder } from './trees.ts';

interface IsomorphicRepositoryOptions extends Omit<IsomorphicHttpOptions, 'signal'> {
  /** http or https, without credentials. */
  readonly url: string;
  readonly branch: string;
  /** Holds the clone and nothing else: it is emptied when opening and closing. */
  readonly folder: string;
  readonly sign?: Sign;
  readonly createBranch?: boolean;
}

const nothing = new CloneSnapshot(null, null, new Map());

export class IsomorphicRepository implements Repository {
  readonly url: string;
  readonly branch: string;
  readonly #options: IsomorphicRepositoryOptions;
  readonly #clone: BareClone;
  readonly #closing = new AbortController();
  #newest: CloneSnapshot = nothing;

  constructor(options: IsomorphicRepositoryOptions) {
    if (isSshAddress(options.url)) {
      throw new TowpathError(
        'terminal',
        'BackendWithoutSsh',
        `Cannot open ${options.url}: isomorphic-git has no SSH; use git.backend "native", or an https address`,
      );
    }
    this.url = options.url;
    this.branch = options.branch;
    this.#options = options;
    const http = isomorphicHttp({ ...options, signal: this.#closing.signal });
    this.#clone = new BareClone({ url: options.url, branch: options.branch, folder: options.folder, http });
  }

  async head(): Promise<CommitId | null> {
    return this.#doing('read', async () => {
      const branches = await this.#clone.listBranches();
      const id = branches.get(this.#clone.ref);
      if (id === undefined && branches.size > 0 && !this.#options.createBranch) {
        throw missingBranch(this.url, this.branch);
      }
      return id === undefined ? null : CommitId.parse(id);
    });
  }

  async snapshot(head: CommitId | null): Promise<Snapshot> {
    return this.#doing('fetch', async () => {
      if (head === null) return nothing;
      if (this.#newest.head !== head) {
        await this.#clone.fetch(head);
        this.#newest = await this.#snapshotAt(head);
      }
      return this.#newest;
    });
  }

  async readBlobs(ids: readonly BlobId[]): Promise<ReadonlyMap<BlobId, Buffer>> {
    return this.#doing('read files of', async () => {
      const found = new Map<BlobId, Buffer>();
      for (const id of new Set(ids)) found.set(id, await this.#readBlob(id));
      return found;
    });
  }

  async history(snapshot: Snapshot, since: CommitId, path: string): Promise<History> {
    return this.#doing('read the history of', async () => {
      const { head } = snapshot;
      const commits = head && (await commitsBetween(this.#clone, head, since));
      if (!commits) return { kind: 'rewritten' };
      return { kind: 'descends', commits: await this.#summaries(head, commits, path) };
    });
  }

  async recent(snapshot: Snapshot, after: Date, path: string): Promise<readonly CommitSummary[]> {
    return this.#doing('read the history of', async () => {
      const { head } = snapshot;
      if (head === null) return [];
      return this.#summaries(head, await commitsSince(this.#clone, head, after), path);
    });
  }

  async filesAt(commits: readonly CommitId[], folder: string): Promise<ReadonlyMap<CommitId, readonly FileAt[]>> {
    return this.#doing('read the history of', async () => {
      const found = new Map<CommitId, readonly FileAt[]>();
      for (const id of commits) found.set(id, await filesOfFolder(this.#clone, id, folder));
      return found;
    });
  }

  async publish(snapshot: Snapshot, drafts: readonly CommitDraft[]): Promise<PushOutcome> {
    if (drafts.length === 0) return { kind: 'pushed', commits: [], snapshot };
    return this.#doing('push to', async () => {
      await this.#clone.prepare();
      const ids = await this.#commit(snapshot, drafts);
      const newId = ids.at(-1) ?? noObject;
      const update = { ref: this.#clone.ref, oldId: snapshot.head ?? noObject, newId };
      // The pack is made anew at each sending, from the very same objects.
      const outcome = await deliver(this.#world(), { update, pack: Buffer.alloc(0) });
      if (outcome.kind !== 'pushed') return outcome;
      const head = CommitId.parse(newId);
      await this.#clone.fetch(head);
      this.#newest = await this.#snapshotAt(head);
      return { kind: 'pushed', commits: ids, snapshot: this.#newest };
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#clone.close();
  }

  async #snapshotAt(head: CommitId): Promise<CloneSnapshot> {
    const { tree } = await this.#clone.readCommit(head);
    const trees = tree === emptyTree ? new Map() : await loadTrees(this.#clone, tree, this.#newest.trees);
    return new CloneSnapshot(head, tree, trees);
  }

  async #readBlob(id: BlobId): Promise<Buffer> {
    try {
      return await this.#clone.readBlob(id);
    } catch (error) {
      if (isNotFound(error)) throw new Error(`the clone does not hold blob ${id}`, { cause: error });
      throw error;
    }
  }

  async #summaries(head: string, commits: Commits, path: string): Promise<readonly CommitSummary[]> {
    const touching = await commitsTouching(this.#clone, newestFirst(head, commits), path);
    return [...touching].map(([id, commit]) => summaryOf(id, commit));
  }

  async #commit(snapshot: Snapshot, drafts: readonly CommitDraft[]): Promise<CommitId[]> {
    const ids: CommitId[] = [];
    let tree = snapshot.idAt('') ?? emptyTree;
    let parent: string | null = snapshot.head;
    for (const { message, author, committer, changes } of drafts) {
      const before: string | null = tree === emptyTree ? null : tree;
      const after = (await writeFolder(this.#clone, before, changeTree(changes))) ?? (await this.#clone.writeTree([]));
      if (after === tree) {
        const subject = message.split('\n', 1)[0];
        throw new TowpathError('terminal', 'EmptyCommit', `Cannot commit "${subject}": it changes nothing`);
      }
      tree = after;
      const parents = parent === null ? [] : [parent];
      const raw = await serializeCommit({ tree, parents, author, committer, message }, this.#options.sign);
      parent = await this.#clone.writeCommit(raw);
      ids.push(CommitId.parse(parent));
    }
    return ids;
  }

  #world() {
    const { signal } = this.#closing;
    return {
      receive: { push: (updates: readonly RefUpdate[]) => this.#send(updates) },
      url: this.url,
      branch: this.branch,
      readHead: async () => (await this.#clone.listBranches()).get(this.#clone.ref) ?? null,
      descends: async (head: string, ancestor: string) => {
        await this.#clone.fetch(head);
        return (await commitsBetween(this.#clone, head, ancestor)) !== null;
      },
      signal,
    };
  }

  async #send([update]: readonly RefUpdate[]): Promise<PushReport> {
    if (!update) return { refused: null, remoteText: '' };
    const said: string[] = [];
    try {
      await this.#clone.push(update.newId, update.oldId, said, this.#closing.signal);
      return { refused: null, remoteText: said.join('\n') };
    } catch (error) {
      const refused = refusalIn(error);
      // The server's lines come by a stream of their own, which isomorphic-git does not wait for.
      await new Promise((resolve) => setImmediate(resolve));
      return { refused, remoteText: said.join('\n') };
    }
  }

  async #doing<Result>(verb: string, action: () => Promise<Result>): Promise<Result> {
    try {
      return await action();
    } catch (error) {
      throw gitError(`${verb} ${this.url}`, error);
    }
  }
}

/** What the server answered; whatever is no answer leaves open what became of the push, and is thrown. */
function refusalIn(error: unknown): string {
  if (error instanceof TransportError || !(error instanceof Error)) throw error;
  const code = 'code' in error ? error.code : '';
  if (code === 'UserCanceledError') return 'stale info: the branch is no longer at its old id';
  if (code !== 'GitPushError') {
    throw new TransportError('unreachable', error.message.split('\n', 1)[0] ?? '', { cause: error });
  }
  const { result } = ('data' in error ? error.data : {}) as { result?: PushResult };
  const refs = Object.values(result?.refs ?? {}).map((ref) => ref.error);
  return [result?.error, ...refs].filter(Boolean).join('; ') || error.message;
}

interface PushResult {
  readonly error?: string | null;
  readonly refs?: Readonly<Record<string, { readonly error?: string }>>;
}
