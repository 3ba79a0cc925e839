/** Brings heads with all their trees into the store, and from the server only what is lacking. */
import { parseCommit } from './commit.ts';
import { emptyTree } from './object-id.ts';
import type { ObjectStore } from './object-store.ts';
import { MissingBaseError, PackError } from './pack-reader.ts';
import { forEachFolder } from './tree.ts';
import type { FetchRequest, UploadPack } from './upload-pack.ts';

interface Fetch {
  readonly upload: UploadPack;
  /** Each tree in it is whole: all folders below it are in it too. */
  readonly objects: ObjectStore;
  /** Commits in the store with all their trees: the last head that was read, branches that may be merged by now. */
  readonly held: readonly string[];
  readonly signal?: AbortSignal;
  /** Told of files no longer than `longest` where the server has no filters, and sends them all the same. */
  readonly passing?: { readonly longest: number; readonly put: (id: string, body: Buffer) => void };
}

interface HeadFetch extends Fetch {
  readonly head: string;
}

interface TipsFetch extends Fetch {
  readonly tips: readonly string[];
}

/** A commit may be held without its trees: those in the middle of a push of ours are. */
export function holdsHead(objects: ObjectStore, head: string): boolean {
  const commit = objects.get(head);
  return commit !== undefined && objects.has(parseCommit(commit).tree);
}

export async function fetchHead(fetch: HeadFetch): Promise<void> {
  // Nothing held, history rewritten, or we have let go of something that the server counts on: all anew.
  if (await fetchOver(fetch, { wants: [fetch.head], filter: 'blob:none', done: false })) return;
  // Without filters all anew is all that there is: only what the held ones lack.
  const { filter } = await fetch.upload.abilities(fetch.signal);
  await fetchTips({ ...fetch, held: filter ? [] : fetch.held, tips: [fetch.head] });
}

/** Just these commits and their trees, whatever they descend from. */
export async function fetchTips(fetch: TipsFetch): Promise<void> {
  const request = { wants: fetch.tips, depth: 1, filter: 'blob:none', done: true } as const;
  if ((await fetchOver(fetch, request)) || (await fetchTrees(fetch, request))) return;
  const [tip = '', ...others] = fetch.tips;
  const more = others.length > 0 ? ` and ${others.length} more` : '';
  throw new PackError(`the server sent commit ${tip}${more} without all their trees`);
}

/** Only what the held commits lack; false where the server cannot tell. */
async function fetchOver(fetch: Fetch, request: FetchRequest): Promise<boolean> {
  if (fetch.held.length === 0) return false;
  // The server may count on no more than the held commits themselves: what is above them may have been swept.
  const known = { haves: fetch.held, shallow: fetch.held, thin: true };
  try {
    return await fetchTrees(fetch, { ...request, ...known });
  } catch (error) {
    if (error instanceof MissingBaseError) return false;
    throw error;
  }
}

/** Takes the answer in only once it has come whole, so that the store never holds half a tree. */
async function fetchTrees({ upload, objects, signal, passing }: Fetch, request: FetchRequest): Promise<boolean> {
  const staged = new Map<string, Buffer>();
  const keeps = passing !== undefined && !(await upload.abilities(signal)).filter;
  const sink = {
    onObject: (type: string, id: string, body: Buffer): void => {
      if (type === 'blob') passing?.put(id, body);
      else staged.set(id, body);
    },
    findBase: (id: string) => baseOf(objects.get(id)),
    blobs: keeps,
    longestBlob: passing?.longest ?? 0,
  };
  const { packed } = await upload.fetch(request, sink, signal);
  const lacksWanted = request.wants.some((id) => !staged.has(id) && !objects.has(id));
  if (!packed || lacksWanted || !isWhole(staged, objects)) return false;
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
