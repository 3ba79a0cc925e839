/** Forges whose lists lag behind what was done a moment ago: nothing is opened twice, closed in vain, or proposed again. */
import { afterEach, expect, it } from 'vitest';
import { TowpathError } from '../../src/domain/failure.ts';
import type { CommitId } from '../../src/domain/identifiers.ts';
import type { PullRequest } from '../../src/domain/pull-request.ts';
import { begin, lookAgain, onlyOpen, reported, withForge } from '../support/review-steps.ts';
import { reviewWorld } from '../support/review-world.ts';
import { until } from '../support/until.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

it('one that was opened a moment ago and is not listed yet is not opened again', async () => {
  const world = reviewWorld();
  let isListed = false;
  const parts = withForge(world, ({ open }) => ({ open: async (prefix) => (isListed ? open(prefix) : []) }));
  const { plane, running } = await begin(stops, world, { parts });
  const id = plane.create('chat');
  await reported(plane, id, 'InReview');

  await lookAgain({ world, running });
  isListed = true;
  await lookAgain({ world, running });

  expect([world.forge.calls.create, world.remote.requests.propose]).toEqual([1, 1]);
  expect(plane.lastReport(id)?.reason).toBe('InReview');
});

it('four that were opened a moment ago and are not listed yet are not opened again', async () => {
  const world = reviewWorld();
  let isListed = false;
  const parts = withForge(world, ({ open }) => ({ open: async (prefix) => (isListed ? open(prefix) : []) }));
  const { plane, running } = await begin(stops, world, { parts });
  const ids = ['one', 'two', 'three', 'four'].map((name) => plane.create(name));
  for (const id of ids) await reported(plane, id, 'InReview');
  const { create } = world.forge.calls;

  await lookAgain({ world, running });
  isListed = true;
  await lookAgain({ world, running });

  expect(world.forge.calls.create).toBe(create);
});

it('one that a person closed stays rejected, though by its number it still seems open', async () => {
  const world = reviewWorld();
  let seen: PullRequest | null = null;
  const parts = withForge(world, ({ read }) => ({ read: async (number) => seen ?? read(number) }));
  const { plane, running } = await begin(stops, world, { parts });
  const id = plane.create('chat');
  await reported(plane, id, 'InReview');
  const { number } = onlyOpen(world);
  seen = await world.forge.forge.read(number);

  world.forge.people.close(number, 'Jane');
  await lookAgain({ world, running });
  seen = null;
  running.wake();
  await reported(plane, id, 'Rejected');

  expect(world.all()).toMatchObject([{ number, state: 'closed' }]);
});

it('many that people closed at once stay rejected, though the list of the closed ones lags', async () => {
  const world = reviewWorld();
  let lags = false;
  const parts = withForge(world, ({ closed }) => ({
    closed: async (prefix, after) => (lags ? [] : closed(prefix, after)),
  }));
  const { plane, running } = await begin(stops, world, { parts });
  const ids = ['one', 'two', 'three', 'four', 'five'].map((name) => plane.create(name));
  for (const id of ids) await reported(plane, id, 'InReview');

  lags = true;
  for (const { number } of world.open()) world.forge.people.close(number, 'Jane');
  running.wake();
  for (const id of ids) await reported(plane, id, 'Rejected');

  expect(world.all()).toHaveLength(5);
});

it('one that was merged and is still listed as open is not closed, nor its text changed', async () => {
  const world = reviewWorld();
  let stale: readonly PullRequest[] | null = null;
  const parts = withForge(world, ({ open }) => ({ open: async (prefix) => stale ?? open(prefix) }));
  const { plane, running } = await begin(stops, world, { parts });
  const id = plane.create('chat');
  await reported(plane, id, 'InReview');
  const { number, body } = onlyOpen(world);
  stale = await world.forge.forge.open('towpath/');

  world.forge.people.merge(number, 'merge');
  running.wake();
  await reported(plane, id, 'Pushed');
  await lookAgain({ world, running });

  expect(world.forge.calls.close).toBe(0);
  expect(world.forge.pullRequests.get(number)).toMatchObject({ state: 'merged', body });
});

