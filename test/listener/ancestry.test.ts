/** Which commits hold ours: over new heads, merges, rewritten history, and after a look where nothing was known. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { GitRepository } from '../../src/adapters/repository/repository.ts';
import type { CommitId } from '../../src/domain/identifiers.ts';
import { HttpTransport } from '../../src/git/http-transport.ts';
import { type Ancestry, createAncestry } from '../../src/listener/ancestry.ts';
import type { History, Repository, Snapshot } from '../../src/ports.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';

/** A branch without files, oldest first; counts how often it is asked. */
function branch(length: number) {
  const commits = Array.from({ length }, (_, index) => idOf(index));
  const asked: string[] = [];
  const history = async ({ head }: Snapshot, since: CommitId): Promise<History> => {
    asked.push(since);
    const [from, to] = [commits.indexOf(since), commits.indexOf(head as CommitId)];
    if (from === -1 || from > to) return { kind: 'rewritten' };
    const found = commits.slice(from + 1, to + 1).reverse();
    return { kind: 'descends', commits: found.map((id) => ({ id }) as never) };
  };
  return { commits, asked, repository: { history } };
}

function idOf(index: number): CommitId {
  return index.toString(16).padStart(40, '0') as CommitId;
}

const at = (head: CommitId | null): Snapshot => ({ head, list: () => null, idAt: () => null });
const look = (ancestry: Ancestry): void => {
  ancestry.looking();
  ancestry.looked();
};

it('knows older from newer over new heads, and a commit holds itself', async () => {
  const { commits, repository } = branch(10);
  const ancestry = createAncestry(() => undefined);
  await ancestry.advance(repository, at(idOf(3)), []);
  await ancestry.advance(repository, at(idOf(9)), []);

  const answers = [3, 4, 8, 9].map((index) => ancestry.contains(commits[index] as string, idOf(4)));

  expect(answers).toEqual([false, true, true, true]);
});

it('finds an older commit of ours that is asked about, with all that came after it, in one question', async () => {
  const { asked, repository } = branch(10);
  const ancestry = createAncestry(() => undefined);
  await ancestry.advance(repository, at(idOf(9)), []);
  for (let round = 0; round < 3; round++) await ancestry.advance(repository, at(idOf(9)), [idOf(5), idOf(5)]);

  expect(asked).toEqual([idOf(5)]);
  expect([4, 5, 7, 9].map((index) => ancestry.contains(idOf(index), idOf(5)))).toEqual([null, true, true, true]);
});

it('asks once about a commit that the branch does not hold, until the head is another', async () => {
  const { asked, repository } = branch(10);
  const ancestry = createAncestry(() => undefined);
  const foreign = 'f'.repeat(40) as CommitId;
  for (let round = 0; round < 3; round++) await ancestry.advance(repository, at(idOf(8)), [foreign]);

  await ancestry.advance(repository, at(idOf(9)), [foreign]);

  expect(asked).toEqual([foreign, idOf(8), foreign]);
  expect(ancestry.contains(idOf(9), foreign)).toBeNull();
});

it('has the branch looked at for a commit that it has not seen, once, and judges after that look', async () => {
  const { repository } = branch(10);
  let looks = 0;
  const ancestry = createAncestry(() => {
    looks += 1;
  });
  await ancestry.advance(repository, at(idOf(5)), []);

  expect(ancestry.contains(idOf(7), idOf(5))).toBeNull();
  expect(ancestry.contains(idOf(2), idOf(5))).toBeNull();
  expect(ancestry.contains(idOf(2), idOf(5))).toBeNull();
  expect(looks).toBe(2);
  await ancestry.advance(repository, at(idOf(8)), []);
  look(ancestry);

  expect(ancestry.contains(idOf(7), idOf(5))).toBe(true);
  expect(ancestry.contains(idOf(2), idOf(5))).toBe(false);
});

it('judges by no look that had begun before it was asked', async () => {
  const { repository } = branch(10);
  const ancestry = createAncestry(() => undefined);
  await ancestry.advance(repository, at(idOf(5)), []);
  ancestry.looking();
  ancestry.contains(idOf(7), idOf(5));

  ancestry.looked();
  expect(ancestry.contains(idOf(7), idOf(5))).toBeNull();
  look(ancestry);

  expect(ancestry.contains(idOf(7), idOf(5))).toBe(false);
});

it('knows nothing of what is no commit, and has nobody look for it', async () => {
  const { repository } = branch(2);
  let looks = 0;
  const ancestry = createAncestry(() => {
    looks += 1;
  });
  await ancestry.advance(repository, at(idOf(1)), []);

  expect([ancestry.contains('main', idOf(1)), ancestry.contains('', idOf(1))]).toEqual([null, null]);
  look(ancestry);
  expect([ancestry.contains('main', idOf(1)), looks]).toEqual([null, 0]);
});

it('forgets a history that was rewritten', async () => {
  const { repository } = branch(10);
  const ancestry = createAncestry(() => undefined);
  await ancestry.advance(repository, at(idOf(5)), []);
  const other = branch(0);
  const rewritten = 'e'.repeat(40) as CommitId;

  await ancestry.advance(other.repository, at(rewritten), [idOf(5)]);

  expect(ancestry.contains(rewritten, idOf(5))).toBeNull();
  expect(ancestry.contains(rewritten, rewritten)).toBe(true);
});

it('keeps what is asked about through 50,000 commits, and asks for it once', async () => {
  const { commits, asked, repository } = branch(50_000);
  const ancestry = createAncestry(() => undefined);
  for (const head of [49_900, 49_950, 49_999]) await ancestry.advance(repository, at(idOf(head)), [idOf(7)]);

  expect(asked.filter((since) => since === idOf(7))).toHaveLength(1);
  expect(ancestry.contains(commits.at(-1) as string, idOf(7))).toBe(true);
  expect(ancestry.contains(idOf(49_990), idOf(49_960))).toBe(true);
});

let server: GitServer;
beforeAll(async () => {
  server = await startGitServer();
});
afterAll(() => server.close());

it('follows a merge in real git: the merge holds what was there before it', async () => {
  const remote = await server.repository('merges');
  const repository: Repository = new GitRepository({
    branch: 'main',
    transport: new HttpTransport({ url: remote.url }),
  });
  await remote.seed({ one: '1\n' }, { message: 'one' });
  const ancestry = createAncestry(() => undefined);
  const snapshot = async () => repository.snapshot(await repository.head());
  const first = await snapshot();
  await ancestry.advance(repository, first, []);
  await remote.seed({ two: '2\n' }, { message: 'two' });
  const second = await snapshot();
  await ancestry.advance(repository, second, []);
  const tree = (await remote.git('rev-parse', 'main^{tree}')).trim();
  const side = (await remote.git('commit-tree', tree, '-p', first.head as string, '-m', 'side')).trim();
  const merge = (await remote.git('commit-tree', tree, '-p', second.head as string, '-p', side, '-m', 'merge')).trim();
  await remote.git('update-ref', 'refs/heads/main', merge);

  await ancestry.advance(repository, await snapshot(), []);
  await repository.close();

  const holds = (revision: string | null, commit: string | null) =>
    ancestry.contains(revision as string, commit as CommitId);
  expect([holds(merge, second.head), holds(merge, side), holds(merge, first.head)]).toEqual([true, true, true]);
  expect([holds(second.head, merge), holds(first.head, second.head)]).toEqual([false, false]);
});
