/** Objects of commits that are being made: read over what is held already, packed as deltas as they come. */
import { applyDelta, encodeDelta } from './delta.ts';
import { emptyTree, objectId } from './object-id.ts';
import type { PackWriter } from './pack-writer.ts';
import { type EditedTree, type EntryEdits, editTree } from './tree-edit.ts';

/** A tree made here: whole, or once it was big and replaced, only as its delta over the one before. */
interface DraftTree {
  readonly raw: Buffer | null;
  readonly origin: { readonly baseId: string; readonly delta: Buffer } | null;
}

/** The run of deltas that a tree stands in: each over the one before, the next run over the same anchor. */
interface Run {
  readonly anchorId: string;
  readonly anchorRaw: Buffer;
  /** All that changed since the anchor. */
  readonly edits: ReadonlyMap<string, { readonly mode: string; readonly id: string } | null>;
  readonly steps: number;
}

interface TreeDraft {
  /** Null: there was no such folder. */
  readonly baseId: string | null;
  readonly base: Buffer;
  readonly edits: EntryEdits;
}

// A thousand commits of one tree then stand at most about sixty deltas deep, which git reads without effort.
const longestRun = 32;
// Replaced trees over this size are kept as their delta: a thousand flat ones would be hundreds of megabytes.
const heavyTree = 32 * 1024;

export class DraftObjects {
  readonly #held: (id: string) => Buffer | undefined;
  readonly #pack: PackWriter;
  readonly #trees = new Map<string, DraftTree>();
  readonly #runs = new Map<string, Run>();
  /** Made since the last rest. */
  #fresh: string[] = [];

  /** `held` answers for the trees that both we and the receiver have. */
  constructor(held: (id: string) => Buffer | undefined, pack: PackWriter) {
    this.#held = held;
    this.#pack = pack;
  }

  /** Ids of all trees made here. */
  treeIds(): Iterable<string> {
    return this.#trees.keys();
  }

  tree(id: string): Buffer {
    const draft = this.#trees.get(id);
    const raw = draft?.raw ?? (draft?.origin ? applyDelta(this.tree(draft.origin.baseId), draft.origin.delta) : null);
    const found = raw ?? this.#held(id);
    if (!found) throw new RangeError(`Cannot build on tree ${id}: it is not held`);
    return found;
  }

  addBlob(id: string, body: Buffer): void {
    this.#pack.add('blob', id, body);
  }

  addCommit(body: Buffer): string {
    const id = objectId('commit', body);
    this.#pack.add('commit', id, body);
    return id;
  }

  /** Git knows the empty tree by itself, but not every other server does. */
  addEmptyTree(): void {
    this.#pack.add('tree', emptyTree, Buffer.alloc(0));
    this.#trees.set(emptyTree, { raw: Buffer.alloc(0), origin: null });
  }

  /** Null where the edits leave nothing. */
  addTree(draft: TreeDraft): string | null {
    const edited = editTree(draft.base, draft.edits);
    if (edited.raw.length === 0) return null;
    const id = objectId('tree', edited.raw);
    if (this.#trees.has(id) || this.#held(id)) return id;
    const origin = draft.baseId === null ? null : this.#packOver({ ...draft, baseId: draft.baseId }, id, edited);
    if (origin === null) this.#pack.add('tree', id, edited.raw);
    this.#trees.set(id, { raw: edited.raw, origin });
    this.#fresh.push(id);
    return id;
  }

  /** Nothing more is built on what was made so far. */
  rest(): void {
    for (const id of this.#fresh) {
      this.#runs.delete(id);
      this.#lighten(id);
    }
    this.#fresh = [];
  }

  /** Null: the tree is shorter than any delta. */
  #packOver(draft: TreeDraft & { readonly baseId: string }, id: string, edited: EditedTree): DraftTree['origin'] {
    const delta = encodeDelta(draft.base.length, edited.raw.length, edited.parts);
    // Ids do not compress, so a delta pays as soon as it is shorter than the tree.
    if (delta.length + 20 >= edited.raw.length) return null;
    const run = this.#nextRun(draft);
    this.#runs.delete(draft.baseId);
    if (run.steps < longestRun) {
      this.#pack.addDelta(id, draft.baseId, delta);
      this.#runs.set(id, run);
    } else {
      const { parts } = editTree(run.anchorRaw, run.edits);
      this.#pack.addDelta(id, run.anchorId, encodeDelta(run.anchorRaw.length, edited.raw.length, parts));
      this.#runs.set(id, { anchorId: id, anchorRaw: edited.raw, edits: new Map(), steps: 0 });
    }
    this.#lighten(draft.baseId);
    return { baseId: draft.baseId, delta };
  }

  #nextRun({ baseId, base, edits }: TreeDraft & { readonly baseId: string }): Run {
    const run = this.#runs.get(baseId) ?? { anchorId: baseId, anchorRaw: base, edits: new Map(), steps: 0 };
    return { ...run, edits: new Map([...run.edits, ...edits]), steps: run.steps + 1 };
  }

  #lighten(id: string): void {
    const replaced = this.#trees.get(id);
    if (!replaced?.origin || (replaced.raw?.length ?? 0) < heavyTree) return;
    this.#trees.set(id, { raw: null, origin: replaced.origin });
  }
}
