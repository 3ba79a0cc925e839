/** What only GitLab says: its merge statuses, moved projects, tokens and descriptions. */
import { describe, expect, it } from 'vitest';
import { request } from '../contract/forge-requests.ts';
import { closePull } from '../support/forge-server-pulls.ts';
import { mergeStatuses } from '../support/gitlab-description-shapes.ts';
import { gitlabForgeWorld, path } from '../support/gitlab-forge-world.ts';

const prefix = 'towpath/';
const world = gitlabForgeWorld();
const forbidden = { status: 403, body: { message: '403 Forbidden' } };

describe('merge statuses', () => {
  const told: Readonly<Record<string, string>> = {
    ...{ mergeable: 'mergeable', conflict: 'conflict', need_rebase: 'behind' },
    ...{
      checking: 'unknown',
      unchecked: 'unknown',
      preparing: 'unknown',
      approvals_syncing: 'unknown',
      not_open: 'unknown',
    },
  };

  it.each([...mergeStatuses, 'a_status_of_tomorrow'].map((status) => [status, told[status] ?? 'blocked']))(
    'reads %s as %s',
    async (status, expected) => {
      world.server.world.isDescribed = mergeStatuses.includes(status);
      await world.opened();
      await world.spoken((found) => ({ ...found, detailed_merge_status: status }));

      expect((await world.forge.read(1))?.mergeability).toBe(expected);
    },
  );

  it('are told in the list as they are now, where a project demands the newest base', async () => {
    world.repository.protection = { approvals: 0, strict: true, checks: [] };
    await world.opened();
    const before = await world.forge.open(prefix);
    await world.repository.git.seed({ other: '1' });

    const after = await world.forge.open(prefix);

    expect([before, after].map(([one]) => one?.mergeability)).toEqual(['mergeable', 'behind']);
  });

  it.each([
    ['can_be_merged', 'mergeable'],
    ['cannot_be_merged', 'conflict'],
    ['unchecked', 'unknown'],
  ])('reads %s of an old GitLab as %s', async (status, expected) => {
    world.server.world.isDescribed = false;
    await world.opened();
    await world.spoken(({ detailed_merge_status: _, ...found }) => ({
      ...found,
      merge_status: status,
      has_conflicts: expected === 'conflict',
    }));

    expect((await world.forge.read(1))?.mergeability).toBe(expected);
  });
});

describe('the project', () => {
  it('is asked for by its path once, and then by its number, so that a new name does not matter', async () => {
    const { number } = await world.opened();
    world.repository.people.set('jane', 'write');
    world.server.world.repositories.delete(path);
    world.server.world.repositories.set('acme/moved', { ...world.repository, path: 'acme/moved' });
    world.server.world.renames.set(path, 'acme/moved');

    await world.forge.close(number, 'closed');
    world.open();
    await world.forge.close(number, 'closed again');

    expect(await world.forge.read(number)).toMatchObject({ state: 'closed', body: 'closed again' });
  });

  it('that is gone is no merge request that is gone', async () => {
    await world.opened();
    world.repository.people.delete('towpath');

    await expect(world.forge.read(1)).rejects.toMatchObject({ reason: 'ForgeMissing' });
  });

  it('tells a token that may only read from an archived project', async () => {
    await world.repository.git.git('branch', 'towpath/a', 'main');
    await world.repository.git.seed({ a: '1' }, { branch: 'towpath/a' });
    world.repository.people.set('towpath', 'read');
    const forbidden = await world.forge.create(request('towpath/a')).catch((error: unknown) => error);
    world.repository.archived = true;
    const archived = await world.forge.create(request('towpath/a')).catch((error: unknown) => error);

    expect(forbidden).toMatchObject({ reason: 'ForgeForbidden' });
    expect(archived).toMatchObject({ reason: 'ForgeArchived' });
    expect((await world.forge.repository()).mayPush).toBe(false);
  });

  it('names the scope that a token lacks', async () => {
    await world.opened();
    world.token = world.server.token('towpath', ['read_api']);

    await expect(world.forge.close(1, 'x')).rejects.toThrow('the scope api');
    expect(await world.forge.open(prefix)).toHaveLength(1);
  });

  it('says so where it has merge requests switched off', async () => {
    const where = `${world.server.apiUrl}/projects/${world.repository.id}`;
    const found = await fetch(where, { headers: { 'private-token': world.token } });
    const body = { ...((await found.json()) as object), merge_requests_access_level: 'disabled' };
    world.server.faults.push(
      { on: { path: /merge_requests$/ }, does: { kind: 'answer', answer: forbidden } },
      { on: { path: /merge_requests$/ }, does: { kind: 'answer', answer: forbidden } },
    );
    await expect(world.forge.open(prefix)).rejects.toThrow('the token lacks a right');

    world.server.faults.push({
      on: { path: /projects\/\d+$/ },
      does: { kind: 'answer', answer: { status: 200, body } },
    });

    await expect(world.forge.open(prefix)).rejects.toThrow(/has them switched off; switch them on/);
  });

  it('lets somebody push who is there by a group that was invited, which it does not say itself', async () => {
    const where = `${world.server.apiUrl}/projects/${world.repository.id}`;
    const found = await fetch(where, { headers: { 'private-token': world.token } });
    const body = { ...((await found.json()) as object), permissions: { project_access: null, group_access: null } };
    world.repository.protection = { approvals: 1, strict: false, checks: [] };
    world.server.faults.push({ does: { kind: 'answer', answer: { status: 200, body } } });

    expect((await world.forge.repository()).mayPush).toBe(true);
  });

  it('says in plain text that its limit is used up, and for how long', async () => {
    const headers = { 'content-type': 'text/plain', 'retry-after': '42', 'ratelimit-remaining': '0' };
    const answer = { status: 429, headers, body: 'Retry later\n' };
    world.server.faults.push({ does: { kind: 'answer', answer } });

    await expect(world.forge.open(prefix)).rejects.toMatchObject({
      kind: 'waiting',
      reason: 'ForgeRateLimited',
      retryAfterMs: 42_000,
    });
  });

  it('tells what is left of its limit', async () => {
    await world.forge.open(prefix);

    expect(world.forge.budgets()).toEqual([{ name: 'requests', limit: 2000, left: 1999 }]);
  });
});

