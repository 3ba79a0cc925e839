/** Packs of ours, read by native git and isomorphic-git; packs of git's, read by us. */
import { randomBytes, randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import isomorphic from 'isomorphic-git';
import { beforeAll, describe, expect, it } from 'vitest';
import type { PathChange } from '../../src/git/change-tree.ts';
import { parseCommit } from '../../src/git/commit.ts';
import { CommitBuilder } from '../../src/git/commit-builder.ts';
import { objectId } from '../../src/git/object-id.ts';
import { MissingBaseError, PackError, PackReader } from '../../src/git/pack-reader.ts';
import { nativeGit, nativeGitBytes } from '../support/native-git.ts';
import { temporaryFolder } from '../support/temp.ts';

type Files = Record<string, string>;

const at = new Date('2026-03-01T12:00:00Z');
const person = { name: 'Grace', email: 'grace@example.com', at };

// Few names, so that files and folders get into each other's way.
const segment = fc.constantFrom('a', 'a-b', 'a.b', 'b', 'ü');
const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => segments.join('/'));
const content = fc.oneof(fc.string(), fc.string({ minLength: 200, maxLength: 600 }));
const change: fc.Arbitrary<PathChange> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('write' as const), path, content }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete-folder' as const), path }) },
);
const drafts = fc.array(fc.array(change, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 6 });

describe('packs of ours', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await temporaryFolder('packs');
  });

  const bare = async (): Promise<string> => {
    const path = join(folder, randomUUID());
    await nativeGit(['init', '-q', '--bare', '-b', 'main', path]);
    return path;
  };

  it('hold what the changes say, for native git and isomorphic-git alike', async () => {
    await fc.assert(
      fc.asyncProperty(drafts, drafts, async (first, second) => {
        const gitdir = await bare();
        const one = await apply(gitdir, { head: null, files: {}, trees: new Map() }, first);
        const two = await apply(gitdir, one, second);
        if (two.head === null) return;

        await nativeGit(['-C', gitdir, 'update-ref', 'refs/heads/main', two.head]);

        await nativeGit(['-C', gitdir, 'fsck', '--strict', '--full', '--no-dangling']);
        expect(await nativeFiles(gitdir, two.head)).toEqual(two.files);
        expect(await isomorphicFiles(gitdir, two.head)).toEqual(two.files);
      }),
      { numRuns: 15, endOnFailure: true },
    );
  });

  it('chain the deltas of one big tree over hundreds of commits without growing deep or large', async () => {
    const gitdir = await bare();
    const names = Array.from({ length: 1000 }, (_, n) => `deployments/d-${String(n * 7919).padStart(8, '0')}`);
    const start = await apply(gitdir, { head: null, files: {}, trees: new Map() }, [
      names.map((name) => ({ kind: 'write', path: `${name}/x`, content: name })),
    ]);
    const edits = names
      .slice(0, 500)
      .map((name): PathChange[] => [{ kind: 'write', path: `${name}/x`, content: 'new' }]);

    const { head, packBytes } = await apply(gitdir, start, edits);

    await nativeGit(['-C', gitdir, 'update-ref', 'refs/heads/main', head ?? '']);
    await nativeGit(['-C', gitdir, 'fsck', '--strict', '--full', '--no-dangling']);
    // Each of the five hundred trees is over 40 KB.
    expect(packBytes).toBeLessThan(500_000);
    const packs = fs.readdirSync(join(gitdir, 'objects/pack')).filter((file) => file.endsWith('.idx'));
    const depths = await Promise.all(
      packs.map(async (file) => nativeGit(['verify-pack', '-v', join(gitdir, 'objects/pack', file)])),
    );
    const deepest = Math.max(
      ...[...depths.join('').matchAll(/^chain length = (\d+)/gm)].map((match) => Number(match[1])),
    );
    expect(deepest).toBeLessThan(100);
    expect(await nativeFiles(gitdir, head ?? '')).toMatchObject({
      [`${names[3]}/x`]: 'new',
      [`${names[999]}/x`]: names[999],
    });
  });

  it('are the same bytes for the same changes', async () => {
    const build = async () => {
      const builder = new CommitBuilder({ commit: null, tree: null }, () => undefined);
      await builder.add({
        message: 'x\n',
        author: person,
        committer: person,
        changes: [{ kind: 'write', path: 'a/b', content: 'c' }],
      });
      return builder.pack();
    };

    expect(await build()).toEqual(await build());
  });

  it.each(['a/../b', '.git/config', 'a/.GIT/x', 'a//b', '/a', 'a/', 'git~1', '.git ', 'a/./b', 'a\0b'])(
    'never hold the path %j',
    async (path) => {
      const builder = new CommitBuilder({ commit: null, tree: null }, () => undefined);
      const changes: PathChange[] = [{ kind: 'write', path, content: 'x' }];

      await expect(builder.add({ message: 'x', author: person, committer: person, changes })).rejects.toThrow(
        RangeError,
      );
    },
  );
});

