/** Which paths each commit changed, worked out once for many questions: a restart may ask about a thousand folders. */
import type { ParsedCommit } from '../../git/commit.ts';
import { emptyTree } from '../../git/object-id.ts';
import { type Entry, folderMode } from '../../git/tree.ts';
import { diffTrees } from '../../git/tree-diff.ts';

/** Hands over trees by id and may let them go afterwards. */
type ReadTrees = (ids: ReadonlySet<string>) => Promise<ReadonlyMap<string, Buffer>>;

/** A folder that is on both sides, but not the same. */
interface OpenFolder {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

/** One commit against one parent, as deep as anybody has asked. */
interface Comparison {
  /** Paths that changed; `whole`: came, went or changed kind, so that all below changed with it. */
  readonly paths: Map<string, 'inside' | 'whole'>;
  open: readonly OpenFolder[];
  depth: number;
}

// Two versions of a big folder for each: a flat one of ten thousand deployments has 600 KB.
const comparisonsAtOnce = 32;
const mostCommits = 20_000;

export class ChangeIndex {
  readonly #comparisons = new Map<string, readonly Comparison[]>();

  /** Makes sure that `answer` knows these commits down to the path's depth. `treeOf` knows their parents, too. */
  async learn(
    commits: ReadonlyMap<string, ParsedCommit>,
    treeOf: (commit: string) => string | undefined,
    depth: number,
    readTrees: ReadTrees,
  ): Promise<void> {
    if (this.#comparisons.size > mostCommits) this.#comparisons.clear();
    for (const [id, commit] of commits) {
      if (!this.#comparisons.has(id)) this.#comparisons.set(id, begin(commit, treeOf));
    }
    const all = [...commits.keys()].flatMap((id) => this.#comparisons.get(id) ?? []);
    for (let level = 0; level < depth; level++) {
      await deepen(
        all.filter((comparison) => comparison.depth === level),
        readTrees,
      );
    }
  }

  /** `maybe`: something above the path came or went, and only the trees tell whether the path was in it. */
  answer(commit: string, path: string): 'yes' | 'no' | 'maybe' {
    const answers = (this.#comparisons.get(commit) ?? []).map((comparison) => answerOf(comparison, path));
    // A merge changed what differs from every parent.
    if (answers.includes('no')) return 'no';
    return answers.includes('maybe') ? 'maybe' : 'yes';
  }
}

function begin(commit: ParsedCommit, treeOf: (commit: string) => string | undefined): readonly Comparison[] {
  const befores =
    commit.parents.length === 0 ? [emptyTree] : commit.parents.map((parent) => treeOf(parent) ?? emptyTree);
  return befores.map((before) => ({
    paths: new Map(),
    open: before === commit.tree ? [] : [{ path: '', before, after: commit.tree }],
    depth: 0,
  }));
}

async function deepen(comparisons: readonly Comparison[], readTrees: ReadTrees): Promise<void> {
  for (let at = 0; at < comparisons.length; at += comparisonsAtOnce) {
    const portion = comparisons.slice(at, at + comparisonsAtOnce);
    const ids = portion.flatMap(({ open }) => open.flatMap(({ before, after }) => [before, after]));
    const trees = await readTrees(new Set(ids.filter((id) => id !== emptyTree)));
    for (const comparison of portion) {
      comparison.open = comparison.open.flatMap((folder) => compare(folder, comparison, trees));
      comparison.depth++;
    }
  }
}

const noEntries = Buffer.alloc(0);

/** Notes what differs in a folder; answers the sub-folders that are to be looked into next. */
function compare(folder: OpenFolder, { paths }: Comparison, trees: ReadonlyMap<string, Buffer>): OpenFolder[] {
  const changes = diffTrees(trees.get(folder.before) ?? noEntries, trees.get(folder.after) ?? noEntries);
  return changes.flatMap(({ name, before, after }) => {
    const path = folder.path === '' ? name : `${folder.path}/${name}`;
    const both = isFolder(before) && isFolder(after);
    paths.set(path, both ? 'inside' : 'whole');
    return both ? [{ path, before: before.id, after: after.id }] : [];
  });
}

function isFolder(entry: Entry | null): entry is Entry {
  return entry?.mode === folderMode;
}

function answerOf({ paths, open }: Comparison, path: string): 'yes' | 'no' | 'maybe' {
  if (paths.has(path)) return 'yes';
  for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
    const above = path.slice(0, slash);
    if (paths.get(above) === 'whole') return 'maybe';
    if (open.some((folder) => folder.path === above)) return 'maybe';
  }
  return 'no';
}
