/** Two hundred deployments at once: every one arrives, in few pushes, and once only. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { ControlPlaneProcess } from '../support/control-plane-process.ts';
import { eventually } from './harness/fixtures.ts';
import { type EngineName, openSite, startPlane } from './support/site.ts';

const engines: readonly EngineName[] = ['flux', 'argo-cd'];
const count = 200;
/** Databases of their own, so that a machine with two processors is not busy with those. */
const secrets = [
  { name: 'POSTGRES_URI_CUSTOM', value: 'postgres://user:secret-of-a-database@db.example/agents' },
  { name: 'REDIS_URI_CUSTOM', value: 'redis://redis.example/0' },
];
let plane: ControlPlaneProcess;

beforeAll(async () => {
  plane = await startPlane();
});

describe.each(engines)('with %s', (engine) => {
  it(`takes ${count} deployments at once to healthy`, async () => {
    const settings = { rollout: { deadline: '20m' } };
    const site = await openSite({ engine, plane, settings, agentServer: { queue: false } });

    const ids = await Promise.all(
      Array.from({ length: count }, (_, index) => site.create(`agent-${index}`, '1.0.0', { secrets })),
    );
    await eventually(
      'all of them to be DEPLOYED',
      async () => {
        const { body } = await plane.call('GET', `/v2/deployments?limit=100&offset=0`, site.tenant.workspaceKey);
        const rest = await plane.call('GET', `/v2/deployments?limit=100&offset=100`, site.tenant.workspaceKey);
        const statuses = [...body.resources, ...rest.body.resources].map((one) => one.latest_revision_status);
        const done = statuses.filter((status) => status === 'DEPLOYED').length;
        if (done < count) throw new Error(`${done} of ${count} are DEPLOYED; the others: ${[...new Set(statuses)]}`);
        return true;
      },
      600_000,
    );

    const subjects = (await site.repository.log()).map(({ subject }) => subject);
    expect(ids).toHaveLength(count);
    expect(subjects.filter((subject) => subject.startsWith('deploy('))).toHaveLength(count);
    expect(new Set(subjects).size).toBe(subjects.length);
    const pushes = site.listener.output().match(/Pushed revisions/g) ?? [];
    expect(pushes.length).toBeLessThan(count / 4);
  }, 900_000);
});
