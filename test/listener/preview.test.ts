/** What `towpath plan` shows: the same decisions as a pass, and nothing written. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { httpControlPlane } from '../../src/adapters/control-plane/http.ts';
import { namedSecretSealer } from '../../src/adapters/secret-sealer/named.ts';
import { noTelemetry } from '../../src/adapters/telemetry/none.ts';
import { previewPass } from '../../src/listener/preview.ts';
import { configurationFor, listen, secretKey, systemClock, teamA } from '../support/listener-world.ts';
import { memoryLog } from '../support/memory-log.ts';
import { memoryRemote, memoryRepository } from '../support/memory-repository.ts';
import { plainRenderer } from '../support/plain-renderer.ts';
import { type ScriptedControlPlane, startScriptedControlPlane } from '../support/scripted-control-plane.ts';
import { until } from '../support/until.ts';

let plane: ScriptedControlPlane;
beforeAll(async () => {
  plane = await startScriptedControlPlane();
});
afterAll(() => plane.stop());

it('shows each step with its files before and after, and each failure with its reason', async () => {
  const remote = memoryRemote();
  const [kept, changed, removed] = [plane.create('kept'), plane.create('changed'), plane.create('removed')];
  const running = listen({ plane, repository: memoryRepository(remote) });
  for (const id of [kept, changed, removed]) {
    await until('success', () => plane.lastReport(id)?.outcome === 'succeeded');
  }
  await running.stop();
  plane.update(changed, { image: 'registry.example/agents/chat:2.0.0' });
  plane.remove(removed);
  plane.create('forbidden', { image: 'registry.example/forbidden:1' });
  const [head, reports] = [remote.head, plane.reports.length];

  const controlPlane = httpControlPlane({ url: plane.url, apiKey: 'key' }, plane.listenerId);
  const parts = {
    repository: memoryRepository(remote),
    sealer: namedSecretSealer(),
    renderer: plainRenderer(),
    secretKey,
    engine: null,
    cluster: null,
    review: null,
  };
  const shared = { clock: systemClock, log: memoryLog(), telemetry: noTelemetry };
  const ports = { controlPlane, namespaces: new Map([[teamA, parts]]), ...shared };
  const [preview] = await previewPass(ports, configurationFor({ plane }), '0.1.0');
  await controlPlane.close();

  const steps = new Map(preview?.steps.map((step) => [step.deployment as string, step]));
  expect(preview).toMatchObject({ namespace: 'team-a', head, failure: null, orphans: [] });
  expect(steps.get('kept')).toMatchObject({ kind: 'keep', commit: null, files: [] });
  const image = steps.get('changed')?.files.find((file) => file.path.endsWith('/api.deployment.yaml'));
  expect(steps.get('changed')).toMatchObject({ kind: 'update', commit: expect.stringMatching(/^deploy\(changed\)/) });
  expect([image?.before, image?.after]).toEqual([
    expect.stringContaining('chat:1.0.0'),
    expect.stringContaining('chat:2.0.0'),
  ]);
  expect(steps.get('removed')?.files.map((file) => file.after)).toEqual([null, null, null, null]);
  expect(steps.get('forbidden')).toMatchObject({ kind: 'lay-down', message: expect.stringContaining('2 problem(s)') });
  expect([remote.head, plane.reports.length]).toEqual([head, reports]);
});
