/** Brings a head with all its trees into the store, and from the server only what is lacking. */
import { parseCommit } from './commit.ts';
import { emptyTree } from './object-id.ts';
import type { ObjectStore } from './object-store.ts';
import { MissingBaseError, PackError } from './pack-reader.ts';
import { forEachFolder } from './tree.ts';
import type { FetchRequest, UploadPack } from './upload-pack.ts';

export interface HeadFetch {
  readonly upload: UploadPack;
  /** Each tree in it is whole: all folders below it are in it too. */
  readonly objects: ObjectStore;
  /** A commit in the store, the last head that was read. */
  readonly held: string | null;
  readonly head: string;
  readonly signal?: AbortSignal;
}

/** A commit may be held without its trees: those in the middle of a push of ours are. */
export function holdsHead(objects: ObjectStore, head: string): boolean {
  const commit = objects.get(head);
  return commit !== undefined && objects.has(parseCommit(commit).tree);
}

export async function fetchHead(fetch: HeadFetch): Promise<void> {
  if (fetch.held !== null && (await fetchOnTop(fetch, fetch.held))) return;
  // Nothing held, history rewritten, or we have let go of something that the server counts on: all anew.
  const whole = await fetchTrees(fetch, { wants: [fetch.head], depth: 1, filter: 'blob:none', done: true });
  if (!whole) throw new PackError(`the server sent commit ${fetch.head} without all its trees`);
}

/** False where the head does not descend from `held`. */
async function fetchOnTop(fetch: HeadFetch, held: string): Promise<boolean> {
  // The server may count on no more than the held commit itself: what is above it may have been swept.
  const known = { haves: [held], shallow: [held], thin: true };
  try {
    return await fetchTrees(fetch, { wants: [fetch.head], ...known, filter: 'blob:none', done: false });
  } catch (error) {
    if (error instanceof MissingBaseError) return false;
    throw error;
  }
}

/** Takes the answer in only once it has come whole, so that the store never holds half a tree. */
async function fetchTrees({ upload, objects, head, signal }: HeadFetch, request: FetchRequest): Promise<boolean> {
  const staged = new Map<string, Buffer>();
  const sink = {
    onObject: (_type: string, id: string, body: Buffer) => void staged.set(id, body),
    findBase: (id: string) => baseOf(objects.get(id)),
    blobs: false,
  };
  const { packed } = await upload.fetch(request, sink, signal);
  if (!packed || !staged.has(head) || !isWhole(staged, objects)) return false;
  for (const [id, body] of staged) objects.put(id, body);
  return true;
}

function isWhole(staged: ReadonlyMap<string, Buffer>, objects: ObjectStore): boolean {
  let whole = true;
  const need = (tree: string): void => {
    whole &&= staged.has(tree) || objects.has(tree) || tree === emptyTree;
  };
  for (const body of staged.values()) {
    if (isCommit(body)) need(parseCommit(body).tree);
    else forEachFolder(body, need);
  }
  return whole;
}

function baseOf(body: Buffer | undefined): { readonly type: 'commit' | 'tree'; readonly body: Buffer } | undefined {
  return body && { type: isCommit(body) ? 'commit' : 'tree', body };
}

/** A tree begins with the digits of a mode. */
function isCommit(body: Buffer): boolean {
  return body[0] === 0x74;
}
