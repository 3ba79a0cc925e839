/** What only GitLab says: its merge statuses, approvals without a commit, methods of a project, and moved projects. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gitlabForge } from '../../src/adapters/forge-gitlab.ts';
import { forgeHttp } from '../../src/adapters/forge-http.ts';
import type { Forge } from '../../src/ports.ts';
import { request } from '../contract/forge.ts';
import { mergePull, review, type ServedPull, type ServedRepository } from '../support/forge-server-pulls.ts';
import { type GitlabServer, startGitlabServer } from '../support/gitlab-server.ts';

const path = 'acme/platform/environments';
const prefix = 'towpath/';
let server: GitlabServer;
let repository: ServedRepository;
let forge: Forge;
let token: string;

beforeEach(async () => {
  server = await startGitlabServer();
  repository = await server.repository(path, { towpath: 'write', jane: 'write' });
  await repository.git.seed({ 'README.md': 'hello\n' });
  token = server.token('towpath');
  open();
});
afterEach(() => server.close());

function open(): void {
  const http = forgeHttp({ apiUrl: server.apiUrl, token: async () => token });
  forge = gitlabForge({ http, repository: path, base: 'main' });
}

async function opened(head = 'towpath/a', more = {}): Promise<ServedPull> {
  await repository.git.git('branch', head, 'main');
  await repository.git.seed({ [`${head}.txt`]: 'x\n' }, { branch: head });
  const { number } = await forge.create(request(head, more));
  return repository.pulls[number - 1] as ServedPull;
}

async function approvalOf(number: number) {
  const found = await forge.read(number);
  if (!found) throw new RangeError(`There is no !${number}`);
  return forge.approval(found);
}

describe('merge statuses', () => {
  it.each([
    ['mergeable', 'mergeable'],
    ['conflict', 'conflict'],
    ['need_rebase', 'behind'],
    ['checking', 'unknown'],
    ['unchecked', 'unknown'],
    ['preparing', 'unknown'],
    ['approvals_syncing', 'unknown'],
    ['not_approved', 'blocked'],
    ['ci_must_pass', 'blocked'],
    ['ci_still_running', 'blocked'],
    ['draft_status', 'blocked'],
    ['discussions_not_resolved', 'blocked'],
    ['requested_changes', 'blocked'],
    ['security_policy_violations', 'blocked'],
    ['a_status_of_tomorrow', 'blocked'],
  ])('reads %s as %s', async (status, expected) => {
    await opened();
    await spoken((found) => ({ ...found, detailed_merge_status: status }));

    expect((await forge.read(1))?.mergeability).toBe(expected);
  });

  it.each([
    ['can_be_merged', 'mergeable'],
    ['cannot_be_merged', 'conflict'],
    ['unchecked', 'unknown'],
  ])('reads %s of an old GitLab as %s', async (status, expected) => {
    await opened();
    await spoken(({ detailed_merge_status: _, ...found }) => ({
      ...found,
      merge_status: status,
      has_conflicts: expected === 'conflict',
    }));

    expect((await forge.read(1))?.mergeability).toBe(expected);
  });

  /** The next answer about !1 is what it is, changed so. */
  async function spoken(change: (found: Record<string, unknown>) => unknown): Promise<void> {
    const where = `${server.apiUrl}/projects/${repository.id}/merge_requests/1`;
    const found = await fetch(where, { headers: { 'private-token': token } });
    const body = change((await found.json()) as Record<string, unknown>);
    server.faults.push({ on: { path: /merge_requests\/1$/ }, does: { kind: 'answer', answer: { status: 200, body } } });
  }
});

describe('approvals', () => {
  it('asks for a fresh one where a commit came after it', async () => {
    const { number } = await opened();
    review(repository.pulls[0] as ServedPull, 'jane', 'APPROVED');
    await repository.git.seed({ mine: '1' }, { branch: 'towpath/a' });

    expect(await approvalOf(number)).toMatchObject({
      kind: 'pending',
      by: [],
      why: 'jane approved an older commit; revoke that approval and approve again',
    });
  });

  it('goes by the notes where GitLab does not tell when somebody approved', async () => {
    const { number, createdAt } = await opened();
    const note = (username: string, at: Date) => ({
      system: true,
      body: 'approved this merge request',
      author: { username },
      created_at: at.toISOString(),
    });
    const approved = { approved_by: [{ user: { username: 'jane' } }, { user: { username: 'joe' } }] };
    const notes = [note('jane', new Date()), note('joe', new Date(createdAt.getTime() - 60_000))];
    server.faults.push(
      { on: { path: /approvals$/ }, does: { kind: 'answer', answer: { status: 200, body: approved } } },
      { on: { path: /notes$/ }, does: { kind: 'answer', answer: { status: 200, body: notes } } },
    );

    expect(await approvalOf(number)).toEqual({ kind: 'approved', by: ['jane'] });
  });

  it('counts nothing while GitLab has not written down the newest commit', async () => {
    const { number } = await opened();
    review(repository.pulls[0] as ServedPull, 'jane', 'APPROVED');
    server.faults.push({ on: { path: /versions$/ }, does: { kind: 'answer', answer: { status: 200, body: [] } } });

    expect(await approvalOf(number)).toMatchObject({ kind: 'pending', by: [] });
  });
});

