/** What the audit table tells of a stolen key: what it read, what it was refused, from where, and that it fills no table. */
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createKey } from '../../src/control-plane/access/keys.ts';
import { rowsOf } from '../../src/control-plane/store/database.ts';
import { type Tenant, type TestControlPlane, testControlPlane } from '../support/control-plane.ts';
import { databaseKinds, type TestDatabases, testDatabases } from '../support/database.ts';

describe.each(databaseKinds)('the audit table on %s', (kind) => {
  let databases: TestDatabases;
  let plane: TestControlPlane;
  let tenant: Tenant;
  let listenerKey: string;
  let url: string;
  let server: ReturnType<typeof serve>;

  beforeAll(async () => {
    databases = await testDatabases(kind);
  });
  beforeEach(async () => {
    plane = await testControlPlane(await databases.location());
    tenant = await plane.tenant();
    const { workspaceId, listenerId } = tenant;
    const owner = { name: 'listener', email: 'listener@example.com' };
    listenerKey = (await createKey(plane.services, null, { kind: 'listener', workspaceId, listenerId, ...owner })).key;
    // Longer than PGlite may keep the loop: no connection ends while the next request goes out on it.
    const serverOptions = { keepAliveTimeout: 120_000 };
    server = serve({ fetch: plane.app.fetch, port: 0, hostname: '127.0.0.1', serverOptions });
    await new Promise((done) => server.once('listening', done));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    await new Promise((done) => server?.close(done));
    await plane?.close();
  });
  afterAll(() => databases?.stop());

  const call = async (key: string, path: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${url}${path}`, { headers: { 'x-api-key': key, ...headers } });
    const isStream = answer.headers.get('content-type')?.includes('event-stream');
    await (isStream ? answer.body?.cancel() : answer.arrayBuffer());
    return answer;
  };
  const entries = async (key: string, query: string) => {
    const answer = await fetch(`${url}/towpath/v1/audit?${query}`, { headers: { 'x-api-key': key } });
    // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came back
    return ((await answer.json()) as { entries: any[] }).entries;
  };
  const count = async () =>
    Number((await rowsOf<{ n: string }>(plane.services.database, sql`select count(*) n from audit`))[0]?.n);

  it('names address and request of a change', async () => {
    const body = JSON.stringify(tenant.creation('traced'));
    const headers = { 'x-api-key': tenant.key, 'content-type': 'application/json', 'x-request-id': 'traced-1' };
    await fetch(`${url}/v2/deployments`, {
      method: 'POST',
      body,
      headers: { ...headers, 'x-forwarded-for': '192.0.2.7' },
    });

    const made = await entries(tenant.key, 'action=deployment.create');
    expect(made.filter(({ request_id }) => request_id === 'traced-1')).toMatchObject([
      { address: '127.0.0.1', forwarded_for: '192.0.2.7', request_id: 'traced-1', outcome: 'done' },
    ]);
  });

  it('names who read which secrets, by whichever call, and names him once', async () => {
    const { id, revisionId } = await tenant.deploy('with-secrets', { secrets: [{ name: 'TOKEN', value: 'planted' }] });
    await tenant.deploy('without');
    for (let again = 0; again < 3; again++) {
      await call(tenant.key, '/v2/deployments?limit=100');
      await call(tenant.key, `/v2/deployments/${id}`);
      await call(listenerKey, `/towpath/v1/deployments/${id}/revisions/${revisionId}/secrets`);
    }

    const read = await entries(tenant.key, 'action=secrets.read');
    const ofServed = read.filter(({ address, target }) => address !== null && target.id === id);
    expect(ofServed.map(({ target, actor }) => [target, actor.name]).sort()).toEqual([
      [{ kind: 'secrets', id }, 'Ada'],
      [{ kind: 'secrets', id }, 'listener'],
    ]);
    expect(JSON.stringify(read)).not.toContain('planted');
  });

  it('names refused calls with the key, also where the key is for another workspace', async () => {
    const stranger = await plane.tenant();
    await call(listenerKey, '/v2/deployments');
    await call(stranger.key, '/v2/deployments', { 'x-tenant-id': tenant.workspaceId });
    await call('tp_ws_thiefthiefthief', '/v2/deployments');

    expect(await entries(tenant.key, 'outcome=refused')).toMatchObject([
      {
        action: 'call.refuse',
        actor: { name: 'listener' },
        target: { id: 'GET /v2/deployments' },
        detail: { status: 403 },
      },
    ]);
    expect(await entries(stranger.key, 'outcome=refused')).toMatchObject([{ key_id: stranger.principal.keyId }]);
    expect(await entries(plane.adminKey, 'outcome=refused&limit=1')).toMatchObject([
      { key_id: null, workspace_id: null, detail: { status: 401, prefix: 'tp_ws_thie' } },
    ]);
  });

  it('lets nobody fill the table with refused calls', async () => {
    await entries(plane.adminKey, 'limit=1');
    const before = await count();
    const began = performance.now();
    for (let guess = 0; guess < 300; guess++) {
      await call(`tp_ws_${String(guess).padStart(4, '0')}`, '/v2/deployments');
      await call(tenant.key, `/towpath/v1/listeners/${tenant.listenerId}`, { 'x-tenant-id': 'none' });
      await entries(plane.adminKey, 'limit=1');
    }
    await plane.services.trail.close();

    const others = (await entries(plane.adminKey, 'outcome=refused')).filter(({ target }) => target.id === '*');
    // 20 that are told apart, the rest of them together, and one for the key: each when it is new, and when the minute ends.
    const minutes = 1 + Math.ceil((performance.now() - began) / 60_000);
    expect((await count()) - before).toBeLessThanOrEqual(minutes * 2 * 22);
    expect(others.reduce((sum, { detail }) => sum + detail.count, 0)).toBeGreaterThanOrEqual(300 - minutes * 20);
  });

  it('stores no answer, whether it is what was asked for or a refusal', async () => {
    const { id } = await tenant.deploy('private', { secrets: [{ name: 'TOKEN', value: 'planted' }] });
    const paths = [
      '/v2/deployments',
      `/v2/deployments/${id}`,
      `/v2/deployments/${id}/revisions`,
      `/api-host/v2/deployments/${id}`,
      '/v2/deployments/nonsense',
      '/v2/listeners',
      '/towpath/v1/keys',
      '/towpath/v1/audit',
      '/towpath/v1/events',
      `/towpath/v1/listeners/${tenant.listenerId}/desired`,
      `/o/${tenant.workspaceId}/host/deployments/${id}`,
      `/o/${tenant.workspaceId}/host/deployments/nonsense`,
    ];

    for (const path of paths) {
      expect((await call(tenant.key, path)).headers.get('cache-control'), path).toBe('no-store');
      expect((await call('wrong', path)).headers.get('cache-control'), path).toBe('no-store');
    }
  });

  it('finds by an index whatever it is asked for', async () => {
    const { database } = plane.services;
    await database.execute(sql`insert into audit (workspace_id, key_id, action, target_kind, target_id, detail, outcome)
      select gen_random_uuid(), gen_random_uuid(), 'noun' || n % 50 || '.verb', 'k', n::text, '{}',
        case when n % 500 = 0 then 'refused' else 'done' end
      from generate_series(1, 40000) n`);
    await database.execute(sql`analyze audit`);
    const filters = {
      workspace: sql`workspace_id = ${tenant.workspaceId}`,
      action: sql`action = 'key.create'`,
      noun: sql`action like 'key.%'`,
      target: sql`target_id = 'none'`,
      key: sql`key_id = ${tenant.principal.keyId}`,
      outcome: sql`outcome <> 'done' and outcome = 'refused'`,
      until: sql`at < '2020-01-01'`,
    };
    for (const [name, filter] of Object.entries(filters)) {
      const plan = await rowsOf<Record<string, string>>(
        database,
        sql`explain select * from audit where ${filter} order by id desc limit 100`,
      );
      const text = plan.flatMap((row) => Object.values(row)).join('\n');
      expect(text, name).toMatch(/audit_(?:workspace|action|target|key|outcome|at)/);
      expect(text, name).not.toContain('Seq Scan');
    }
  });
});
