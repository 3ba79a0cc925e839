/** A repository whose server may speak only git's old protocol: found out at the first look, and then read by other means. */
import { OldProtocolError } from '../../git/transport.ts';
import type { CommitDraft, Repository, Snapshot } from '../../ports.ts';

type Blobs = Parameters<Repository['readBlobs']>[0];
type Commit = Parameters<Repository['history']>[1];

interface OldProtocolOptions {
  readonly first: Repository;
  /** Opened only where it is needed. */
  readonly openSecond: () => Promise<Repository>;
  /** Called once. */
  readonly onOldProtocol: () => void;
}

export class EitherRepository implements Repository {
  readonly url: string;
  readonly branch: string;
  readonly #options: OldProtocolOptions;
  #current: Repository;
  #second: Promise<Repository> | null = null;

  constructor(options: OldProtocolOptions) {
    this.url = options.first.url;
    this.branch = options.first.branch;
    this.#options = options;
    this.#current = options.first;
  }

  /** Every pass begins with it. */
  async head(): ReturnType<Repository['head']> {
    try {
      return await this.#current.head();
    } catch (error) {
      if (this.#current !== this.#options.first || !isOldProtocol(error)) throw error;
      this.#second ??= this.#openSecond();
      this.#current = await this.#second;
      return this.#current.head();
    }
  }

  async snapshot(head: Commit | null): Promise<Snapshot> {
    return this.#current.snapshot(head);
  }

  async readBlobs(ids: Blobs): ReturnType<Repository['readBlobs']> {
    return this.#current.readBlobs(ids);
  }

  async history(snapshot: Snapshot, since: Commit, path: string): ReturnType<Repository['history']> {
    return this.#current.history(snapshot, since, path);
  }

  async recent(snapshot: Snapshot, after: Date, path: string): ReturnType<Repository['recent']> {
    return this.#current.recent(snapshot, after, path);
  }

  async filesAt(commits: readonly Commit[], folder: string): ReturnType<Repository['filesAt']> {
    return this.#current.filesAt(commits, folder);
  }

  async publish(snapshot: Snapshot, drafts: readonly CommitDraft[]): ReturnType<Repository['publish']> {
    return this.#current.publish(snapshot, drafts);
  }

  async close(): Promise<void> {
    const second = await this.#second?.catch(() => null);
    await Promise.all([this.#options.first.close(), second?.close()]);
  }

  async #openSecond(): Promise<Repository> {
    const second = await this.#options.openSecond();
    this.#options.onOldProtocol();
    return second;
  }
}

function isOldProtocol(error: unknown): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current instanceof OldProtocolError) return true;
  }
  return false;
}
