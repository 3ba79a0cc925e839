/** One head of a repository, read from trees that are held in memory. */
import type { CommitId } from '../../domain/identifiers.ts';
import { parseCommit } from '../../git/commit.ts';
import { emptyTree } from '../../git/object-id.ts';
import type { ObjectStore } from '../../git/object-store.ts';
import { type EntryPosition, findEntry, folderMode, idOf, isFolder, parseTree } from '../../git/tree.ts';
import type { Snapshot, TreeEntry } from '../../ports.ts';

const noEntries = Buffer.alloc(0);
const rememberedFolders = 64;

export class GitSnapshot implements Snapshot {
  readonly head: CommitId | null;
  /** Null: there is nothing yet. */
  readonly rootId: string | null;
  readonly #objects: ObjectStore;
  // Look-ups come folder by folder, so the way to the last one is mostly the way to the next one too.
  readonly #folders = new Map<string, Buffer | null>();

  constructor(head: CommitId | null, objects: ObjectStore) {
    this.head = head;
    this.#objects = objects;
    this.rootId = head === null ? null : parseCommit(this.#held(head)).tree;
  }

  list(path: string): readonly TreeEntry[] | null {
    const raw = this.#folder(path);
    return raw && parseTree(raw).map(({ name, mode, id }) => ({ name, kind: kindOf(mode), id }));
  }

  idAt(path: string): string | null {
    if (path === '') return this.rootId;
    const found = this.#find(path);
    return found && idOf(found.raw, found.position);
  }

  #find(path: string): { readonly raw: Buffer; readonly position: EntryPosition } | null {
    const slash = path.lastIndexOf('/');
    const raw = this.#folder(slash < 0 ? '' : path.slice(0, slash));
    const position = raw && findEntry(raw, path.slice(slash + 1));
    return raw && position && { raw, position };
  }

  #folder(path: string): Buffer | null {
    const known = this.#folders.get(path);
    if (known !== undefined) return known;
    const raw = path === '' ? this.#root() : this.#subfolder(path);
    if (this.#folders.size >= rememberedFolders) this.#folders.clear();
    this.#folders.set(path, raw);
    return raw;
  }

  #root(): Buffer {
    return this.rootId === null || this.rootId === emptyTree ? noEntries : this.#held(this.rootId);
  }

  #subfolder(path: string): Buffer | null {
    const found = this.#find(path);
    return found && isFolder(found.raw, found.position) ? this.#held(idOf(found.raw, found.position)) : null;
  }

  #held(id: string): Buffer {
    const body = this.#objects.get(id);
    if (!body) throw new RangeError(`Cannot read ${id}: this snapshot is no longer held`);
    return body;
  }
}

function kindOf(mode: string): TreeEntry['kind'] {
  if (mode === folderMode) return 'folder';
  return mode.startsWith('100') ? 'file' : 'other';
}
