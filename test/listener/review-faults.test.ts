/** What goes wrong with one pull request stays with that one, and what people decided outlives every failure. */
import { afterEach, expect, it } from 'vitest';
import { readMarker } from '../../src/core/pull-request/marker.ts';
import { TowpathError } from '../../src/domain/failure.ts';
import { begin, lookAgain, onlyOpen, reported, withForge } from '../support/review-steps.ts';
import { reviewWorld } from '../support/review-world.ts';
import { until } from '../support/until.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const unreachable = new TowpathError('transient', 'ForgeUnreachable', 'Cannot read it: the forge answers 502');

it('a revision that was rejected long ago is not proposed again though the first question about it fails', async () => {
  const longAgo = new Date(Date.now() - 60 * 86_400_000);
  const world = reviewWorld({ now: () => longAgo });
  const { plane, running } = await begin(stops, world);
  const id = plane.create('chat');
  await reported(plane, id, 'InReview');
  const { number, head } = onlyOpen(world);
  await running.stop();
  world.forge.people.close(number, 'Jane');
  world.remote.branches.delete(head);
  world.forge.failNext(unreachable, 'read');

  const again = world.start(plane);
  stops.push(again.stop);
  await reported(plane, id, 'Rejected');

  expect(world.all()).toMatchObject([{ number, state: 'closed' }]);
});

