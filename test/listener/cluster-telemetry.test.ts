/** What is measured of a revision's way, and what many deployments cost. */
import { afterEach, expect, it } from 'vitest';
import { noTelemetry } from '../../src/adapters/telemetry/none.ts';
import type { RevisionStep, Telemetry } from '../../src/ports.ts';
import { type ClusterWorld, clusterWorld } from '../support/cluster-world.ts';
import { until } from '../support/until.ts';

let world: ClusterWorld;
afterEach(() => world.stop());

function measured() {
  const steps: RevisionStep[] = [];
  const failures: string[] = [];
  const telemetry: Telemetry = {
    ...noTelemetry,
    step: (step) => steps.push(step),
    failure: (_namespace, stage, reason) => failures.push(`${stage} ${reason}`),
  };
  return { steps, failures, telemetry };
}

it('measures each step of a revision once, one after the other', async () => {
  const { steps, telemetry } = measured();
  world = await clusterWorld({ setup: { telemetry } });
  const id = world.plane.create('chat');
  world.start();
  await world.hear(id, 'committed progressing');
  world.engine.sync();
  await world.hear(id, 'synced progressing');
  world.engine.roll(world.nameOf(id), 'running');
  await world.hear(id, 'healthy succeeded');

  world.engine.roll(world.nameOf(id), 'starting');
  await world.hear(id, 'healthy progressing');
  world.engine.roll(world.nameOf(id), 'running');
  await world.hear(id, 'healthy succeeded');
  await world.restart();
  await world.rest();

  expect(steps.map(({ name }) => name)).toEqual(['desired-to-committed', 'committed-to-synced', 'synced-to-healthy']);
  expect(steps[1]?.from).toEqual(steps[0]?.to);
  expect(steps[2]?.from).toEqual(steps[1]?.to);
  expect(steps.every(({ from, to }) => from <= to)).toBe(true);
});

it('counts a failure once, in whatever words it is told', async () => {
  const { failures, telemetry } = measured();
  world = await clusterWorld({
    setup: { telemetry, namespace: { rollout: { deadline: '100ms', stuckAfter: '10m' } } },
  });
  const id = world.plane.create('chat');
  world.start();
  await world.hear(id, 'synced failed ApplicationMissing');

  await world.rest();
  await world.restart();
  await world.rest();

  expect(failures).toEqual(['synced ApplicationMissing']);
});

it('looks at 100 deployments side by side, and asks the API server a few things at a time', async () => {
  world = await clusterWorld();
  const ids = Array.from({ length: 100 }, (_, index) => world.plane.create(`chat-${index}`));
  world.start();
  for (const id of ids) await world.hear(id, 'committed progressing');
  world.engine.work();
  for (const id of ids) await world.hear(id, 'healthy succeeded');
  world.engine.rest();
  let underWay = 0;
  let most = 0;
  const ends = (id: (typeof ids)[number]) => world.removals(id).at(-1)?.outcome === 'succeeded';

  await world.restart({ namespace: { deletion: { max: 1000 } } });
  world.cluster.before = async (question) => {
    if (question !== 'remaining') return;
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise((done) => setTimeout(done, 2));
    underWay -= 1;
  };
  for (const id of ids) world.plane.remove(id);
  await until('all to be gone from git', () => ids.every((id) => world.removals(id).length > 0));
  world.engine.sync();
  await until('all to be gone', () => ids.every(ends));

  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(8);
});
