/** Which commits lie between two, and which of them touched a path, read from a bare clone. */
import type { ParsedCommit } from '../../../git/commit.ts';
import type { FileAt } from '../../../ports.ts';
import type { BareClone } from './clone.ts';
import { idAtPath } from './trees.ts';

export type Commits = ReadonlyMap<string, ParsedCommit>;

/** What `head` has and `since` has not; null where `head` does not descend from it. */
export async function commitsBetween(clone: BareClone, head: string, since: string): Promise<Commits | null> {
  if (head === since) return new Map();
  const line = await commitsBelow(clone, head, (id) => id === since);
  if (![...line.values()].some(({ parents }) => parents.includes(since))) return null;
  // On a straight line the way down ends at `since`; beside a merge it goes round it, into what `since` has as well.
  if ([...line.values()].every(({ parents }) => parents.length <= 1)) return line;
  const old = await commitsBelow(clone, since, () => false);
  return new Map([...line].filter(([id]) => !old.has(id)));
}

export async function commitsSince(clone: BareClone, head: string, after: Date): Promise<Commits> {
  const all = await commitsBelow(clone, head, () => false);
  return new Map([...all].filter(([, commit]) => commit.committer.at >= after));
}

/** Those after which the path held something else than after any of their parents. */
export async function commitsTouching(clone: BareClone, commits: Commits, path: string): Promise<Commits> {
  if (path === '') return commits;
  const known = new Map<string, string | null>();
  const at = async (tree: string): Promise<string | null> => {
    const found = known.get(tree);
    if (found !== undefined) return found;
    const read = await idAtPath(clone, tree, path);
    known.set(tree, read);
    return read;
  };
  const touching = new Map<string, ParsedCommit>();
  for (const [id, commit] of commits) {
    const after = await at(commit.tree);
    const before: (string | null)[] = [];
    for (const parent of commit.parents) {
      before.push(await at((commits.get(parent) ?? (await clone.readCommit(parent))).tree));
    }
    if (before.length === 0 ? after !== null : before.every((one) => one !== after)) touching.set(id, commit);
  }
  return touching;
}

/** Every file below a folder, by its path from there; none where it is no folder. */
export async function filesOfFolder(clone: BareClone, commit: string, folder: string): Promise<readonly FileAt[]> {
  let id = (await clone.readCommit(commit)).tree;
  for (const segment of folder.split('/')) {
    const entry = (await clone.readTree(id)).find(({ path, type }) => path === segment && type === 'tree');
    if (entry === undefined) return [];
    id = entry.oid;
  }
  return filesIn(clone, id, '');
}

async function filesIn(clone: BareClone, tree: string, prefix: string): Promise<readonly FileAt[]> {
  const files: FileAt[] = [];
  for (const { path, type, oid } of await clone.readTree(tree)) {
    if (type === 'tree') files.push(...(await filesIn(clone, oid, `${prefix}${path}/`)));
    else files.push({ path: `${prefix}${path}`, id: oid as FileAt['id'] });
  }
  return files;
}

async function commitsBelow(
  clone: BareClone,
  head: string,
  stop: (id: string) => boolean,
): Promise<Map<string, ParsedCommit>> {
  const found = new Map<string, ParsedCommit>();
  const open = [head];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (found.has(id) || stop(id)) continue;
    const commit = await clone.readCommit(id);
    found.set(id, commit);
    open.push(...commit.parents);
  }
  return found;
}
