/** The git adapter keeps the contracts of Repository and Branches over SSH. */
import ssh2 from 'ssh2';
import { afterAll, beforeAll } from 'vitest';
import { GitRepository } from '../../src/adapters/repository/repository.ts';
import { sshTransport } from '../../src/git/ssh-transport.ts';
import { branchesContract } from '../contract/branches.ts';
import { beforePushTo, realWorld } from '../contract/branches-world.ts';
import { type OpenOptions, repositoryContract } from '../contract/repository.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import { type SshServer, startSshServer } from '../support/ssh-server.ts';
import type { TestRepository } from '../support/test-repository.ts';

const user = ssh2.utils.generateKeyPairSync('ed25519');
const host = ssh2.utils.generateKeyPairSync('ed25519');
const servers: Promise<SshServer>[] = [];

afterAll(async () => {
  for (const server of await Promise.all(servers)) await server.close();
});

function backendOver({ root }: GitServer) {
  const starting = startSshServer({ root, authorizedKeys: [user.public], hostKeys: [host.private] });
  servers.push(starting);
  return {
    open: async (
      remote: TestRepository,
      { branch = 'main', createBranch = false, url = remote.url }: OpenOptions = {},
    ): Promise<GitRepository> => {
      const { port } = await starting;
      const name = url.split('/').at(-1) ?? '';
      const access = {
        privateKey: async () => ({ origin: 'key', text: user.private }),
        knownHosts: async () => ({ origin: 'known_hosts', text: `[127.0.0.1]:${port} ${host.public}` }),
      };
      const transport = sshTransport(`ssh://git@127.0.0.1:${port}${root}/${name}`, access);
      return new GitRepository({ branch, createBranch, transport });
    },
  };
}

repositoryContract('own git engine over SSH', backendOver, {
  partialFetch: true,
  createBranch: true,
  overHttp: false,
});

let server: GitServer;
let backend: ReturnType<typeof backendOver>;
const opened: GitRepository[] = [];
let count = 0;

beforeAll(async () => {
  server = await startGitServer();
  backend = backendOver(server);
});
afterAll(async () => {
  for (const repository of opened) await repository.close();
  await server.close();
});

branchesContract(
  'own git engine over SSH',
  async (files = {}) => {
    const remote = await server.repository(`branches-${count++}`);
    const open = async (): Promise<GitRepository> => {
      const repository = await backend.open(remote);
      opened.push(repository);
      return repository;
    };
    return realWorld(remote, files, open, beforePushTo(server));
  },
  false,
);
