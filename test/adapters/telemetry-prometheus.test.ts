import { expect, it } from 'vitest';
import { listenerMetrics, prometheusTelemetry } from '../../src/adapters/telemetry/prometheus.ts';
import { severalTelemetry } from '../../src/adapters/telemetry/several.ts';
import { DeploymentId, NamespaceName, RevisionId } from '../../src/domain/identifiers.ts';
import type { Telemetry } from '../../src/ports.ts';

const namespace = NamespaceName.parse('team-a');
const about = {
  namespace,
  deploymentId: DeploymentId.parse('0b6c8f0e-64f5-4f6c-9b68-0b3a2f0f7a11'),
  revisionId: RevisionId.parse('0b6c8f0e-64f5-4f6c-9b68-0b3a2f0f7a12'),
};
const from = new Date('2026-03-01T12:00:00.000Z');
const after = (ms: number): Date => new Date(from.getTime() + ms);

it('shows what was measured as Prometheus reads it', async () => {
  const telemetry = prometheusTelemetry({ version: '1.2.3' });

  measureAll(telemetry);
  const text = await telemetry.metrics();

  for (const line of [
    'towpath_desired_to_committed_seconds_sum{namespace="team-a"} 1.5',
    'towpath_desired_to_committed_seconds_bucket{le="1",namespace="team-a"} 0',
    'towpath_desired_to_committed_seconds_bucket{le="2.5",namespace="team-a"} 1',
    'towpath_committed_to_synced_seconds_sum{namespace="team-a"} 2',
    'towpath_synced_to_healthy_seconds_sum{namespace="team-a"} 60',
    'towpath_revision_failures_total{namespace="team-a",stage="healthy",reason="ImagePull"} 1',
    'towpath_passes_total{namespace="team-a",outcome="done"} 1',
    'towpath_pass_duration_seconds_sum{namespace="team-a"} 0.25',
    'towpath_retries_total{kind="transient"} 2',
    'towpath_queue_length{queue="reports"} 3',
    'towpath_queue_length{queue="deployments team-a"} 7',
    'towpath_watch_restarts_total{resource="pods"} 1',
    'towpath_requests_total{peer="git",code="200"} 1',
    'towpath_requests_total{peer="git",code="error"} 1',
    'towpath_request_duration_seconds_count{peer="git"} 2',
    'towpath_leader 1',
    'towpath_info{version="1.2.3"} 1',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
});

it('names every metric in its table, and no other of its own', async () => {
  const telemetry = prometheusTelemetry({ version: '1.2.3' });
  measureAll(telemetry);

  const described = [...(await telemetry.metrics()).matchAll(/^# TYPE (towpath_\S+) (\S+)$/gm)];

  expect(described.map(([, name, kind]) => [name, kind]).sort()).toEqual(
    Object.entries(listenerMetrics)
      .map(([name, { kind }]) => [name, kind])
      .sort(),
  );
});

it('tells of the process too, and keeps two listeners of one process apart', async () => {
  const [one, other] = [prometheusTelemetry({ version: '1' }), prometheusTelemetry({ version: '2' })];

  one.leading(true);

  expect(await one.metrics()).toMatch(/^process_resident_memory_bytes \d/m);
  expect(await one.metrics()).toContain('towpath_leader 1');
  expect(await other.metrics()).toContain('towpath_leader 0');
});

it('takes a step whose end was before its beginning, as clocks differ, for one that took no time', async () => {
  const telemetry = prometheusTelemetry({ version: '1.2.3' });

  telemetry.step({ ...about, name: 'committed-to-synced', from, to: after(-5_000) });
  telemetry.step({ ...about, name: 'committed-to-synced', from, to: new Date(Number.NaN) });

  expect(await telemetry.metrics()).toContain('towpath_committed_to_synced_seconds_sum{namespace="team-a"} 0\n');
  expect(await telemetry.metrics()).toContain('towpath_committed_to_synced_seconds_count{namespace="team-a"} 2\n');
});

it('measures by all of several, though one of them fails or takes only a part', async () => {
  const telemetry = prometheusTelemetry({ version: '1.2.3' });
  const broken = new Proxy({} as Telemetry, {
    get: () => () => {
      throw new Error('broken');
    },
  });
  const part = { step: () => undefined };

  measureAll(severalTelemetry(broken, part, telemetry));

  const alone = prometheusTelemetry({ version: '1.2.3' });
  measureAll(alone);
  expect(own(await telemetry.metrics())).toEqual(own(await alone.metrics()));
});

function own(text: string): readonly string[] {
  return text.split('\n').filter((line) => line.startsWith('towpath_'));
}

function measureAll(telemetry: Telemetry): void {
  telemetry.step({ ...about, name: 'desired-to-committed', from, to: after(1_500) });
  telemetry.step({ ...about, name: 'committed-to-synced', from, to: after(2_000) });
  telemetry.step({ ...about, name: 'synced-to-healthy', from, to: after(60_000) });
  telemetry.failure(namespace, 'healthy', 'ImagePull', about);
  telemetry.pass(namespace, 'done', 250);
  telemetry.retry('transient');
  telemetry.retry('transient');
  telemetry.queue('reports', 9);
  telemetry.queue('reports', 3);
  telemetry.queue('deployments team-a', 7);
  telemetry.watchRestart('pods');
  telemetry.request('git', 200, 30);
  telemetry.request('git', 'error', 20);
  telemetry.leading(true);
}
