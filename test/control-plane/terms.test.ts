/** Terms of a listener's reports: bounded, never a lock for ever, and the owner sees why a report is refused. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createKey } from '../../src/control-plane/access/keys.ts';
import { type Tenant, type TestControlPlane, testControlPlane } from '../support/control-plane.ts';
import { type TestDatabases, testDatabases } from '../support/database.ts';

describe('the term of reports', () => {
  let databases: TestDatabases;
  let plane: TestControlPlane;
  let tenant: Tenant;
  let key: string;

  beforeAll(async () => {
    databases = await testDatabases('PGlite');
    plane = await testControlPlane(await databases.location());
  });
  beforeEach(async () => {
    tenant = await plane.tenant();
    const owner = { workspaceId: tenant.workspaceId, listenerId: tenant.listenerId };
    ({ key } = await createKey(plane.services, null, {
      kind: 'listener',
      ...owner,
      name: 'dev',
      email: 'd@example.com',
    }));
  });
  afterAll(async () => {
    await plane?.close();
    await databases?.stop();
  });

  const report = (term: number) =>
    tenant.call(
      'POST',
      `/towpath/v1/listeners/${tenant.listenerId}/reports`,
      { term, reports: [] },
      { 'x-api-key': key },
    );
  const listener = () => tenant.call('GET', `/v2/listeners/${tenant.listenerId}`);
  const reset = (by: string) =>
    tenant.call('POST', `/towpath/v1/listeners/${tenant.listenerId}/reset-term`, undefined, { 'x-api-key': by });

  it('is no higher than a Lease can have come, so that whoever holds one can always go beyond it', async () => {
    expect((await report(Number.MAX_SAFE_INTEGER)).status).toBe(422);
    expect(await report(2 ** 31 - 1)).toEqual({
      status: 403,
      body: { detail: expect.stringMatching(/^Cannot take reports of term 2147483647: .*Delete the Lease/) },
    });
    expect((await report(1_000_000)).status).toBe(200);
    plane.clock.now = new Date(plane.clock.now.getTime() + 3_600_000);
    expect((await report(1_000_001)).status).toBe(200);
  });

  it('is shown where it is too low, until a report is taken, and an admin resets it', async () => {
    const { id } = await tenant.deploy('waits');
    await report(1_000);
    const refused = await report(0);

    expect(refused.status).toBe(409);
    expect(refused.body.detail).toContain(`POST /towpath/v1/listeners/${tenant.listenerId}/reset-term`);
    // The listener's log shows so much of it.
    expect(refused.body.detail.length).toBeLessThanOrEqual(300);
    const { report_problem } = (await listener()).body;
    expect(report_problem).toMatch(/^its reports are refused since 2026-.*: Another instance of this listener leads/);
    const shown = await tenant.call('GET', `/v2/deployments/${id}`);
    expect(shown.body.latest_revision_status_message).toContain('its reports are refused since');
    await report(0);
    expect((await listener()).body.report_problem.slice(0, 60)).toBe(report_problem.slice(0, 60));

    expect((await reset(tenant.key)).status).toBe(403);
    expect((await reset(key)).status).toBe(403);
    expect(await reset(plane.adminKey)).toEqual({ status: 200, body: { term: 0, previous_term: 1_000 } });
    expect((await report(0)).status).toBe(200);
    expect((await listener()).body.report_problem).toBeNull();
    const audit = await tenant.call('GET', '/towpath/v1/audit?action=listener.reset-term');
    expect(audit.body.entries).toMatchObject([
      { target: { kind: 'listener', id: tenant.listenerId }, detail: { computeId: 'dev', term: 1_000 } },
    ]);
  });

  it('is no problem any more where nobody tries to report', async () => {
    await report(5);
    await report(4);
    expect((await listener()).body.report_problem).not.toBeNull();

    plane.clock.now = new Date(plane.clock.now.getTime() + 31 * 60_000);

    expect((await listener()).body.report_problem).toBeNull();
  });
});