describe('packs of git', () => {
  let gitdir: string;
  let objects: Map<string, { type: string; body: Buffer }>;
  beforeAll(async () => {
    gitdir = await temporaryFolder('source');
    await nativeGit(['init', '-q', '--bare', '-b', 'main', gitdir]);
    let state: State = { head: null, files: {}, trees: new Map() };
    const lines = Array.from({ length: 200 }, (_, n) => `line ${n}\n`);
    for (let n = 0; n < 30; n++) {
      lines[n * 5] = `edited ${n}\n`;
      state = await apply(gitdir, state, [
        [
          { kind: 'write', path: `folder/f-${n}`, content: `${n}` },
          { kind: 'write', path: 'long', content: lines.join('') },
        ],
      ]);
    }
    await nativeGit(['-C', gitdir, 'update-ref', 'refs/heads/main', state.head ?? '']);
    await nativeGit(['-C', gitdir, '-c', 'repack.writeBitmaps=false', 'repack', '-adfq', '--depth=50']);
    objects = await allObjects(gitdir);
  });

  const packed = (revisions: string, ...options: string[]): Promise<Buffer> =>
    nativeGitBytes(['-C', gitdir, 'pack-objects', '--revs', '--stdout', '-q', ...options], { input: `${revisions}\n` });

  it.each([
    ['deltas by offset', ['--delta-base-offset']],
    ['deltas by id', []],
  ])('are read whole, with %s, in whatever pieces they come', async (_name, options) => {
    const pack = await packed('main', ...options);

    for (const piece of [1, 7, 1000, pack.length]) expect(read(pack, { piece })).toEqual(objects);
  });

  it('are read over what we hold, where they are thin', async () => {
    const pack = await packed('main\n^main~1', '--thin', '--delta-base-offset');
    const findBase = (id: string) => objects.get(id) as { type: 'blob'; body: Buffer } | undefined;

    const found = read(pack, { findBase });

    expect(found.size).toBeLessThan(6);
    for (const [id, object] of found) expect(object).toEqual(objects.get(id));
    expect(() => read(pack, {})).toThrow(MissingBaseError);
  });

  it('are read without their blobs', async () => {
    const found = read(await packed('main', '--delta-base-offset'), { blobs: false });

    expect(found).toEqual(new Map([...objects].filter(([, { type }]) => type !== 'blob')));
  });

  it('are read over big files that nobody wants, in whatever pieces they come', async () => {
    const gitdir = join(await temporaryFolder('big'), 'repository');
    await nativeGit(['init', '-q', '--bare', '-b', 'main', gitdir]);
    const big = randomBytes(1_500_000);
    const input = Buffer.concat([
      Buffer.from(`blob\nmark :1\ndata ${big.length}\n`),
      big,
      Buffer.from('\nblob\nmark :2\ndata 600000\n'),
      Buffer.alloc(600_000, 'x'),
      Buffer.from(
        '\ncommit refs/heads/main\ncommitter a <a@b> 1 +0000\ndata 1\n.\nM 100644 :1 big\nM 100644 :2 dull\nM 100644 inline small\ndata 5\nsmall\n',
      ),
    ]);
    await nativeGit(['-C', gitdir, 'fast-import', '--quiet'], { input });
    const options = { input: 'main\n' };
    const pack = await nativeGitBytes(['-C', gitdir, 'pack-objects', '--revs', '--stdout', '-q'], options);
    const types = (found: ReturnType<typeof read>) => [...found.values()].map(({ type }) => type).sort();

    for (const piece of [997, 65_536, pack.length]) {
      expect(types(read(pack, { piece, blobs: false }))).toEqual(['commit', 'tree']);
      expect(types(read(pack, { piece, longestBlob: 1000 }))).toEqual(['blob', 'commit', 'tree']);
    }
    const damaged = Buffer.from(pack);
    damaged[700_000] = (damaged[700_000] ?? 0) ^ 0x55;
    expect(() => read(damaged, { blobs: false })).toThrow(PackError);
    expect(() => read(pack.subarray(0, 900_000), { blobs: false })).toThrow(PackError);
  });

  it('are refused when damaged, cut short or something else', async () => {
    const pack = await packed('main', '--delta-base-offset');

    expect(() => read(pack.subarray(0, -30), {})).toThrow(PackError);
    expect(() => read(pack.subarray(0, -3), {})).toThrow(PackError);
    expect(() => read(Buffer.from('<html>'.repeat(10)), {})).toThrow('not a pack');
    for (let at = 12; at < pack.length; at += 997) {
      const damaged = Buffer.from(pack);
      damaged[at] = (damaged[at] ?? 0) ^ 0x55;
      expect(() => read(damaged, {})).toThrow();
    }
  });
});

