/** Our own git engine with a JGit server, which lets only the tips of branches be asked for and has no filters. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GitRepository } from '../../src/adapters/repository/repository.ts';
import type { BlobId, CommitId } from '../../src/domain/identifiers.ts';
import { HttpTransport } from '../../src/git/http-transport.ts';
import { draft, type RepositoryBackend, repositoryContract } from '../contract/repository.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import type { TestRepository } from '../support/test-repository.ts';
import { type JgitServer, startJgit } from './jgit/start-jgit.ts';

const started: JgitServer[] = [];
afterAll(async () => {
  for (const jgit of started) await jgit.stop();
});

function jgitBackend(root: string, config: Readonly<Record<string, string>>): RepositoryBackend {
  let server: Promise<JgitServer> | null = null;
  return {
    open: async (remote, { branch = 'main', createBranch = false, url } = {}) => {
      server ??= startJgit(root);
      const { url: base } = await server;
      if (!started.includes(await server)) started.push(await server);
      for (const [name, value] of Object.entries(config)) await remote.git('config', name, value);
      return new GitRepository({
        branch,
        createBranch,
        transport: new HttpTransport({ url: url ?? `${base}/${remote.name}.git` }),
      });
    },
  };
}

const capabilities = { partialFetch: false, createBranch: true, overHttp: false, hooks: false };
repositoryContract(
  'own git engine with JGit',
  (server) => jgitBackend(server.root, { 'uploadpack.allowFilter': 'false' }),
  capabilities,
);
repositoryContract('own git engine with JGit and filters', (server) => jgitBackend(server.root, {}), capabilities);

describe('a listener that starts again on JGit', () => {
  let server: GitServer;
  let jgit: JgitServer;
  const opened: GitRepository[] = [];
  beforeAll(async () => {
    server = await startGitServer();
    jgit = await startJgit(server.root);
  });
  afterAll(async () => {
    for (const repository of opened) await repository.close();
    await jgit.stop();
    await server.close();
  });

  const open = (remote: TestRepository): GitRepository => {
    const repository = new GitRepository({
      branch: 'main',
      transport: new HttpTransport({ url: `${jgit.url}/${remote.name}.git` }),
    });
    opened.push(repository);
    return repository;
  };
  it.each(['false', 'true'])('reads files of now and of the past, and pushes (filters: %s)', async (filter) => {
    const remote = await server.repository(`restart-${filter}`);
    await remote.git('config', 'uploadpack.allowFilter', filter);
    const first = open(remote);
    const start = await first.snapshot(await first.head());
    const pushed = await first.publish(start, [
      draft('one', {
        'deployments/a/PROVENANCE': 'old\n',
        'deployments/b/PROVENANCE': 'b\n',
        big: 'x'.repeat(100_000),
      }),
      draft('two', { 'deployments/a/PROVENANCE': 'new\n' }),
    ]);
    expect(pushed.kind).toBe('pushed');
    const old = (await remote.git('rev-parse', 'main~1:deployments/a/PROVENANCE')).trim() as BlobId;

    const second = open(remote);
    const snapshot = await second.snapshot(await second.head());
    const ids = ['deployments/a/PROVENANCE', 'deployments/b/PROVENANCE', 'big'].map((path) => snapshot.idAt(path));
    const blobs = await second.readBlobs([...(ids as BlobId[]), old]);
    const since = (await remote.git('rev-parse', 'main~1')).trim() as CommitId;
    const history = await second.history(snapshot, since, 'deployments/a');
    const again = await second.publish(snapshot, [draft('three', { 'deployments/c/PROVENANCE': 'c\n' })]);

    expect(blobs.get(ids[0] as BlobId)?.toString()).toBe('new\n');
    expect(blobs.get(ids[1] as BlobId)?.toString()).toBe('b\n');
    expect(blobs.get(ids[2] as BlobId)?.length).toBe(100_000);
    expect(blobs.get(old)?.toString()).toBe('old\n');
    expect(history).toMatchObject({ kind: 'descends', commits: [{ subject: 'two' }] });
    expect(again.kind).toBe('pushed');
    await remote.fsck();
  });
});
