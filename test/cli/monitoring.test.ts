import { randomBytes } from 'node:crypto';
import { getRequestListener } from '@hono/node-server';
import { afterEach, describe, expect, it } from 'vitest';
import {
  controlPlaneHealth,
  controlPlaneMetrics,
  controlPlaneMonitor,
} from '../../src/cli/control-plane/monitoring.ts';
import { startServer } from '../../src/cli/server/http-server.ts';
import { type Health, startMonitoring } from '../../src/cli/server/monitoring.ts';
import { openControlPlane } from '../../src/control-plane/control-plane.ts';
import { encryptionKeyFromText, keyring } from '../../src/control-plane/secrets/keyring.ts';
import { image } from '../support/control-plane.ts';
import { startControlPlaneProcess } from '../support/control-plane-process.ts';
import { memoryLog } from '../support/memory-log.ts';
import { startPostgres } from '../support/postgres.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const healthy: Health = { dead: [], unready: [] };

describe('the monitoring server', () => {
  it('serves what is measured in the words of Prometheus', async () => {
    const url = await serve({ metrics: async () => 'towpath_leader 1\n' });

    const answer = await fetch(`${url}/metrics`);

    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await answer.text()).toBe('towpath_leader 1\n');
  });

  it.each([
    ['all is well', healthy, 200, 200, 'ok\n'],
    [
      'it is not ready',
      { dead: [], unready: ['The Lease cannot be read', 'No pass yet'] },
      200,
      503,
      'The Lease cannot be read\nNo pass yet\n',
    ],
    [
      'a loop stands still',
      { dead: ['Lane team-a stands still'], unready: [] },
      503,
      503,
      'Lane team-a stands still\n',
    ],
  ])('says whether it lives and is ready: %s', async (_, health, alive, ready, text) => {
    const url = await serve({ health: () => health });

    const [healthz, readyz] = await Promise.all([fetch(`${url}/healthz`), fetch(`${url}/readyz`)]);

    expect([healthz.status, readyz.status]).toEqual([alive, ready]);
    expect(await readyz.text()).toBe(text);
  });

  it('says what it has instead of anything else, and changes nothing', async () => {
    const url = await serve({});

    const [nothing, changing, head] = await Promise.all([
      fetch(`${url}/toString`),
      fetch(`${url}/healthz`, { method: 'POST' }),
      fetch(`${url}/healthz?verbose`, { method: 'HEAD' }),
    ]);

    expect([nothing.status, changing.status, head.status]).toEqual([404, 405, 200]);
    expect(await nothing.text()).toBe('There is only /metrics, /healthz, /readyz\n');
  });

  it('answers, though what it asks fails, and shows no secret', async () => {
    const failing = () => Promise.reject(new Error('postgres://towpath:planted-pw@db/x is away'));
    const url = await serve({ metrics: failing, health: failing });

    const answers = await Promise.all(['metrics', 'healthz', 'readyz'].map((path) => fetch(`${url}/${path}`)));

    expect(answers.map((answer) => answer.status)).toEqual([500, 500, 500]);
    for (const answer of answers) expect(await answer.text()).not.toContain('planted-pw');
  });

  it('names the option to change where its port is taken', async () => {
    const taken = Number(new URL(await serve({})).port);
    const named = { host: 'monitoring.host', port: 'monitoring.port' };

    await expect(
      startMonitoring({ host: '127.0.0.1', port: taken, named, metrics: async () => '', health: () => healthy }),
    ).rejects.toThrow('name another port with monitoring.port');
  });
});

