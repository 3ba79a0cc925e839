/** Keys, errors, limits, documents and the status page: the HTTP around the rules. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKey } from '../../src/control-plane/access/keys.ts';
import { listeners } from '../../src/control-plane/store/schema.ts';
import type { CommitId } from '../../src/domain/identifiers.ts';
import { type Tenant, type TestControlPlane, testControlPlane } from '../support/control-plane.ts';
import { type TestDatabases, testDatabases } from '../support/database.ts';

describe('the HTTP of the control plane', () => {
  let databases: TestDatabases;
  let plane: TestControlPlane;
  let tenant: Tenant;

  beforeAll(async () => {
    databases = await testDatabases('PGlite');
    plane = await testControlPlane(await databases.location());
    tenant = await plane.tenant();
  });
  afterAll(async () => {
    await plane?.close();
    await databases?.stop();
  });

  const get = (path: string, headers: Record<string, string> = {}) => plane.app.request(path, { headers });

  it('takes the key by either header, in any spelling', async () => {
    const forms: Record<string, string>[] = [
      { 'X-Api-Key': tenant.key },
      { 'x-api-key': tenant.key, 'x-tenant-id': tenant.workspaceId },
      { Authorization: `Bearer ${tenant.key}`, 'X-Tenant-ID': tenant.workspaceId },
      { 'X-Api-Key': plane.adminKey, 'X-TENANT-ID': tenant.workspaceId },
    ];

    for (const headers of forms) expect((await get('/v2/deployments', headers)).status).toBe(200);
  });

  it.each(['0000-01-01T00:00:00Z', '9999-12-31T23:59:59-23:59'])(
    'refuses a time that no database holds: %s',
    async (at) => {
      const { id } = await tenant.deploy(`times-${at.slice(0, 4)}`);
      const owner = { name: 'late', kind: 'workspace' };
      const answers = [
        await tenant.call('POST', `/v1/projects/${id}/deploy_logs`, { start_time: at, limit: 1 }),
        await tenant.call('POST', `/v1/projects/${id}/deploy_logs`, { end_time: at, limit: 1 }),
        await tenant.call('GET', `/towpath/v1/audit?since=${at}`),
        await tenant.call('GET', `/towpath/v1/audit?until=${at}`),
        await tenant.call('POST', '/towpath/v1/keys', { ...owner, expires_at: at }),
      ];

      expect(answers.map(({ status }) => status)).toEqual([422, 422, 422, 422, 422]);
      for (const { body } of answers) expect(JSON.stringify(body)).toContain('from the year 1 to the year 9999');
    },
  );

  it.each(['%E2%82%AC', '%00', 'a%0Ab'])('knows no workspace that no header may name: %s', async (name) => {
    const answer = await get(`/o/${name}/host/deployments/${randomUUID()}`);

    expect(answer.status).toBe(404);
    expect(await answer.text()).not.toMatch(/^\s+at /m);
  });

  it('refuses who has no key, the wrong one, or one for something else', async () => {
    const other = await plane.tenant();
    const listenerKey = await createKey(plane.services, null, {
      kind: 'listener',
      workspaceId: tenant.workspaceId,
      listenerId: tenant.listenerId,
      name: 'dev',
      email: 'dev@example.com',
    });
    const cases: [Record<string, string>, number, string][] = [
      [{}, 401, 'API key'],
      [{ 'x-api-key': 'nonsense' }, 401, 'API key'],
      [{ 'x-api-key': `${tenant.key}x` }, 401, 'API key'],
      [{ 'x-api-key': tenant.key, 'x-tenant-id': other.workspaceId }, 403, 'not for the workspace'],
      [{ 'x-api-key': plane.adminKey }, 403, 'requires workspace specification'],
      [{ 'x-api-key': plane.adminKey, 'x-tenant-id': randomUUID() }, 403, 'no workspace'],
      [{ 'x-api-key': listenerKey.key }, 403, 'belongs to a listener'],
    ];

    for (const [headers, status, text] of cases) {
      const answer = await get('/v2/deployments', headers);
      expect(answer.status, text).toBe(status);
      expect(((await answer.json()) as { detail: string }).detail).toContain(text);
    }
  });

  it('answers in the shapes of FastAPI', async () => {
    const missing = await tenant.call('GET', `/v2/deployments/${randomUUID()}`);
    const malformed = await tenant.call('POST', '/v2/deployments', '{');
    const invalid = await tenant.call('POST', '/v2/deployments', { source: 'external_docker', secrets: 'none' });
    const nameless = await tenant.call('POST', '/v2/deployments', tenant.creation('x', { name: undefined }));
    const path = await tenant.call('GET', '/v2/deployments/nonsense');
    const nowhere = await tenant.call('GET', '/v2/nothing');
    const root = await get('/nothing');
    const text = await tenant.call('POST', '/v2/deployments', 'x', { 'content-type': 'text/plain' });

    expect(missing).toMatchObject({
      status: 404,
      body: { detail: expect.stringMatching(/^Deployment ID .* not found\.$/) },
    });
    expect(malformed).toEqual({
      status: 422,
      body: { detail: [{ loc: ['body'], msg: 'JSON decode error', type: 'json_invalid' }] },
    });
    expect(invalid.status).toBe(422);
    const required = (field: string) => ({ loc: ['body', field], msg: 'Field required', type: 'missing' });
    expect(invalid.body.detail).toContainEqual(required('source_config'));
    expect(nameless).toEqual({ status: 422, body: { detail: [required('name')] } });
    expect(invalid.body.detail.map((one: { loc: string[] }) => one.loc[1])).toContain('secrets');
    expect(path.body.detail[0]).toMatchObject({ loc: ['path', 'deployment_id'], type: 'uuid_parsing' });
    expect(nowhere).toEqual({ status: 404, body: { detail: 'Not Found' } });
    expect([root.status, await root.json()]).toEqual([404, { detail: 'Not Found' }]);
    expect(text).toMatchObject({ status: 415, body: { detail: expect.any(String) } });
  });

  it('takes no missing body for an empty one', async () => {
    const { id } = await tenant.deploy('bodiless');
    const calls = [
      ['PATCH', `/v2/listeners/${tenant.listenerId}`],
      ['PATCH', `/v2/deployments/${id}`],
      ['POST', `/v2/deployments/${id}/revisions`],
      ['POST', '/v2/listeners'],
      ['POST', `/v1/projects/${id}/deploy_logs`],
      ['POST', '/towpath/v1/keys'],
    ] as const;

    for (const [method, path] of calls) {
      expect(await tenant.call(method, path), path).toMatchObject({
        status: 422,
        body: { detail: [{ loc: ['body'], msg: expect.stringContaining('Field required'), type: 'missing' }] },
      });
    }
    const { body } = await tenant.call('GET', `/v2/deployments/${id}/revisions`);
    expect(body.resources).toHaveLength(1);
  });

  it('says which methods a path takes', async () => {
    const cases = [
      ['PUT', '/v2/deployments', 'DELETE, GET, HEAD, POST'],
      ['POST', `/v2/deployments/${randomUUID()}`, 'DELETE, GET, HEAD, PATCH'],
      ['PUT', `/api-host/v2/listeners/${randomUUID()}`, 'DELETE, GET, HEAD, PATCH'],
      ['PATCH', '/towpath/v1/audit', 'GET, HEAD'],
      ['POST', '/openapi.json', 'GET, HEAD'],
    ] as const;

    for (const [method, path, allow] of cases) {
      const answer = await plane.app.request(path, { method, headers: { 'x-api-key': tenant.key } });
      expect([answer.status, answer.headers.get('allow')], `${method} ${path}`).toEqual([405, allow]);
      expect(await answer.json()).toEqual({ detail: `Method Not Allowed: this path takes ${allow}` });
    }
    expect((await plane.app.request('/v2/deployments', { method: 'PUT' })).status).toBe(401);
  });

  it('refuses bodies that are too large, too deep, or hold what is no text', async () => {
    const large = await tenant.call('POST', '/v2/deployments', JSON.stringify({ name: 'x'.repeat(5 * 1024 * 1024) }));
    const deep = await tenant.call('POST', '/v2/deployments', `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`);
    const nul = await tenant.call('POST', '/v2/deployments', tenant.creation('x', { display_name: 'a\0b' }));
    const half = await tenant.call(
      'POST',
      '/v2/deployments',
      `{"name":"x","source":"external_docker","source_config":{},"source_revision_config":{},"secrets":[{"name":"A","value":"\\ud800"}]}`,
    );
    const label = { labels: { 'a\0': 'b' } };
    const key = await tenant.call(
      'POST',
      '/v2/deployments',
      tenant.creation('x', { source_config: { resource_spec: label } }),
    );

    expect(large).toMatchObject({ status: 413, body: { detail: expect.stringContaining('2048 KiB') } });
    expect(deep).toMatchObject({ status: 422, body: { detail: [{ msg: expect.stringContaining('levels') }] } });
    expect(nul.body.detail[0]).toMatchObject({ loc: ['body', 'display_name'], msg: expect.stringContaining('NUL') });
    expect(half).toMatchObject({ status: 422, body: { detail: [{ loc: ['body', 'secrets', 0, 'value'] }] } });
    expect(key.status).toBe(422);
    expect(key.body.detail[0]).toMatchObject({ msg: expect.stringContaining('NUL'), type: 'value_error' });
  });

  it('answers what it did not expect with an id that the log explains', async () => {
    const broken = await databases.location();
    const other = await testControlPlane(broken);
    const friend = await other.tenant();
    const { id } = await friend.deploy('chat', { secrets: [{ name: 'A', value: 'planted' }] });
    await other.services.database.execute('alter table revisions rename to elsewhere');

    const { status, body } = await friend.call('GET', `/v2/deployments/${id}`);
    await other.close();

    expect(status).toBe(500);
    const request = /^Internal error, request (\S+)$/.exec(body.detail)?.[1];
    expect(other.logged()).toContain(`"request":"${request}"`);
    expect(JSON.stringify(body) + other.logged()).not.toContain('planted');
  });

  it('describes itself truly, and serves the page over it without any other host', async () => {
    const document = (await (await get('/openapi.json')).json()) as {
      paths: Record<string, Record<string, { security?: Record<string, unknown>[] }>>;
      components: { securitySchemes: Record<string, unknown>; schemas: Record<string, unknown> };
      servers: { url: string }[];
    };
    const prefixed = (await (await get('/api-host/openapi.json')).json()) as typeof document;
    const page = await get('/docs');
    expect((await get('/')).headers.get('location')).toBe('docs');
    const html = await page.text();

    expect(document.servers).toEqual([{ url: '/' }]);
    expect(prefixed.servers).toEqual([{ url: '/api-host' }]);
    const reference = JSON.parse(readFileSync(join(import.meta.dirname, 'langsmith-paths.json'), 'utf8')) as Record<
      string,
      string[]
    >;
    for (const [path, methods] of Object.entries(reference)) {
      const served = Object.keys(document.paths[path] ?? {});
      expect(served, path).toEqual(expect.arrayContaining(methods));
    }
    const schemes = new Set(
      Object.values(document.paths).flatMap((item) =>
        Object.values(item).flatMap((one) => (one.security ?? []).flatMap((need) => Object.keys(need))),
      ),
    );
    expect(Object.keys(document.components.securitySchemes)).toEqual(expect.arrayContaining([...schemes]));
    const referred = JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g);
    for (const [, name] of referred) expect(Object.keys(document.components.schemas)).toContain(name);
    expect(html).not.toMatch(/https?:\/\//);
    for (const [, asset] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
      expect((await get(`/${asset}`)).status, asset).toBe(200);
      expect((await get(`/api-host/${asset}`)).status, asset).toBe(200);
    }
    expect((await get('/docs/package.json')).status).toBe(404);
    expect((await get('/docs/..%2fpackage.json')).status).toBe(404);
    expect((await get('/docs/constructor')).status).toBe(404);
  });

  it('serves every path that it describes', async () => {
    const { paths } = (await (await get('/openapi.json')).json()) as { paths: Record<string, Record<string, unknown>> };

    for (const [path, methods] of Object.entries(paths)) {
      for (const method of Object.keys(methods)) {
        const url = path.replaceAll(/\{[^}]+\}/g, randomUUID());
        const answer = await plane.app.request(url, { method: method.toUpperCase() });
        expect(answer.status, `${method} ${path}`).toBe(path === '/towpath/v1/info' ? 200 : 401);
      }
    }
  });

  it('says that it is healthy while the database answers', async () => {
    expect(await (await get('/healthz')).json()).toEqual({ status: 'ok' });
  });

  it('hides our own calls where only the public ones are wanted', async () => {
    const other = await testControlPlane(await databases.location(), { towpathCalls: false });
    const friend = await other.tenant();

    expect((await friend.call('GET', '/towpath/v1/info')).status).toBe(404);
    expect((await friend.call('GET', '/v2/deployments')).status).toBe(200);
    const { paths } = (await (await other.app.request('/openapi.json')).json()) as { paths: Record<string, unknown> };
    expect(Object.keys(paths).filter((path) => path.startsWith('/towpath'))).toEqual([]);
    await other.close();
  });

  describe('the log', () => {
    const commit = 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00' as CommitId;
    const messages = (body: { logs: { message: string }[] }) => body.logs.map((entry) => entry.message);

    it('tells what happened to a revision, stage by stage', async () => {
      const { id, revisionId } = await tenant.deploy('logged');
      await tenant.report(id, revisionId, { stage: 'rendered', reason: 'Rendered', message: 'Rendered 12 files' });
      await tenant.report(id, revisionId, { stage: 'rendered', reason: 'Rendered', message: 'Rendered 12 files' });
      const done = {
        stage: 'committed',
        outcome: 'succeeded',
        reason: 'Pushed',
        message: 'Pushed; no cluster',
        commit,
      };
      await tenant.report(id, revisionId, done as Parameters<Tenant['report']>[2]);

      const path = `/v1/projects/${id}/revisions/${revisionId}/deploy_logs`;
      const { body } = await tenant.call('POST', path, { limit: 100, order: 'asc' });
      const build = await tenant.call('POST', path.replace('deploy_logs', 'build_logs'), { limit: 50 });

      expect(messages(body)).toHaveLength(4);
      expect(messages(body)[0]).toMatch(/^Revision 1 \([0-9a-f]{8}\) created by Ada/);
      expect(messages(body)[1]).toContain('Queued for listener dev, namespace default');
      expect(messages(body)[2]).toContain('Rendered 12 files');
      expect(messages(body)[3]).toContain('Pushed; no cluster');
      expect(messages(body)[3]).toContain(commit);
      expect(body.logs[0]).toEqual({
        id: expect.any(String),
        timestamp: expect.any(Number),
        level: 'INFO',
        message: expect.any(String),
      });
      expect(build.body).toEqual({ logs: [], next_offset: null });
    });

    it('pages either way, filters, and begins again where it stopped', async () => {
      const { id, revisionId } = await tenant.deploy('paged');
      for (let at = 0; at < 5; at += 1) {
        await tenant.report(id, revisionId, { reason: `Try${at}`, message: `attempt ${at}` });
      }
      await tenant.report(id, revisionId, { outcome: 'failed', reason: 'Denied', message: 'PUSH denied' });
      const path = `/v2/deployments/${id}/revisions/${revisionId}/logs?type=deploy`;
      const read = async (query: string) => (await tenant.call('GET', `${path}&${query}`)).body;

      const whole = await read('limit=1000');
      const pages: string[] = [];
      for (let offset = ''; ; ) {
        const page = await read(`limit=3&offset=${offset}`);
        pages.push(...messages(page));
        if (page.next_offset === null) break;
        offset = page.next_offset;
      }

      expect(messages(whole)).toHaveLength(8);
      expect(pages).toEqual(messages(whole));
      expect(messages(await read('order=desc&limit=1000'))).toEqual(messages(whole).toReversed());
      expect(messages(await read('query=push+DENIED'))).toHaveLength(1);
      expect(messages(await read('level=ERROR'))).toEqual([expect.stringContaining('PUSH denied')]);
      expect(messages(await read('run_id=x'))).toEqual([]);
      expect(messages((await tenant.call('GET', path.replace('=deploy', '=build'))).body)).toEqual([]);
      const third = new Date(whole.logs[2].timestamp).toISOString();
      expect(messages(await read(`start_time=${third}`))[0]).toBe(messages(whole)[2]);
      expect(messages(await read(`end_time=${third}`)).at(-1)).toBe(messages(whole)[2]);
      for (const bad of ['limit=0', 'limit=1001', 'order=up', 'level=LOUD', 'start_time=noon', 'offset=x']) {
        expect((await tenant.call('GET', `${path}&${bad}`)).status, bad).toBe(422);
      }
      expect((await tenant.call('GET', path.replace('type=deploy', ''))).status).toBe(422);
      const list = await tenant.call('GET', `/v2/deployment-logs?deployment_id=${id}&page_size=2&sort_order=desc`);
      expect(list.body.items).toHaveLength(2);
      const next = await tenant.call(
        'GET',
        `/v2/deployment-logs?deployment_id=${id}&page_size=100&sort_order=desc&cursor=${list.body.next_cursor}`,
      );
      expect(next.body.items).toHaveLength(6);
      expect(next.body.next_cursor).toBeNull();
    });

    it('names a listener that is silent, once', async () => {
      const friend = await plane.tenant();
      const { id, revisionId } = await friend.deploy('waiting');
      const { database, now } = plane.services;
      const seen = new Date(now().getTime() - 14 * 60_000 - 30_000);
      await database.update(listeners).set({ lastSeenAt: seen }).where(eq(listeners.id, friend.listenerId));
      const logs = async (order: string) =>
        (await friend.call('POST', `/v1/projects/${id}/deploy_logs`, { limit: 100, order })).body;

      const newest = await logs('desc');
      const revision = (await friend.call('GET', `/v2/deployments/${id}/revisions/${revisionId}`)).body;

      expect(newest.logs[0]).toMatchObject({
        level: 'WARNING',
        message: 'Still QUEUED: listener dev last seen 14 min ago',
      });
      expect((await logs('asc')).logs.at(-1).id).toBe(newest.logs[0].id);
      expect(revision.status_message).toContain('listener dev last seen 14 min ago');
      expect((await friend.call('GET', `/v2/deployments/${id}`)).body.latest_revision_status_message).toContain(
        '14 min',
      );
      await friend.report(id, revisionId, { stage: 'committed', outcome: 'succeeded' });
      expect(JSON.stringify(await logs('desc'))).not.toContain('last seen');
      await friend.call('DELETE', `/v2/deployments/${id}`);
      expect((await logs('desc')).logs[0].message).toContain('Still AWAITING_DELETE: listener dev last seen');
    });
  });

  describe('the status page', () => {
    const basic = (key: string) => ({ authorization: `Basic ${Buffer.from(`anybody:${key}`).toString('base64')}` });

    it('shows a deployment to whoever has a key of its workspace, and to nobody else', async () => {
      const { id, revisionId } = await tenant.deploy('shown', { secrets: [{ name: 'A', value: 'planted-secret' }] });
      await tenant.report(id, revisionId, { message: '<script>alert("x")</script> & more' });
      const path = `/o/${tenant.workspaceId}/host/deployments/${id}`;
      const other = await plane.tenant();

      const shown = await get(path, basic(tenant.key));
      const html = await shown.text();
      const anonymous = await get(path);

      expect(shown.status).toBe(200);
      expect(html).toContain('AWAITING_DEPLOY');
      expect(html).toContain(`<tr id="${revisionId}">`);
      expect(html).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; more');
      expect(html).not.toContain('<script');
      expect(html).not.toContain('planted-secret');
      expect(shown.headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(shown.headers.get('cache-control')).toBe('no-store');
      expect(anonymous.status).toBe(401);
      expect(anonymous.headers.get('www-authenticate')).toContain('Basic');
      expect((await get(path, basic('wrong'))).status).toBe(401);
      expect((await get(path, basic(other.key))).status).toBe(403);
      expect((await get(`/o/${other.workspaceId}/host/deployments/${id}`, basic(other.key))).status).toBe(404);
      expect((await get(path, basic(plane.adminKey))).status).toBe(200);
      expect((await get(`${path}x`, basic(tenant.key))).status).toBe(404);
    });
  });
});
