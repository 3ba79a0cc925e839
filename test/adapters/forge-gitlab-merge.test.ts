/** Merging on GitLab: at once, once its rules are met, and what keeps it from it. */
import { describe, expect, it } from 'vitest';
import { mergePull, review } from '../support/forge-server-pulls.ts';
import { gitlabForgeWorld } from '../support/gitlab-forge-world.ts';

const world = gitlabForgeWorld();

describe('merging by itself', () => {
  it('waits until GitLab has seen the push and knows whether it can be merged', async () => {
    const pull = await world.opened();
    const found = await world.forge.read(1);
    for (const told of [{ sha: 'e'.repeat(40) }, { detailed_merge_status: 'preparing' }]) {
      await world.spoken((shown) => ({ ...shown, ...told }));
    }

    expect(found && (await world.forge.autoMerge(found, 'merge', null))).toBeNull();
    expect(pull.state).toBe('merged');
  });

  it('asks once more where it became ready while it was asked to wait', async () => {
    const pull = await world.opened();
    const found = await world.forge.read(1);
    // With nothing to wait for GitLab refuses to wait.
    await world.spoken((shown) => ({ ...shown, detailed_merge_status: 'ci_must_pass' }));

    expect(found && (await world.forge.autoMerge(found, 'merge', null))).toBeNull();
    expect(pull.state).toBe('merged');
  });

  it('asks nothing twice, and takes back what the project squashes by default', async () => {
    world.repository.protection = { approvals: 1, strict: false, checks: [] };
    await world.opened();
    const found = await world.forge.read(1);
    await world.spoken((shown) => ({ ...shown, squash: true }));
    world.server.requests.length = 0;

    expect(found && (await world.forge.autoMerge(found, 'merge', null))).toBeNull();
    expect(found && (await world.forge.autoMerge(found, 'merge', null))).toBeNull();

    const written = world.server.requests
      .filter(({ method }) => method !== 'GET')
      .map(({ path }) => path.split('/').at(-1));
    expect(written).toEqual(['1', 'merge']);
  });

  it('lets GitLab wait for an approval', async () => {
    world.repository.protection = { approvals: 1, strict: false, checks: [] };
    const pull = await world.opened();
    const found = await world.forge.read(pull.number);

    const why = found && (await world.forge.autoMerge(found, 'squash', null));
    review(pull, 'jane', 'APPROVED');

    expect(why).toBeNull();
    expect(await world.forge.read(pull.number)).toMatchObject({
      state: 'merged',
      mergeCommit: await world.repository.git.head(),
    });
  });

  it.each<[string, () => unknown, string]>([
    [
      'a conflict',
      () => world.repository.git.seed({ 'towpath/a.txt': 'other\n' }),
      'Branch cannot be merged (conflict)',
    ],
    [
      'a commit of somebody else',
      () => world.repository.git.seed({ m: '1' }, { branch: 'towpath/a' }),
      'can be; it is tried again',
    ],
    ['no right to merge', () => refusingMerge(), 'this token may not merge into that branch'],
    [
      'a project that squashes only',
      () => Object.assign(world.repository, { mergeKinds: ['squash'] }),
      'the project merges by',
    ],
  ])('says why not: %s', async (_name, make, words) => {
    const pull = await world.opened();
    const found = await world.forge.read(pull.number);
    await make();

    const why = found && (await world.forge.autoMerge(found, 'merge', null).catch(String));

    expect(why).toContain(words);
    expect(world.repository.pulls[0]?.state).toBe('open');
  });

  /** GitLab's words for whoever may not merge are those for whoever is unknown. */
  function refusingMerge(): void {
    const answer = { status: 401, body: { message: '401 Unauthorized' } };
    world.server.faults.push({ on: { path: /\/merge$/ }, does: { kind: 'answer', answer } });
  }

  it.each([true, false])('tells whether a squash keeps the trailers: %s', async (isKept) => {
    world.repository.keepsTrailers = isKept;

    expect((await world.forge.repository()).squash?.trailers).toBe(isKept ? 'kept' : 'lost');
  });

  it('tells of a fast-forward, which makes no commit of its own', async () => {
    world.repository.mergeKinds = ['rebase', 'squash'];
    const pull = await world.opened();
    await world.repository.git.seed({ other: '1' });
    await mergePull(world.repository, pull, 'rebase', 'jane');

    expect((await world.forge.repository()).mergeMethods).toEqual(['rebase', 'squash']);
    expect(await world.forge.read(pull.number)).toMatchObject({
      state: 'merged',
      mergeCommit: await world.repository.git.head(),
    });
  });
});
