/** LangSmith's public API, call by call, on both kinds of database. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { image, otherImage, type TestControlPlane, testControlPlane } from '../support/control-plane.ts';
import { databaseKinds, type TestDatabases, testDatabases } from '../support/database.ts';

describe.each(databaseKinds)('the public API on %s', (kind) => {
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

  it('creates a deployment and answers it with every field that clients read', async () => {
    const tenant = await plane.tenant('team-a');
    const secrets = [
      { name: 'ZED', value: 'planted' },
      { name: 'A', value: 'ü €\n' },
    ];

    const { status, body } = await tenant.call('POST', '/v2/deployments', tenant.creation('chat', { secrets }));

    expect(status).toBe(201);
    expect(body).toMatchObject({
      name: 'chat',
      tenant_id: tenant.workspaceId,
      status: 'AWAITING_DATABASE',
      source: 'external_docker',
      source_config: {
        deployment_type: 'prod',
        build_on_push: false,
        custom_url: null,
        resource_spec: {},
        listener_id: tenant.listenerId,
        listener_config: { k8s_namespace: 'team-a' },
      },
      source_revision_config: { image_uri: image },
      secrets,
      secret_references: [],
      active_revision_id: null,
      image_version: '1.0.0',
      latest_revision_status: 'QUEUED',
    });
    expect((await tenant.call('GET', `/v2/deployments/${body.id}`)).body).toEqual(body);
    const revision = await tenant.call('GET', `/v2/deployments/${body.id}/revisions/${body.latest_revision_id}`);
    expect(revision.body).toMatchObject({ status: 'QUEUED', towpath: { number: 1, stage: 'queued', commit: null } });
  });

  it('pages with limit and offset, newest first, and says where the next page begins', async () => {
    const tenant = await plane.tenant();
    for (const name of ['one', 'two', 'three']) await tenant.deploy(name);

    const first = await tenant.call('GET', '/v2/deployments?limit=2&offset=0');
    const second = await tenant.call('GET', `/v2/deployments?limit=2&offset=${first.body.offset}`);
    const third = await tenant.call('GET', `/v2/deployments?limit=2&offset=${second.body.offset}`);

    const names = [first, second, third].map(({ body }) => body.resources.map((one: { name: string }) => one.name));
    expect(names).toEqual([['three', 'two'], ['one'], []]);
    expect([first, second, third].map(({ body }) => body.offset)).toEqual([2, 3, 3]);
    for (const query of ['limit=0', 'limit=101', 'limit=x', 'offset=-1', 'limit=1e1', 'offset=99999999999999']) {
      expect((await tenant.call('GET', `/v2/deployments?${query}`)).status, query).toBe(422);
    }
  });

  it('filters deployments by everything that clients send', async () => {
    const tenant = await plane.tenant();
    const chat = await tenant.deploy('chat');
    const chatter = await tenant.deploy('chatter', { source_revision_config: { image_uri: otherImage } });
    await tenant.call('DELETE', `/v2/deployments/${chatter.id}`);
    const cases: [string, string[]][] = [
      ['', ['chatter', 'chat']],
      ['name=chat&name_contains=chat', ['chat']],
      ['name_contains=', ['chatter', 'chat']],
      ['name_contains=ATTE', ['chatter']],
      ['name_contains=%25', []],
      ['name_contains=ch_t', []],
      ['status=AWAITING_DELETE', ['chatter']],
      ['status=AWAITING_DATABASE,AWAITING_DELETE', ['chatter', 'chat']],
      ['status=READY', []],
      ['remote_reconciled=true', ['chatter', 'chat']],
      ['remote_reconciled=false', []],
      [`tag_value_ids=${randomUUID()}`, []],
      ['tag_value_ids=&agent_id=&agent_environment=', ['chatter', 'chat']],
      ['agent_id=x', []],
      ['image_version=1.0.0', ['chat']],
      ['deployment_type=prod', ['chatter', 'chat']],
      ['deployment_type=dev', []],
      [`deployment_ids=${chat.id}`, ['chat']],
      ['deployment_type=dev_zero', []],
      [`deployment_ids=${chat.id},${chatter.id.toUpperCase()}`, ['chatter', 'chat']],
    ];

    for (const [query, expected] of cases) {
      const { status, body } = await tenant.call('GET', `/v2/deployments?${query}`);
      expect(status, query).toBe(200);
      expect(
        body.resources.map((one: { name: string }) => one.name),
        query,
      ).toEqual(expected);
    }
    for (const query of ['status=NONE', 'deployment_ids=x', 'remote_reconciled=maybe', 'name=%00']) {
      expect((await tenant.call('GET', `/v2/deployments?${query}`)).status, query).toBe(422);
    }
  });

  it('lists revisions newest first and by status', async () => {
    const tenant = await plane.tenant();
    const { id } = await tenant.deploy('chat');
    await tenant.call('PATCH', `/v2/deployments/${id}`, { source_revision_config: { image_uri: otherImage } });

    const all = await tenant.call('GET', `/v2/deployments/${id}/revisions`);
    const skipped = await tenant.call('GET', `/v2/deployments/${id}/revisions?status=SKIPPED,DEPLOYED`);
    const latest = await tenant.call('GET', `/v2/deployments/${id}/revisions?limit=1`);

    expect(all.body.resources.map((one: { status: string }) => one.status)).toEqual(['QUEUED', 'SKIPPED']);
    expect(skipped.body.resources.map((one: { towpath: { number: number } }) => one.towpath.number)).toEqual([1]);
    expect(latest.body).toMatchObject({ resources: [{ towpath: { number: 2 } }], offset: 1 });
    expect(
      (await tenant.call('GET', `/v2/deployments/${id}/revisions?remote_reconciled=false`)).body.resources,
    ).toEqual([]);
    expect((await tenant.call('GET', `/v2/deployments/${id}/revisions?status=GONE`)).status).toBe(422);
  });

  it('registers, reads, changes and deletes listeners', async () => {
    const tenant = await plane.tenant();
    const asked = { compute_type: 'k8s', compute_id: 'cluster-2', compute_config: { k8s_namespaces: ['x', 'y'] } };

    const created = await tenant.call('POST', '/v2/listeners', asked);
    const again = await tenant.call('POST', '/v2/listeners', asked);
    const path = `/v2/listeners/${created.body.id}`;
    const patched = await tenant.call('PATCH', path, { version: '1.2.3', compute_config: { k8s_namespaces: ['x'] } });
    const listed = await tenant.call('GET', '/v2/listeners?limit=100&offset=0');
    const deleted = await tenant.call('DELETE', path);

    expect(created).toMatchObject({ status: 201, body: { ...asked, version: null } });
    expect(again.status).toBe(409);
    expect(again.body.detail).toBe(
      `Listener for LangSmith workspace ID '${tenant.workspaceId}' and compute ID 'cluster-2' already exists.`,
    );
    expect(patched).toMatchObject({
      status: 200,
      body: { version: '1.2.3', compute_config: { k8s_namespaces: ['x'] } },
    });
    expect(listed.body.resources.map((one: { compute_id: string }) => one.compute_id)).toEqual(['cluster-2', 'dev']);
    expect(deleted).toEqual({ status: 204, body: null });
    expect(await tenant.call('GET', path)).toEqual({
      status: 404,
      body: { detail: `Listener ID ${created.body.id} not found.` },
    });
    expect((await tenant.call('PATCH', `/v2/listeners/${tenant.listenerId}`, { compute_id: 'other' })).status).toBe(
      400,
    );
    expect((await tenant.call('GET', '/v2/listeners/nonsense')).body.detail[0]).toMatchObject({ type: 'uuid_parsing' });
    for (const bad of [
      { ...asked, compute_type: 'ecs' },
      { ...asked, compute_config: { k8s_namespaces: ['A b'] } },
      {},
    ]) {
      expect((await tenant.call('POST', '/v2/listeners', bad)).status).toBe(422);
    }
  });

  it('keeps a listener and its namespaces while they are in use', async () => {
    const tenant = await plane.tenant('default', 'team-a');
    const { id } = await tenant.deploy('chat');
    const path = `/v2/listeners/${tenant.listenerId}`;

    const deleted = await tenant.call('DELETE', path);
    const taken = await tenant.call('PATCH', path, { compute_config: { k8s_namespaces: ['team-a'] } });
    const unused = await tenant.call('PATCH', path, { compute_config: { k8s_namespaces: ['default'] } });

    expect(deleted.status).toBe(409);
    expect(deleted.body.detail).toContain("it has deployment 'chat'");
    expect(taken.status).toBe(409);
    expect(taken.body.detail).toContain("Cannot take namespace 'default' away");
    expect(unused.status).toBe(200);
    await tenant.call('DELETE', `/v2/deployments/${id}`);
    await tenant.removed(id);
    expect((await tenant.call('DELETE', path)).status).toBe(204);
  });

  it('knows no free deployments, and has no registry and no uploads', async () => {
    const tenant = await plane.tenant();
    const { id } = await tenant.deploy('chat');

    const count = await tenant.call('GET', '/v2/deployments/free-count');
    const push = await tenant.call('POST', `/v2/deployments/${id}/push-token`, { supports_registry_username: true });
    const upload = await tenant.call('POST', `/v2/deployments/${id}/upload-url`, {});
    const missing = await tenant.call('POST', `/v2/deployments/${randomUUID()}/push-token`);

    expect(count.body).toEqual({ count: 0 });
    expect(push).toMatchObject({ status: 400, body: { detail: expect.stringContaining('external_docker') } });
    expect(upload).toMatchObject({ status: 400, body: { detail: expect.stringContaining('--image-uri') } });
    expect(missing.status).toBe(404);
  });

  it('answers under /api-host as under /', async () => {
    const tenant = await plane.tenant();
    const { id } = await tenant.deploy('chat');

    const answer = await tenant.call('GET', `/api-host/v2/deployments/${id}`);
    const logs = await tenant.call('POST', `/api-host/v1/projects/${id}/deploy_logs`, { limit: 10, order: 'desc' });

    expect(answer).toMatchObject({ status: 200, body: { id } });
    expect(logs.body.logs.length).toBeGreaterThan(0);
  });

  it('keeps workspaces apart', async () => {
    const mine = await plane.tenant();
    const other = await plane.tenant();
    const { id, revisionId } = await mine.deploy('chat');

    const paths: [string, string, unknown?][] = [
      ['GET', `/v2/deployments/${id}`],
      ['PATCH', `/v2/deployments/${id}`, { display_name: 'mine now' }],
      ['DELETE', `/v2/deployments/${id}`],
      ['DELETE', `/v2/deployments?deployment_ids=${id}`],
      ['GET', `/v2/deployments/${id}/revisions`],
      ['POST', `/v2/deployments/${id}/revisions`, {}],
      ['GET', `/v2/deployments/${id}/revisions/${revisionId}`],
      ['POST', `/v2/deployments/${id}/revisions/${revisionId}/redeploy`],
      ['GET', `/v2/deployments/${id}/revisions/${revisionId}/logs?type=deploy`],
      ['GET', `/v2/deployment-logs?deployment_id=${id}`],
      ['POST', `/v1/projects/${id}/deploy_logs`, {}],
      ['POST', `/v1/projects/${id}/revisions/${revisionId}/interrupt`],
      ['GET', `/v2/listeners/${mine.listenerId}`],
      ['DELETE', `/v2/listeners/${mine.listenerId}`],
      ['POST', '/v2/deployments', mine.creation('theirs')],
    ];
    for (const [method, path, body] of paths) {
      expect((await other.call(method, path, body)).status, `${method} ${path}`).toBe(404);
    }
    const revisionElsewhere = await other.deploy('chat');
    const mixed = await mine.call('GET', `/v2/deployments/${id}/revisions/${revisionElsewhere.revisionId}`);
    expect(mixed).toMatchObject({ status: 404, body: { detail: expect.stringContaining('Revision ID') } });
    expect((await other.call('GET', '/v2/deployments')).body.resources).toHaveLength(1);
  });
});
