/** A bare clone on disk, read and written by isomorphic-git. It is a cache: nothing is lost with it. */
import fs from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import git, { type HttpClient } from 'isomorphic-git';
import { type ParsedCommit, parseCommit } from '../../../git/commit.ts';
import { TransportError } from '../../../git/transport.ts';
import type { TreeEntry } from '../../../ports.ts';

interface CloneOptions {
  readonly url: string;
  readonly branch: string;
  /** Ours alone: emptied when opening and when closing. */
  readonly folder: string;
  readonly http: HttpClient;
}

/** What isomorphic-git says of an entry; the mode tells files from links. */
export interface RawEntry {
  readonly mode: string;
  readonly path: string;
  readonly oid: string;
  readonly type: 'blob' | 'tree' | 'commit';
}

/** Every fetch adds a pack that isomorphic-git never merges, and each makes reading slower: begin anew after these. */
const mostPacks = 50;

export class BareClone {
  readonly #options: CloneOptions;
  /** Packs and their indexes stay in memory here; without it each call would read them again. */
  #cache: object = {};
  #ready: Promise<void> | null = null;

  constructor(options: CloneOptions) {
    this.#options = options;
  }

  get #base() {
    return { fs, gitdir: this.#options.folder, cache: this.#cache };
  }

  get ref(): string {
    return `refs/heads/${this.#options.branch}`;
  }

  /** Branches of the server: one request. */
  async listBranches(): Promise<ReadonlyMap<string, string>> {
    const { http, url } = this.#options;
    const refs = await git.listServerRefs({ http, url, prefix: 'refs/heads/', protocolVersion: 1 });
    return new Map(refs.map(({ ref, oid }) => [ref, oid]));
  }

  /** Makes a head and everything below it available. */
  async fetch(head: string): Promise<void> {
    await this.prepare();
    if (!(await this.has(head))) {
      if ((await this.#packs()) >= mostPacks) await this.#reset();
      const { http, url } = this.#options;
      const refs = { ref: this.ref, remoteRef: this.ref, singleBranch: true, tags: false };
      await git.fetch({ ...this.#base, http, url, remote: 'origin', ...refs });
      if (!(await this.has(head))) {
        throw new TransportError('unreachable', `the branch went on to something that does not hold ${head}`);
      }
    }
    // What the next fetch says it has; only ever a head that the server had.
    await git.writeRef({ ...this.#base, ref: this.ref, value: head, force: true });
  }

  /** Fills the folder with an empty repository where it has none. */
  async prepare(): Promise<void> {
    this.#ready ??= this.#reset();
    await this.#ready;
  }

  async has(id: string): Promise<boolean> {
    await this.prepare();
    try {
      await git.readObject({ ...this.#base, oid: id, format: 'deflated' });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async readCommit(id: string): Promise<ParsedCommit> {
    const { object } = await git.readObject({ ...this.#base, oid: id, format: 'content' });
    return parseCommit(Buffer.from(object as Uint8Array));
  }

  async readTree(id: string): Promise<readonly RawEntry[]> {
    const { tree } = await git.readTree({ ...this.#base, oid: id });
    return tree.toSorted(inGitsOrder);
  }

  async readBlob(id: string): Promise<Buffer> {
    return Buffer.from((await git.readBlob({ ...this.#base, oid: id })).blob);
  }

  async writeBlob(content: string | Buffer): Promise<string> {
    return await git.writeBlob({ ...this.#base, blob: Buffer.from(content) });
  }

  async writeTree(entries: readonly RawEntry[]): Promise<string> {
    return await git.writeTree({ ...this.#base, tree: [...entries] });
  }

  async writeCommit(raw: Buffer): Promise<string> {
    return await git.writeObject({ ...this.#base, type: 'commit', format: 'content', object: raw });
  }

  /**
   * isomorphic-git overwrites whatever it discovers, so the lease is taken where it tells us what that is.
   * What the server tells people is added to `said`, also when it refuses.
   */
  async push(id: string, expected: string, said: string[], signal: AbortSignal): Promise<void> {
    const { http, url } = this.#options;
    const local = 'refs/towpath/push';
    await git.writeRef({ ...this.#base, ref: local, value: id, force: true });
    await git.push({
      ...this.#base,
      http,
      url,
      ref: local,
      remoteRef: this.ref,
      force: true,
      signal,
      onMessage: (line) => void said.push(line),
      onPrePush: ({ remoteRef }) => remoteRef.oid === expected,
    });
  }

  async close(): Promise<void> {
    this.#cache = {};
    await rm(this.#options.folder, { recursive: true, force: true });
  }

  /** A process that was killed leaves empty objects and refs behind, which isomorphic-git would never write again. */
  async #reset(): Promise<void> {
    const { folder, url, branch } = this.#options;
    this.#cache = {};
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await git.init({ fs, dir: folder, gitdir: folder, bare: true, defaultBranch: branch });
    await git.addRemote({ fs, gitdir: folder, remote: 'origin', url, force: true });
  }

  async #packs(): Promise<number> {
    const names = await readdir(join(this.#options.folder, 'objects', 'pack')).catch(() => []);
    return names.filter((name) => name.endsWith('.pack')).length;
  }
}

export function kindOf({ mode }: RawEntry): TreeEntry['kind'] {
  if (mode === '040000') return 'folder';
  return mode.startsWith('100') ? 'file' : 'other';
}

export function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'NotFoundError';
}

/** By bytes, a folder as if its name ended with a slash. */
function inGitsOrder(one: RawEntry, other: RawEntry): number {
  const key = ({ path, type }: RawEntry): Buffer => Buffer.from(type === 'tree' ? `${path}/` : path);
  return Buffer.compare(key(one), key(other));
}
