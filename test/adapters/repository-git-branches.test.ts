/** The git adapter keeps the Branches contract over smart HTTP. */
import { afterAll, beforeAll } from 'vitest';
import { GitRepository } from '../../src/adapters/repository/repository.ts';
import { HttpTransport } from '../../src/git/http-transport.ts';
import { branchesContract } from '../contract/branches.ts';
import { beforePushTo, realWorld } from '../contract/branches-world.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';

let server: GitServer;
let count = 0;
const opened: GitRepository[] = [];
beforeAll(async () => {
  server = await startGitServer();
});
afterAll(async () => {
  for (const repository of opened) await repository.close();
  await server.close();
});

branchesContract('own git engine over HTTP', async (files = {}) => {
  const remote = await server.repository(`branches-${count++}`);
  const open = (): GitRepository => {
    const repository = new GitRepository({ branch: 'main', transport: new HttpTransport({ url: remote.url }) });
    opened.push(repository);
    return repository;
  };
  return realWorld(remote, files, open, beforePushTo(server));
});
