/** Puts what one tree changed over its own base onto another: by path, and never line by line. */
import type { DraftObjects } from './draft-objects.ts';
import { emptyTree } from './object-id.ts';
import { type Entry, entryAt, findEntry, folderMode } from './tree.ts';
import { diffTrees } from './tree-diff.ts';

/** Ids of trees; null where there is none. */
export interface TreeMerge {
  readonly base: string | null;
  readonly ours: string | null;
  /** What changed `base`. */
  readonly theirs: string | null;
}

interface MergedTree {
  /** Null: nothing is left. */
  readonly id: string | null;
  /** Paths that `theirs` changed, and `ours` into something else. */
  readonly conflicts: readonly string[];
}

const nothing = Buffer.alloc(0);

/** All trees that differ must be held; those that come about are drafts. */
export function mergeTrees(objects: DraftObjects, merge: TreeMerge): MergedTree {
  const conflicts: string[] = [];
  const id = mergeFolder(objects, merge, '', conflicts);
  return { id, conflicts };
}

function mergeFolder(objects: DraftObjects, merge: TreeMerge, path: string, conflicts: string[]): string | null {
  const ours = rawOf(objects, merge.ours);
  const edits = new Map<string, Pick<Entry, 'mode' | 'id'> | null>();
  for (const { name, before, after } of diffTrees(rawOf(objects, merge.base), rawOf(objects, merge.theirs))) {
    const position = findEntry(ours, name);
    const sides = { before, after, here: position && entryAt(ours, position) };
    const merged = mergeEntry(objects, sides, path === '' ? name : `${path}/${name}`, conflicts);
    if (!isSame(merged, sides.here)) edits.set(name, merged);
  }
  if (edits.size === 0) return merge.ours;
  return objects.addTree({ baseId: ours.length === 0 ? null : merge.ours, base: ours, edits });
}

interface Sides {
  readonly before: Entry | null;
  readonly here: Entry | null;
  readonly after: Entry | null;
}

type Merged = Pick<Entry, 'mode' | 'id'> | null;

/** A name may be a file on one side and a folder on another, so both are merged, and only one of them may remain. */
function mergeEntry(objects: DraftObjects, { before, here, after }: Sides, path: string, conflicts: string[]): Merged {
  if (isSame(here, after)) return here;
  if (isSame(here, before)) return after;
  const files = [before, here, after].map((entry) => (isFolder(entry) ? null : entry)) as [Merged, Merged, Merged];
  const file = mergeFile(...files);
  const below = { base: folderOf(before), ours: folderOf(here), theirs: folderOf(after) };
  const folder = mergeFolder(objects, below, path, conflicts);
  if (file === 'conflict' || (file !== null && folder !== null)) {
    conflicts.push(path);
    return here;
  }
  return folder === null ? file : { mode: folderMode, id: folder };
}

function mergeFile(before: Merged, here: Merged, after: Merged): Merged | 'conflict' {
  if (isSame(after, before)) return here;
  if (isSame(here, before) || isSame(here, after)) return after;
  return 'conflict';
}

function rawOf(objects: DraftObjects, id: string | null): Buffer {
  return id === null || id === emptyTree ? nothing : objects.tree(id);
}

function isSame(one: Merged, other: Merged): boolean {
  return one?.id === other?.id && one?.mode === other?.mode;
}

function isFolder(entry: Entry | null): boolean {
  return entry?.mode === folderMode;
}

function folderOf(entry: Entry | null): string | null {
  return entry && isFolder(entry) ? entry.id : null;
}
