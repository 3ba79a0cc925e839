/** Reports about whole repositories: kept of the namespaces that the listener serves, and of no others. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKey } from '../../src/control-plane/access/keys.ts';
import { type Tenant, type TestControlPlane, testControlPlane } from '../support/control-plane.ts';
import { type TestDatabases, testDatabases } from '../support/database.ts';

describe('reports about repositories', () => {
  let databases: TestDatabases;
  let plane: TestControlPlane;
  let tenant: Tenant;
  let headers: Record<string, string>;

  beforeAll(async () => {
    databases = await testDatabases('PGlite');
    plane = await testControlPlane(await databases.location());
    tenant = await plane.tenant('team-a', 'team-b');
    const { workspaceId, listenerId } = tenant;
    const person = { name: 'dev', email: 'd@example.com' };
    const { key } = await createKey(plane.services, null, { kind: 'listener', workspaceId, listenerId, ...person });
    headers = { 'x-api-key': key };
  });
  afterAll(async () => {
    await plane?.close();
    await databases?.stop();
  });

  const at = '2026-11-23T08:00:00.000Z';
  const words = {
    kind: 'lane',
    outcome: 'failed',
    reason: 'Away',
    message: 'Cannot reach it',
    head: null,
    orphans: [],
  };
  const report = (...namespaces: string[]) =>
    tenant.call(
      'POST',
      `/towpath/v1/listeners/${tenant.listenerId}/reports`,
      { term: 1, reports: namespaces.map((namespace) => ({ ...words, namespace, at })) },
      headers,
    );
  const lanes = async () => {
    const { body } = await tenant.call('GET', `/towpath/v1/listeners/${tenant.listenerId}/lanes`);
    return body.lanes.map(({ namespace }: { namespace: string }) => namespace);
  };
  const problem = async () => (await tenant.call('GET', `/v2/listeners/${tenant.listenerId}`)).body.report_problem;
  const serve = (...names: string[]) =>
    tenant.call('PATCH', `/v2/listeners/${tenant.listenerId}`, { compute_config: { k8s_namespaces: names } });

  it('are dropped where the listener does not serve the namespace, and its owner sees why', async () => {
    const { id } = await tenant.deploy('waits');
    const answer = await report('team-a', 'team-x');

    expect(answer.body.ignored).toEqual([{ index: 1, why: expect.stringMatching(/not registered for 'team-x'/) }]);
    expect(await lanes()).toEqual(['team-a']);
    expect(await problem()).toMatch(/namespace 'team-x'.*k8s_namespaces/);
    expect((await tenant.call('GET', '/v2/listeners')).body.resources[0].report_problem).toBe(await problem());
    // What it says of deployments counts all the same.
    const shown = await tenant.call('GET', `/v2/deployments/${id}`);
    expect(shown.body.latest_revision_status_message).not.toContain('team-x');
    expect((await report('team-b')).body.ignored).toEqual([]);
    expect(await problem()).toContain('team-x');
  });

  it('never fill the database, nor the words about them', async () => {
    const many = Array.from({ length: 1000 }, (_, index) => `strange-${String(index).padStart(4, '0')}`);
    const answer = await report(...many);

    expect(answer.body.ignored).toHaveLength(1000);
    expect(await lanes()).toEqual(['team-a', 'team-b']);
    expect(await problem()).toContain("'strange-0004' and 995 more");
    expect((await problem()).length).toBeLessThan(600);
  });

  it('are kept from the moment on in which it serves the namespace', async () => {
    await report('team-x');
    await serve('team-a', 'team-b', 'team-x');

    expect(await problem()).toBeNull();
    expect((await report('team-x')).body.ignored).toEqual([]);
    expect(await lanes()).toEqual(['team-a', 'team-b', 'team-x']);
  });

  it('go with the namespace', async () => {
    await serve('team-a');

    expect(await lanes()).toEqual(['team-a']);
  });

  it('are no problem any more a day after the last one', async () => {
    await report('team-y');
    plane.clock.now = new Date(plane.clock.now.getTime() + 25 * 3_600_000);

    expect(await problem()).toBeNull();
  });
});
