/** A commit with two parents, and the pack that carries it. */
import { type CommitContent, type Sign, serializeCommit } from './commit.ts';
import { DraftObjects } from './draft-objects.ts';
import { mergeTrees, type TreeMerge } from './merge-trees.ts';
import { emptyTree } from './object-id.ts';
import { PackWriter } from './pack-writer.ts';

interface MergeRequest extends Omit<CommitContent, 'tree'> {
  readonly trees: TreeMerge;
}

export type MergeCommit =
  | {
      readonly kind: 'made';
      readonly id: string;
      readonly pack: Buffer;
      /** The commit and the trees that came about. */
      readonly objects: ReadonlyMap<string, Buffer>;
    }
  | { readonly kind: 'conflict'; readonly paths: readonly string[] };

/** `held` answers for the trees of all three sides. */
export async function buildMergeCommit(
  request: MergeRequest,
  held: (id: string) => Buffer | undefined,
  sign?: Sign,
): Promise<MergeCommit> {
  const pack = new PackWriter();
  const drafts = new DraftObjects(held, pack);
  const { id: merged, conflicts } = mergeTrees(drafts, request.trees);
  if (conflicts.length > 0) return { kind: 'conflict', paths: conflicts };
  if (merged === null) drafts.addEmptyTree();
  const body = await serializeCommit({ ...request, tree: merged ?? emptyTree }, sign);
  const id = drafts.addCommit(body);
  const trees = [...drafts.treeIds()].map((tree) => [tree, drafts.tree(tree)] as const);
  return { kind: 'made', id, pack: pack.finish(), objects: new Map([...trees, [id, body] as const]) };
}

/** Whether `ours` has all that `theirs` changed over `base`, so that merging them would change nothing. */
export function hasAll(held: (id: string) => Buffer | undefined, trees: TreeMerge): boolean {
  const merged = mergeTrees(new DraftObjects(held, new PackWriter()), trees);
  return merged.conflicts.length === 0 && merged.id === trees.ours;
}

/** For moving a ref to what the server has already: git wants a pack, though there is nothing in it. */
export function emptyPack(): Buffer {
  return new PackWriter().finish();
}
