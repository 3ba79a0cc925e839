/** Commits and trees held in memory as git's own bytes, so that ten thousand folders take a few megabytes. */
import { parseCommit } from './commit.ts';
import { forEachFolder } from './tree.ts';

export class ObjectStore {
  #objects = new Map<string, Buffer>();
  #bytes = 0;
  #bytesAfterSweep = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#objects.size;
  }

  has(id: string): boolean {
    return this.#objects.has(id);
  }

  get(id: string): Buffer | undefined {
    return this.#objects.get(id);
  }

  put(id: string, body: Buffer): void {
    if (this.#objects.has(id)) return;
    this.#objects.set(id, body.buffer.byteLength > 2 * body.length ? alone(body) : body);
    this.#bytes += body.length;
  }

  /** True once what was added since the last sweep outweighs what that left. */
  isDueForSweep(slackBytes: number): boolean {
    return this.#bytes > 2 * this.#bytesAfterSweep + slackBytes;
  }

  /** Forgets what none of these commits needs; their trees stay whole, their ancestors go. */
  sweep(commits: Iterable<string>): void {
    const kept = new Map<string, Buffer>();
    const open: string[] = [];
    const keep = (id: string): Buffer | undefined => {
      const body = kept.has(id) ? undefined : this.#objects.get(id);
      if (body) kept.set(id, body);
      return body;
    };
    for (const commit of commits) {
      const body = keep(commit);
      if (body) open.push(parseCommit(body).tree);
    }
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      const raw = keep(id);
      if (raw) forEachFolder(raw, (child) => open.push(child));
    }
    this.#objects = kept;
    this.#bytes = 0;
    for (const body of kept.values()) this.#bytes += body.length;
    this.#bytesAfterSweep = this.#bytes;
  }
}

/** Small buffers are slices of Node's pool: kept for long, each would keep eight kilobytes of others' with it. */
function alone(body: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(body.length);
  body.copy(copy);
  return copy;
}