interface State {
  readonly head: string | null;
  readonly files: Files;
  readonly trees: ReadonlyMap<string, Buffer>;
}

/** Builds the drafts, hands the pack to native git, and applies the same to plain files. */
async function apply(gitdir: string, base: State, drafts: readonly (readonly PathChange[])[]) {
  const { head, trees } = base;
  const files = { ...base.files };
  const tree = head === null ? null : parseCommit(trees.get(head) ?? Buffer.alloc(0)).tree;
  const builder = new CommitBuilder({ commit: head, tree }, (id) => trees.get(id));
  for (const changes of drafts) {
    await builder.add({ message: 'change\n', author: person, committer: person, changes });
    for (const change of changes) applyToFiles(files, change);
  }
  const next = new Map([
    ...trees,
    ...builder.newTrees(),
    ...builder.commits.map(({ id, body }) => [id, body] as const),
  ]);
  for (const [id, body] of builder.newTrees()) expect(objectId('tree', body)).toBe(id);
  const pack = builder.pack();
  if (builder.commits.length > 0) {
    await nativeGit(['-C', gitdir, 'index-pack', '--stdin', '--fix-thin', '--strict'], { input: pack });
  }
  return { head: builder.commits.at(-1)?.id ?? head, files, trees: next, packBytes: pack.length };
}

function applyToFiles(files: Files, change: PathChange): void {
  const below = Object.keys(files).filter((path) => path.startsWith(`${change.path}/`));
  if (change.kind === 'delete') delete files[change.path];
  else for (const path of below) delete files[path];
  if (change.kind !== 'write') return;
  const parents = change.path.split('/').map((_, index, all) => all.slice(0, index).join('/'));
  for (const parent of parents) delete files[parent];
  files[change.path] = String(change.content);
}

async function nativeFiles(gitdir: string, head: string): Promise<Files> {
  const listing = await nativeGit(['-C', gitdir, 'ls-tree', '-r', '-z', head]);
  const objects = await allObjects(gitdir);
  const files: Files = {};
  for (const line of listing.split('\0').filter(Boolean)) {
    const [meta = '', path = ''] = line.split('\t');
    files[path] = objects.get(meta.split(' ')[2] ?? '')?.body.toString() ?? '';
  }
  return files;
}

async function isomorphicFiles(gitdir: string, ref: string): Promise<Files> {
  const cache = {};
  const files: Files = {};
  const walk = async (oid: string, prefix: string): Promise<void> => {
    for (const entry of (await isomorphic.readTree({ fs, gitdir, oid, cache })).tree) {
      if (entry.type === 'tree') await walk(entry.oid, `${prefix}${entry.path}/`);
      else {
        const { blob } = await isomorphic.readBlob({ fs, gitdir, oid: entry.oid, cache });
        files[prefix + entry.path] = Buffer.from(blob).toString();
      }
    }
  };
  await walk(ref, '');
  return files;
}

async function allObjects(gitdir: string): Promise<Map<string, { type: string; body: Buffer }>> {
  const batch = await nativeGitBytes(['-C', gitdir, 'cat-file', '--batch-all-objects', '--batch']);
  const objects = new Map<string, { type: string; body: Buffer }>();
  for (let at = 0; at < batch.length; ) {
    const end = batch.indexOf(10, at);
    const [id = '', type = '', size = '0'] = batch.toString('latin1', at, end).split(' ');
    objects.set(id, { type, body: batch.subarray(end + 1, end + 1 + Number(size)) });
    at = end + 1 + Number(size) + 1;
  }
  return objects;
}

function read(
  pack: Buffer,
  options: {
    readonly piece?: number;
    readonly blobs?: boolean;
    readonly longestBlob?: number;
    readonly findBase?: (id: string) => { type: 'blob'; body: Buffer } | undefined;
  },
): Map<string, { type: string; body: Buffer }> {
  const found = new Map<string, { type: string; body: Buffer }>();
  const reader = new PackReader({
    onObject: (type, id, body) => void found.set(id, { type, body }),
    findBase: options.findBase ?? (() => undefined),
    blobs: options.blobs ?? true,
    ...(options.longestBlob === undefined ? {} : { longestBlob: options.longestBlob }),
  });
  const piece = options.piece ?? pack.length;
  for (let at = 0; at < pack.length; at += piece) reader.feed(pack.subarray(at, at + piece));
  reader.end();
  return found;
}
