/** The object store lets go of what no head needs, and of nothing else. */
import { describe, expect, it } from 'vitest';
import { CommitBuilder } from '../../src/git/commit-builder.ts';
import { ObjectStore } from '../../src/git/object-store.ts';

const person = { name: 'Grace', email: 'grace@example.com', at: new Date(0) };

/** A store with a line of commits, each with all its trees. */
async function line(count: number): Promise<{ store: ObjectStore; commits: string[] }> {
  const store = new ObjectStore();
  const commits: string[] = [];
  let base: { commit: string | null; tree: string | null } = { commit: null, tree: null };
  for (let n = 0; n < count; n++) {
    const builder = new CommitBuilder(base, (id) => store.get(id));
    const changes = [{ kind: 'write' as const, path: `a/${n}/x`, content: `${n}` }];
    await builder.add({ message: `${n}`, author: person, committer: person, changes });
    for (const [id, raw] of builder.newTrees()) store.put(id, raw);
    for (const { id, body } of builder.commits) {
      store.put(id, body);
      commits.push(id);
    }
    base = { commit: commits.at(-1) ?? null, tree: builder.tree };
  }
  return { store, commits };
}

describe('ObjectStore', () => {
  it('keeps what the given heads need and forgets the rest', async () => {
    const { store, commits } = await line(10);
    const [first = '', , , fourth = ''] = commits;
    const newest = commits.at(-1) ?? '';

    store.sweep([newest, fourth]);

    expect(store.has(newest)).toBe(true);
    expect(store.has(fourth)).toBe(true);
    expect(store.has(first)).toBe(false);
    // Each head: itself, its root, "a" and its folders; the first four folders are shared.
    expect(store.count).toBe(3 + 10 + 3);
  });

  it('asks for a sweep only after it has doubled', async () => {
    const { store, commits } = await line(5);
    store.sweep(commits.slice(-1));
    const { bytes } = store;

    expect(store.isDueForSweep(0)).toBe(false);
    store.put('1'.repeat(40), Buffer.alloc(bytes + 1));
    expect(store.isDueForSweep(0)).toBe(true);
    expect(store.isDueForSweep(100)).toBe(false);
  });

  it('holds no memory but that of the objects themselves', async () => {
    const { store, commits } = await line(20);

    // Small buffers come from Node's pool: each would hold on to eight kilobytes of it.
    for (const id of commits) expect(store.get(id)?.buffer.byteLength).toBe(store.get(id)?.length);
  });
});
