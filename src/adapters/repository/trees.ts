/** Reads trees of the past: from memory or else from the server, a little of which is kept for the next question. */
import type { ObjectStore } from '../../git/object-store.ts';
import type { UploadPack } from '../../git/upload-pack.ts';

const keptBytes = 8 * 1024 * 1024;

export class TreeReader {
  readonly #upload: UploadPack;
  readonly #objects: ObjectStore;
  readonly #kept = new Map<string, Buffer>();
  #bytes = 0;

  constructor(upload: UploadPack, objects: ObjectStore) {
    this.#upload = upload;
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
    const sink = {
      onObject: (_type: string, id: string, body: Buffer) => void (ids.has(id) && found.set(id, body)),
      findBase: () => undefined,
      blobs: false,
    };
    await this.#upload.fetch({ wants, filter: 'tree:0', done: true }, sink, signal);
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
