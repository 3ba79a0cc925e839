/** A burst of new deployments under the budgets of github.com: in virtual time, since an hour is an hour. */
import { expect, it } from 'vitest';
import { namedSecretSealer } from '../../src/adapters/secret-sealer/named.ts';
import { noTelemetry } from '../../src/adapters/telemetry/none.ts';
import { requestBudget, requestLimitsOf } from '../../src/core/request-budget.ts';
import { Configuration } from '../../src/domain/configuration.ts';
import { Present } from '../../src/domain/desired.ts';
import { TowpathError } from '../../src/domain/failure.ts';
import type { ForgeBudget } from '../../src/domain/pull-request.ts';
import { Specification } from '../../src/domain/specification.ts';
import { emptyMemory } from '../../src/listener/context.ts';
import { createDesiredState } from '../../src/listener/desired-state.ts';
import { soleLeadership } from '../../src/listener/leader/leadership.ts';
import { laneContext } from '../../src/listener/listener.ts';
import { runPass } from '../../src/listener/pass.ts';
import { defaultTimings } from '../../src/listener/timings.ts';

import { secretKey, teamA } from '../support/listener-world.ts';
import { memoryLog } from '../support/memory-log.ts';
import { memoryRepository } from '../support/memory-repository.ts';
import { plainRenderer } from '../support/plain-renderer.ts';
import { reviewWorld } from '../support/review-world.ts';

const listenerId = '22222222-2222-4222-8222-222222222222';
const workspaceId = '55555555-5555-4555-8555-555555555555';
const requester = { name: 'Jane', email: 'jane@example.com' };
const uuid = (kind: string, index: number): string =>
  `${kind.repeat(8)}-0000-4000-8000-${String(index).padStart(12, '0')}`;

function wanted(index: number): Present {
  return Present.parse({
    kind: 'present',
    deploymentId: uuid('a', index),
    name: `chat-${index}`,
    namespace: 'team-a',
    lastReport: null,
    revisionId: uuid('b', index),
    secretsVersion: null,
    interrupted: false,
  });
}

function specificationOf(item: Present): Specification {
  const { deploymentId, revisionId, name, namespace } = item;
  return Specification.parse({
    deployment: { id: deploymentId, name, namespace, listenerId, workspaceId, customUrl: null },
    revision: { id: revisionId, createdAt: '2026-01-01T00:00:00Z', requester },
    image: 'registry.example/chat:1',
    resourceSpec: {},
    secretNames: [],
    secretsVersion: null,
    secretReferences: [],
  });
}

const configuration = Configuration.parse({
  controlPlane: { url: 'https://control-plane.example', apiKeyEnv: 'KEY' },
  listener: { id: listenerId },
  namespaces: {
    'team-a': {
      repository: 'https://github.com/example/team-a.git',
      credentials: { passwordFile: '/nowhere' },
      publication: { mode: 'proposed' },
    },
  },
});

it('opens 300 pull requests as fast as 80 a minute and 500 an hour allow, and never faster', async () => {
  const settings = configuration.namespaces[teamA];
  if (!settings) throw new Error('no namespace');
  let now = Date.parse('2026-01-01T00:00:00Z');
  // Nothing that has a deadline is late here.
  const clock = { now: () => new Date(now), sleep: () => new Promise<void>(() => undefined) };
  const budget = requestBudget(requestLimitsOf(settings));
  const taken: number[] = [];
  const take = (): void => {
    const retryAfterMs = budget.take(now);
    if (retryAfterMs > 0) throw new TowpathError('waiting', 'ForgeBudget', 'Cannot ask yet', { retryAfterMs });
    taken.push(now);
  };
  const world = reviewWorld({ now: clock.now, budget: { take } });
  const items = Array.from({ length: 300 }, (_, index) => wanted(index));
  const desired = createDesiredState();
  desired.replace(items, clock.now());
  const left: ForgeBudget[] = [];
  const forge = { ...world.forge.forge, budgets: () => budget.budgets(now) };
  const review = world.parts.review && { ...world.parts.review, forge };
  const specifications = new Map(items.map((item) => [item.deploymentId, specificationOf(item)]));
  const context = laneContext(
    {
      controlPlane: {
        specification: async (id) => specifications.get(id) as Specification,
        secrets: () => Promise.reject(new Error('there are none')),
      },
      ...{ desired, clock, log: memoryLog(), leadership: soleLeadership, timings: defaultTimings, towpathVersion: '1' },
      telemetry: { ...noTelemetry, forgeBudget: (_, each) => void left.push(each) },
    },
    configuration,
    teamA,
    {
      ...{ repository: memoryRepository(world.remote), sealer: namedSecretSealer(), renderer: plainRenderer() },
      ...{ secretKey, engine: null, cluster: null, review },
    },
  );
  const memory = emptyMemory();
  const pushes: number[] = [];

  for (let passes = 0; world.open().length < 300 && passes < 100; passes++) {
    const before = world.remote.requests.propose;
    await runPass(context, memory, () => undefined);
    if (world.remote.requests.propose > before) pushes.push(now);
    now = memory.review.retryAt ?? now + 30_000;
  }

  const within = (times: readonly number[], ms: number): number =>
    Math.max(...times.map((time) => times.filter((other) => other > time - ms && other <= time).length));
  expect(world.open()).toHaveLength(300);
  expect(world.all()).toHaveLength(300);
  expect(within(taken, 60_000)).toBe(80);
  expect(within(taken, 3_600_000)).toBeLessThanOrEqual(500);
  expect(within(pushes, 60_000)).toBeLessThanOrEqual(6);
  // Three full minutes before the last sixty: nothing is waited for in vain.
  expect((taken.at(-1) ?? 0) - (taken[0] ?? 0)).toBe(180_000);
  expect(left.some((each) => each.name === 'content a minute' && each.left === 0)).toBe(true);
});
