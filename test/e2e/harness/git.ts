/** The git server of the tests: the product's own handler, on 127.0.0.1, for one user with a password. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openGitHttpBackend } from '../../../src/adapters/git-http/backend.ts';

export interface GitAddress {
  /** `http://127.0.0.1:<port>/git`, without a slash at the end. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** Folder of the bare repositories, for tests that look at them or change them directly. */
  readonly root: string;
}

interface RunningGit {
  readonly address: GitAddress;
  close(): Promise<void>;
}

/** `address` is one of this machine's own that a cluster's pods can reach; without it only this machine can. */
export async function startGit(root: string, address = '127.0.0.1'): Promise<RunningGit> {
  const username = 'towpath';
  const password = randomBytes(16).toString('hex');
  const backend = await openGitHttpBackend({
    root,
    prefix: '/git',
    authorize: async (credentials) =>
      credentials?.username === username && credentials.password === password ? 'allow' : 'unauthenticated',
  });
  const server = createServer((request, response) => void backend.handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: { url: `http://${address}:${port}/git`, username, password, root },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      await backend.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
