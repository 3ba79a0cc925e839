/** The git adapter keeps the Repository contract over SSH. */
import ssh2 from 'ssh2';
import { afterAll } from 'vitest';
import { GitRepository } from '../../src/adapters/repository-git.ts';
import { sshTransport } from '../../src/git/ssh-transport.ts';
import { repositoryContract } from '../contract/repository.ts';
import { type SshServer, startSshServer } from '../support/ssh-server.ts';

const user = ssh2.utils.generateKeyPairSync('ed25519');
const host = ssh2.utils.generateKeyPairSync('ed25519');
const servers: Promise<SshServer>[] = [];

afterAll(async () => {
  for (const server of await Promise.all(servers)) await server.close();
});

repositoryContract(
  'own git engine over SSH',
  ({ root }) => {
    const starting = startSshServer({ root, authorizedKeys: [user.public], hostKeys: [host.private] });
    servers.push(starting);
    return {
      open: async (remote, { branch = 'main', createBranch = false, url = remote.url } = {}) => {
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
  },
  { partialFetch: true, createBranch: true, overHttp: false },
);
