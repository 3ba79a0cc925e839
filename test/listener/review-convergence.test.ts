/** Whatever the order of events, what people decided under review stands, and all that is wanted is told of. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { PullRequest } from '../../src/domain/pull-request.ts';
import { play, type ReviewEvent, reviewEvent, type Stage } from '../support/review-events.ts';
import { reviewPeople } from '../support/review-people.ts';
import { startReviewProcess } from '../support/review-process.ts';
import {
  expectNoContradiction,
  expectNothingLost,
  expectPromisesKept,
  unaccounted,
  watched,
} from '../support/review-promises.ts';
import { reviewWorld } from '../support/review-world.ts';
import { startScriptedControlPlane } from '../support/scripted-control-plane.ts';
import { until } from '../support/until.ts';

/** Runs of each; for a long search: TOWPATH_RUNS=1000. */
const numRuns = Number(process.env['TOWPATH_RUNS'] ?? 8);

it.each([
  ['people merge', { publication: {} }],
  ['the listener merges what is approved', { publication: { merge: 'fast-forward' } }],
  ['the forge merges by itself, and drift is restored', { publication: { autoMerge: 'squash' }, drift: 'restore' }],
])(
  'keeps its promises where %s',
  async (_where, { publication, ...settings }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(reviewEvent, { minLength: 4, maxLength: 16 }), async (events) => {
        await playAll(events, { ...settings, publication: { mode: 'proposed', forge: 'gitea', ...publication } });
      }),
      { numRuns, endOnFailure: true },
    );
  },
  120_000 + numRuns * 3_000,
);

async function playAll(events: readonly ReviewEvent[], namespace: Readonly<Record<string, unknown>>): Promise<void> {
  const world = reviewWorld();
  const people = reviewPeople(world);
  const plane = await startScriptedControlPlane();
  const broken: string[] = [];
  const lag = { left: 0 };
  const { review } = world.parts;
  if (!review) throw new Error('there is no review');
  let listed: readonly PullRequest[] = [];
  const { forge, branches } = watched(review, { world, people }, broken);
  const open: typeof forge.open = async (prefix) => {
    const answer = await forge.open(prefix);
    lag.left -= 1;
    if (lag.left < 0) listed = answer;
    return listed;
  };
  const start = () =>
    startReviewProcess(world, plane, { review: { ...review, forge: { ...forge, open }, branches } }, namespace);
  const stage = {
    ...{ world, plane, people, lag, process: start() },
    restart: async () => {
      const killed = stage.process;
      await killed.stop();
      stage.process = start();
      await stage.look();
      await killed.arrive();
    },
    look: async () => {
      for (const times of [1, 2, 3]) {
        const { tips } = world.remote.requests;
        stage.process.wake();
        await until(`look ${times}`, () => stage.process.isDead || world.remote.requests.tips > tips);
        if (stage.process.isDead) await stage.restart();
      }
    },
    settle: async () => {
      await until(
        'rest',
        async () => {
          stage.process.wake();
          if (stage.process.isDead) await stage.restart();
          return unaccounted(promised) === null;
        },
        5_000,
      ).catch((error: unknown) => {
        throw new Error(unaccounted(promised) ?? 'no rest', { cause: error });
      });
      await stage.look();
    },
  } satisfies Stage;
  const promised = { world, plane, people };
  try {
    for (const each of events) {
      await play(stage, each);
      expectNothingLost(promised, broken);
      expectNoContradiction(promised);
    }
    await stage.settle();
    await stage.settle();
    expectNothingLost(promised, broken);
    expectNoContradiction(promised);
    expect(unaccounted(promised)).toBeNull();
    expectPromisesKept(promised);
  } finally {
    await stage.process.stop();
    await plane.stop();
  }
}
