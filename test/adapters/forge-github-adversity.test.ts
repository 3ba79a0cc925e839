/** What GitHub does to whoever relies on it: limits in odd places, answers too early, people and plans that say no. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { githubForge } from '../../src/adapters/forge/github/forge.ts';
import { githubHttp } from '../../src/adapters/forge/github/http.ts';
import { githubRefs } from '../../src/adapters/forge/github/refs.ts';
import type { CommitId } from '../../src/domain/identifiers.ts';
import type { Forge } from '../../src/ports.ts';
import { request } from '../contract/forge-requests.ts';
import type { ForgeAnswer } from '../support/forge-server.ts';
import type { ServedPull, ServedRepository } from '../support/forge-server-pulls.ts';
import { review } from '../support/forge-server-pulls.ts';
import { type GithubServer, startGithubServer } from '../support/github-server.ts';

const path = 'acme/environments';
const prefix = 'towpath/';
let server: GithubServer;
let repository: ServedRepository;
let forge: Forge;
let token: string;

beforeEach(async () => {
  server = await startGithubServer();
  repository = await server.repository(path, { towpath: 'write', jane: 'write' });
  await repository.git.seed({ 'README.md': 'hello\n' });
  token = server.token('towpath');
  forge = githubForge({ http: http(), apiUrl: server.apiUrl, repository: path, base: 'main', app: null });
});
afterEach(() => server.close());

function http() {
  return githubHttp({ apiUrl: server.apiUrl, token: async () => token });
}

function answers(method: string, where: RegExp, answer: ForgeAnswer): void {
  server.faults.push({ on: { method, path: where }, does: { kind: 'answer', answer } });
}

async function branch(head: string): Promise<void> {
  await repository.git.git('branch', head, 'main');
  await repository.git.seed({ [`${head}.txt`]: 'x\n' }, { branch: head });
}

async function opened(head = 'towpath/a', more = {}): Promise<ServedPull> {
  await branch(head);
  const { number } = await forge.create(request(head, more));
  return repository.pulls[number - 1] as ServedPull;
}

const secondaryLimit = {
  message: 'You have exceeded a secondary rate limit and have been temporarily blocked from content creation.',
};
const tooQuickly = {
  message: 'Validation Failed',
  documentation_url: 'https://docs.github.com/rest',
  errors: [{ resource: 'PullRequest', code: 'custom', message: 'was submitted too quickly' }],
};

describe('a limit', () => {
  it.each<[string, RegExp, { labels?: string[]; reviewers?: string[] }]>([
    ['labelling', /labels$/, { labels: ['deletes'] }],
    ['asking reviewers', /requested_reviewers$/, { reviewers: ['jane'] }],
  ])('while %s is no lack of a right', async (_, where, more) => {
    await branch('towpath/a');
    answers('POST', where, { status: 403, body: secondaryLimit });

    await expect(forge.create(request('towpath/a', more))).rejects.toMatchObject({
      kind: 'waiting',
      reason: 'ForgeRateLimited',
      retryAfterMs: 60_000,
    });

    await forge.create(request('towpath/a', more));
    expect(repository.pulls).toMatchObject([{ labels: more.labels ?? [], reviewers: more.reviewers ?? [] }]);
  });

  it('that does not end is asked about less and less, whatever may be read meanwhile', async () => {
    await branch('towpath/a');
    const waits: unknown[] = [];
    for (let n = 0; n < 3; n++) {
      answers('POST', /pulls$/, { status: 403, body: secondaryLimit });
      waits.push(await forge.create(request('towpath/a')).catch(({ retryAfterMs }) => retryAfterMs));
      await forge.open(prefix);
    }
    await forge.create(request('towpath/a'));
    answers('PATCH', /pulls/, { status: 403, body: secondaryLimit });
    waits.push(await forge.close(1, 'closed').catch(({ retryAfterMs }) => retryAfterMs));

    expect(waits).toEqual([60_000, 120_000, 240_000, 60_000]);
  });

  it('on content that answers 422 is waited for, too', async () => {
    await branch('towpath/a');
    answers('POST', /pulls$/, { status: 422, body: tooQuickly });

    await expect(forge.create(request('towpath/a'))).rejects.toMatchObject({
      kind: 'waiting',
      reason: 'ForgeRateLimited',
    });
  });

  it('is not told for a base that is not protected', async () => {
    answers('GET', /rules\/branches/, { status: 403, body: secondaryLimit });

    await expect(forge.repository()).rejects.toMatchObject({ reason: 'ForgeRateLimited' });
  });
});

describe('GraphQL that answers 200', () => {
  it.each([
    [{ message: 'You have exceeded a secondary rate limit. Please wait a few minutes.' }, 'ForgeRateLimited'],
    [{ message: 'was submitted too quickly' }, 'ForgeRateLimited'],
    [{ message: 'Something went wrong while executing your query. Please include `0:0`.' }, 'ForgeUnreachable'],
    [
      { message: 'Something went wrong while executing your query on 2026-03-01.', type: 'INTERNAL' },
      'ForgeUnreachable',
    ],
  ])('and says %j', async (error, reason) => {
    answers('POST', /graphql$/, { status: 200, body: { data: null, errors: [error] } });
    const query = '{ repository(owner: "acme", name: "environments") { __typename } }';

    const asking = http().graphql({ query, variables: {}, purpose: 'try it', makesContent: false });

    await expect(asking).rejects.toMatchObject({ reason });
  });
});

describe('merging by itself', () => {
  const rulesMissing = {
    data: { enablePullRequestAutoMerge: null },
    errors: [{ type: 'UNPROCESSABLE', message: 'Pull request Protected branch rules not configured for this branch' }],
  };

  it('waits until GitHub has worked out whether it can be merged, where nothing protects the base', async () => {
    const pull = await opened();
    const found = await forge.read(pull.number);
    pull.unknownFor = 3;
    answers('POST', /graphql$/, { status: 200, body: rulesMissing });

    const note = found && (await forge.autoMerge(found, 'merge', null));

    expect(note).toBeNull();
    expect(pull.state).toBe('merged');
  });

  it.each([
    [
      'in GraphQL',
      'POST',
      /graphql$/,
      {
        status: 200,
        body: {
          data: { enablePullRequestAutoMerge: null },
          errors: [{ type: 'FORBIDDEN', message: 'Resource not accessible by personal access token' }],
        },
      },
    ],
    ['in REST', 'PUT', /merge$/, { status: 403, body: { message: 'You are not authorized to push to this branch.' } }],
  ] as const)('that is forbidden %s is said, and holds up nothing else', async (_, method, where, answer) => {
    repository.allowAutoMerge = true;
    const pull = await opened();
    const found = await forge.read(pull.number);
    answers(method, where, answer);

    const note = found && (await forge.autoMerge(found, 'merge', null));

    expect(note).toMatch(/not accessible|not authorized/);
    expect(pull.state).toBe('open');
  });
});

describe('opening', () => {
  it('says which option to change where the plan has no drafts', async () => {
    await branch('towpath/a');
    const body = { message: 'Draft pull requests are not supported in this repository.', documentation_url: 'x' };
    answers('POST', /pulls$/, { status: 422, body });

    await expect(forge.create(request('towpath/a', { draft: true }))).rejects.toMatchObject({
      kind: 'terminal',
      reason: 'ForgeInvalid',
      message: expect.stringMatching(/Draft pull requests are not supported.*; set publication\.draft to false/),
    });
  });

  it('finds the one that exists in a repository that went to another owner', async () => {
    const pull = await opened();
    server.rename(path, 'other/environments');

    const again = await forge.create(request('towpath/a', { title: 'anew' }));

    expect(again).toMatchObject({ number: pull.number, title: 'anew' });
  });

  it('goes on without labels where issues are turned off', async () => {
    answers('POST', /labels$/, { status: 410, body: { message: 'Issues has been disabled in this repository.' } });

    expect(await opened('towpath/a', { labels: ['deletes'] })).toMatchObject({ state: 'open', labels: [] });
  });
});

it('looks at every status, not only at those of the first page', async () => {
  server.world.pageSize = 2;
  const pull = await opened();
  review(pull, 'jane', 'APPROVED');
  const states = ['success', 'success', 'failure'] as const;
  server.world.statuses.set(
    pull.headCommit,
    states.map((state, n) => ({ context: `ci/${n}`, state })),
  );
  const found = await forge.read(pull.number);

  expect(found && (await forge.approval(found))).toMatchObject({ kind: 'refused', why: 'failed: ci/2' });
});

describe('how pull requests can be merged', () => {
  const tooMuch = { status: 502, body: '<html>Bad Gateway</html>' };

  it('is asked of fewer at once where GitHub cannot tell it of all in time', async () => {
    for (const head of ['towpath/a', 'towpath/b', 'towpath/c']) await opened(head);
    server.world.pageSize = 2;
    server.faults.push({ on: { path: /graphql$/ }, does: { kind: 'before', run: async () => undefined } });
    answers('POST', /graphql$/, tooMuch);
    server.requests.length = 0;

    const states = (await forge.open(prefix)).map(({ mergeability }) => mergeability);

    expect(states).toEqual(['mergeable', 'mergeable', 'mergeable']);
    expect(server.requests.filter(({ path: where }) => where.endsWith('graphql'))).toHaveLength(3);
  });

  it('is not asked again until GraphQL’s own limit is reset, and REST goes on', async () => {
    await opened();
    const errors = [{ type: 'RATE_LIMITED', message: 'API rate limit exceeded for user ID 1.' }];
    answers('POST', /graphql$/, {
      status: 200,
      headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-resource': 'graphql' },
      body: { data: null, errors },
    });
    server.requests.length = 0;

    const states = [await forge.open(prefix), await forge.open(prefix)].flat();

    expect(states.map(({ mergeability }) => mergeability)).toEqual(['unknown', 'unknown']);
    expect(server.requests.filter(({ path: where }) => where.endsWith('graphql'))).toHaveLength(1);
  });

  it('stays unknown where GitHub cannot tell it at all, and the list is there all the same', async () => {
    await opened();
    for (let n = 0; n < 3; n++) answers('POST', /graphql$/, tooMuch);

    expect(await forge.open(prefix)).toMatchObject([{ head: 'towpath/a', mergeability: 'unknown' }]);
  });
});

it('lists pull requests though GraphQL leaves one of them out', async () => {
  await opened();
  const pullRequests = { nodes: [null], pageInfo: { hasNextPage: false, endCursor: null } };
  answers('POST', /graphql$/, { status: 200, body: { data: { repository: { pullRequests } } } });

  expect(await forge.open(prefix)).toMatchObject([{ head: 'towpath/a', mergeability: 'unknown' }]);
});

describe('branches', () => {
  it('of an empty repository are none', async () => {
    await repository.git.git('update-ref', '-d', 'refs/heads/main');

    expect(await githubRefs({ http: http(), repository: path }).tip('main')).toBeNull();
  });

  it('are moved in a repository that was deleted and made anew under its name', async () => {
    const refs = githubRefs({ http: http(), repository: path });
    const to = (await repository.git.head()) as CommitId;
    const move = (name: string) => refs.update([{ branch: name, from: null, to, force: false }], 'make a branch');
    await move('one');
    server.world.repositories.set(path, { ...repository, id: 9999 });

    expect(await move('two')).toEqual({ kind: 'done' });
  });
});
