/** Trees of one head held in memory, and the writing of changed ones, through isomorphic-git. */
import type { CommitId } from '../../../domain/identifiers.ts';
import type { ChangeNode, FolderNode } from '../../../git/change-tree.ts';
import type { Snapshot, TreeEntry } from '../../../ports.ts';
import { type BareClone, kindOf, type RawEntry } from './clone.ts';

type Trees = ReadonlyMap<string, readonly RawEntry[]>;

const readsAtOnce = 32;

export class CloneSnapshot implements Snapshot {
  readonly head: CommitId | null;
  readonly rootId: string | null;
  readonly trees: Trees;

  constructor(head: CommitId | null, rootId: string | null, trees: Trees) {
    this.head = head;
    this.rootId = rootId;
    this.trees = trees;
  }

  list(path: string): readonly TreeEntry[] | null {
    const entries = this.#folder(path);
    return entries?.map((entry) => ({ name: entry.path, kind: kindOf(entry), id: entry.oid })) ?? null;
  }

  idAt(path: string): string | null {
    if (path === '') return this.rootId;
    const slash = path.lastIndexOf('/');
    const parent = this.#folder(slash < 0 ? '' : path.slice(0, slash));
    return parent?.find((entry) => entry.path === path.slice(slash + 1))?.oid ?? null;
  }

  #folder(path: string): readonly RawEntry[] | null {
    if (path === '') return this.rootId === null ? [] : (this.trees.get(this.rootId) ?? []);
    const id = this.idAt(path);
    return (id !== null && this.trees.get(id)) || null;
  }
}

/** Reads every tree below a root, those that an older snapshot holds from there. */
export async function loadTrees(clone: BareClone, rootId: string, known: Trees): Promise<Trees> {
  const loaded = new Map<string, readonly RawEntry[]>();
  let wanted = [rootId];
  while (wanted.length > 0) {
    const found = new Set<string>();
    for (let at = 0; at < wanted.length; at += readsAtOnce) {
      await Promise.all(
        wanted.slice(at, at + readsAtOnce).map(async (id) => {
          const entries = known.get(id) ?? (await clone.readTree(id));
          loaded.set(id, entries);
          for (const { type, oid } of entries) if (type === 'tree' && !loaded.has(oid)) found.add(oid);
        }),
      );
    }
    wanted = [...found];
  }
  return loaded;
}

/** What stands at a path in some commit's tree; null where there is nothing. */
export async function idAtPath(clone: BareClone, treeId: string, path: string): Promise<string | null> {
  const [name = '', ...rest] = path.split('/');
  const entry = (await clone.readTree(treeId)).find((one) => one.path === name);
  if (!entry) return null;
  if (rest.length === 0) return entry.oid;
  return entry.type === 'tree' ? await idAtPath(clone, entry.oid, rest.join('/')) : null;
}

/** Writes what a folder holds after the changes; null where that is nothing. */
export async function writeFolder(
  clone: BareClone,
  beforeId: string | null,
  change: FolderNode,
): Promise<string | null> {
  const before = beforeId === null || change.emptied ? [] : await clone.readTree(beforeId);
  const entries = new Map(before.map((entry) => [entry.path, entry]));
  for (const [name, child] of change.children) {
    const entry = await entryAfter(clone, entries.get(name), name, child);
    if (entry) entries.set(name, entry);
    else entries.delete(name);
  }
  return entries.size === 0 ? null : await clone.writeTree([...entries.values()]);
}

async function entryAfter(
  clone: BareClone,
  before: RawEntry | undefined,
  name: string,
  change: ChangeNode,
): Promise<RawEntry | null> {
  switch (change.kind) {
    case 'file':
      return { mode: '100644', path: name, oid: await clone.writeBlob(change.content), type: 'blob' };
    case 'folder': {
      const isFolder = before?.type === 'tree';
      const oid = await writeFolder(clone, isFolder ? before.oid : null, change);
      if (oid !== null) return { mode: '040000', path: name, oid, type: 'tree' };
      // Nothing was put here, so what is not a folder stays unless it was to go.
      return isFolder || change.fileGone ? null : (before ?? null);
    }
    default:
      return change satisfies never;
  }
}
