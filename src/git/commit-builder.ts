/** Makes commits one on the other, or side by side on one base, in memory, and the pack that carries them. */
import { type ChangeNode, changeTree, type FolderNode, type PathChange } from './change-tree.ts';
import { type Sign, type Signature, serializeCommit } from './commit.ts';
import { DraftObjects } from './draft-objects.ts';
import { emptyTree, objectId } from './object-id.ts';
import { PackWriter } from './pack-writer.ts';
import { type Entry, entryAt, fileMode, findEntry, folderMode, forEachFolder } from './tree.ts';

interface CommitRequest {
  readonly message: string;
  readonly author: Signature;
  readonly committer: Signature;
  readonly changes: readonly PathChange[];
}

/** A commit and its tree; nulls where the branch has none yet. */
export interface BuildBase {
  readonly commit: string | null;
  readonly tree: string | null;
}

const nothing = Buffer.alloc(0);

export class CommitBuilder {
  readonly #pack = new PackWriter();
  readonly #objects: DraftObjects;
  readonly #sign: Sign | undefined;
  readonly #base: BuildBase;
  readonly #commits: { readonly id: string; readonly body: Buffer }[] = [];
  #head: string | null;
  #tree: string | null;

  /** `held` answers for the trees under `base`. */
  constructor(base: BuildBase, held: (id: string) => Buffer | undefined, sign?: Sign) {
    this.#base = base;
    this.#head = base.commit;
    this.#tree = base.tree;
    this.#sign = sign;
    this.#objects = new DraftObjects(held, this.#pack);
  }

  /** In order, with their bytes. */
  get commits(): readonly { readonly id: string; readonly body: Buffer }[] {
    return this.#commits;
  }

  /** The tree of the newest commit. */
  get tree(): string {
    return this.#tree ?? emptyTree;
  }

  /** Null where the changes change nothing: then there is no commit. */
  async add({ message, author, committer, changes }: CommitRequest): Promise<string | null> {
    const tree = this.#applyFolder(this.#tree, changeTree(changes)) ?? emptyTree;
    if (tree === this.tree) return null;
    if (tree === emptyTree) this.#objects.addEmptyTree();
    const parents = this.#head === null ? [] : [this.#head];
    const body = await serializeCommit({ tree, parents, author, committer, message }, this.#sign);
    const id = this.#objects.addCommit(body);
    this.#commits.push({ id, body });
    this.#head = id;
    this.#tree = tree;
    return id;
  }

  /** The next commit stands on the base again, as that of another branch. */
  restart(): void {
    this.#head = this.#base.commit;
    this.#tree = this.#base.tree;
    this.#objects.rest();
  }

  pack(): Buffer {
    return this.#pack.finish();
  }

  /** The new trees that a commit needs: the newest, or the one with this tree. */
  *newTrees(root = this.tree): Generator<readonly [string, Buffer]> {
    const made = new Set(this.#objects.treeIds());
    const open = [root];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (!made.delete(id)) continue;
      const raw = this.#objects.tree(id);
      yield [id, raw];
      forEachFolder(raw, (child) => {
        if (made.has(child)) open.push(child);
      });
    }
  }

  /** The folder's new tree, or null where nothing is left in it: git has no empty folders. */
  #applyFolder(treeId: string | null, { emptied, children }: FolderNode): string | null {
    const baseId = emptied ? null : treeId;
    const base = baseId === null || baseId === emptyTree ? nothing : this.#objects.tree(baseId);
    const edits = new Map<string, Pick<Entry, 'mode' | 'id'> | null>();
    for (const [name, child] of children) {
      const position = findEntry(base, name);
      const before = position && entryAt(base, position);
      const after = this.#applyChild(before, child);
      if (before?.id !== after?.id || before?.mode !== after?.mode) edits.set(name, after);
    }
    if (edits.size === 0) return base.length === 0 ? null : baseId;
    return this.#objects.addTree({ baseId: base.length === 0 ? null : baseId, base, edits });
  }

  #applyChild(before: Entry | null, child: ChangeNode): Pick<Entry, 'mode' | 'id'> | null {
    switch (child.kind) {
      case 'file': {
        const body = typeof child.content === 'string' ? Buffer.from(child.content) : child.content;
        const id = objectId('blob', body);
        if (before?.id !== id) this.#objects.addBlob(id, body);
        return { mode: fileMode, id };
      }
      case 'folder':
        return this.#applySubfolder(before, child);
    }
  }

  #applySubfolder(before: Entry | null, child: FolderNode): Pick<Entry, 'mode' | 'id'> | null {
    const isFolder = before?.mode === folderMode;
    const id = this.#applyFolder(isFolder ? before.id : null, child);
    if (id !== null) return { mode: folderMode, id };
    // Nothing was put here, so what is not a folder stays unless it was to go.
    return isFolder || child.fileGone ? null : before;
  }
}
