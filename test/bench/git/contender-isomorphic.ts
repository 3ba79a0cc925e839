/** isomorphic-git at its best: objects written without a work tree, one cache for all calls. */
import fs from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import git, { type TreeEntry } from 'isomorphic-git';
import http from 'isomorphic-git/http/node';
import { type Contender, type ContenderWorld, messageOf, secondsOf } from './contender.ts';
import { changedDeployment, type File, filesOf } from './deployments.ts';

interface Store {
  readonly fs: typeof fs;
  readonly gitdir: string;
  readonly cache: object;
}

interface Change {
  readonly change: number;
  readonly files: readonly File[];
}

export function isomorphicContender(): Contender {
  let world: ContenderWorld;
  let store: Store;
  return {
    open: async (given) => {
      world = given;
      store = { fs, gitdir: world.mirror, cache: {} };
      await git.addRemote({ ...store, remote: 'origin', url: world.url, force: true });
    },
    changes: async (first, count) => {
      const changes = Array.from({ length: count }, (_, index): Change => {
        const change = first + index;
        return { change, files: filesOf(changedDeployment(change, world.count), change + 1, world.layout) };
      });
      return async () => {
        let head = await git.resolveRef({ ...store, ref: 'refs/heads/main' });
        for (const change of changes) head = await commit(store, head, change);
        await git.writeRef({ ...store, ref: 'refs/heads/main', value: head, force: true });
        await git.push({ ...store, http, remote: 'origin', ref: 'main', remoteRef: 'refs/heads/main' });
      };
    },
    coldStart: async (given) => async () => {
      const gitdir = join(given.scratch, 'cold.git');
      await rm(gitdir, { recursive: true, force: true });
      const cold: Store = { fs, gitdir, cache: {} };
      await git.clone({ ...cold, dir: gitdir, http, url: given.url, depth: 1, singleBranch: true, noCheckout: true });
      const found = await readProvenance(cold, await git.resolveRef({ ...cold, ref: 'HEAD' }));
      if (found !== given.count) throw new Error(`read ${found} of ${given.count}`);
    },
    idle: async () => async () => {
      await git.listServerRefs({ http, url: world.url, prefix: 'refs/heads/main', protocolVersion: 2 });
    },
    close: async () => {},
  };
}

async function commit(store: Store, head: string, { change, files }: Change): Promise<string> {
  const { commit: before } = await git.readCommit({ ...store, oid: head });
  const path = (files[0]?.[0] ?? '').split('/').slice(0, -1);
  const names = new Map(files.map(([file, content]) => [file.split('/').at(-1) ?? '', content]));
  const tree = await replace(store, before.tree, path, names);
  const timestamp = secondsOf(change);
  return await git.writeCommit({
    ...store,
    commit: {
      message: messageOf(change),
      tree,
      parent: [head],
      author: { name: 'Ada', email: 'ada@example.com', timestamp, timezoneOffset: 0 },
      committer: { name: 'Towpath', email: 'towpath@example.com', timestamp, timezoneOffset: 0 },
    },
  });
}

async function replace(
  store: Store,
  tree: string,
  [name, ...rest]: readonly string[],
  files: ReadonlyMap<string, string>,
): Promise<string> {
  const { tree: entries } = await git.readTree({ ...store, oid: tree });
  const changed = await Promise.all(
    entries.map(async (entry): Promise<TreeEntry> => {
      if (name !== undefined) {
        return entry.path === name ? { ...entry, oid: await replace(store, entry.oid, rest, files) } : entry;
      }
      const content = files.get(entry.path);
      if (content === undefined) return entry;
      const { oid } = await git.hashBlob({ object: content });
      if (oid === entry.oid) return entry;
      return { ...entry, oid: await git.writeBlob({ ...store, blob: Buffer.from(content) }) };
    }),
  );
  return await git.writeTree({ ...store, tree: changed });
}

async function readProvenance(store: Store, head: string): Promise<number> {
  const open = [(await git.readCommit({ ...store, oid: head })).commit.tree];
  let found = 0;
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const { tree } = await git.readTree({ ...store, oid: id });
    const own = tree.find(({ path }) => path === 'PROVENANCE');
    if (own) {
      await git.readBlob({ ...store, oid: own.oid });
      found++;
    } else open.push(...tree.filter(({ type }) => type === 'tree').map(({ oid }) => oid));
  }
  return found;
}
