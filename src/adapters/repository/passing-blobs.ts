/** Small files that came by though nobody asked: a server without filters sends all, and what it sent is not asked for again. */

/** PROVENANCE and manifests are far smaller. */
export const longestKept = 16 * 1024;
const mostBytes = 32 * 1024 * 1024;

export class PassingBlobs {
  readonly #blobs = new Map<string, Buffer>();
  #bytes = 0;

  get(id: string): Buffer | undefined {
    return this.#blobs.get(id);
  }

  /** The oldest go first. */
  put(id: string, body: Buffer): void {
    if (body.length > longestKept || this.#blobs.has(id)) return;
    // A slice would keep all that it is cut from.
    this.#blobs.set(id, Buffer.from(body));
    this.#bytes += body.length;
    for (const [oldest, { length }] of this.#blobs) {
      if (this.#bytes <= mostBytes) return;
      this.#blobs.delete(oldest);
      this.#bytes -= length;
    }
  }
}
