/** GitHub's adapter does what every forge must, against a server with GitHub's recorded shapes. */
import { afterAll, beforeAll } from 'vitest';
import { githubForge } from '../../src/adapters/forge/github/forge.ts';
import { githubHttp } from '../../src/adapters/forge/github/http.ts';
import { forgeContract } from '../contract/forge.ts';
import { type SpokenFaults, startFaultProxy } from '../contract/forge-faults.ts';
import { contractWorld } from '../support/forge-server-contract.ts';
import { type GithubServer, startGithubServer } from '../support/github-server.ts';

let server: GithubServer;
let count = 0;

beforeAll(async () => {
  server = await startGithubServer();
  server.world.pageSize = 2;
});
afterAll(() => server.close());

const spoken: SpokenFaults = {
  unauthorized: {
    status: 401,
    body: { message: 'Bad credentials', documentation_url: 'https://docs.github.com/rest' },
  },
  forbidden: {
    status: 403,
    headers: { 'x-accepted-github-permissions': 'pull_requests=read' },
    body: { message: 'Resource not accessible by personal access token' },
  },
  missing: { status: 404, body: { message: 'Not Found', documentation_url: 'https://docs.github.com/rest' } },
  'rate limit': {
    status: 403,
    headers: { 'retry-after': '30' },
    body: { message: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.' },
  },
};

forgeContract(
  'GitHub',
  async () => {
    const path = `acme/environments-${count++}`;
    const repository = await server.repository(path, { towpath: 'write', jane: 'write' });
    await repository.git.seed({ 'README.md': 'hello\n' });
    repository.allowAutoMerge = true;
    const token = server.token('towpath');
    const proxy = await startFaultProxy(server.url, spoken);
    const apiUrl = `${proxy.url}/api/v3`;
    const http = githubHttp({ apiUrl, token: async () => token });
    const forge = githubForge({ http, apiUrl, repository: path, base: 'main', app: null });
    return contractWorld({ repository, forge, proxy, reviewer: 'jane' });
  },
  { pushedMerge: 'seen', tellsProtection: true, requestsChanges: true, elsewhere: true },
);
