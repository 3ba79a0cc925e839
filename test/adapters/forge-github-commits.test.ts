/** Commits by GitHub's API keep the contract of Branches and end up in real git, whatever the network does. */
import { afterAll, beforeAll } from 'vitest';
import { githubApiCommits } from '../../src/adapters/forge/github/commits.ts';
import { githubHttp } from '../../src/adapters/forge/github/http.ts';
import { GitRepository } from '../../src/adapters/repository/repository.ts';
import { HttpTransport } from '../../src/git/http-transport.ts';
import { branchesContract, type MadeCommit } from '../contract/branches.ts';
import { type BranchesWorld, type Changes, realWorld, type WholeRepository } from '../contract/branches-world.ts';
import { type GithubServer, startGithubServer } from '../support/github-server.ts';

let server: GithubServer;
let count = 0;
const opened: WholeRepository[] = [];

beforeAll(async () => {
  server = await startGithubServer();
});
afterAll(async () => {
  for (const repository of opened) await repository.close();
  await server.close();
});

async function makeWorld() {
  const path = `acme/commits-${count++}`;
  const served = await server.repository(path, { towpath: 'write' });
  const token = server.token('towpath');
  const open = (): WholeRepository => {
    const credentials = async () => ({ kind: 'basic' as const, username: 'x-access-token', password: token });
    const transport = new HttpTransport({ url: served.git.url, credentials });
    const git = new GitRepository({ branch: 'main', transport });
    const http = githubHttp({ apiUrl: server.apiUrl, token: async () => token });
    const repository = githubApiCommits({ repository: git, http, name: path });
    opened.push(repository);
    return repository;
  };
  return { served, open };
}

const made: MadeCommit = {
  author: { name: 'towpath', email: 'towpath@users.noreply.github.com' },
  committer: { name: 'GitHub', email: 'noreply@github.com' },
  message: 'deploy(a): one\n\nWhy it is.\n\nRequested-by: Grace <grace@example.com>\n',
};

async function contractWorld(files: Changes | null = {}): Promise<BranchesWorld> {
  const { served, open } = await makeWorld();
  const on = { method: 'POST', path: /graphql$/ };
  const world = await realWorld(served.git, files, open, (run) =>
    server.faults.push({ on, does: { kind: 'before', run } }),
  );
  return {
    ...world,
    refuse: async (name, words) => void served.refusedBranches.set(`towpath/${name}`, words),
  };
}

branchesContract('commits by GitHub’s API', contractWorld, true, made);
