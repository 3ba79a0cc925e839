/** Merging trees by path agrees with merging their files one by one, and native git takes what comes of it. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type BuildBase, CommitBuilder } from '../../src/git/commit-builder.ts';
import { buildMergeCommit, emptyPack, type MergeCommit } from '../../src/git/merge-commit.ts';
import { type Files, mergeFiles } from '../support/memory-files.ts';
import { nativeGit } from '../support/native-git.ts';
import { temporaryFolder } from '../support/temp.ts';

const person = { name: 'Grace', email: 'grace@example.com', at: new Date(0) };
const path = fc.constantFrom('a', 'a/1', 'a/2', 'a/b/1', 'c/1', 'c/2', 'd');
const content = fc.constantFrom('one\n', 'two\n', 'three\n');
const files = fc.uniqueArray(fc.tuple(path, content), { maxLength: 5, selector: ([name]) => name });
const edits = fc.uniqueArray(fc.tuple(path, fc.option(content, { nil: null })), {
  maxLength: 3,
  selector: ([name]) => name,
});

type Edits = readonly (readonly [string, string | null])[];

describe('mergeTrees', () => {
  let folder = '';
  const git = (...args: readonly string[]) => nativeGit(['-C', folder, ...args]);
  const objects = new Map<string, Buffer>();
  beforeAll(async () => {
    folder = await temporaryFolder('merge-trees');
    await nativeGit(['init', '-q', '--bare', folder]);
  });

  const take = async (pack: Buffer, made: Iterable<readonly [string, Buffer]>): Promise<void> => {
    for (const [id, body] of made) objects.set(id, body);
    if (!pack.equals(emptyPack())) {
      await nativeGit(['-C', folder, 'index-pack', '--stdin', '--fix-thin', '--strict'], { input: pack });
    }
  };
  /** Null where the edits change nothing. */
  const commitOn = async (base: BuildBase, changes: Edits): Promise<BuildBase | null> => {
    const builder = new CommitBuilder(base, (id) => objects.get(id));
    const list = changes.map(([at, text]) =>
      text === null ? { kind: 'delete' as const, path: at } : { kind: 'write' as const, path: at, content: text },
    );
    const commit = await builder.add({ message: 'edit', author: person, committer: person, changes: list });
    if (commit === null) return null;
    await take(builder.pack(), [...builder.newTrees(), ...builder.commits.map(({ id, body }) => [id, body] as const)]);
    return { commit, tree: builder.tree };
  };
  const mergeOf = async (base: BuildBase, ours: BuildBase, theirs: BuildBase): Promise<MergeCommit> => {
    const parents = [ours.commit ?? '', theirs.commit ?? ''];
    const trees = { base: base.tree, ours: ours.tree, theirs: theirs.tree };
    const request = { parents, author: person, committer: person, message: 'merge', trees };
    return buildMergeCommit(request, (id) => objects.get(id));
  };
  const filesOf = async (commit: string | null): Promise<Files> => {
    const lines = (await git('ls-tree', '-r', commit ?? '')).split('\n').filter(Boolean);
    return new Map(lines.map((line) => [line.slice(line.indexOf('\t') + 1), line.split(/[ \t]/)[2] ?? '']));
  };

  it('holds the same files as merging them one by one, and finds the same conflicts', async () => {
    await fc.assert(
      fc.asyncProperty(files, edits, edits, async (begin, mine, yours) => {
        const base = await commitOn({ commit: null, tree: null }, [['keep', 'k'], ...begin]);
        const ours = base && ((await commitOn(base, mine)) ?? base);
        const theirs = base && ((await commitOn(base, yours)) ?? base);
        if (!base || !ours || !theirs) throw new Error('a first commit always holds something');
        const sides = [filesOf(base.commit), filesOf(ours.commit), filesOf(theirs.commit)] as const;
        const expected = mergeFiles(...(await Promise.all(sides)));
        const both = [...expected.files.keys()].filter((name) =>
          [...expected.files.keys()].some((other) => other.startsWith(`${name}/`)),
        );

        const merge = await mergeOf(base, ours, theirs);

        if (merge.kind === 'conflict') {
          expect(merge.paths.length).toBeGreaterThan(0);
          expect([...expected.conflicts, ...both]).not.toEqual([]);
          return;
        }
        expect([...expected.conflicts, ...both]).toEqual([]);
        await take(merge.pack, merge.objects);
        expect(await filesOf(merge.id)).toEqual(new Map([...expected.files].sort()));
      }),
      { numRuns: 25, endOnFailure: true },
    );
  });
});
