/** Branches beside the base: which there are, what they hold, and making, moving and taking them away. */
import { TowpathError } from '../../domain/failure.ts';
import { CommitId } from '../../domain/identifiers.ts';
import { parseCommit, type Sign } from '../../git/commit.ts';
import { fetchTips, holdsHead } from '../../git/head-fetch.ts';
import { idAtPath, lightenTree } from '../../git/light-trees.ts';
import { hasAll } from '../../git/merge-commit.ts';
import { noObject } from '../../git/object-id.ts';
import type { ObjectStore } from '../../git/object-store.ts';
import type { ReceivePack } from '../../git/receive-pack.ts';
import type { UploadPack } from '../../git/upload-pack.ts';
import type { BranchDraft, BranchOutcome, Proposal, Snapshot } from '../../ports.ts';
import { takeBreaths } from './breath.ts';
import { type Fork, Forks } from './forks.ts';
import { type MadeBranch, proposeBranches, refOf } from './propose.ts';
import { deliverEach } from './push-each.ts';

interface GitBranchesOptions {
  readonly url: string;
  readonly upload: UploadPack;
  readonly receive: ReceivePack;
  readonly objects: ObjectStore;
  readonly sign: Sign | undefined;
  readonly signal: AbortSignal;
}

/** One, and one more for each time that a person merged the base into the branch. */
const mostEnds = 8;

export class GitBranches {
  readonly #options: GitBranchesOptions;
  readonly #forks: Forks;
  /** Tips that the last listing named. */
  #listed: ReadonlySet<string> = new Set();
  /** Tips whose trees must stay in the store. */
  #kept: ReadonlySet<string> = new Set();

  constructor(options: GitBranchesOptions) {
    this.#options = options;
    this.#forks = new Forks(options.upload, options.objects);
  }

  /** Commits that a sweep must spare, and that the server may be told we hold. */
  get held(): readonly string[] {
    return [...this.#kept].filter((tip) => holdsHead(this.#options.objects, tip));
  }

  /** Out of refs by their full names, those below the prefix but for the base. */
  list(refs: ReadonlyMap<string, string>, prefix: string, base: string): ReadonlyMap<string, CommitId> {
    const tips = new Map<string, CommitId>();
    for (const [ref, id] of refs) {
      if (ref.startsWith(refOf(prefix)) && ref !== refOf(base))
        tips.set(ref.slice(refOf('').length), CommitId.parse(id));
    }
    this.#listed = new Set(tips.values());
    return tips;
  }

  async read(snapshot: Snapshot, tips: ReadonlyMap<string, CommitId>): Promise<ReadonlyMap<string, Proposal>> {
    const all = new Set(tips.values());
    // What is listed may be asked for in another portion; the rest is gone.
    this.#kept = new Set([...all, ...[...this.#kept].filter((tip) => this.#listed.has(tip))]);
    this.#forks.keep(this.#kept);
    const forks = await this.learn(snapshot, all);
    return new Map([...tips].map(([branch, tip]) => [branch, this.#proposal(tip, forks.get(tip))]));
  }

  /** What these tips have that the snapshot has not; their trees are held afterwards. */
  async learn(snapshot: Snapshot, tips: ReadonlySet<CommitId>): Promise<ReadonlyMap<string, Fork>> {
    await this.hold(snapshot, [...tips]);
    return this.#forks.learn(tips, snapshot.head, this.#options.signal);
  }

  /** Makes sure that commits are held with all their trees. */
  async hold(snapshot: Snapshot, commits: readonly string[]): Promise<void> {
    const { upload, objects, signal } = this.#options;
    const lacking = [...new Set(commits)].filter((commit) => !holdsHead(objects, commit));
    if (lacking.length === 0) return;
    const held = snapshot.head === null || !holdsHead(objects, snapshot.head) ? [] : [snapshot.head];
    await fetchTips({ upload, objects, held, tips: lacking, signal });
    const breathe = takeBreaths();
    for (const commit of lacking) {
      this.#lighten(commit, snapshot);
      await breathe();
    }
  }

  /** Seen from any commit of the base that the branch stands on: a person may have merged the base into it. */
  async holds(snapshot: Snapshot, tip: CommitId): Promise<boolean> {
    const { objects } = this.#options;
    const ends = (await this.learn(snapshot, new Set([tip]))).get(tip)?.ends ?? [];
    if (ends.length === 0 || ends.length > mostEnds) return false;
    await this.hold(snapshot, ends);
    const treeOf = (commit: string): string | null => {
      const body = objects.get(commit);
      return body ? parseCommit(body).tree : null;
    };
    const [ours, theirs] = [snapshot.idAt(''), treeOf(tip)];
    return ends.some((end) => hasAll((id) => objects.get(id), { base: treeOf(end), ours, theirs }));
  }

  async propose(snapshot: Snapshot, drafts: readonly BranchDraft[]): Promise<readonly BranchOutcome[]> {
    const { objects } = this.#options;
    const world = {
      ...this.#options,
      base: { commit: snapshot.head, tree: snapshot.idAt('') },
      held: (id: string) => objects.get(id),
      onPushed: (made: MadeBranch) => this.#take(snapshot, made),
    };
    return proposeBranches(world, drafts);
  }

  async remove(branches: ReadonlyMap<string, CommitId>): Promise<void> {
    if (branches.size === 0) return;
    const updates = [...branches].map(([branch, tip]) => ({ ref: refOf(branch), oldId: tip, newId: noObject }));
    const outcomes = await deliverEach(this.#options, { updates, pack: null });
    for (const outcome of outcomes.values()) {
      if (outcome.kind !== 'denied') continue;
      const reason = outcome.class === 'policy' ? 'GitPolicy' : 'GitPermission';
      throw new TowpathError('terminal', reason, `${outcome.message}; delete it by hand, or let Towpath do it`);
    }
  }

  #proposal(tip: CommitId, fork: Fork | undefined): Proposal {
    const { objects } = this.#options;
    return {
      tip,
      commits: fork?.commits ?? [],
      idAt: (path) => {
        const body = objects.get(tip);
        if (!body) throw new RangeError(`Cannot read ${tip}: this branch is no longer held`);
        return idAtPath(objects, parseCommit(body).tree, path);
      },
    };
  }

  #take(snapshot: Snapshot, { commit, body, trees }: MadeBranch): void {
    const { objects } = this.#options;
    for (const [id, raw] of trees()) objects.put(id, raw);
    objects.put(commit, body);
    this.#kept = new Set([...this.#kept, commit]);
    this.#listed = new Set([...this.#listed, commit]);
    this.#forks.add(commit, body, snapshot.head);
    this.#lighten(commit, snapshot);
  }

  #lighten(commit: string, snapshot: Snapshot): void {
    const { objects } = this.#options;
    const body = objects.get(commit);
    const over = snapshot.idAt('');
    if (body && over !== null) lightenTree(objects, parseCommit(body).tree, over);
  }
}
