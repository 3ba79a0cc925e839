/** Two processes and one forge: what a killed one asked for is waited for, and what was opened twice stays once. */
import { afterEach, expect, it } from 'vitest';
import { readMarker } from '../../src/core/pull-request/marker.ts';
import { TowpathError } from '../../src/domain/failure.ts';
import type { NewPullRequest } from '../../src/domain/pull-request.ts';
import { begin, lookAgain, onlyOpen, reported, withForge } from '../support/review-steps.ts';
import { type ReviewWorld, reviewWorld } from '../support/review-world.ts';
import type { ScriptedControlPlane } from '../support/scripted-control-plane.ts';
import { until } from '../support/until.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** A process that is killed while the forge works on what it asked for; answers that. */
async function killedWhileOpening(world: ReviewWorld, name: string) {
  const asked: NewPullRequest[] = [];
  const cut = new TowpathError('transient', 'ForgeUnreachable', 'Cannot open it: the connection failed');
  const parts = withForge(world, () => ({
    create: async (request) => {
      asked.push(request);
      throw cut;
    },
  }));
  const { plane, running } = await begin(stops, world, { parts });
  const id = plane.create(name);
  const request = await until('the request', () => asked[0]);
  await running.stop();
  return { plane, id, request };
}

/** The next process, in the place of the killed one. */
function startNext(world: ReviewWorld, plane: ScriptedControlPlane, openingMs: number) {
  const running = world.start(plane, { timings: { openingMs } });
  stops.push(running.stop);
  return running;
}

it.each([
  ['the same revision', false],
  ['another revision', true],
] as const)(
  'what a killed process asked for is not asked for again while the forge may be at it: %s',
  async (_, isNewer) => {
    const world = reviewWorld();
    const { plane, id, request } = await killedWhileOpening(world, 'chat');
    if (isNewer) plane.update(id);
    const running = startNext(world, plane, 60_000);

    await lookAgain({ world, running });
    const { create } = world.forge.calls;
    await world.forge.forge.create(request);
    running.wake();
    await reported(plane, id, 'InReview');

    expect([create, world.all().length]).toEqual([0, 1]);
    expect(readMarker(onlyOpen(world).body)?.revisionId).toBe(plane.wanted().get(id)?.revision);
  },
);

it('what is new meanwhile waits for nothing', async () => {
  const world = reviewWorld();
  const { plane } = await killedWhileOpening(world, 'chat');
  startNext(world, plane, 60_000);

  await reported(plane, plane.create('other'), 'InReview');

  expect(onlyOpen(world).head).toContain('/other-');
});

it('what no process was at is opened when that time is over', async () => {
  const world = reviewWorld();
  const { plane, id } = await killedWhileOpening(world, 'chat');
  startNext(world, plane, 50);

  await reported(plane, id, 'InReview');

  expect(onlyOpen(world).head).toContain('/chat-');
});

it('of two that a forge opened for one thing the older stays, which people may know, and the other says why', async () => {
  const { world, plane, running } = await begin(stops, reviewWorld());
  const id = plane.create('chat');
  await reported(plane, id, 'InReview');
  const first = onlyOpen(world).number;
  const second = world.forge.people.double(first);

  running.wake();
  await until('the closing', () => world.forge.pullRequests.get(second)?.state === 'closed');
  await lookAgain({ world, running });

  expect(onlyOpen(world).number).toBe(first);
  expect(plane.lastReport(id)?.pullRequest).toMatch(new RegExp(`/${first}$`));
  expect(world.forge.pullRequests.get(second)?.body).toContain(`opened twice, by two processes at once: #${first}`);
  expect(plane.lastReport(id)).toMatchObject({ reason: 'InReview', outcome: 'progressing' });
});

it('one that Towpath closed and a person opened again is no double', async () => {
  const { world, plane, running } = await begin(stops, reviewWorld());
  const id = plane.create('chat');
  await reported(plane, id, 'InReview');
  const first = onlyOpen(world).number;
  const second = world.forge.people.double(first);
  running.wake();
  await until('the closing', () => world.forge.pullRequests.get(second)?.state === 'closed');

  world.forge.people.reopen(second);
  await lookAgain({ world, running });

  expect(world.open()).toHaveLength(2);
});
