/** Objects asked for by their ids, and, where a server lets only branches be asked for, picked out of what those hold. */
import type { ObjectType } from '../../git/object-id.ts';
import { PackError } from '../../git/pack-reader.ts';
import { type FetchRequest, isRefusedWant, type UploadPack } from '../../git/upload-pack.ts';
import { longestKept, type PassingBlobs } from './passing-blobs.ts';

interface ObjectsByIdOptions {
  readonly upload: UploadPack;
  readonly passing: PassingBlobs;
  /** What the server's branches of ours stand at right now. */
  readonly tips: (signal: AbortSignal) => Promise<readonly string[]>;
  /** Commits that are held with all their trees. */
  readonly held: () => readonly string[];
}

type Kind = Exclude<ObjectType, 'tag'>;

/** Of what is picked out; a file that is asked for by its id may be longer. */
const longestPicked = 8 * 1024 * 1024;
const recentCommits = 200;

export class ObjectsById {
  readonly #options: ObjectsByIdOptions;
  #isRefused = false;

  constructor(options: ObjectsByIdOptions) {
    this.#options = options;
  }

  /** All of them, or a PackError. Of a commit or a tree it is only itself that comes. */
  async read(kind: Kind, ids: ReadonlySet<string>, signal: AbortSignal): Promise<ReadonlyMap<string, Buffer>> {
    const found = new Map<string, Buffer>();
    if (kind === 'blob') for (const id of ids) this.#takePassing(id, found);
    const lacking = (): readonly string[] => [...ids].filter((id) => !found.has(id));
    if (lacking().length > 0 && !this.#isRefused) await this.#ask(kind, lacking(), found, signal);
    // JGit takes "no trees" for "not even those that were asked for".
    if (lacking().length > 0 && kind === 'tree' && !this.#isRefused)
      await this.#ask('tree', lacking(), found, signal, 'blob:none');
    if (lacking().length > 0 && this.#isRefused) await this.#pick(kind, lacking, found, signal);
    const [missing] = lacking();
    if (missing !== undefined) throw new PackError(`the server did not send ${kind} ${missing}${this.#advice}`);
    return found;
  }

  get #advice(): string {
    if (!this.#isRefused) return '';
    return '; let objects be asked for by their ids (uploadpack.allowReachableSHA1InWant in its configuration)';
  }

  #takePassing(id: string, found: Map<string, Buffer>): void {
    const body = this.#options.passing.get(id);
    if (body) found.set(id, body);
  }

  async #ask(
    kind: Kind,
    wants: readonly string[],
    found: Map<string, Buffer>,
    signal: AbortSignal,
    filter: 'tree:0' | 'blob:none' = 'tree:0',
  ): Promise<void> {
    const depth = kind === 'commit' ? { depth: 1 } : {};
    const request = kind === 'blob' ? { wants, done: true } : { wants, filter, ...depth, done: true };
    try {
      await this.#fetch(kind, { ...request, beyond: kind === 'blob' ? [] : this.#options.held() }, found, signal);
    } catch (error) {
      if (!isRefusedWant(error)) throw error;
      this.#isRefused = true;
    }
  }

  /** The newest first, and each round only what the ones before did not bring. */
  async #pick(
    kind: Kind,
    lacking: () => readonly string[],
    found: Map<string, Buffer>,
    signal: AbortSignal,
  ): Promise<void> {
    const { upload, tips, held } = this.#options;
    const { filter } = await upload.abilities(signal);
    const wants = await tips(signal);
    const beyond = held().filter((id) => wants.includes(id));
    const now = kind === 'blob' ? [{ depth: 1 }] : [];
    const past = [
      { depth: recentCommits, beyond },
      { depth: allCommits, beyond },
    ];
    // Without filters the small files of now have passed by already, so one that is lacking is of the past.
    const rounds: readonly Partial<FetchRequest>[] =
      filter || beyond.length === 0 ? [...now, ...past] : [...past.slice(0, 1), ...now, ...past.slice(1)];
    for (const round of rounds) {
      if (lacking().length === 0 || wants.length === 0) return;
      const sparing = kind === 'blob' ? (`blob:limit=${longestPicked}` as const) : 'blob:none';
      await this.#fetch(kind, { wants, filter: sparing, done: true, ...round }, found, signal, new Set(lacking()));
    }
  }

  async #fetch(
    kind: Kind,
    request: FetchRequest,
    found: Map<string, Buffer>,
    signal: AbortSignal,
    picked?: ReadonlySet<string>,
  ): Promise<void> {
    const { upload, passing } = this.#options;
    const asked = picked ?? new Set(request.wants);
    const onObject = (type: ObjectType, id: string, body: Buffer): void => {
      if (asked.has(id)) found.set(id, picked ? Buffer.from(body) : body);
      else if (type === 'blob' && body.length <= longestKept) passing.put(id, body);
    };
    const blobs =
      kind === 'blob' ? { blobs: true, ...(picked ? { longestBlob: longestPicked } : {}) } : { blobs: false };
    await upload.fetch(request, { onObject, findBase: () => undefined, ...blobs }, signal);
  }
}

/** Git's own word for "as deep as it goes". */
const allCommits = 2_147_483_647;
