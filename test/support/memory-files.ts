/** Files as a commit holds them, and the trees that git would make of them, without git. */
import { createHash } from 'node:crypto';
import { blobId } from '../../src/core/blob-id.ts';
import type { FileChange } from '../../src/domain/file-tree.ts';
import type { TreeEntry } from '../../src/ports.ts';

export type Files = ReadonlyMap<string, string>;

export interface Tree {
  readonly id: string;
  readonly entries: ReadonlyMap<string, TreeEntry & { readonly tree: Tree | null }>;
}

export function applyChanges(files: Files, changes: readonly FileChange[]): Files {
  const next = new Map(files);
  for (const change of changes) {
    if (change.kind === 'write') next.set(change.path, change.content);
    if (change.kind === 'delete') next.delete(change.path);
    if (change.kind === 'delete-folder')
      for (const path of next.keys()) if (path.startsWith(`${change.path}/`)) next.delete(path);
  }
  return next;
}

/** What `theirs` changed since `base`, put onto `ours`; conflicts are paths that both changed, and differently. */
export function mergeFiles(
  base: Files,
  ours: Files,
  theirs: Files,
): { readonly files: Files; readonly conflicts: readonly string[] } {
  const files = new Map(ours);
  const conflicts: string[] = [];
  for (const path of new Set([...base.keys(), ...theirs.keys()])) {
    const [before, after, here] = [base.get(path), theirs.get(path), ours.get(path)];
    if (after === before || after === here) continue;
    if (here !== before) conflicts.push(path);
    else if (after === undefined) files.delete(path);
    else files.set(path, after);
  }
  return { files, conflicts: conflicts.sort() };
}

export function treeOf(files: Files): Tree {
  const folders = new Map<string, Map<string, string>>();
  const found: (TreeEntry & { readonly tree: Tree | null })[] = [];
  for (const [path, content] of files) {
    const [name = '', ...rest] = path.split('/');
    if (rest.length === 0) found.push({ name, kind: 'file', id: blobId(content), tree: null });
    else folders.set(name, (folders.get(name) ?? new Map()).set(rest.join('/'), content));
  }
  for (const [name, inside] of folders) {
    const tree = treeOf(inside);
    found.push({ name, kind: 'folder', id: tree.id, tree });
  }
  // Git sorts a folder as if its name ended with a slash.
  const sortKey = ({ name, kind }: TreeEntry): string => (kind === 'folder' ? `${name}/` : name);
  found.sort((one, other) => (sortKey(one) < sortKey(other) ? -1 : 1));
  return {
    id: sha1(found.map(({ name, id }) => `${name} ${id}`).join('\n')),
    entries: new Map(found.map((each) => [each.name, each])),
  };
}

export function idAt(tree: Tree, path: string): string | null {
  return path === '' ? tree.id : (entryAt(tree, path)?.id ?? null);
}

export function entryAt(tree: Tree, path: string): (TreeEntry & { readonly tree: Tree | null }) | undefined {
  const [first = '', ...rest] = path.split('/');
  const entry = tree.entries.get(first);
  if (rest.length === 0 || !entry) return entry;
  return entry.tree ? entryAt(entry.tree, rest.join('/')) : undefined;
}

export function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}