describe('merging by itself', () => {
  it('lets GitLab wait for an approval', async () => {
    repository.protection = { approvals: 1, strict: false, checks: [] };
    const pull = await opened();
    const found = await forge.read(pull.number);

    const why = found && (await forge.autoMerge(found, 'squash'));
    review(pull, 'jane', 'APPROVED');

    expect(why).toBeNull();
    expect(await forge.read(pull.number)).toMatchObject({ state: 'merged', mergeCommit: await repository.git.head() });
  });

  it.each<[string, () => unknown, string]>([
    ['a conflict', () => repository.git.seed({ 'towpath/a.txt': 'other\n' }), 'Branch cannot be merged (conflict)'],
    ['a commit of somebody else', () => repository.git.seed({ m: '1' }, { branch: 'towpath/a' }), 'SHA does not match'],
    ['no right to merge', () => refusingMerge(), 'this token may not merge into that branch'],
    [
      'a project that squashes only',
      () => Object.assign(repository, { mergeKinds: ['squash'] }),
      'the project merges by',
    ],
  ])('says why not: %s', async (_name, make, words) => {
    const pull = await opened();
    const found = await forge.read(pull.number);
    await make();

    const why = found && (await forge.autoMerge(found, 'merge').catch(String));

    expect(why).toContain(words);
    expect(repository.pulls[0]?.state).toBe('open');
  });

  /** GitLab's words for whoever may not merge are those for whoever is unknown. */
  function refusingMerge(): void {
    const answer = { status: 401, body: { message: '401 Unauthorized' } };
    server.faults.push({ on: { path: /\/merge$/ }, does: { kind: 'answer', answer } });
  }

  it('tells of a fast-forward, which makes no commit of its own', async () => {
    repository.mergeKinds = ['rebase', 'squash'];
    const pull = await opened();
    await repository.git.seed({ other: '1' });
    await mergePull(repository, pull, 'rebase', 'jane');

    expect((await forge.repository()).mergeMethods).toEqual(['rebase', 'squash']);
    expect(await forge.read(pull.number)).toMatchObject({ state: 'merged', mergeCommit: await repository.git.head() });
  });
});

describe('the project', () => {
  it('is asked for by its path once, and then by its number, so that a new name does not matter', async () => {
    const { number } = await opened();
    repository.people.set('jane', 'write');
    server.world.repositories.delete(path);
    server.world.repositories.set('acme/moved', { ...repository, path: 'acme/moved' });
    server.world.renames.set(path, 'acme/moved');

    await forge.close(number, 'closed');
    open();
    await forge.close(number, 'closed again');

    expect(await forge.read(number)).toMatchObject({ state: 'closed', body: 'closed again' });
  });

  it('that is gone is no merge request that is gone', async () => {
    await opened();
    repository.people.delete('towpath');

    await expect(forge.read(1)).rejects.toMatchObject({ reason: 'ForgeMissing' });
  });

  it('tells a token that may only read from an archived project', async () => {
    await repository.git.git('branch', 'towpath/a', 'main');
    await repository.git.seed({ a: '1' }, { branch: 'towpath/a' });
    repository.people.set('towpath', 'read');
    const forbidden = await forge.create(request('towpath/a')).catch((error: unknown) => error);
    repository.archived = true;
    const archived = await forge.create(request('towpath/a')).catch((error: unknown) => error);

    expect(forbidden).toMatchObject({ reason: 'ForgeForbidden' });
    expect(archived).toMatchObject({ reason: 'ForgeArchived' });
    expect((await forge.repository()).mayPush).toBe(false);
  });

  it('names the scope that a token lacks', async () => {
    await opened();
    token = server.token('towpath', ['read_api']);

    await expect(forge.close(1, 'x')).rejects.toThrow('the scope api');
    expect(await forge.open(prefix)).toHaveLength(1);
  });

  it('tells what is left of its limit', async () => {
    await forge.open(prefix);

    expect(forge.budgets()).toEqual([{ name: 'requests', limit: 2000, left: 1999 }]);
  });
});

it('opens one by one request that makes something, labels and reviewers included', async () => {
  const pull = await opened('towpath/a', { labels: ['deletes'], reviewers: ['jane', 'nobody'], teamReviewers: ['x'] });

  expect(pull).toMatchObject({ labels: ['deletes'], reviewers: ['jane'] });
  expect(server.requests.filter(({ method }) => method !== 'GET').map(({ method }) => method)).toEqual(['POST']);
});

it('does not say a token that ran out in the middle', async () => {
  await opened();
  server.revoke(token);

  const failure = forge.open(prefix);

  await expect(failure).rejects.toMatchObject({ kind: 'terminal', reason: 'ForgeUnauthorized' });
  await expect(failure).rejects.not.toThrow(token);
  token = server.token('towpath');
  expect(await forge.open(prefix)).toHaveLength(1);
});
