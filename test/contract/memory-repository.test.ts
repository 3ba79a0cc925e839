/** The memory repository answers as real git does: what tests learn from it holds of the real one. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { GitRepository } from '../../src/adapters/repository/repository.ts';
import { repoPath } from '../../src/domain/file-tree.ts';
import type { BlobId, CommitId } from '../../src/domain/identifiers.ts';
import { HttpTransport } from '../../src/git/http-transport.ts';
import type { Repository, Snapshot } from '../../src/ports.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import { memoryRemote, memoryRepository } from '../support/memory-repository.ts';
import { draft } from './repository.ts';

let server: GitServer;
let count = 0;
beforeAll(async () => {
  server = await startGitServer();
});
afterAll(() => server.close());

const path = fc.constantFrom('a/1', 'a/2', 'a/b/1', 'c/1', 'c/d/e', 'z');
const write = fc.tuple(path, fc.constantFrom('one\n', 'two\n', 'ünï\n'));
const operation = fc.record({
  who: fc.constantFrom('us' as const, 'them' as const, 'both' as const),
  writes: fc.array(write, { minLength: 1, maxLength: 3 }),
  gone: fc.option(fc.constantFrom('a/', 'a/b/', 'c/'), { nil: null }),
});

it('holds, lists, remembers and refuses the same', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 2, maxLength: 6 }), async (operations) => {
      const real = await server.repository(`twin-${count++}`);
      const memory = memoryRemote();
      const twins = [
        new GitRepository({ branch: 'main', transport: new HttpTransport({ url: real.url }) }),
        memoryRepository(memory),
      ];
      const theirs = async (files: Readonly<Record<string, string>>, message: string): Promise<void> => {
        await real.seed(files, { message });
        const changes = Object.entries(files).map(([file, content]) => ({
          kind: 'write' as const,
          path: repoPath(file),
          content,
        }));
        memory.commit(message, changes);
      };
      const commits: (readonly CommitId[])[] = [];

      for (const [index, { who, writes, gone }] of operations.entries()) {
        // Every commit changes something: an empty one is refused by real git.
        const files = { ...Object.fromEntries(writes), marker: `${index}\n` };
        const snapshots = await Promise.all(twins.map(latest));
        if (who !== 'us') await theirs({ ...files, marker: `their ${index}\n` }, `theirs ${index}`);
        if (who !== 'them') {
          const ours = draft(`ours ${index}`, { ...(gone ? { [gone]: null } : {}), ...files }, new Date());
          const outcomes = await Promise.all(twins.map((twin, at) => twin.publish(snapshots[at] as Snapshot, [ours])));
          expect(outcomes[1]?.kind).toBe(outcomes[0]?.kind);
        }
        commits.push(await Promise.all(twins.map(async (twin) => (await twin.head()) as CommitId)));
      }

      const since = commits[0] ?? [];
      const [one, other] = await Promise.all(twins.map((twin, at) => look(twin, since[at] as CommitId)));
      expect(other).toEqual(one);
      await Promise.all(twins.map((twin) => twin.close()));
    }),
    { numRuns: 5, endOnFailure: true },
  );
});

async function latest(repository: Repository): Promise<Snapshot> {
  return repository.snapshot(await repository.head());
}

/** Everything that can be asked, but commit ids: those differ by who made them. */
async function look(repository: Repository, since: CommitId) {
  const snapshot = await latest(repository);
  const files = filesIn(snapshot, '');
  const blobs = await repository.readBlobs([...new Set(files.map(([, id]) => id as BlobId))]);
  const asked = ['', 'a', 'a/b', 'c', 'nowhere'];
  const histories = [];
  for (const each of asked) {
    const history = await repository.history(snapshot, since, each);
    const recent = await repository.recent(snapshot, new Date(Date.now() - 3_600_000), each);
    histories.push([
      each,
      history.kind === 'descends' ? history.commits.map((commit) => commit.subject) : history.kind,
      recent.map((commit) => commit.subject),
    ]);
  }
  return {
    files: files.map(([file, id]) => [file, id, blobs.get(id as BlobId)?.toString()]),
    missing: [snapshot.list('nowhere'), snapshot.list('marker'), snapshot.idAt('marker/x')],
    histories,
    rewritten: await repository.history(snapshot, '1'.repeat(40) as CommitId, ''),
  };
}

function filesIn(snapshot: Snapshot, folder: string): readonly (readonly [string, string])[] {
  return (snapshot.list(folder) ?? []).flatMap((entry) => {
    const at = folder === '' ? entry.name : `${folder}/${entry.name}`;
    return entry.kind === 'folder' ? filesIn(snapshot, at) : [[at, entry.id] as const];
  });
}
