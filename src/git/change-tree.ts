/** A list of changes by path becomes one nested picture of what each folder is to hold. */

export type PathChange =
  | { readonly kind: 'write'; readonly path: string; readonly content: string | Buffer }
  | { readonly kind: 'delete'; readonly path: string }
  | { readonly kind: 'delete-folder'; readonly path: string };

export type ChangeNode = FolderNode | { readonly kind: 'file'; readonly content: string | Buffer };

export interface FolderNode {
  readonly kind: 'folder';
  /** Nothing that the folder held before stays. */
  readonly emptied: boolean;
  /** A file of this name goes, even where nothing takes its place. */
  readonly fileGone: boolean;
  readonly children: Map<string, ChangeNode>;
}

/** Later changes win over earlier ones. */
export function changeTree(changes: readonly PathChange[]): FolderNode {
  const root = untouched();
  for (const change of changes) {
    const segments = segmentsOf(change.path);
    const name = segments.pop() ?? '';
    const parent = parentOf(root, segments, change.kind === 'write');
    parent?.children.set(name, nodeOf(change, parent.children.get(name) ?? untouched()));
  }
  return root;
}

function nodeOf(change: PathChange, before: ChangeNode): ChangeNode {
  switch (change.kind) {
    case 'write':
      return { kind: 'file', content: change.content };
    case 'delete':
      return before.kind === 'file' ? gone() : { ...before, fileGone: true };
    case 'delete-folder':
      return before.kind === 'file' ? before : { ...before, emptied: true, children: new Map() };
  }
}

/** Null: the change would take something out of a folder that an earlier change has made a file. */
function parentOf(root: FolderNode, segments: readonly string[], writing: boolean): FolderNode | null {
  let parent = root;
  for (const segment of segments) {
    const child = parent.children.get(segment) ?? untouched();
    if (child.kind === 'file' && !writing) return null;
    const folder = child.kind === 'file' ? gone() : { ...child, fileGone: child.fileGone || writing };
    parent.children.set(segment, folder);
    parent = folder;
  }
  return parent;
}

function untouched(): FolderNode {
  return { kind: 'folder', emptied: false, fileGone: false, children: new Map() };
}

function gone(): FolderNode {
  return { kind: 'folder', emptied: true, fileGone: true, children: new Map() };
}

/** The last guard before a name gets into a tree: what git itself refuses to check out. */
function segmentsOf(path: string): string[] {
  const segments = path.split('/');
  if (segments.some((segment) => /^(\.{0,2}|\.git[ .]*|git~1)$/i.test(segment) || segment.includes('\0'))) {
    throw new RangeError(`Cannot commit ${JSON.stringify(path)}: git does not take such a path`);
  }
  return segments;
}
