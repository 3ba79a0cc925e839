/** isomorphic-git as the second backend keeps the Repository contract, and what is its own. */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gitCredentials } from '../../src/adapters/git-credentials.ts';
import { IsomorphicRepository } from '../../src/adapters/repository/isomorphic/repository.ts';
import { EitherRepository } from '../../src/adapters/repository/old-protocol.ts';
import { GitRepository } from '../../src/adapters/repository/repository.ts';
import { asTowpathError } from '../../src/domain/failure.ts';
import { HttpTransport } from '../../src/git/http-transport.ts';
import { draft, repositoryContract } from '../contract/repository.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import { temporaryFolder } from '../support/temp.ts';

const cloneFolder = async (): Promise<string> => join(await temporaryFolder('clone'), 'clone');

repositoryContract(
  'isomorphic-git over HTTP',
  () => ({
    open: async (remote, { branch = 'main', createBranch = false, url = remote.url } = {}) =>
      new IsomorphicRepository({ url, branch, createBranch, folder: await cloneFolder() }),
  }),
  { partialFetch: false, createBranch: true, overHttp: true },
);

repositoryContract(
  'isomorphic-git, chosen for a server with the old protocol',
  () => ({
    open: async (remote, { branch = 'main', createBranch = false, url = remote.url } = {}) => {
      const folder = await cloneFolder();
      return new EitherRepository({
        first: new GitRepository({ branch, createBranch, transport: new HttpTransport({ url }) }),
        openSecond: async () => new IsomorphicRepository({ url, branch, createBranch, folder }),
        onOldProtocol: () => undefined,
      });
    },
  }),
  { partialFetch: false, createBranch: true, overHttp: true, oldProtocol: true },
);

describe('isomorphic-git beside our own engine', () => {
  let server: GitServer;
  beforeAll(async () => {
    server = await startGitServer({
      authorize: async (credentials) => (credentials?.password === 'right' ? 'allow' : 'unauthenticated'),
    });
  });
  afterAll(() => server.close());

  it('makes the very same commits', async () => {
    const drafts = [
      draft('one', { 'deployments/a/x.yaml': 'x: 1\n', 'deployments/a.b/y.yaml': 'ü\n', 'README.md': 'r\n' }),
      draft('two', { 'deployments/a/': null, 'deployments/a-b/z.yaml': '' }),
      draft('three', { 'deployments/': null, 'README.md': null }),
    ];
    const credentials = async () => ({ kind: 'basic', username: 'any', password: 'right' }) as const;
    const [one, other] = [await server.repository('same-1'), await server.repository('same-2')];
    const own = new GitRepository({ branch: 'main', transport: new HttpTransport({ url: one.url, credentials }) });
    const second = new IsomorphicRepository({
      url: other.url,
      branch: 'main',
      folder: await cloneFolder(),
      credentials,
    });

    const ours = await own.publish(await own.snapshot(await own.head()), drafts);
    const theirs = await second.publish(await second.snapshot(await second.head()), drafts);

    expect(ours.kind === 'pushed' && ours.commits).toHaveLength(3);
    expect(theirs.kind === 'pushed' && theirs.commits).toEqual(ours.kind === 'pushed' && ours.commits);
    await Promise.all([one.fsck(), other.fsck(), own.close(), second.close()]);
  });

  it('asks for the password again when it was refused, and names the credentials when that does not help', async () => {
    const file = join(await temporaryFolder(), 'password');
    const remote = await server.repository('guarded');
    await remote.seed({ a: '1' });
    const credentials = gitCredentials({ passwordFile: file });
    await writeFile(file, 'wrong');
    const second = new IsomorphicRepository({
      url: remote.url,
      branch: 'main',
      folder: await cloneFolder(),
      credentials,
    });

    const refused = await second.head().catch(asTowpathError);
    await writeFile(file, 'right\n');

    expect(refused).toMatchObject({ kind: 'terminal', reason: 'GitAuthentication' });
    expect(String(refused)).not.toContain('wrong');
    expect(await second.head()).toBe(await remote.head());
    await second.close();
  });

  it('begins with a clean clone after a kill, and leaves nothing behind', async () => {
    const folder = await cloneFolder();
    const remote = await server.repository('killed');
    const head = await remote.seed({ a: '1' });
    const credentials = async () => ({ kind: 'bearer', token: 'right' }) as const;
    const options = { url: remote.url, branch: 'main', folder, credentials };
    const killed = new IsomorphicRepository(options);
    await killed.snapshot(await killed.head());
    await writeFile(join(folder, 'refs/heads/main'), '');

    const second = new IsomorphicRepository(options);
    const snapshot = await second.snapshot(await second.head());
    await second.close();

    expect(snapshot.head).toBe(head);
    expect(await readdir(join(folder, '..'))).toEqual([]);
  });

  it('refuses an SSH address and says what to use', () => {
    const options = { url: 'git@git.example:team/a.git', branch: 'main', folder: '/nowhere' };

    expect(() => new IsomorphicRepository(options)).toThrow(
      'Cannot open git@git.example:team/a.git: isomorphic-git has no SSH; use git.backend "native", or an https address',
    );
  });
});
