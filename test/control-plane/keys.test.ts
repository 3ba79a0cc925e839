/** Who somebody is: what a key may say of itself, which keys it may make and end, and what goes when it is stolen. */
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { adminKeyVariable, ensureAdminKey } from '../../src/control-plane/access/admin-key.ts';
import { authenticator } from '../../src/control-plane/access/authenticate.ts';
import { apiKeys } from '../../src/control-plane/store/schema.ts';
import { databaseKinds, type TestDatabases, testDatabases } from '../support/database.ts';
import { addTenant, openTowpathApi, type Tenant, type TowpathApi } from '../support/towpath-api.ts';

const path = '/towpath/v1/keys';
const ada = { name: 'Ada Lovelace', email: 'ada@example.com' };

describe.each(databaseKinds)('keys on %s', (kind) => {
  let databases: TestDatabases;
  let api: TowpathApi;
  let tenant: Tenant;
  let adminKey: string;

  beforeAll(async () => {
    databases = await testDatabases(kind);
    api = await openTowpathApi(await databases.location());
    adminKey = (await ensureAdminKey(api.open.database, undefined)) ?? '';
  });
  beforeEach(async () => {
    tenant = await addTenant(api);
  });
  afterAll(async () => {
    await api?.stop();
    await databases?.stop();
  });

  const make = (key: string, body: object = {}) =>
    api.call(key, 'POST', path, { kind: 'workspace', name: 'Key', workspace_id: tenant.workspaceId, ...body });
  const revoke = (key: string, id: string, query = '') => api.call(key, 'DELETE', `${path}/${id}${query}`);
  const isAccepted = async (key: string) => (await api.call(key, 'GET', path)).status !== 401;
  const listenerKey = { kind: 'listener', listener_id: '' };

  it('believes a name and an e-mail of an admin only, and tells who made a key', async () => {
    const byAdmin = (await make(adminKey, ada)).body;
    const byKey = (await make(tenant.workspaceKey, ada)).body;

    expect(byAdmin).toMatchObject({ ...ada, proof: 'admin', expires_at: null });
    expect(byKey).toMatchObject({ ...ada, proof: 'self-declared', made_by: tenant.principal.keyId });
    const keys = (await api.call(tenant.workspaceKey, 'GET', path)).body.keys;
    expect(keys).toContainEqual(expect.objectContaining({ id: byKey.id, made_by: tenant.principal.keyId }));
  });

  it('lets a workspace key neither make a listener key, nor revoke one, nor end the keys of others', async () => {
    const listener = { ...listenerKey, listener_id: tenant.listenerId };
    const other = (await make(adminKey)).body;
    const keys = (await api.call(tenant.workspaceKey, 'GET', path)).body.keys;
    const ofListener = keys.find((key: { kind: string }) => key.kind === 'listener').id;

    expect((await make(tenant.workspaceKey, listener)).status).toBe(403);
    expect((await revoke(tenant.workspaceKey, ofListener)).status).toBe(403);
    expect((await revoke(tenant.workspaceKey, other.id)).status).toBe(403);
    expect(await isAccepted(tenant.listenerKey)).toBe(true);
    expect((await make(adminKey, listener)).status).toBe(201);
  });

  it('revokes with a key all that it made, and that they made, and nothing beside them', async () => {
    const stolen = (await make(adminKey, { name: 'Stolen' })).body;
    const child = (await make(stolen.key, { name: 'Child' })).body;
    const grandchild = (await make(child.key, { name: 'Grandchild' })).body;
    const sibling = (await make(adminKey, { name: 'Sibling' })).body;

    expect((await revoke(adminKey, stolen.id)).status).toBe(204);

    for (const { key } of [stolen, child, grandchild]) await expect.poll(() => isAccepted(key)).toBe(false);
    expect(await isAccepted(sibling.key)).toBe(true);
    const entries = (await api.call(adminKey, 'GET', '/towpath/v1/audit?action=key.revoke&limit=3')).body.entries;
    expect(entries.map((entry: { target: { id: string } }) => entry.target.id).sort()).toEqual(
      [stolen.id, child.id, grandchild.id].sort(),
    );
  });

  it('lets whoever holds a key end it and what it made, but not the key that made it', async () => {
    const mine = (await make(adminKey)).body;
    const child = (await make(mine.key)).body;

    expect((await revoke(child.key, mine.id)).status).toBe(403);
    expect((await revoke(mine.key, mine.id, '?descendants=keep')).status).toBe(403);
    expect((await revoke(mine.key, mine.id)).status).toBe(204);
    await expect.poll(() => isAccepted(child.key)).toBe(false);
  });

  it('lets an admin replace an admin key in good order, and ends by name what a replaced one made', async () => {
    const first = (await api.call(adminKey, 'POST', path, { kind: 'admin', name: 'First' })).body;
    const second = (await api.call(first.key, 'POST', path, { kind: 'admin', name: 'Second' })).body;
    const made = (await make(first.key)).body;

    expect((await revoke(second.key, first.id)).status).toBe(409);
    expect(await isAccepted(made.key)).toBe(true);
    expect((await revoke(second.key, first.id, '?descendants=keep')).status).toBe(204);
    await expect.poll(() => isAccepted(first.key)).toBe(false);
    expect(await isAccepted(made.key)).toBe(true);
    expect((await revoke(adminKey, first.id)).status).toBe(204);
    await expect.poll(() => isAccepted(made.key)).toBe(false);
    await expect.poll(() => isAccepted(second.key)).toBe(false);
  });

  it('says which keys a replaced key of the environment has left, and how to end them', async () => {
    const [old, next] = ['o'.repeat(40), 'n'.repeat(40)];
    const warnings: unknown[] = [];
    const log = { warn: (message: string, fields: unknown) => warnings.push([message, fields]) };
    await ensureAdminKey(api.open.database, old);
    await make(old);

    await ensureAdminKey(api.open.database, next, log);

    const [replaced] = await api.open.database.select().from(apiKeys).where(eq(apiKeys.name, adminKeyVariable));
    const fields = { id: replaced?.id, keys: 1, revokeThem: `DELETE ${path}/${replaced?.id}` };
    expect(warnings).toEqual([[expect.stringContaining('stay valid'), fields]]);
  });

  it.each([
    ['ends in a line end', `${'k'.repeat(40)}\n`, 'it holds blanks, line ends'],
    ['is longer than a request may send', 'k'.repeat(513), 'more than 512 characters'],
  ])('refuses a key of the environment that %s, and so would open nothing', async (_, text, why) => {
    await expect(ensureAdminKey(api.open.database, text)).rejects.toMatchObject({
      message: expect.stringContaining(why),
    });
  });

  it('refuses the key of a workspace in the environment, and leaves the admin’s as it was', async () => {
    const own = 'a'.repeat(40);
    await ensureAdminKey(api.open.database, own);
    const { key } = (await make(adminKey)).body;

    await expect(ensureAdminKey(api.open.database, key)).rejects.toMatchObject({
      message: expect.stringContaining('it is the key of a workspace'),
    });
    expect(await isAccepted(own)).toBe(true);
  });

  it('refuses a key that has expired, and lets none outlive the key that made it', async () => {
    const in1Hour = new Date(Date.now() + 3_600_000).toISOString();
    const in2Hours = new Date(Date.now() + 7_200_000).toISOString();
    const maker = (await make(adminKey, { expires_at: in1Hour })).body;
    const child = (await make(maker.key)).body;

    expect([maker.expires_at, child.expires_at]).toEqual([in1Hour, in1Hour]);
    expect((await make(maker.key, { expires_at: in2Hours })).status).toBe(400);
    expect((await make(adminKey, { expires_at: '2020-01-01T00:00:00Z' })).status).toBe(400);
    expect(await isAccepted(child.key)).toBe(true);
    let now = new Date();
    const authenticate = authenticator({ ...api.services, now: () => now });
    const headers = new Headers({ 'x-api-key': child.key });
    expect(await authenticate(headers)).toMatchObject({ keyId: child.id, maker: { id: maker.id, name: 'Key' } });
    now = new Date(Date.parse(in1Hour) - 1);
    expect(await authenticate(headers)).toMatchObject({ keyId: child.id });
    // Remembered a moment ago, and yet no longer than it is valid.
    now = new Date(in1Hour);
    expect(await authenticate(headers)).toBeNull();
  });

  it('misses no key that is made while its maker is revoked', async () => {
    const maker = (await make(adminKey)).body;
    const making = Array.from({ length: 8 }, () => make(maker.key));
    await Promise.all([...making, revoke(adminKey, maker.id)]);

    for (const { status, body } of await Promise.all(making)) {
      if (status === 201) await expect.poll(() => isAccepted(body.key)).toBe(false);
      else expect(status).toBe(401);
    }
  });
});
