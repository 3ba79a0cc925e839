/** Reads trees of the past: from memory or else from the server, a little of which is kept for the next question. */
import type { FileAt } from '../../domain/file-tree.ts';
import type { BlobId } from '../../domain/identifiers.ts';
import type { ObjectStore } from '../../git/object-store.ts';
import { folderMode, parseTree } from '../../git/tree.ts';
import type { ObjectsById } from './by-id.ts';

/** Every file below each of the trees, by its path from there: one round a level. */
export async function filesBelow(
  trees: ReadonlySet<string>,
  read: (ids: ReadonlySet<string>) => Promise<ReadonlyMap<string, Buffer>>,
): Promise<ReadonlyMap<string, readonly FileAt[]>> {
  if (trees.size === 0) return new Map();
  const raw = await read(trees);
  const entries = new Map([...trees].map((id) => [id, parseTree(raw.get(id) ?? Buffer.alloc(0))]));
  const below = [...entries.values()].flat().filter(({ mode }) => mode === folderMode);
  const inner = await filesBelow(new Set(below.map(({ id }) => id)), read);
  const filesOf = ({ name, mode, id }: { name: string; mode: string; id: string }): readonly FileAt[] =>
    mode === folderMode
      ? (inner.get(id) ?? []).map((file) => ({ path: `${name}/${file.path}`, id: file.id }))
      : [{ path: name, id: id as BlobId }];
  return new Map([...entries].map(([id, all]) => [id, all.flatMap(filesOf)]));
}

const keptBytes = 8 * 1024 * 1024;

export class TreeReader {
  readonly #byId: ObjectsById;
  readonly #objects: ObjectStore;
  readonly #kept = new Map<string, Buffer>();
  #bytes = 0;

  constructor(byId: ObjectsById, objects: ObjectStore) {
    this.#byId = byId;
    this.#objects = objects;
  }

  async read(ids: ReadonlySet<string>, signal: AbortSignal): Promise<ReadonlyMap<string, Buffer>> {
    const found = new Map<string, Buffer>();
    const wants: string[] = [];
    for (const id of ids) {
      const raw = this.#objects.get(id) ?? this.#kept.get(id);
      if (raw) found.set(id, raw);
      else wants.push(id);
    }
    if (wants.length === 0) return found;
    for (const [id, raw] of await this.#byId.read('tree', new Set(wants), signal)) found.set(id, raw);
    for (const id of wants) this.#keep(id, found.get(id));
    return found;
  }

  #keep(id: string, raw: Buffer | undefined): void {
    if (!raw || raw.length > keptBytes) return;
    if (this.#bytes + raw.length > keptBytes) {
      this.#kept.clear();
      this.#bytes = 0;
    }
    this.#kept.set(id, raw);
    this.#bytes += raw.length;
  }
}
