/** What only GitHub says: its merge states, its refusals in GraphQL, its requests a call, and names that change. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { githubForge } from '../../src/adapters/forge/github/forge.ts';
import { type GithubHttp, githubHttp, graphqlUrl } from '../../src/adapters/forge/github/http.ts';
import type { Forge } from '../../src/ports.ts';
import { request } from '../contract/forge-requests.ts';
import { review, type ServedPull, type ServedRepository } from '../support/forge-server-pulls.ts';
import { type GithubServer, startGithubServer } from '../support/github-server.ts';

const path = 'acme/environments';
const prefix = 'towpath/';
let server: GithubServer;
let repository: ServedRepository;
let http: GithubHttp;
let forge: Forge;
let token: string;

beforeEach(async () => {
  server = await startGithubServer();
  repository = await server.repository(path, { towpath: 'write', jane: 'write', joe: 'read' });
  await repository.git.seed({ 'README.md': 'hello\n' });
  token = server.token('towpath');
  open();
});
afterEach(() => server.close());

function open(budget: { take(kind: string): void } = { take: () => undefined }): void {
  http = githubHttp({ apiUrl: server.apiUrl, token: async () => token, budget });
  forge = githubForge({ http, apiUrl: server.apiUrl, repository: path, base: 'main', app: null });
}

async function opened(head = 'towpath/a', more = {}): Promise<ServedPull> {
  await repository.git.git('branch', head, 'main');
  await repository.git.seed({ [`${head}.txt`]: 'x\n' }, { branch: head });
  const { number } = await forge.create(request(head, more));
  return repository.pulls[number - 1] as ServedPull;
}

function asked(): readonly string[] {
  return server.requests.map(({ method, path: where }) => `${method} ${where.replace('/api/v3', '').split('?')[0]}`);
}

describe('merge states', () => {
  const protection = { approvals: 0, strict: false, checks: [] };

  it.each<[string, (pull: ServedPull) => unknown, string]>([
    ['clean', () => undefined, 'mergeable'],
    ['not worked out yet', (pull) => Object.assign(pull, { unknownFor: 9 }), 'unknown'],
    ['in conflict', () => conflicting(), 'conflict'],
    ['behind the base', () => moving({ ...protection, strict: true }), 'behind'],
    ['without its reviews', () => protecting({ ...protection, approvals: 1 }), 'blocked'],
    ['without its checks', () => protecting({ ...protection, checks: ['ci'] }), 'blocked'],
    ['a draft', (pull) => Object.assign(pull, { draft: true }), 'blocked'],
    ['with a check that nobody demands', (pull) => failing(pull), 'mergeable'],
  ])('reads one that is %s, in the list as by itself', async (_name, make, expected) => {
    const pull = await opened();
    await make(pull);

    const listed = (await forge.open(prefix))[0]?.mergeability;
    const read = (await forge.read(pull.number))?.mergeability;

    expect([listed, read]).toEqual([expected, expected]);
  });

  async function conflicting(): Promise<void> {
    await repository.git.seed({ 'towpath/a.txt': 'other\n' });
  }
  async function moving(rules: ServedRepository['protection']): Promise<void> {
    protecting(rules);
    await repository.git.seed({ other: '1' });
  }
  function protecting(rules: ServedRepository['protection']): void {
    repository.protection = rules;
  }
  function failing(pull: ServedPull): void {
    repository.checks.set(pull.headCommit, [{ name: 'lint', state: 'failure' }]);
  }

  it('lists without mergeability where the token may not ask GraphQL', async () => {
    await opened();
    const errors = [{ type: 'FORBIDDEN', message: 'Resource not accessible by personal access token' }];
    server.faults.push({
      on: { path: /graphql$/ },
      does: { kind: 'answer', answer: { status: 200, body: { errors } } },
    });

    const [listed] = await forge.open(prefix);

    expect(listed).toMatchObject({ head: 'towpath/a', mergeability: 'unknown' });
  });
});

describe('merging by itself', () => {
  const wanted = async (pull: ServedPull) => {
    const found = await forge.read(pull.number);
    return found ? forge.autoMerge(found, 'squash', null) : 'gone';
  };

  it('arms what must still be approved, and GitHub merges it once it is', async () => {
    repository.allowAutoMerge = true;
    repository.protection = { approvals: 1, strict: false, checks: [] };
    const pull = await opened();

    expect(await wanted(pull)).toBeNull();
    const before = (await forge.read(pull.number))?.state;
    review(pull, 'jane', 'APPROVED');

    expect(before).toBe('open');
    expect(await forge.read(pull.number)).toMatchObject({ state: 'merged', mergeCommit: await repository.git.head() });
  });

  it('repeats GitHub’s words where the repository does not allow it', async () => {
    const pull = await opened();

    expect(await wanted(pull)).toBe('Auto merge is not allowed for this repository');
  });

  it('does not merge a commit that nobody has seen', async () => {
    repository.allowAutoMerge = true;
    const pull = await opened();
    const found = await forge.read(pull.number);
    await repository.git.seed({ mine: '1' }, { branch: 'towpath/a' });

    const why = found && (await forge.autoMerge(found, 'merge', null));

    expect(why).toContain('head oid');
    expect((await forge.read(pull.number))?.state).toBe('open');
  });

  it('has nothing to do where it is merged, and says so where it is closed', async () => {
    const [merged, closed] = [await opened(), await opened('towpath/b')];
    repository.allowAutoMerge = true;
    await wanted(merged);
    await forge.close(closed.number, 'no');

    expect([await wanted(merged), await wanted(closed)]).toEqual([null, 'it is closed']);
  });
});

describe('who counts', () => {
  it('counts no approval of somebody who may not write', async () => {
    const pull = await opened();
    review(pull, 'joe', 'APPROVED');
    review(pull, 'stranger', 'APPROVED');
    const found = await forge.read(pull.number);

    expect(found && (await forge.approval(found))).toMatchObject({ kind: 'pending', by: [] });
  });

  it('lets a dismissed review count for nothing, and a comment take nothing back', async () => {
    const pull = await opened();
    review(pull, 'jane', 'CHANGES_REQUESTED');
    review(pull, 'jane', 'DISMISSED');
    const found = await forge.read(pull.number);
    const dismissed = found && (await forge.approval(found));
    review(pull, 'jane', 'APPROVED');
    review(pull, 'jane', 'COMMENTED');

    expect(dismissed).toMatchObject({ kind: 'pending' });
    expect(found && (await forge.approval(found))).toEqual({ kind: 'approved', by: ['jane'] });
  });

  it('goes by statuses, too', async () => {
    const pull = await opened();
    review(pull, 'jane', 'APPROVED');
    server.world.statuses.set(pull.headCommit, [{ context: 'ci/old', state: 'error' }]);
    const found = await forge.read(pull.number);

    expect(found && (await forge.approval(found))).toMatchObject({ kind: 'refused', why: 'failed: ci/old' });
  });
});

describe('requests', () => {
  it.each([
    [{}, 1],
    [{ labels: ['deletes'] }, 2],
    [{ labels: ['deletes'], reviewers: ['jane'] }, 3],
  ])('opens one with %j by so few requests that make something: %i', async (more, expected) => {
    const taken: string[] = [];
    open({ take: (kind) => void taken.push(kind) });

    await opened('towpath/a', more);

    expect(taken).toHaveLength(expected);
  });

  it('asks only one thing that costs where nothing has changed', async () => {
    await opened();
    await forge.open(prefix);
    server.requests.length = 0;

    await forge.open(prefix);

    expect(server.requests.map(({ method, status }) => `${method} ${status}`)).toEqual(['GET 304', 'POST 200']);
  });

  it('tells what is left of GitHub’s limit', async () => {
    server.world.remaining = 4711;

    await forge.open(prefix);

    expect(forge.budgets()).toEqual([{ name: 'requests', limit: 5000, left: 4710 }]);
  });

  it('waits until GitHub’s limit is reset', async () => {
    server.world.remaining = 0;

    await expect(forge.open(prefix)).rejects.toMatchObject({
      kind: 'waiting',
      reason: 'ForgeRateLimited',
      retryAfterMs: expect.toSatisfy((ms: number) => ms > 1_790_000 && ms <= 1_800_000),
    });
  });
});

describe('the repository', () => {
  it('is followed to its new name, where its pull requests are still its own', async () => {
    const pull = await opened();
    server.rename(path, 'acme/production');

    expect((await forge.open(prefix)).map(({ number }) => number)).toEqual([pull.number]);
    await forge.close(pull.number, 'closed');
    expect((await forge.read(pull.number))?.state).toBe('closed');
  });

  it('that is gone is no pull request that is gone', async () => {
    await opened();
    repository.people.delete('towpath');

    await expect(forge.read(1)).rejects.toMatchObject({ reason: 'ForgeMissing' });
  });

  it('cannot be judged where its classic protection is hidden', async () => {
    repository.protection = { approvals: 1, strict: false, checks: [] };
    server.faults.push({
      on: { path: /rules\/branches/ },
      does: { kind: 'answer', answer: { status: 404, body: { message: 'Not Found' } } },
    });

    expect((await forge.repository()).protected).toBeNull();
  });

  it.each([true, false])('tells whether auto-merge is allowed: %s', async (isAllowed) => {
    repository.allowAutoMerge = isAllowed;

    expect((await forge.repository()).allowsAutoMerge).toBe(isAllowed);
  });

  it.each([true, false])('tells whether a squash keeps the trailers: %s', async (isKept) => {
    repository.keepsTrailers = isKept;

    expect((await forge.repository()).squash?.trailers).toBe(isKept ? 'kept' : 'lost');
  });

  it('tells its merge methods, and who signs what it merges', async () => {
    repository.mergeKinds = ['squash'];

    expect(await forge.repository()).toMatchObject({ mergeMethods: ['squash'], mergeSignature: 'unknown' });
  });
});

describe('refusals in GraphQL', () => {
  it.each([
    ['RATE_LIMITED', 'API rate limit exceeded', 'waiting', 'ForgeRateLimited'],
    ['FORBIDDEN', 'Resource not accessible by integration', 'terminal', 'ForgeForbidden'],
    ['INSUFFICIENT_SCOPES', 'Your token has not been granted the required scopes', 'terminal', 'ForgeForbidden'],
    ['NOT_FOUND', 'Could not resolve to a Repository', 'terminal', 'ForgeMissing'],
  ])('classes %s', async (type, message, kind, reason) => {
    const answer = { status: 200, body: { data: null, errors: [{ type, message }] } };
    server.faults.push({ does: { kind: 'answer', answer } });

    const query = '{ repository(owner: "acme", name: "environments") { __typename } }';
    const asking = http.graphql({ query, variables: {}, purpose: 'try it', makesContent: false });

    await expect(asking).rejects.toMatchObject({ kind, reason, message: expect.stringContaining(message) });
  });

  it('has its own address on github.com and on an Enterprise server', () => {
    expect(graphqlUrl('https://api.github.com')).toBe('https://api.github.com/graphql');
    expect(graphqlUrl('https://github.example/api/v3')).toBe('https://github.example/api/graphql');
  });
});

it('opens one though labels and reviewers are refused', async () => {
  const refused = { status: 403, body: { message: 'Resource not accessible by personal access token' } };
  server.faults.push({ on: { path: /labels$/ }, does: { kind: 'answer', answer: refused } });
  server.faults.push({ on: { path: /requested_reviewers$/ }, does: { kind: 'answer', answer: refused } });

  const pull = await opened('towpath/a', { labels: ['deletes'], reviewers: ['jane'], teamReviewers: ['platform'] });

  expect(pull).toMatchObject({ state: 'open', labels: [], reviewers: [] });
  expect(asked()).toContain(`POST /repos/${path}/pulls/1/requested_reviewers`);
});

it('asks those reviewers who can be asked', async () => {
  const reviewers = ['towpath', 'nobody', 'jane'];

  const pull = await opened('towpath/a', { reviewers, teamReviewers: ['platform', 'unknown-team'] });

  expect(pull).toMatchObject({ reviewers: ['jane'], teamReviewers: ['platform'] });
});
