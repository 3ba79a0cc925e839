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

export interface MergedTree {
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
    const here = position && entryAt(ours, position);
    if (isSame(here, after)) continue;
    const at = path === '' ? name : `${path}/${name}`;
    if (isSame(here, before)) edits.set(name, after);
    else if ([before, here, after].every(isFolderOrNone)) {
      const below = { base: idOf(before), ours: idOf(here), theirs: idOf(after) };
      const id = mergeFolder(objects, below, at, conflicts);
      if (id !== below.ours) edits.set(name, id === null ? null : { mode: folderMode, id });
    } else conflicts.push(at);
  }
  if (edits.size === 0) return merge.ours;
  return objects.addTree({ baseId: ours.length === 0 ? null : merge.ours, base: ours, edits });
}

function rawOf(objects: DraftObjects, id: string | null): Buffer {
  return id === null || id === emptyTree ? nothing : objects.tree(id);
}

function isSame(one: Entry | null, other: Entry | null): boolean {
  return one?.id === other?.id && one?.mode === other?.mode;
}

function isFolderOrNone(entry: Entry | null): boolean {
  return entry === null || entry.mode === folderMode;
}

function idOf(entry: Entry | null): string | null {
  return entry?.id ?? null;
}