it('one that is merged right before it would be closed fails nothing else', async () => {
  const { world, plane } = await begin(stops, reviewWorld());
  const id = plane.create('chat');
  await reported(plane, id, 'InReview');
  const { number, body } = onlyOpen(world);
  const wanted = plane.wanted().get(id);
  const wait = new TowpathError('waiting', 'ForgeBudget', 'Cannot ask yet: it waits', { retryAfterMs: 100 });
  world.forge.failNext(wait, 'create');
  world.forge.beforeNext('close', () => void world.forge.people.merge(number, 'merge'));

  plane.update(id, { interrupted: true, ...(wanted ? { revision: wanted.revision } : {}) });
  const other = plane.create('other');
  await until('the merge', () => world.forge.pullRequests.get(number)?.state === 'merged');
  await reported(plane, other, 'InReview');

  expect(plane.reports.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
  expect(world.forge.pullRequests.get(number)?.body).toBe(body);
});

it('an approved one that cannot be joined with the base fails nothing else', async () => {
  const world = reviewWorld();
  const merge = world.parts.review?.branches.merge;
  const review = world.parts.review && {
    ...world.parts.review,
    branches: {
      ...world.parts.review.branches,
      merge: async (...given: Parameters<NonNullable<typeof merge>>) => {
        if (given[2].message.includes('(bad)')) {
          throw new TowpathError('terminal', 'MergeConflict', 'Cannot merge commit 1: both changed "a"');
        }
        if (merge === undefined) throw new Error('there is no review');
        return merge(...given);
      },
    },
  };
  const publication = { mode: 'proposed', forge: 'gitea', merge: 'fast-forward' };
  const { plane, running } = await begin(stops, world, { parts: { review }, namespace: { publication } });
  const bad = plane.create('bad');
  await reported(plane, bad, 'InReview');
  const good = plane.create('good');
  await reported(plane, good, 'InReview');

  for (const { number } of world.open()) world.forge.people.approve(number, 'Jane');
  running.wake();
  await reported(plane, good, 'Pushed');
  const report = await reported(plane, bad, 'MergeConflict');

  expect(report).toMatchObject({ stage: 'in-review', outcome: 'progressing' });
  expect(plane.reports.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
});

it('a token that lapses fails what waits for it, and leaves alone what people have before them', async () => {
  const { world, plane } = await begin(stops, reviewWorld());
  const before = plane.create('before');
  await reported(plane, before, 'InReview');
  const denied = new TowpathError('terminal', 'ForgeUnauthorized', 'Cannot list: the token is refused');
  for (let times = 0; times < 200; times++) world.forge.failNext(denied, 'open');

  const after = plane.create('after');
  await reported(plane, after, 'ForgeUnauthorized');

  expect(plane.lastReport(before)).toMatchObject({ reason: 'InReview', outcome: 'progressing' });
});

it('one that was opened, but not finished, gets its labels after all', async () => {
  const world = reviewWorld();
  const wait = new TowpathError('waiting', 'ForgeBudget', 'Cannot label it yet: it waits', { retryAfterMs: 30 });
  let isFirst = true;
  const parts = withForge(world, ({ create }) => ({
    create: async (request) => {
      if (!isFirst) return create(request);
      isFirst = false;
      await create({ ...request, labels: [], reviewers: [] });
      throw wait;
    },
  }));
  const publication = { mode: 'proposed', forge: 'gitea', labels: ['agents'], reviewers: ['jane'] };
  const { plane } = await begin(stops, world, { parts, namespace: { publication } });

  const id = plane.create('chat');
  await reported(plane, id, 'InReview');

  expect(onlyOpen(world).labels).toContain('agents');
});

it('merging by itself keeps within the pushes that a forge allows', async () => {
  const publication = { mode: 'proposed', forge: 'gitea', merge: 'fast-forward' };
  const namespace = { publication, pushesPerMinute: 4 };
  const { world, plane, running } = await begin(stops, reviewWorld(), { namespace });
  const ids = ['one', 'two', 'three', 'four', 'five', 'six'].map((name) => plane.create(name));
  for (const id of ids) await reported(plane, id, 'InReview');

  for (const { number } of world.open()) world.forge.people.approve(number, 'Jane');
  await lookAgain({ world, running });

  const { propose, merge, remove } = world.remote.requests;
  expect(propose + merge + remove).toBeLessThanOrEqual(4);
  expect(merge).toBeGreaterThan(0);
});

it('a folder that a person removed is proposed once, as what it is, and a refusal of that counts', async () => {
  const { world, plane, running } = await begin(stops, reviewWorld(), { namespace: { drift: 'restore' } });
  const id = plane.create('chat');
  await reported(plane, id, 'InReview');
  world.forge.people.merge(onlyOpen(world).number, 'squash');
  running.wake();
  await reported(plane, id, 'Pushed');
  const paths = [...world.remote.files().keys()].filter((path) => path.startsWith('deployments/'));
  world.remote.commit(
    'Remove it',
    paths.map((path) => ({ kind: 'delete', path: path as never })),
  );

  running.wake();
  const pullRequest = await until('the second pull request', () => world.open()[0]);
  const { headCommit, number } = pullRequest;
  await lookAgain({ world, running });
  const later = { commit: onlyOpen(world).headCommit, change: readMarker(onlyOpen(world).body)?.change };
  world.forge.people.close(number, 'Jane');
  running.wake();
  await reported(plane, id, 'Rejected');
  await lookAgain({ world, running });

  expect(later).toEqual({ commit: headCommit, change: 'restore' });
  expect(world.open()).toEqual([]);
});

it('a refused rerendering fails no revision that runs', async () => {
  const world = reviewWorld();
  const first = await begin(stops, world);
  const { plane } = first;
  const id = plane.create('chat');
  await reported(plane, id, 'InReview');
  world.forge.people.merge(onlyOpen(world).number, 'squash');
  first.running.wake();
  await reported(plane, id, 'Pushed');
  await first.running.stop();

  const running = world.start(plane, { namespace: { rerender: 'now', layout: 'sharded' } });
  stops.push(running.stop);
  const { number, body } = await until('the second pull request', () => world.open()[0]);
  await lookAgain({ world, running });
  world.forge.people.close(number, 'Jane');
  await lookAgain({ world, running });

  expect(readMarker(body)?.change).toBe('rerender');
  expect(world.open()).toEqual([]);
  expect(plane.lastReport(id)).toMatchObject({ stage: 'committed', outcome: 'succeeded', reason: 'Pushed' });
  expect(plane.reports.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
});

it('a removal that was refused long ago stays refused after a restart', async () => {
  const longAgo = new Date(Date.now() - 60 * 86_400_000);
  const world = reviewWorld({ now: () => longAgo });
  const { plane, running } = await begin(stops, world);
  const id = plane.create('chat');
  await reported(plane, id, 'InReview');
  world.forge.people.merge(onlyOpen(world).number, 'squash');
  running.wake();
  await reported(plane, id, 'Pushed');
  plane.remove(id);
  const { number } = await until('the removal', () => world.open()[0]);
  await running.stop();
  world.forge.people.close(number, 'Jane');

  const again = world.start(plane);
  stops.push(again.stop);
  await until('the refusal', () => plane.reports.some((one) => one.kind === 'removal' && one.reason === 'Rejected'));

  expect(world.all()).toHaveLength(2);
  expect(world.open()).toEqual([]);
});

it('a deployment is gone only once its pull request is closed: nobody else would close it', async () => {
  const world = reviewWorld();
  const { plane } = await begin(stops, world);
  const id = plane.create('chat');
  await reported(plane, id, 'InReview');
  const { number } = onlyOpen(world);
  const removals = () => plane.reports.filter(({ kind }) => kind === 'removal');
  const saidBefore: number[] = [];
  world.forge.beforeNext('read', () => saidBefore.push(removals().length));
  world.forge.failNext(unreachable, 'close');

  plane.remove(id);
  await until('the removal', () => removals().length > 0);

  expect(world.forge.pullRequests.get(number)?.state).toBe('closed');
  expect(saidBefore).toEqual([0]);
});

it('one whose opening broke off, and that a person closed before it was finished, is not opened again', async () => {
  const world = reviewWorld();
  world.forge.loseAnswer('create');
  world.forge.beforeNext('read', () => world.forge.people.close(1, 'Jane'));
  const { plane, running } = await begin(stops, world);
  const id = plane.create('chat');
  await until('the closing', () => world.forge.pullRequests.get(1)?.state === 'closed');

  await lookAgain({ world, running });
  await reported(plane, id, 'Rejected');

  expect(world.all()).toHaveLength(1);
});

it('a removal that the server refused is tried again by itself', async () => {
  const { world, plane, running } = await begin(stops, reviewWorld());
  const id = plane.create('chat');
  await reported(plane, id, 'InReview');
  world.forge.people.merge(onlyOpen(world).number, 'squash');
  running.wake();
  await reported(plane, id, 'Pushed');
  world.remote.policy = (message) => (message.startsWith('remove(') ? 'no removals today' : null);

  plane.remove(id);
  await until('the refusal', () => plane.reports.some(({ reason }) => reason === 'PushRefusedByPolicy'));
  await lookAgain({ world, running });
  const { propose } = world.remote.requests;
  await until('another try', () => world.remote.requests.propose > propose);
  world.remote.policy = null;

  await until('the removal', () => world.open()[0]);
});

it('many that are merged, while the base does not hold them, hold up nobody for longer than one', async () => {
  const { world, plane, running } = await begin(stops, reviewWorld());
  const ids = ['one', 'two', 'three', 'four', 'five', 'six'].map((name) => plane.create(name));
  for (const id of ids) await reported(plane, id, 'InReview');
  const before = world.remote.head;
  for (const { number } of world.open()) world.forge.people.merge(number, 'merge');
  world.remote.head = before;

  await lookAgain({ world, running });
  for (const id of ids) await reported(plane, id, 'RevertedInGit');

  expect(plane.reports.filter(({ reason }) => reason === 'HeadKeepsMoving')).toEqual([]);
});

it('a merged removal counts against the limit, whatever the commit of its squash is called', async () => {
  const { world, plane, running } = await begin(stops, reviewWorld(), { namespace: { deletion: { max: 1 } } });
  const [one, two] = [plane.create('one'), plane.create('two')];
  for (const id of [one, two]) await reported(plane, id, 'InReview');
  for (const { number } of world.open()) world.forge.people.merge(number, 'squash');
  running.wake();
  for (const id of [one, two]) await reported(plane, id, 'Pushed');
  plane.remove(one);
  const { number, head } = await until('the removal', () => world.open()[0]);
  const files = [...world.remote.files().keys()].filter((path) => path.includes(head.replace('towpath/', '')));
  world.remote.commit(
    'Clean up (#3)',
    files.map((path) => ({ kind: 'delete', path: path as never })),
  );
  Object.assign(world.forge.pullRequests.get(number) ?? {}, { state: 'merged', mergeCommit: world.remote.head });
  running.wake();
  await until('its end', () => !plane.wanted().has(one));

  plane.remove(two);

  await until('the hold', () => plane.reports.some(({ reason }) => reason === 'DeletionLimit'));
  expect(world.open()).toEqual([]);
});

it('a deployment is not called gone while a person works on its pull request: merging it would bring it back', async () => {
  const { world, plane, running } = await begin(stops, reviewWorld());
  const id = plane.create('chat');
  await reported(plane, id, 'InReview');
  const { number, head } = onlyOpen(world);
  world.remote.commitOn(head, 'Tune it', [{ kind: 'write', path: 'theirs' as never, content: 'theirs\n' }]);
  plane.remove(id);
  const removals = () => plane.reports.filter(({ kind }) => kind === 'removal').map(({ reason }) => reason);

  await until('the word', () => removals().length > 0);
  await lookAgain({ world, running });
  const whileOpen = removals();
  world.forge.people.close(number, 'Jane');
  running.wake();
  await until('its end', () => !plane.wanted().has(id));

  expect(whileOpen).toEqual(['EditedInReview']);
  expect(removals()).toEqual(['EditedInReview', 'Removed']);
  expect(world.remote.branches.has(head)).toBe(true);
});