it('opens one by one request that makes something, labels and reviewers included', async () => {
  const pull = await world.opened('towpath/a', {
    labels: ['deletes'],
    reviewers: ['jane', 'nobody'],
    teamReviewers: ['x'],
  });

  expect(pull).toMatchObject({ labels: ['deletes'], reviewers: ['jane'] });
  expect(world.server.requests.filter(({ method }) => method !== 'GET').map(({ method }) => method)).toEqual(['POST']);
});

it('does not say a token that ran out in the middle', async () => {
  await world.opened();
  world.server.revoke(world.token);

  const failure = world.forge.open(prefix);

  await expect(failure).rejects.toMatchObject({ kind: 'terminal', reason: 'ForgeUnauthorized' });
  await expect(failure).rejects.not.toThrow(world.token);
  world.token = world.server.token('towpath');
  expect(await world.forge.open(prefix)).toHaveLength(1);
});

it('names who closed it, not who was to merge it', async () => {
  const pull = await world.opened();
  closePull(pull, 'jane');
  await world.spoken((shown) => ({ ...shown, merge_user: shown['author'] }));

  expect(await world.forge.closedBy(1)).toBe('jane');
});

it('gives GitLab no commands to obey', async () => {
  const body = 'Why:\n/merge\n/approve now\n  /close\n/deployments/a is a path';
  const pull = await world.opened('towpath/a', { body });
  const created = pull.body;
  await world.forge.update(1, { title: 't', body, labels: [] });
  const updated = pull.body;
  await world.forge.close(1, body);

  const kept = 'Why:\n /merge\n /approve now\n  /close\n /deployments/a is a path';
  expect([created, updated, pull.body]).toEqual([kept, kept, kept]);
});

it('lists one once that slips to the next page while the list is read', async () => {
  await world.opened('towpath/a');
  const shown = await fetch(`${world.server.apiUrl}/projects/${world.repository.id}/merge_requests`, {
    headers: { 'private-token': world.token },
  });
  const body = (await shown.json()) as unknown[];
  const page = (headers: Readonly<Record<string, string>>) =>
    world.server.faults.push({
      on: { path: /merge_requests$/ },
      does: { kind: 'answer', answer: { status: 200, body, headers } },
    });
  page({ 'x-next-page': '2' });
  page({ 'x-next-page': '' });

  expect(await world.forge.open(prefix)).toHaveLength(1);
});
