/** Trees that are kept as what they differ in cost little, and are read as if they were whole. */
import { beforeEach, describe, expect, it } from 'vitest';
import { parseCommit } from '../../src/git/commit.ts';
import { CommitBuilder } from '../../src/git/commit-builder.ts';
import { idAtPath, lightenTree } from '../../src/git/light-trees.ts';
import { ObjectStore } from '../../src/git/object-store.ts';

const person = { name: 'Grace', email: 'grace@example.com', at: new Date(0) };

describe('lightenTree', () => {
  let store: ObjectStore;
  let branches: { readonly commit: string; readonly tree: string; readonly wholes: ReadonlyMap<string, Buffer> }[];
  let base: { commit: string; tree: string };
  let before: number;

  beforeEach(async () => {
    store = new ObjectStore();
    branches = [];
    const write = (path: string, content = path) => ({ kind: 'write' as const, path, content });
    const first = new CommitBuilder({ commit: null, tree: null }, (id) => store.get(id));
    const changes = Array.from({ length: 3000 }, (_, n) => write(`deployments/d-${n}/x`));
    const commit = (await first.add({ message: 'base', author: person, committer: person, changes })) ?? '';
    base = { commit, tree: first.tree };
    for (const [id, raw] of first.newTrees()) store.put(id, raw);
    for (const { id, body } of first.commits) store.put(id, body);
    before = store.bytes;
    const builder = new CommitBuilder(base, (id) => store.get(id));
    for (let n = 0; n < 50; n++) {
      builder.restart();
      const mine = [write(`deployments/d-${n}/x`, 'new'), write(`deployments/e-${n}/x`)];
      const made = (await builder.add({ message: `${n}`, author: person, committer: person, changes: mine })) ?? '';
      branches.push({ commit: made, tree: builder.tree, wholes: new Map(builder.newTrees()) });
    }
    for (const { wholes } of branches) for (const [id, raw] of wholes) store.put(id, raw);
    for (const { id, body } of builder.commits) store.put(id, body);
  });

  it('keeps fifty branches of a big folder in the space of one, and gives the same bytes', () => {
    for (const { tree } of branches) lightenTree(store, tree, base.tree);

    expect(store.bytes).toBeLessThan(before + 100_000);
    for (const { wholes } of branches) for (const [id, raw] of wholes) expect(store.get(id)?.equals(raw)).toBe(true);
  });

  it('finds what each branch holds, and what it does not', () => {
    const [first, second] = branches.map(({ tree }) => tree) as [string, string];
    const inBase = (path: string) => idAtPath(store, base.tree, path);

    expect(idAtPath(store, first, 'deployments/d-0/x')).not.toBe(inBase('deployments/d-0/x'));
    expect(idAtPath(store, second, 'deployments/d-0/x')).toBe(inBase('deployments/d-0/x'));
    expect(idAtPath(store, first, 'deployments/e-0')).not.toBeNull();
    expect(idAtPath(store, first, 'deployments/e-1')).toBeNull();
    expect(idAtPath(store, first, 'deployments/e-0/x/y')).toBeNull();
    expect(idAtPath(store, first, '')).toBe(first);
  });

  it('stays readable when the tree that it is kept over is let go', () => {
    const [kept] = branches.slice(-1);

    store.sweep([kept?.commit ?? '']);

    expect(store.has(base.tree)).toBe(false);
    const { tree } = parseCommit(store.get(kept?.commit ?? '') ?? Buffer.alloc(0));
    expect(idAtPath(store, tree, 'deployments/d-2999/x')).not.toBeNull();
    expect(idAtPath(store, tree, 'deployments/e-49/x')).not.toBeNull();
  });
});
