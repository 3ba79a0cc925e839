/** How a deployment goes: softly, by force, many at once. */
import { randomUUID } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { audit, secretSets } from '../../src/control-plane/store/schema.ts';
import { type TestControlPlane, testControlPlane } from '../support/control-plane.ts';
import { databaseKinds, type TestDatabases, testDatabases } from '../support/database.ts';

describe.each(databaseKinds)('deletion on %s', (kind) => {
  let databases: TestDatabases;
  let plane: TestControlPlane;

  beforeAll(async () => {
    databases = await testDatabases(kind);
    plane = await testControlPlane(await databases.location());
  });
  afterAll(async () => {
    await plane?.close();
    await databases?.stop();
  });

  it('waits for the listener, then the deployment is not found and its name is free', async () => {
    const tenant = await plane.tenant();
    const { id, revisionId } = await tenant.deploy('chat', { secrets: [{ name: 'A', value: 'planted' }] });
    const version = await tenant.listenerVersion();

    const deleted = await tenant.call('DELETE', `/v2/deployments/${id}?delete_tracing_project=true`);
    const again = await tenant.call('DELETE', `/v2/deployments/${id}`);
    const waiting = await tenant.call('GET', `/v2/deployments/${id}`);
    const taken = await tenant.call('POST', '/v2/deployments', tenant.creation('chat'));
    await tenant.removed(id, { outcome: 'failed', reason: 'Denied', message: 'Cannot push' });
    const failed = await tenant.call('GET', `/v2/deployments/${id}`);
    await tenant.removed(id, { retained: ['pvc/data-chat-postgres-0'] });
    const gone = await tenant.call('GET', `/v2/deployments/${id}`);
    const anew = await tenant.call('POST', '/v2/deployments', tenant.creation('chat'));

    expect([deleted.status, again.status]).toEqual([204, 204]);
    expect(waiting.body).toMatchObject({ status: 'AWAITING_DELETE', latest_revision_status: 'SKIPPED' });
    expect(taken.status).toBe(409);
    expect(waiting.body.latest_revision_status_message).toBe('Waiting for listener dev to remove it');
    expect(failed.body).toMatchObject({ status: 'AWAITING_DELETE', latest_revision_status_message: 'Cannot push' });
    expect(gone).toEqual({ status: 404, body: { detail: `Deployment ID ${id} not found.` } });
    expect((await tenant.call('GET', `/v2/deployments/${id}/revisions/${revisionId}`)).status).toBe(404);
    expect(anew.status).toBe(201);
    expect(await tenant.listenerVersion()).toBeGreaterThan(version);
    const { database } = plane.services;
    expect(await database.select().from(secretSets).where(eq(secretSets.deploymentId, id))).toEqual([]);
  });

  it('lets nothing be changed while it waits', async () => {
    const tenant = await plane.tenant();
    const { id, revisionId } = await tenant.deploy('chat');
    await tenant.report(id, revisionId, { stage: 'committed', outcome: 'succeeded' });
    await tenant.call('DELETE', `/v2/deployments/${id}`);

    const calls: [string, string, unknown?][] = [
      ['PATCH', `/v2/deployments/${id}`, { display_name: 'x' }],
      ['PATCH', `/v2/deployments/${id}`, { source_config: { resource_spec: {} } }],
      ['POST', `/v2/deployments/${id}/revisions`, {}],
      ['POST', `/v2/deployments/${id}/revisions/${revisionId}/redeploy`],
      ['POST', `/v1/projects/${id}/revisions/${revisionId}/interrupt`],
    ];
    for (const [method, path, body] of calls) {
      const answer = await tenant.call(method, path, body);
      expect(answer, `${method} ${path}`).toMatchObject({
        status: 409,
        body: { detail: expect.stringContaining('it awaits deletion') },
      });
    }
  });

  it('forces only what already waits', async () => {
    const tenant = await plane.tenant();
    const { id } = await tenant.deploy('chat', { secrets: [{ name: 'A', value: 'planted' }] });

    const early = await tenant.call('DELETE', `/v2/deployments/${id}?force=true`);
    await tenant.call('DELETE', `/v2/deployments/${id}`);
    const forced = await tenant.call('DELETE', `/v2/deployments/${id}?force=true`);

    expect(early).toMatchObject({ status: 400, body: { detail: expect.stringContaining('without force first') } });
    expect(forced.status).toBe(204);
    expect((await tenant.call('GET', `/v2/deployments/${id}`)).status).toBe(404);
    expect((await tenant.call('DELETE', `/v2/deployments/${id}?force=true`)).status).toBe(404);
    expect((await tenant.call('DELETE', `/v2/deployments/${id}?force=perhaps`)).status).toBe(422);
  });

  it('ends nothing that nobody asked to delete', async () => {
    const tenant = await plane.tenant();
    const { id } = await tenant.deploy('chat');

    await tenant.removed(id);

    expect((await tenant.call('GET', `/v2/deployments/${id}`)).status).toBe(200);
  });

  it('deletes many at once, and says which it could not', async () => {
    const tenant = await plane.tenant();
    const ids: string[] = [];
    for (const name of ['one', 'two', 'three']) ids.push((await tenant.deploy(name)).id);
    const missing = randomUUID();
    const query = (list: string[]) => list.map((id) => `deployment_ids=${id}`).join('&');

    const all = await tenant.call('DELETE', `/v2/deployments?${query(ids.slice(0, 2))}`);
    const some = await tenant.call('DELETE', `/v2/deployments?deployment_ids=${ids[2]},${missing}`);
    const none = await tenant.call('DELETE', `/v2/deployments?${query([missing])}`);

    expect(all).toMatchObject({
      status: 200,
      body: { results: [{ deployment_id: ids[0], status: 204 }, { status: 204 }] },
    });
    expect(some).toMatchObject({
      status: 207,
      body: {
        results: [
          { deployment_id: ids[2], status: 204, detail: null },
          { deployment_id: missing, status: 404, detail: `Deployment ID ${missing} not found.` },
        ],
      },
    });
    expect(none).toEqual({ status: 404, body: { detail: `Deployment ID ${missing} not found.` } });
    expect((await tenant.call('GET', '/v2/deployments?status=AWAITING_DELETE')).body.resources).toHaveLength(3);
    expect((await tenant.call('DELETE', '/v2/deployments')).status).toBe(422);
    expect((await tenant.call('DELETE', '/v2/deployments?deployment_ids=')).status).toBe(422);
    const many = Array.from({ length: 101 }, () => randomUUID());
    expect((await tenant.call('DELETE', `/v2/deployments?deployment_ids=${many.join(',')}`)).status).toBe(422);
  });

  it('writes every change into the audit table, without a value', async () => {
    const tenant = await plane.tenant();
    const { id, revisionId } = await tenant.deploy('chat', { secrets: [{ name: 'A', value: 'planted-secret' }] });
    await tenant.call('PATCH', `/v2/deployments/${id}`, {
      display_name: 'Chat',
      secrets: [{ name: 'A', value: 'planted-2' }],
    });
    await tenant.call('PATCH', `/v2/listeners/${tenant.listenerId}`, {
      compute_config: { k8s_namespaces: ['default'] },
    });
    await tenant.call('POST', `/v2/deployments/${id}/revisions/${revisionId}/redeploy`);
    const latest = (await tenant.call('GET', `/v2/deployments/${id}`)).body.latest_revision_id;
    await tenant.call('POST', `/v1/projects/${id}/revisions/${latest}/interrupt`);
    await tenant.call('DELETE', `/v2/deployments/${id}`);
    await tenant.call('DELETE', `/v2/deployments/${id}?force=true`);

    const rows = await plane.services.database.select().from(audit).where(eq(audit.workspaceId, tenant.workspaceId));

    expect(rows.map((row) => row.action).slice(2)).toEqual([
      'listener.create',
      'deployment.create',
      'deployment.update',
      'revision.create',
      'listener.update',
      'revision.create',
      'revision.interrupt',
      'deployment.delete',
      'deployment.force-delete',
    ]);
    expect(rows.slice(2).every((row) => row.keyId === tenant.principal.keyId && row.actor?.name === 'Ada')).toBe(true);
    expect(JSON.stringify(rows)).not.toContain('planted');
  });
});
