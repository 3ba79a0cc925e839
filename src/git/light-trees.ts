/** Many branches of one base differ little from it: their big trees are kept as what differs. */
import { encodeDelta } from './delta.ts';
import { emptyTree } from './object-id.ts';
import type { ObjectStore } from './object-store.ts';
import { entryAt, findEntry, folderMode } from './tree.ts';
import { diffTrees } from './tree-diff.ts';
import { editTree } from './tree-edit.ts';

const nothing = Buffer.alloc(0);
// Below this a delta saves too little to be worth its trouble.
const heavyTree = 32 * 1024;

/** Both trees are held whole; `over` stays as it is. */
export function lightenTree(objects: ObjectStore, id: string, over: string): void {
  const raw = objects.get(id);
  const base = objects.get(over);
  if (id === over || !raw || !base) return;
  const changes = diffTrees(base, raw);
  for (const { before, after } of changes) {
    if (before?.mode === folderMode && after?.mode === folderMode) lightenTree(objects, after.id, before.id);
  }
  if (raw.length < heavyTree) return;
  const edited = editTree(base, new Map(changes.map(({ name, after }) => [name, after])));
  const delta = encodeDelta(base.length, raw.length, edited.parts);
  // Bytes that git would have ordered otherwise must stay what they are.
  if (delta.length < raw.length / 2 && edited.raw.equals(raw)) objects.lighten(id, base, delta);
}

/** Tree or blob id at a path below a tree that is held whole; null where there is nothing. */
export function idAtPath(objects: ObjectStore, root: string, path: string): string | null {
  if (path === '') return root;
  const segments = path.split('/');
  let folder = root;
  for (const [index, segment] of segments.entries()) {
    const raw = folder === emptyTree ? nothing : objects.get(folder);
    if (!raw) throw new RangeError(`Cannot read ${folder}: this branch is no longer held`);
    const position = findEntry(raw, segment);
    const entry = position && entryAt(raw, position);
    if (!entry) return null;
    if (index === segments.length - 1) return entry.id;
    if (entry.mode !== folderMode) return null;
    folder = entry.id;
  }
  return null;
}
