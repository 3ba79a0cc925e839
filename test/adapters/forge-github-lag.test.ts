/** GitHub knows of a pull request already, while its list or our memory does not. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { githubForge } from '../../src/adapters/forge/github/forge.ts';
import { githubHttp } from '../../src/adapters/forge/github/http.ts';
import type { Forge } from '../../src/ports.ts';
import { request } from '../contract/forge-requests.ts';
import type { ServedRepository } from '../support/forge-server-pulls.ts';
import { type GithubServer, startGithubServer } from '../support/github-server.ts';

const path = 'acme/environments';
const head = 'towpath/a';
let server: GithubServer;
let repository: ServedRepository;
let forge: Forge;

beforeEach(async () => {
  server = await startGithubServer();
  repository = await server.repository(path, { towpath: 'write', jane: 'write' });
  await repository.git.seed({ 'README.md': 'hello\n' });
  await repository.git.git('branch', head, 'main');
  await repository.git.seed({ 'a.txt': 'x\n' }, { branch: head });
  const token = server.token('towpath');
  const { apiUrl } = server;
  forge = githubForge({
    ...{ http: githubHttp({ apiUrl, token: async () => token }), apiUrl, repository: path, base: 'main', app: null },
  });
});
afterEach(() => server.close());

it('one that exists and is not listed yet is no refusal for good', async () => {
  await forge.create(request(head));
  const empty = { status: 200, body: [] };
  server.faults.push({ on: { method: 'GET', path: /\/pulls$/ }, does: { kind: 'answer', answer: empty } });

  await expect(forge.create(request(head))).rejects.toMatchObject({ kind: 'transient', reason: 'ForgeBehind' });

  expect(repository.pulls).toHaveLength(1);
});

it('one whose opening was cut off in the middle gets labels and reviewers when it is opened once more', async () => {
  await forge.create(request(head));

  await forge.create(request(head, { labels: ['deletes'], reviewers: ['jane'] }));

  expect(repository.pulls).toMatchObject([{ labels: ['deletes'], reviewers: ['jane'] }]);
});