it('one that Towpath closed and that is still listed as open is not closed twice', async () => {
  const world = reviewWorld();
  let stale: readonly PullRequest[] | null = null;
  const parts = withForge(world, ({ open }) => ({ open: async (prefix) => stale ?? open(prefix) }));
  const { plane, running } = await begin(stops, world, { parts });
  const id = plane.create('chat');
  await reported(plane, id, 'InReview');
  stale = await world.forge.forge.open('towpath/');

  const wanted = plane.wanted().get(id);
  plane.update(id, { interrupted: true, ...(wanted ? { revision: wanted.revision } : {}) });
  await until('the closing', () => world.open().length === 0);
  await lookAgain({ world, running });

  expect(world.forge.calls.close).toBe(1);
});

it('one that is merged, while git still shows the base as it was, is waited for', async () => {
  const { world, plane, running } = await begin(stops, reviewWorld(), { timings: { mergedMs: 60_000 } });
  const id = plane.create('chat');
  await reported(plane, id, 'InReview');
  const before = world.remote.head;
  const merged = world.forge.people.merge(onlyOpen(world).number, 'merge');
  world.remote.head = before;

  running.wake();
  const waiting = await reported(plane, id, 'Merged');
  world.remote.head = merged;
  running.wake();
  await reported(plane, id, 'Pushed');

  expect(waiting).toMatchObject({ stage: 'in-review', outcome: 'progressing' });
  expect(plane.reports.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
  expect(world.all()).toHaveLength(1);
});

it('a branch that the forge does not know of yet, right after its push, fails no revision', async () => {
  const world = reviewWorld();
  const invalid = new TowpathError('terminal', 'ForgeInvalid', 'Cannot open it: it answered 422: head invalid');
  world.forge.failNext(invalid, 'create');
  const { plane, running } = await begin(stops, world);

  const id = plane.create('chat');
  await reported(plane, id, 'WaitingForForge');
  running.wake();
  await reported(plane, id, 'InReview');

  expect(plane.reports.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
});

it('the commit that was pushed is the one that the forge is to merge, though it has not seen it yet', async () => {
  const world = reviewWorld();
  const meant: string[] = [];
  const parts = withForge(world, ({ create }) => ({
    create: async (request) => ({ ...(await create(request)), headCommit: 'e'.repeat(40) as CommitId }),
    autoMerge: async ({ headCommit }) => {
      meant.push(headCommit);
      return null;
    },
  }));
  const publication = { mode: 'proposed', forge: 'gitea', autoMerge: 'squash' } as const;
  const { plane } = await begin(stops, world, { parts, namespace: { publication } });

  await reported(plane, plane.create('chat'), 'InReview');

  expect(meant).toEqual([world.remote.branches.get(onlyOpen(world).head)]);
});

it('one of which the forge does not know yet whether it can merge it is asked for once more', async () => {
  const world = reviewWorld();
  const early = new TowpathError('transient', 'ForgeNotMergeable', 'Cannot let #1 be merged: it is still checked');
  let asked = 0;
  const parts = withForge(world, ({ autoMerge }) => ({
    autoMerge: async (...given) => {
      asked += 1;
      if (asked === 1) throw early;
      return autoMerge(...given);
    },
  }));
  const publication = { mode: 'proposed', forge: 'gitea', autoMerge: 'squash' } as const;
  const { plane, running } = await begin(stops, world, { parts, namespace: { publication } });
  const id = plane.create('chat');
  await reported(plane, id, 'WaitingForForge');

  running.wake();
  await until('the second asking', () => asked === 2);
  running.wake();
  await reported(plane, id, 'Pushed');

  expect([asked, world.all().length]).toEqual([2, 1]);
  expect(plane.reports.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
});

it('one that is listed twice, as it slips to the next page, is no double that must be closed', async () => {
  const world = reviewWorld();
  const parts = withForge(world, ({ open }) => ({
    open: async (prefix) => (await open(prefix)).flatMap((one) => [one, one]),
  }));
  const { plane, running } = await begin(stops, world, { parts });
  await reported(plane, plane.create('chat'), 'InReview');

  await lookAgain({ world, running });

  expect(world.open()).toHaveLength(1);
  expect(world.forge.calls.close).toBe(0);
});
