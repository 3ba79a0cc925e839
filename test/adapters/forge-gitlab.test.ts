/** GitLab's adapter does what every forge must, against a server with GitLab's recorded shapes. */
import { afterAll, beforeAll } from 'vitest';
import { gitlabForge } from '../../src/adapters/forge/gitlab/forge.ts';
import { forgeHttp } from '../../src/adapters/forge/http/http.ts';
import { forgeContract } from '../contract/forge.ts';
import { type SpokenFaults, startFaultProxy } from '../contract/forge-faults.ts';
import { contractWorld } from '../support/forge-server-contract.ts';
import { type GitlabServer, startGitlabServer } from '../support/gitlab-server.ts';

let server: GitlabServer;
let count = 0;

beforeAll(async () => {
  server = await startGitlabServer({ subPath: '/gitlab' });
  server.world.pageSize = 2;
});
afterAll(() => server.close());

const spoken: SpokenFaults = {
  unauthorized: {
    status: 401,
    body: { error: 'invalid_token', error_description: 'Token was revoked. You have to re-authorize from the user.' },
  },
  forbidden: {
    status: 403,
    body: {
      error: 'insufficient_scope',
      error_description: 'The request requires higher privileges than provided by the access token.',
      scope: 'api',
    },
  },
  missing: { status: 404, body: { message: '404 Project Not Found' } },
  'rate limit': {
    status: 429,
    headers: { 'retry-after': '30' },
    body: { message: { error: 'This endpoint has been requested too many times. Try again later.' } },
  },
};

forgeContract(
  'GitLab',
  async () => {
    const path = `acme/platform/environments-${count++}`;
    const repository = await server.repository(path, { towpath: 'write', jane: 'write' });
    await repository.git.seed({ 'README.md': 'hello\n' });
    const token = server.token('towpath');
    const proxy = await startFaultProxy(new URL(server.url).origin, spoken);
    const http = forgeHttp({ apiUrl: `${proxy.url}/gitlab/api/v4`, token: async () => token });
    const forge = gitlabForge({ http, repository: path, base: 'main' });
    return contractWorld({ repository, forge, proxy, reviewer: 'jane' });
  },
  {
    // Its rebase is a fast-forward, after which the head is another commit.
    mergeMethods: ['merge', 'squash'],
    pushedMerge: 'seen',
    tellsProtection: true,
    requestsChanges: true,
    elsewhere: true,
  },
);
