/** The listener merges what is approved: nothing that became another thing after its approval, and each by itself. */
import { afterEach, expect, it } from 'vitest';
import { TowpathError } from '../../src/domain/failure.ts';
import { begin, lookAgain, onlyOpen, reported, withForge } from '../support/review-steps.ts';
import { type ReviewWorld, reviewWorld } from '../support/review-world.ts';
import { until } from '../support/until.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const publication = { mode: 'proposed', forge: 'gitea', merge: 'fast-forward' };

type Act = (world: ReviewWorld, number: number, head: string) => unknown;
const acts: readonly (readonly [string, Act])[] = [
  ['closed it', (world, number) => world.forge.people.close(number, 'Joe')],
  ['made a draft of it', (world, number) => world.forge.people.edit(number, { draft: true })],
  [
    'pushed to it',
    (world, _, head) =>
      world.remote.commitOn(head, 'Tune it', [{ kind: 'write', path: 'theirs' as never, content: 'theirs\n' }]),
  ],
];

it.each(acts)('it is not merged where a person %s right after its approval', async (_, act) => {
  const world = reviewWorld();
  const { plane, running } = await begin(stops, world, { namespace: { publication } });
  await reported(plane, plane.create('chat'), 'InReview');
  const { number, head } = onlyOpen(world);
  world.forge.people.approve(number, 'Jane');
  world.forge.beforeNext('read', () => void act(world, number, head));
  const reads = world.forge.calls.read;

  running.wake();
  await until('the last look at it', () => world.forge.calls.read > reads);
  await lookAgain({ world, running });

  expect(world.remote.requests.merge).toBe(0);
});

it('one whose approval the forge will not tell holds up no other', async () => {
  const world = reviewWorld();
  const invalid = new TowpathError('terminal', 'ForgeInvalid', 'Cannot read its reviews: the forge answers 422');
  const parts = withForge(world, (forge) => ({
    approval: (pullRequest) => (pullRequest.number === 1 ? Promise.reject(invalid) : forge.approval(pullRequest)),
  }));
  const { plane, running } = await begin(stops, world, { parts, namespace: { publication } });
  await reported(plane, plane.create('bad'), 'InReview');
  const good = plane.create('good');
  const { number } = await until('the second', () => world.open()[1]);
  await lookAgain({ world, running });

  world.forge.people.approve(number, 'Jane');
  await lookAgain({ world, running });

  expect((await reported(plane, good, 'Pushed')).outcome).toBe('succeeded');
});
