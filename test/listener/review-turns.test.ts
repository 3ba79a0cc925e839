/** Who waits for his turn gets it, whatever stands before him; and what nobody wants any more goes out no more. */
import { afterEach, expect, it } from 'vitest';
import { TowpathError } from '../../src/domain/failure.ts';
import { begin, lookAgain, onlyOpen, reported, withForge } from '../support/review-steps.ts';
import { reviewWorld } from '../support/review-world.ts';
import { until } from '../support/until.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

it('a deployment that cannot be rendered takes no other’s place in a small budget', async () => {
  const world = reviewWorld();
  const parts = withForge(world, () => ({ budgets: () => [{ name: 'content a minute', limit: 1, left: 1 }] }));
  const { plane, running } = await begin(stops, world, { parts });
  const bad = plane.create('bad', { image: 'registry.example/forbidden:1' });
  await reported(plane, bad, 'InvalidManifest');

  const good = plane.create('good');
  await lookAgain({ world, running });
  await reported(plane, good, 'InReview');

  expect(plane.lastReport(bad)?.reason).toBe('InvalidManifest');
});

it('an approved pull request is merged, however many before it wait for approval', async () => {
  const publication = { mode: 'proposed', forge: 'gitea', merge: 'fast-forward' };
  const { world, plane, running } = await begin(stops, reviewWorld(), { namespace: { publication } });
  const ids = Array.from({ length: 25 }, (_, index) => plane.create(`chat-${index}`));
  for (const id of ids) await reported(plane, id, 'InReview');
  const last = ids.at(-1);
  const pullRequest = world.open().find(({ head }) => head.startsWith('towpath/chat-24-'));

  world.forge.people.approve(pullRequest?.number ?? 0, 'Jane');
  await lookAgain({ world, running });

  if (last) await reported(plane, last, 'Pushed');
  expect(world.open()).toHaveLength(24);
});

it('a revision that is interrupted while its branch is pushed is not proposed', async () => {
  const world = reviewWorld();
  const propose = world.parts.review?.branches.propose;
  let interrupt = async (): Promise<void> => undefined;
  const review = world.parts.review && {
    ...world.parts.review,
    branches: {
      ...world.parts.review.branches,
      propose: async (...given: Parameters<NonNullable<typeof propose>>) => {
        await interrupt();
        return propose?.(...given) ?? [];
      },
    },
  };
  const { plane } = await begin(stops, world, { parts: { review } });
  interrupt = async () => {
    const [wanted] = plane.wanted().values();
    if (!wanted || wanted.interrupted) return;
    const { requests } = plane;
    const polls = () => requests.filter((one) => one.includes('/desired')).length;
    const before = polls();
    plane.update(wanted.id, { interrupted: true, revision: wanted.revision });
    await until('the news', () => polls() > before);
  };

  plane.create('chat');
  await until('the branch to go', () => world.remote.requests.remove > 0);

  expect(world.all()).toEqual([]);
});

it('a rejection is told, and the others go on, though nobody may see who it was', async () => {
  const { world, plane, running } = await begin(stops, reviewWorld());
  const id = plane.create('chat');
  await reported(plane, id, 'InReview');
  const denied = new TowpathError('terminal', 'ForgeForbidden', 'Cannot read who closed it: the token lacks a right');
  for (let times = 0; times < 20; times++) world.forge.failNext(denied, 'closedBy');

  world.forge.people.close(onlyOpen(world).number, 'Jane');
  running.wake();
  const report = await reported(plane, id, 'Rejected');
  await reported(plane, plane.create('other'), 'InReview');

  expect(report.message).toContain('rejected by somebody');
});

it('what is wanted no more is closed before anything new takes the last of a budget', async () => {
  let left = 1;
  const take = (): void => {
    left -= 1;
    if (left < 0)
      throw new TowpathError('waiting', 'ForgeBudget', 'Cannot ask yet: it waits', { retryAfterMs: 60_000 });
  };
  const world = reviewWorld({ budget: { take } });
  const { plane, running } = await begin(stops, world);
  const id = plane.create('chat');
  await reported(plane, id, 'InReview');
  const { number } = onlyOpen(world);
  await running.stop();
  const wanted = plane.wanted().get(id);
  const other = plane.create('other');
  plane.update(id, { interrupted: true, ...(wanted ? { revision: wanted.revision } : {}) });
  left = 1;

  const again = world.start(plane);
  stops.push(again.stop);
  await reported(plane, other, 'WaitingForForge');

  expect(world.forge.pullRequests.get(number)?.state).toBe('closed');
});

it('removals that the deletion limit holds take nobody’s place in a small budget', async () => {
  const take = (): void => undefined;
  const world = reviewWorld({ budget: { take } });
  const parts = withForge(world, () => ({ budgets: () => [{ name: 'content a minute', limit: 2, left: 2 }] }));
  const namespace = { deletion: { max: 1 } };
  const { plane, running } = await begin(stops, world, { parts, namespace });
  const ids = ['one', 'two', 'three'].map((name) => plane.create(name));
  for (const id of ids) {
    running.wake();
    await reported(plane, id, 'InReview');
  }
  for (const { number } of world.open()) world.forge.people.merge(number, 'merge');
  running.wake();
  for (const id of ids) await reported(plane, id, 'Pushed');

  for (const id of ids) plane.remove(id);
  await until('the hold', () => plane.reports.some(({ reason }) => reason === 'DeletionLimit'));
  const other = plane.create('other');
  await reported(plane, other, 'InReview');

  expect(onlyOpen(world).head).toContain('/other-');
});
