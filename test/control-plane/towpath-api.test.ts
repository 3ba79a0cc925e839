import { asc, desc, eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ensureAdminKey } from '../../src/control-plane/access/admin-key.ts';
import { createKey } from '../../src/control-plane/access/keys.ts';
import { patchDeployment, redeploy } from '../../src/control-plane/orchestration/change-deployment.ts';
import { deleteDeployment } from '../../src/control-plane/orchestration/delete-deployment.ts';
import { deployments, listeners, revisionLogs, revisions } from '../../src/control-plane/store/schema.ts';
import { DesiredPage } from '../../src/domain/desired.ts';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import { Specification } from '../../src/domain/specification.ts';
import { databaseKinds, type TestDatabases, testDatabases } from '../support/database.ts';
import {
  addDeployment,
  addListener,
  addTenant,
  openTowpathApi,
  type Tenant,
  type TowpathApi,
} from '../support/towpath-api.ts';

describe.each(databaseKinds)('our own calls on %s', (kind) => {
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

  const own = (path: string) => `/towpath/v1/listeners/${tenant.listenerId}/${path}`;
  const desired = async (after: string | null = null, wait = 0) => {
    const query = new URLSearchParams({ ...(after === null ? {} : { after }), wait: String(wait) });
    const answer = await api.call(tenant.listenerKey, 'GET', `${own('desired')}?${query}`);
    expect(answer.status).toBe(200);
    return DesiredPage.parse(answer.body);
  };
  const report = (reports: readonly object[], term = 1) =>
    api.call(tenant.listenerKey, 'POST', own('reports'), { term, reports });
  const revisionOf = async (id: DeploymentId) => {
    const item = (await desired()).items.find((one) => one.deploymentId === id);
    if (item?.kind !== 'present') throw new Error('not present');
    return item;
  };
  const revisionReport = (deploymentId: string, revisionId: string, said: object = {}) => ({
    kind: 'revision',
    deploymentId,
    revisionId,
    stage: 'committed',
    outcome: 'progressing',
    reason: 'Pushed',
    message: 'Pushed 13 files',
    commit: 'c'.repeat(40),
    pullRequest: null,
    url: null,
    at: '2026-01-02T03:04:05.678Z',
    ...said,
  });

  it('says without a key what it is, and describes itself', async () => {
    const info = await api.app.request('/towpath/v1/info');
    const document = api.app.getOpenAPI31Document({ openapi: '3.1.0', info: { title: 'x', version: '1' } });

    expect(await info.json()).toMatchObject({
      version: expect.any(String),
      features: expect.arrayContaining(['desired']),
    });
    expect(Object.keys(document.paths ?? {})).toContain('/towpath/v1/listeners/{id}/reports');
  });

  it.each([
    ['no key', '', 401],
    ['a key that was never made', 'tp_lst_nonsense', 401],
  ])('refuses %s', async (_, key, status) => {
    expect(await api.call(key, 'GET', own('desired'))).toMatchObject({ status, body: { detail: expect.any(String) } });
  });

  it('tells a listener, and whoever may see its workspace, how it is registered', async () => {
    const stranger = await addTenant(api);
    const registration = (key: string) => api.call(key, 'GET', `/towpath/v1/listeners/${tenant.listenerId}`);

    const silent = await registration(tenant.listenerKey);
    const toWorkspace = await registration(tenant.workspaceKey);
    await desired();
    const heard = await registration(tenant.listenerKey);

    expect(silent).toMatchObject({
      status: 200,
      body: { id: tenant.listenerId, workspaceId: tenant.workspaceId, namespaces: ['default'], lastSeenAt: null },
    });
    expect(silent.body.caller).toBe('listener');
    expect(toWorkspace).toEqual({ status: 200, body: { ...silent.body, caller: 'workspace' } });
    expect(heard.body.lastSeenAt).toEqual(expect.any(String));
    expect(await registration(stranger.workspaceKey)).toMatchObject({ status: 404 });
    expect(await registration(stranger.listenerKey)).toMatchObject({ status: 403 });
  });

  it('gives a listener the whole listing first and then what changed', async () => {
    const first = await addDeployment(api, tenant, 'first');
    const listing = await desired();

    const second = await addDeployment(api, tenant, 'second', { TOKEN: 'planted' });
    const change = await desired(listing.cursor);
    const nothing = await desired(change.cursor);

    expect(listing).toMatchObject({
      reset: true,
      more: false,
      items: [{ kind: 'present', deploymentId: first, secretsVersion: null }],
    });
    expect(change).toMatchObject({
      reset: false,
      more: false,
      items: [{ deploymentId: second, secretsVersion: expect.any(String) }],
    });
    expect(nothing).toMatchObject({ reset: false, items: [] });
  });

  it.each(['nonsense', Buffer.from('{"epoch":1}').toString('base64url')])(
    'starts anew from the unknown cursor %s',
    async (cursor) => {
      await addDeployment(api, tenant, 'only');

      expect(await desired(cursor)).toMatchObject({ reset: true, items: [{ name: 'only' }] });
    },
  );

  it('starts anew where the cursor is of another database or ahead of a restored one', async () => {
    await addDeployment(api, tenant, 'only');
    const known = JSON.parse(Buffer.from((await desired()).cursor, 'base64url').toString()) as {
      epoch: string;
      version: number;
    };
    const encode = (changed: object) => Buffer.from(JSON.stringify({ ...known, ...changed })).toString('base64url');

    expect(await desired(encode({ epoch: crypto.randomUUID() }))).toMatchObject({
      reset: true,
      items: [{ name: 'only' }],
    });
    expect(await desired(encode({ version: known.version + 1 }))).toMatchObject({
      reset: true,
      items: [{ name: 'only' }],
    });
    expect(await desired(encode({}))).toMatchObject({ reset: false, items: [] });
  });

  it('says removals aloud until they are done, and then nothing more', async () => {
    const id = await addDeployment(api, tenant, 'doomed');
    const { cursor } = await desired();

    await deleteDeployment(api.services, tenant.principal, id, { force: false });
    const removed = await desired(cursor);
    const removal = {
      kind: 'removal',
      deploymentId: id,
      outcome: 'succeeded',
      reason: 'Removed',
      message: 'Gone',
      commit: null,
      retained: ['data-0'],
      at: new Date().toISOString(),
    };
    const done = await report([removal]);

    const { name, email } = tenant.principal;
    const request = { requester: { name, email }, at: expect.any(String) };
    expect(removed.items).toMatchObject([{ kind: 'removed', deploymentId: id, name: 'doomed', request }]);
    expect(done).toMatchObject({ status: 200, body: { ignored: [] } });
    expect(await desired()).toMatchObject({ reset: true, items: [] });
    expect(await report([removal])).toMatchObject({ status: 200, body: { ignored: [{ index: 0 }] } });
  });

  it('tells a removal also after it is done, to whoever may not have heard of it', async () => {
    const id = await addDeployment(api, tenant, 'missed');
    const { cursor } = await desired();

    await deleteDeployment(api.services, tenant.principal, id, { force: false });
    const said = { outcome: 'succeeded', reason: 'Removed', message: '', commit: null, retained: [] };
    await report([{ kind: 'removal', deploymentId: id, ...said, at: new Date().toISOString() }]);

    expect(await desired(cursor)).toMatchObject({ reset: false, items: [{ kind: 'removed', deploymentId: id }] });
    expect(await desired()).toMatchObject({ reset: true, items: [] });
  });

  it('starts anew where a deployment went by force: it is neither wanted nor to be removed', async () => {
    const id = await addDeployment(api, tenant, 'forced');
    await addDeployment(api, tenant, 'other');
    const { cursor } = await desired();

    for (const force of [false, true]) await deleteDeployment(api.services, tenant.principal, id, { force });
    const page = await desired(cursor);

    expect(page).toMatchObject({ reset: true, items: [{ name: 'other' }] });
    expect(await desired(page.cursor)).toMatchObject({ reset: false, items: [] });
  });

  it('wakes a waiting listener at once', async () => {
    const { cursor } = await desired();
    const waiting = desired(cursor, 30);
    await new Promise((resolve) => setTimeout(resolve, 50));

    const id = await addDeployment(api, tenant, 'urgent');
    const changedAt = performance.now();
    const page = await waiting;

    expect(page.items).toMatchObject([{ deploymentId: id }]);
    expect(performance.now() - changedAt).toBeLessThan(20_000);
  });

  it('answers with nothing when the wait is over', async () => {
    const { cursor } = await desired();

    expect(await desired(cursor, 0.05)).toMatchObject({ reset: false, items: [], cursor });
  });

  it('pages a long listing without losing or repeating anything', async () => {
    await addDeployment(api, tenant, 'agent-0');
    // Copies of the first one: two share each version, as where one change touches several.
    await api.open.database.execute(sql`
      insert into deployments (id, workspace_id, listener_id, namespace, name, status, latest_revision_id, listener_version)
      select gen_random_uuid(), workspace_id, listener_id, namespace, 'agent-' || n, status, latest_revision_id, 2 + n / 2
      from deployments, generate_series(1, 1200) n where listener_id = ${tenant.listenerId}`);
    await api.open.database.update(listeners).set({ changeVersion: 700 }).where(eq(listeners.id, tenant.listenerId));

    const pages = [await desired()];
    while (pages.at(-1)?.more) pages.push(await desired(pages.at(-1)?.cursor));

    expect(pages.map((page) => [page.items.length, page.reset])).toEqual([
      [500, true],
      [500, false],
      [201, false],
    ]);
    const names = pages.flatMap((page) => page.items.map((item) => item.name));
    expect(new Set(names).size).toBe(1201);
  });

  it('gives the specification and the secrets of a revision to its listener', async () => {
    const id = await addDeployment(api, tenant, 'full', { TOKEN: 'planted-value', __proto__x: 'odd' });
    const { revisionId, secretsVersion } = await revisionOf(id);

    const path = `/towpath/v1/deployments/${id}/revisions/${revisionId}`;
    const specification = await api.call(tenant.listenerKey, 'GET', `${path}/spec`);
    const secrets = await api.call(tenant.listenerKey, 'GET', `${path}/secrets`);

    expect(Specification.parse(specification.body)).toMatchObject({
      deployment: {
        id,
        name: 'full',
        workspaceId: tenant.workspaceId,
        listenerId: tenant.listenerId,
        namespace: 'default',
      },
      revision: { id: revisionId, requester: { name: 'Ada', email: 'ada@example.com' } },
      image: 'registry.example/chat:1',
      secretNames: ['TOKEN', '__proto__x'],
      secretsVersion,
    });
    expect(JSON.stringify(specification.body)).not.toContain('planted-value');
    expect(secrets).toEqual({
      status: 200,
      body: { secretsVersion, values: { TOKEN: 'planted-value', __proto__x: 'odd' } },
    });
  });

  it('counts revisions, and tells which one a rollback goes back to', async () => {
    const id = await addDeployment(api, tenant, 'counted');
    const numbers: unknown[] = [];
    const deployed = async () => {
      const { revisionId, revisionNumber } = await revisionOf(id);
      const { body } = await api.call(
        tenant.listenerKey,
        'GET',
        `/towpath/v1/deployments/${id}/revisions/${revisionId}/spec`,
      );
      const { number, rollbackTo } = Specification.parse(body).revision;
      numbers.push([revisionNumber, number, rollbackTo]);
      await report([revisionReport(id, revisionId, { outcome: 'succeeded', commit: 'c'.repeat(40) })]);
      return revisionId;
    };

    const first = await deployed();
    await redeploy(api.services, tenant.principal, id, first);
    await deployed();
    await redeploy(api.services, tenant.principal, id, first);
    await deployed();

    expect(numbers).toEqual([
      [1, 1, null],
      [2, 2, null],
      [3, 3, { id: first, number: 1 }],
    ]);
  });

  it('keeps listeners, workspaces and kinds of keys apart', async () => {
    const id = await addDeployment(api, tenant, 'private', { TOKEN: 'x' });
    const { revisionId } = await revisionOf(id);
    const path = `/towpath/v1/deployments/${id}/revisions/${revisionId}`;
    const stranger = await addTenant(api);
    const sibling = await addListener(api.services, tenant.workspaceId);

    const status = async (key: string, method: string, url: string, body?: object) =>
      (await api.call(key, method, url, body)).status;

    expect(await status(stranger.listenerKey, 'GET', own('desired'))).toBe(403);
    expect(await status(stranger.listenerKey, 'GET', `${path}/spec`)).toBe(404);
    expect(await status(stranger.listenerKey, 'GET', `${path}/secrets`)).toBe(404);
    expect(await status(stranger.listenerKey, 'POST', own('reports'), { term: 1, reports: [] })).toBe(403);
    expect(await status(stranger.workspaceKey, 'GET', own('desired'))).toBe(404);
    expect(await status(stranger.workspaceKey, 'GET', `${path}/spec`)).toBe(404);
    expect(await status(tenant.workspaceKey, 'GET', `${path}/secrets`)).toBe(403);
    expect(await status(tenant.workspaceKey, 'POST', own('reports'), { term: 1, reports: [] })).toBe(403);
    expect(await status(tenant.workspaceKey, 'GET', `${path}/spec`)).toBe(200);
    expect(await status(tenant.listenerKey, 'GET', `/towpath/v1/listeners/${sibling}/desired`)).toBe(403);
    expect(await status(tenant.listenerKey, 'GET', '/towpath/v1/keys')).toBe(403);
    expect(await status(tenant.listenerKey, 'GET', '/towpath/v1/audit')).toBe(403);
    expect(await status(tenant.listenerKey, 'GET', '/towpath/v1/events')).toBe(403);
  });

  it('moves a revision with its reports, and changes nothing when they come again', async () => {
    const id = await addDeployment(api, tenant, 'reported');
    const { revisionId } = await revisionOf(id);
    const batch = [
      revisionReport(id, revisionId, { stage: 'rendered', reason: 'Rendered', message: 'Rendered', commit: null }),
      revisionReport(id, revisionId),
      revisionReport(id, revisionId, {
        outcome: 'succeeded',
        reason: 'Pushed',
        message: 'No cluster: pushed is done',
        url: 'https://a.example/x',
      }),
    ];

    const first = await report(batch);
    const state = await storedState(id);
    const again = await report(batch);

    expect(first).toMatchObject({ status: 200, body: { ignored: [] } });
    expect(state.deployment).toMatchObject({
      status: 'READY',
      activeRevisionId: revisionId,
      reportedUrl: 'https://a.example/x',
    });
    expect(state.revision).toMatchObject({ status: 'DEPLOYED', stage: 'committed', commit: 'c'.repeat(40) });
    expect(state.logs.filter((line) => /rendered|committed/.test(line))).toHaveLength(3);
    expect(again.status).toBe(200);
    expect(await storedState(id)).toEqual(state);
    expect((await revisionOf(id)).lastReport).toMatchObject({
      stage: 'committed',
      outcome: 'succeeded',
      commit: 'c'.repeat(40),
    });
  });

  it('refuses the reports of a leader that was overtaken, and wakes nobody with a report', async () => {
    const id = await addDeployment(api, tenant, 'led');
    const { revisionId } = await revisionOf(id);
    const { cursor } = await desired();

    expect((await report([revisionReport(id, revisionId)], 7)).status).toBe(200);
    expect(await report([revisionReport(id, revisionId, { outcome: 'failed' })], 6)).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('term 7') },
    });

    expect((await storedState(id)).revision).toMatchObject({ status: 'DEPLOYING' });
    expect(await desired(cursor)).toMatchObject({ items: [], cursor });
  });

  it('lets no report of an older revision take the place of a newer one', async () => {
    const id = await addDeployment(api, tenant, 'twice');
    const old = await revisionOf(id);
    await patchDeployment(api.services, tenant.principal, id, {
      source_revision_config: { image_uri: 'registry.example/chat:2' },
    });
    const latest = await revisionOf(id);

    await report([
      revisionReport(id, latest.revisionId, { outcome: 'succeeded' }),
      revisionReport(id, old.revisionId, { outcome: 'succeeded', reason: 'Late' }),
    ]);

    expect((await storedState(id)).deployment).toMatchObject({
      activeRevisionId: latest.revisionId,
      latestRevisionId: latest.revisionId,
    });
  });

  it('keeps the last word about each repository', async () => {
    const lane = {
      kind: 'lane',
      namespace: 'default',
      outcome: 'failed',
      reason: 'MissingBranch',
      message: 'No branch main',
      head: null,
      orphans: [],
      at: new Date().toISOString(),
    };
    await report([lane, { ...lane, outcome: 'ok', reason: 'Ok', message: 'Well again', orphans: ['deployments/x-1'] }]);

    const { body } = await api.call(tenant.workspaceKey, 'GET', own('lanes'));

    expect(body).toMatchObject({ lanes: [{ namespace: 'default', outcome: 'ok', orphans: ['deployments/x-1'] }] });
  });

  it('makes workspaces and keys for the admin, shows a key once, and stops it when it is revoked', async () => {
    const made = await api.call(adminKey, 'POST', '/towpath/v1/workspaces', { name: `team ${crypto.randomUUID()}` });
    const twice = await api.call(adminKey, 'POST', '/towpath/v1/workspaces', { name: made.body.name });
    const renamed = await api.call(adminKey, 'PATCH', `/towpath/v1/workspaces/${made.body.id}`, {
      name: `${made.body.name} renamed`,
    });
    const key = await api.call(adminKey, 'POST', '/towpath/v1/keys', {
      kind: 'workspace',
      workspace_id: made.body.id,
      name: 'Grace',
      email: 'grace@example.com',
    });
    const listed = await api.call(key.body.key, 'GET', '/towpath/v1/keys');
    const second = await api.call(key.body.key, 'POST', '/towpath/v1/keys', { kind: 'workspace', name: 'Second' });
    const foreign = await api.call(key.body.key, 'DELETE', `/towpath/v1/keys/${tenant.principal.keyId}`);
    const revoked = await api.call(adminKey, 'DELETE', `/towpath/v1/keys/${key.body.id}`);

    expect([made.status, twice.status, renamed.status, key.status, second.status]).toEqual([201, 409, 200, 201, 201]);
    expect(key.body.key).toMatch(/^tp_ws_[A-Za-z0-9_-]{43}$/);
    expect(JSON.stringify(listed.body)).not.toContain(key.body.key);
    expect(listed.body.keys).toMatchObject([{ id: key.body.id, name: 'Grace', last_used_at: expect.any(String) }]);
    expect([foreign.status, revoked.status]).toEqual([404, 204]);
    await expect.poll(async () => (await api.call(key.body.key, 'GET', '/towpath/v1/keys')).status).toBe(401);
  });

  it('keeps a record of every change, with the key that made it and without its text', async () => {
    const key = await api.call(tenant.workspaceKey, 'POST', '/towpath/v1/keys', { kind: 'workspace', name: 'Audited' });
    await addDeployment(api, tenant, 'audited', { TOKEN: 'planted-in-audit' });

    const all = await api.call(tenant.workspaceKey, 'GET', '/towpath/v1/audit');
    const page = await api.call(tenant.workspaceKey, 'GET', '/towpath/v1/audit?limit=1&action=key.');
    const next = await api.call(
      tenant.workspaceKey,
      'GET',
      `/towpath/v1/audit?action=key.&cursor=${page.body.next_cursor}`,
    );

    expect(all.body.entries.slice(0, 2)).toMatchObject([
      { action: 'deployment.create', key_id: tenant.principal.keyId, actor: { name: 'Ada' } },
      { action: 'key.create', key_id: tenant.principal.keyId, target: { kind: 'key', id: key.body.id } },
    ]);
    expect(JSON.stringify(all.body)).not.toMatch(new RegExp(`planted-in-audit|${key.body.key}`));
    expect(page.body.entries).toMatchObject([{ target: { id: key.body.id } }]);
    expect(next.body.entries.map((entry: { action: string }) => entry.action)).toEqual(['key.create', 'key.create']);
  });

  it('streams the changes of a workspace, and none of another', async () => {
    const stranger = await addTenant(api);
    const answer = await api.app.request('/towpath/v1/events', { headers: { 'x-api-key': tenant.workspaceKey } });
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    if (!reader) throw new Error('no stream');
    let text = (await reader.read()).value ?? '';

    const foreign = await addDeployment(api, stranger, 'foreign');
    const id = await addDeployment(api, tenant, 'watched');
    while (!text.includes(id)) text += (await reader.read()).value ?? '';
    await reader.cancel();

    expect(text).toContain('event: resync');
    expect(text).not.toContain(foreign);
  });

  it('ends open streams and long polls of a key as soon as it is revoked, and leaves those of other keys', async () => {
    const other = await createKey(api.services, null, {
      kind: 'workspace',
      workspaceId: tenant.workspaceId,
      listenerId: null,
      name: 'Eve',
      email: 'eve@example.com',
    });
    const events = (key: string) => api.app.request('/towpath/v1/events', { headers: { 'x-api-key': key } });
    const leaked = (await events(other.key)).body?.getReader();
    const kept = (await events(tenant.workspaceKey)).body?.getReader();
    await Promise.all([leaked?.read(), kept?.read()]);
    const path = `/towpath/v1/listeners/${tenant.listenerId}/desired`;
    const { cursor } = (await api.call(tenant.workspaceKey, 'GET', path)).body;
    const poll = api.call(other.key, 'GET', `${path}?wait=60&after=${encodeURIComponent(cursor)}`);

    await api.call(adminKey, 'DELETE', `/towpath/v1/keys/${other.id}`);

    expect(await leaked?.read()).toEqual({ done: true, value: undefined });
    expect((await poll).status).toBe(401);
    const id = await addDeployment(api, tenant, 'after-the-revocation');
    let text = '';
    while (!text.includes(id)) text += new TextDecoder().decode((await kept?.read())?.value);
    await kept?.cancel();
  });

  async function storedState(id: DeploymentId) {
    const { database } = api.open;
    const [deployment] = await database.select().from(deployments).where(eq(deployments.id, id));
    const [revision] = await database
      .select()
      .from(revisions)
      .where(eq(revisions.deploymentId, id))
      .orderBy(desc(revisions.number));
    const logs = await database
      .select()
      .from(revisionLogs)
      .where(eq(revisionLogs.deploymentId, id))
      .orderBy(asc(revisionLogs.id));
    return { deployment, revision, logs: logs.map((line) => line.message) };
  }
});
