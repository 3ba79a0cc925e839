/** A client's secret that decides about manifests too: its number stands in them, and moves them with every revision. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import { listen } from '../support/listener-world.ts';
import { type MemoryRemote, memoryRemote, memoryRepository } from '../support/memory-repository.ts';
import { realRenderer } from '../support/real-renderer.ts';
import { type ScriptedControlPlane, startScriptedControlPlane } from '../support/scripted-control-plane.ts';
import { until } from '../support/until.ts';

let plane: ScriptedControlPlane;
let remote: MemoryRemote;
let running: ReturnType<typeof listen>;

beforeEach(async () => {
  plane = await startScriptedControlPlane();
  remote = memoryRemote();
  running = listen({
    plane,
    repository: memoryRepository(remote),
    renderer: await realRenderer(),
    agentServer: { autoscaler: 'keda' },
  });
});
afterEach(async () => {
  await running.stop();
  await plane.stop();
});

const resourceSpec = { queue_max_scale: 4 };
const file = (name: string): string => [...remote.files()].find(([path]) => path.endsWith(`/${name}`))?.[1] ?? '';

async function settled(id: DeploymentId) {
  const revision = plane.wanted().get(id)?.revision;
  return until('an outcome', () => {
    const last = plane.lastReport(id);
    return last?.revisionId === revision && last?.outcome !== 'progressing' && last;
  });
}

it('moves KEDA’s target, also in a later revision that brings the same secrets', async () => {
  const id = plane.create('chat', { resourceSpec, secrets: { N_JOBS_PER_WORKER: '3', TOKEN: 'planted-0123456789' } });
  expect(await settled(id)).toMatchObject({ outcome: 'succeeded' });
  expect(file('queue.scaledobject.yaml')).toContain('targetQueryValue: "3"');

  plane.update(id, { image: 'registry.example/agents/chat:2.0.0' });
  expect(await settled(id)).toMatchObject({ outcome: 'succeeded' });
  expect(file('queue.scaledobject.yaml')).toContain('targetQueryValue: "3"');

  plane.update(id, { secrets: { N_JOBS_PER_WORKER: '123456', TOKEN: 'planted-0123456789' } });
  expect(await settled(id)).toMatchObject({ outcome: 'succeeded' });
  expect(file('queue.scaledobject.yaml')).toContain('targetQueryValue: "123456"');
  expect([...remote.files().values()].join()).not.toContain('planted');
});

it('makes pods wait as long as the server does', async () => {
  const id = plane.create('chat', { resourceSpec, secrets: { BG_JOB_SHUTDOWN_GRACE_PERIOD_SECS: '900' } });

  expect(await settled(id)).toMatchObject({ outcome: 'succeeded' });

  expect(file('queue.deployment.yaml')).toContain('terminationGracePeriodSeconds: 930');
});

it('is refused without its value where it is no number', async () => {
  const id = plane.create('chat', { resourceSpec, secrets: { N_JOBS_PER_WORKER: 'planted-0123456789' } });

  const report = await settled(id);

  expect(report).toMatchObject({ outcome: 'failed', reason: 'InvalidSpecification' });
  expect(report.message).toContain('secrets.N_JOBS_PER_WORKER: expected a whole number above zero');
  expect(JSON.stringify(plane.reports)).not.toContain('planted');
});
