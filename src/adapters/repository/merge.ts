/** What puts a reviewed commit onto the base: the commit itself, or a merge of both where the base has moved or the commit is not signed. */
import { TowpathError } from '../../domain/failure.ts';
import type { CommitId } from '../../domain/identifiers.ts';
import { type IsSigned, parseCommit, type Sign } from '../../git/commit.ts';
import { buildMergeCommit, emptyPack } from '../../git/merge-commit.ts';
import type { ObjectStore } from '../../git/object-store.ts';
import type { BranchCommit, CommitDraft, Snapshot } from '../../ports.ts';
import type { GitBranches } from './branches.ts';

interface MergeWorld {
  readonly url: string;
  readonly branch: string;
  readonly objects: ObjectStore;
  readonly branches: Pick<GitBranches, 'learn' | 'hold'>;
  readonly sign: Sign | undefined;
  readonly isSigned: IsSigned | undefined;
}

interface BuiltMerge {
  /** The base's new head; its old one where the base has the tip already. */
  readonly head: string;
  readonly pack: Buffer;
  /** To be held once it is pushed. */
  readonly objects: ReadonlyMap<string, Buffer>;
}

export async function buildMerge(
  world: MergeWorld,
  snapshot: Snapshot,
  tip: CommitId,
  draft: Omit<CommitDraft, 'changes'>,
): Promise<BuiltMerge> {
  const forks = await world.branches.learn(snapshot, new Set([tip]));
  const [commit, ...others] = forks.get(tip)?.commits ?? [];
  if (!commit) return { head: snapshot.head ?? tip, pack: emptyPack(), objects: new Map() };
  const [parent] = commit.parents;
  if (others.length > 0) throw conflict(world, tip, `it is one of ${others.length + 1} commits, and only it was meant`);
  if (commit.parents.length !== 1 || parent === undefined || snapshot.head === null) {
    throw conflict(world, tip, 'it does not stand on one commit of the base');
  }
  if (parent === snapshot.head && (await mayBeHead(world, tip))) {
    return { head: tip, pack: emptyPack(), objects: new Map() };
  }
  return mergeBoth(world, snapshot, { ...commit, parent }, draft);
}

/** What was approved before signing began, or before the key was turned, goes under a commit that is signed. */
async function mayBeHead({ objects, isSigned }: MergeWorld, tip: CommitId): Promise<boolean> {
  const commit = objects.get(tip);
  return isSigned === undefined || (commit !== undefined && isSigned(commit));
}

async function mergeBoth(
  world: MergeWorld,
  snapshot: Snapshot,
  { id: tip, parent }: BranchCommit & { readonly parent: CommitId },
  draft: Omit<CommitDraft, 'changes'>,
): Promise<BuiltMerge> {
  const { objects, branches, sign } = world;
  await branches.hold(snapshot, [parent]);
  const treeOf = (commit: string): string | null => {
    const body = objects.get(commit);
    return body ? parseCommit(body).tree : null;
  };
  const trees = { base: treeOf(parent), ours: snapshot.idAt(''), theirs: treeOf(tip) };
  const request = { ...draft, parents: [snapshot.head ?? parent, tip], trees };
  const merge = await buildMergeCommit(request, (id) => objects.get(id), sign);
  if (merge.kind === 'conflict') throw conflict(world, tip, `both changed ${namesOf(merge.paths)}`);
  return { head: merge.id, pack: merge.pack, objects: merge.objects };
}

function namesOf(paths: readonly string[]): string {
  const shown = paths.slice(0, 3).map((path) => `"${path}"`);
  const more = paths.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}

function conflict({ url, branch }: MergeWorld, tip: CommitId, why: string): TowpathError {
  const what = `Cannot merge commit ${tip.slice(0, 8)} onto branch "${branch}" of ${url}`;
  return new TowpathError('terminal', 'MergeConflict', `${what}: ${why}; it must be proposed anew`);
}