describe('a control plane', () => {
  it('shows its requests, revisions and health on a port of its own, without a key and without ids', async () => {
    const plane = await startControlPlaneProcess(['--monitoring-port', '0']);
    closing.push(() => plane.end('SIGTERM'));
    const monitoring = /"monitoring":"([^"]+)"/.exec(plane.output())?.[1] ?? '';
    const { workspaceKey, listenerId } = await plane.tenant('dev', ['team-a']);
    const created = await plane.call('POST', '/v2/deployments', workspaceKey, deployment('chat', listenerId));
    await plane.call('GET', `/v2/deployments/${created.body.id}`, workspaceKey);
    await plane.call('GET', `/api-host/v2/deployments/${created.body.id}`, workspaceKey);
    await plane.call('GET', `/v2/deployments/${created.body.id}`, 'wrong-key');
    await plane.call('GET', '/v2/nowhere/at/all', workspaceKey);

    const [metrics, healthz, readyz] = await Promise.all(
      ['metrics', 'healthz', 'readyz'].map(async (path) => {
        const answer = await fetch(`${monitoring}/${path}`);
        return `${answer.status} ${await answer.text()}`;
      }),
    );

    for (const line of [
      'towpath_control_plane_requests_total{method="POST",route="/v2/deployments",code="201"} 1',
      'towpath_control_plane_requests_total{method="GET",route="/v2/deployments/:deployment_id",code="200"} 2',
      'towpath_control_plane_requests_total{method="GET",route="/v2/deployments/:deployment_id",code="401"} 1',
      'towpath_control_plane_requests_total{method="GET",route="none",code="404"} 1',
      'towpath_control_plane_request_duration_seconds_count{route="/v2/deployments/:deployment_id"} 3',
      'towpath_control_plane_revisions{status="QUEUED"} 1',
      'towpath_control_plane_revisions{status="DEPLOYED"} 0',
      'towpath_control_plane_database_up 1',
    ]) {
      expect(metrics?.split('\n')).toContain(line);
    }
    expect(metrics).not.toContain(String(created.body.id));
    expect([healthz, readyz]).toEqual(['200 ok\n', '200 ok\n']);
    const described = [...(metrics ?? '').matchAll(/^# TYPE (towpath_\S+) (\S+)$/gm)];
    expect(Object.fromEntries(described.map(([, name, kind]) => [name, kind]))).toEqual(
      Object.fromEntries(Object.entries(controlPlaneMetrics).map(([name, { kind }]) => [name, kind])),
    );
    expect((await fetch(`${plane.url}/metrics`)).status).toBe(404);
  });

  it('lives, but is not ready while its database is away, and says so in its metrics', async () => {
    const postgres = await startPostgres();
    const monitor = controlPlaneMonitor();
    const plane = await openControlPlane({
      location: { databaseUrl: await postgres.createDatabase() },
      keyring: keyring(encryptionKeyFromText(randomBytes(32).toString('hex'), 'the test')),
      adminKey: undefined,
      log: memoryLog(),
      onAnswer: monitor.onAnswer,
    });
    closing.push(() => plane.close());
    const api = await startServer({ host: '127.0.0.1', port: 0 }, getRequestListener(plane.app.fetch));
    closing.push(() => api.close());
    const url = await serve({
      metrics: () => monitor.metrics(plane.services),
      health: (question) => controlPlaneHealth(plane.services, question),
    });
    expect((await fetch(`${url}/readyz`)).status).toBe(200);

    await postgres.stop();
    await expect.poll(async () => (await plane.services.reachable()).isUp).toBe(false);
    const [healthz, readyz, metrics, alive, ready] = await Promise.all([
      fetch(`${url}/healthz`),
      fetch(`${url}/readyz`),
      fetch(`${url}/metrics`),
      fetch(`${api.url}/healthz`),
      fetch(`${api.url}/readyz`),
    ]);

    expect([healthz, readyz, metrics, alive, ready].map(({ status }) => status)).toEqual([200, 503, 200, 200, 503]);
    expect(await readyz.text()).toContain('The database does not answer');
    expect(await metrics.text()).toContain('towpath_control_plane_database_up 0');
    plane.stop();
    expect(await (await fetch(`${url}/readyz`)).text()).toBe('It is stopping\n');
  });
});

async function serve(settings: Partial<Pick<Parameters<typeof startMonitoring>[0], 'metrics' | 'health'>>) {
  const { metrics = async () => '', health = () => healthy } = settings;
  const server = await startMonitoring({ host: '127.0.0.1', port: 0, metrics, health });
  closing.push(() => server.close());
  return server.url;
}

function deployment(name: string, listenerId: string) {
  return {
    name,
    source: 'external_docker',
    source_config: { resource_spec: {}, listener_id: listenerId, listener_config: { k8s_namespace: 'team-a' } },
    source_revision_config: { image_uri: image },
    secrets: [],
  };
}
