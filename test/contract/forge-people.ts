/** What every Forge must tell of what people did: merged, closed, opened again, approved, and what checks say. */
import { expect, it } from 'vitest';
import type { MergeMethod, PullRequest } from '../../src/domain/pull-request.ts';
import { prefix, request } from './forge-requests.ts';
import type { ForgeCapabilities, ForgeWorld } from './forge-world.ts';

export function forgePeopleContract(open: () => ForgeWorld, capabilities: ForgeCapabilities): void {
  endingContract(open, capabilities.mergeMethods ?? ['merge', 'squash', 'rebase']);
  mergingContract(open, capabilities);
  approvalContract(open, capabilities);
}

async function opened({ forge, branch }: ForgeWorld, head = 'towpath/a'): Promise<PullRequest> {
  await branch(head);
  return forge.create(request(head));
}

function endingContract(open: () => ForgeWorld, methods: readonly MergeMethod[]): void {
  it.each(methods)('tells of a merge by %s: who, and which commit of the base', async (method) => {
    const world = open();
    const { forge, reviewer } = world;
    const { number, headCommit } = await opened(world);

    const onBase = await reviewer.merge(number, method);

    expect(onBase).toBe(await world.baseHead());
    const merged = await forge.read(number);
    expect(merged).toMatchObject({ state: 'merged', headCommit, mergeCommit: onBase });
    expect(await forge.closedBy(number)).toBe(reviewer.name);
    expect(await forge.open(prefix)).toEqual([]);
  });

  it('tells who closed it', async () => {
    const world = open();
    const { forge, reviewer } = world;
    const { number } = await opened(world);

    await reviewer.close(number);

    expect(await forge.read(number)).toMatchObject({ state: 'closed', mergeCommit: null });
    expect(await forge.closedBy(number)).toBe(reviewer.name);
  });

  it('shows one that a person opened again among the open ones, under its old number', async () => {
    const world = open();
    const { forge, reviewer } = world;
    const { number } = await opened(world);
    await reviewer.close(number);

    await reviewer.reopen(number);

    expect((await forge.open(prefix)).map((one) => one.number)).toEqual([number]);
    expect(await forge.read(number)).toMatchObject({ number, state: 'open' });
  });
}

function mergingContract(open: () => ForgeWorld, { pushedMerge }: ForgeCapabilities): void {
  it('merges by itself what nothing stands against', async () => {
    const world = open();
    const pullRequest = await opened(world);

    const message = 'deploy(a): revision 1 (22222222)\n\nWhy.\n\nChange: deploy\nDeployment-Id: 11\n';
    expect(await world.forge.autoMerge(pullRequest, 'squash', message)).toBeNull();

    await expect.poll(async () => (await world.forge.read(pullRequest.number))?.state).toBe('merged');
    expect(await world.baseMessage()).toContain('\nChange: deploy\nDeployment-Id: 11');
    expect((await world.forge.read(pullRequest.number))?.mergeCommit).toBe(await world.baseHead());
  });

  it('lets the forge know that the listener merged, as far as it can be told', async () => {
    const world = open();
    const { forge } = world;
    const pullRequest = await opened(world);
    const commit = await world.fastForward('towpath/a');

    const isKnown = await forge.markMerged(pullRequest, commit);

    expect(commit).toBe(pullRequest.headCommit);
    expect(isKnown).toBe(pushedMerge !== 'never');
    await expect
      .poll(async () => (await forge.read(pullRequest.number))?.state)
      .toBe(pushedMerge === 'never' ? 'open' : 'merged');
  });
}

function approvalContract(open: () => ForgeWorld, { requestsChanges }: ForgeCapabilities): void {
  it('is pending until somebody approves, and names who did', async () => {
    const world = open();
    const pullRequest = await opened(world);

    const before = await world.forge.approval(pullRequest);
    await world.reviewer.approve(pullRequest.number);
    const after = await world.forge.approval(pullRequest);

    expect(before).toMatchObject({ kind: 'pending', by: [] });
    expect(after).toEqual({ kind: 'approved', by: [world.reviewer.name] });
  });

  it('does not count an approval of an older commit', async () => {
    const world = open();
    const { forge, reviewer } = world;
    const { number } = await opened(world);
    await reviewer.approve(number);
    const tip = await world.push('towpath/a');
    await expect.poll(async () => (await forge.read(number))?.headCommit).toBe(tip);

    const stale = await forge.approval(await readOf(world, number));
    await reviewer.approve(number);
    const fresh = await forge.approval(await readOf(world, number));

    expect(stale).toMatchObject({ kind: 'pending', by: [] });
    expect(fresh).toEqual({ kind: 'approved', by: [reviewer.name] });
  });

  it.runIf(requestsChanges)('is refused by whoever asks for changes, until they approve', async () => {
    const world = open();
    const { forge, reviewer } = world;
    const pullRequest = await opened(world);
    await reviewer.requestChanges(pullRequest.number);

    const refused = await forge.approval(pullRequest);
    await reviewer.approve(pullRequest.number);
    const approved = await forge.approval(pullRequest);

    expect(refused).toMatchObject({ kind: 'refused', why: expect.stringContaining(reviewer.name) });
    expect(approved).toEqual({ kind: 'approved', by: [reviewer.name] });
  });

  it('waits for checks, and is refused by one that fails', async () => {
    const world = open();
    const { forge, reviewer, check } = world;
    const pullRequest = await opened(world);
    await reviewer.approve(pullRequest.number);

    const kinds: string[] = [];
    for (const state of ['pending', 'failure', 'success'] as const) {
      await check(pullRequest.headCommit, state);
      kinds.push((await forge.approval(pullRequest)).kind);
    }

    expect(kinds).toEqual(['pending', 'refused', 'approved']);
  });
}

async function readOf({ forge }: ForgeWorld, number: number): Promise<PullRequest> {
  const found = await forge.read(number);
  if (!found) throw new RangeError(`There is no pull request #${number}`);
  return found;
}
