/** Commits and trees held in memory as git's own bytes, so that ten thousand folders take a few megabytes. */
import { parseCommit } from './commit.ts';
import { applyDelta } from './delta.ts';
import { forEachFolder } from './tree.ts';

/** A tree by what it has other than another one, which it keeps from being let go. */
interface LightTree {
  readonly base: Buffer;
  readonly delta: Buffer;
  /** What was made of it last, while anybody uses that. */
  whole: WeakRef<Buffer> | null;
}

export class ObjectStore {
  #objects = new Map<string, Buffer | LightTree>();
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
    const found = this.#objects.get(id);
    return found && wholeOf(found);
  }

  put(id: string, body: Buffer): void {
    if (this.#objects.has(id)) return;
    this.#objects.set(id, body.buffer.byteLength > 2 * body.length ? alone(body) : body);
    this.#bytes += body.length;
  }

  /** Keeps a big tree of many that differ little as its delta over another. */
  lighten(id: string, base: Buffer, delta: Buffer): void {
    const found = this.#objects.get(id);
    if (!found || 'delta' in found) return;
    this.#objects.set(id, { base, delta, whole: null });
    this.#bytes += delta.length - found.length;
  }

  /** True once what was added since the last sweep outweighs what that left. */
  isDueForSweep(slackBytes: number): boolean {
    return this.#bytes > 2 * this.#bytesAfterSweep + slackBytes;
  }

  /** Forgets what none of these commits needs; their trees stay whole, their ancestors go. */
  sweep(commits: Iterable<string>): void {
    const kept = new Map<string, Buffer | LightTree>();
    const open: string[] = [];
    const keep = (id: string): Buffer | undefined => {
      const found = kept.has(id) ? undefined : this.#objects.get(id);
      if (found) kept.set(id, found);
      return found && wholeOf(found);
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
    for (const found of kept.values()) this.#bytes += 'delta' in found ? found.delta.length : found.length;
    this.#bytesAfterSweep = this.#bytes;
  }
}

function wholeOf(found: Buffer | LightTree): Buffer {
  if (!('delta' in found)) return found;
  const known = found.whole?.deref();
  if (known) return known;
  const whole = applyDelta(found.base, found.delta);
  found.whole = new WeakRef(whole);
  return whole;
}

/** Small buffers are slices of Node's pool: kept for long, each would keep eight kilobytes of others' with it. */
function alone(body: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(body.length);
  body.copy(copy);
  return copy;
}
