/** Lists that are longer than one answer: page by page everything comes, each once, and no page is longer than it may be. */
import { asc, desc, eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKey } from '../../src/control-plane/access/keys.ts';
import { createWorkspace } from '../../src/control-plane/access/workspaces.ts';
import { mostListBytes, mostListRows } from '../../src/control-plane/store/list-room.ts';
import { apiKeys, audit, deployments, lanes, listeners, revisionLogs } from '../../src/control-plane/store/schema.ts';
import { type Answer, type Tenant, type TestControlPlane, testControlPlane } from '../support/control-plane.ts';
import { databaseKinds, type TestDatabases, testDatabases } from '../support/database.ts';
import { fill } from '../support/filled.ts';

describe.each(databaseKinds)('a list on %s', (kind) => {
  let databases: TestDatabases;
  let plane: TestControlPlane;
  let tenant: Tenant;
  let deployment: { id: string; revisionId: string };
  let listenerKey: string;

  beforeAll(async () => {
    databases = await testDatabases(kind);
    plane = await testControlPlane(await databases.location());
    tenant = await plane.tenant('team-a');
    const { workspaceId, listenerId } = tenant;
    const made = await tenant.deploy('chat');
    deployment = made;
    await fill(plane, listenerId, made.id);
    const person = { name: 'dev', email: 'd@example.com' };
    ({ key: listenerKey } = await createKey(plane.services, null, {
      kind: 'listener',
      workspaceId,
      listenerId,
      ...person,
    }));
  });
  afterAll(async () => {
    await plane?.close();
    await databases?.stop();
  });

  interface Pages {
    readonly field: string;
    readonly next: string;
    readonly parameter: string;
    readonly key?: string;
    /** What happens between two pages. */
    readonly meanwhile?: () => Promise<unknown>;
  }
  const own = { field: '', next: 'next_cursor', parameter: 'cursor' } as const;

  /** Every row of every page, and how many rows each page had. */
  async function readAll(path: string, { field, next, parameter, key = plane.adminKey, meanwhile }: Pages) {
    const rows: Answer['body'][] = [];
    const sizes: number[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const from: string = cursor === '' ? '' : `&${parameter}=${encodeURIComponent(cursor)}`;
      const { status, body } = await tenant.call('GET', `${path}${from}`, undefined, { 'x-api-key': key });
      expect(status, JSON.stringify(body)).toBe(200);
      rows.push(...body[field]);
      sizes.push(body[field].length);
      const following: string | null = body[next] ?? null;
      expect(following === null || following !== cursor).toBe(true);
      cursor = following;
      await meanwhile?.();
    }
    return { rows, sizes };
  }

  const idsOf = (rows: readonly { id: unknown }[]) => rows.map(({ id }) => String(id));

  it('of audit entries goes on where it ended, whatever is written meanwhile', async () => {
    const { database } = plane.services;
    const stored = await database.select().from(audit).orderBy(desc(audit.id));
    const meanwhile = () => createWorkspace(plane.services, null, `meanwhile ${crypto.randomUUID()}`);
    const { rows, sizes } = await readAll('/towpath/v1/audit?limit=1000', { ...own, field: 'entries', meanwhile });

    expect(idsOf(rows)).toEqual(idsOf(stored));
    expect(rows.map(({ detail }) => detail)).toEqual(stored.map(({ detail }) => detail));
    expect(sizes.length).toBeGreaterThan(3);
    expect(Math.max(...sizes)).toBe(mostListRows);
  });

  it('of keys goes on where it ended, whatever is made and deleted meanwhile', async () => {
    const { database } = plane.services;
    const { workspaceId } = tenant;
    const stored = await database.select().from(apiKeys).orderBy(asc(apiKeys.createdAt), asc(apiKeys.id));
    const [first] = stored;
    const meanwhile = async () => {
      const person = { name: 'later', email: 'l@example.com' };
      await createKey(plane.services, null, { kind: 'workspace', workspaceId, listenerId: null, ...person });
      await database
        .delete(apiKeys)
        .where(sql`${apiKeys.id} in (select id from api_keys where name like '7%' limit 1)`);
    };
    const { rows } = await readAll('/towpath/v1/keys?limit=100', { ...own, field: 'keys', meanwhile });

    const listed = idsOf(rows);
    const left = await database.select().from(apiKeys);
    expect(listed[0]).toBe(first?.id);
    expect(new Set(listed).size).toBe(listed.length);
    expect(idsOf(left).filter((id) => idsOf(stored).includes(id) && !listed.includes(id))).toEqual([]);
  });

  it('of workspaces goes on where it ended, whatever is renamed meanwhile, and finds one by its name', async () => {
    const { rows: before } = await readAll('/towpath/v1/workspaces?limit=1000', { ...own, field: 'workspaces' });
    const names = before.map(({ name }) => name).sort();
    const renamed = [...names];
    const meanwhile = async () => {
      const last = renamed.pop();
      const id = before.find(({ name }) => name === last)?.id;
      await tenant.call('PATCH', `/towpath/v1/workspaces/${id}`, { name: `0 ${last}`.slice(0, 100) }, admin());
    };
    const { rows } = await readAll('/towpath/v1/workspaces?limit=100', { ...own, field: 'workspaces', meanwhile });
    const one = await tenant.call(
      'GET',
      `/towpath/v1/workspaces?name=${encodeURIComponent(names[0])}`,
      undefined,
      admin(),
    );
    const theirs = await tenant.call('GET', '/towpath/v1/workspaces');

    expect(idsOf(rows)).toEqual(idsOf(before));
    expect(rows.length).toBeGreaterThan(mostListRows);
    expect(one.body.workspaces).toMatchObject([{ name: names[0] }]);
    expect(idsOf(theirs.body.workspaces)).toEqual([tenant.workspaceId]);
  });

  const admin = () => ({ 'x-api-key': plane.adminKey });

  it('of repositories goes on where it ended, at the size of its reports', async () => {
    const stored = await plane.services.database.select().from(lanes).orderBy(asc(lanes.namespace));
    const path = `/towpath/v1/listeners/${tenant.listenerId}/lanes?limit=1000`;
    const { rows, sizes } = await readAll(path, { ...own, field: 'lanes' });

    expect(rows).toEqual(stored.map(({ report }) => report));
    expect(sizes.length).toBeGreaterThan(5);
  });

  it('of what is desired goes on where it ended, with the last report of each', async () => {
    const { listenerId } = tenant;
    const stored = await plane.services.database
      .select()
      .from(deployments)
      .where(eq(deployments.listenerId, listenerId));
    const rows: Answer['body'][] = [];
    for (let [after, more] = ['', true]; more; ) {
      const path = `/towpath/v1/listeners/${listenerId}/desired${after && `?after=${after}`}`;
      const { body } = await tenant.call('GET', path, undefined, { 'x-api-key': listenerKey });
      rows.push(...body.items);
      [after, more] = [body.cursor, body.more];
    }

    const byId = new Map(rows.map((row) => [row.deploymentId, row]));
    expect(rows).toHaveLength(stored.length);
    expect(stored.map(({ id }) => byId.get(id)?.lastReport)).toEqual(stored.map(({ lastReport }) => lastReport));
  });

  it.each([
    ['', 'asc'],
    ['', 'desc'],
    ['&level=ERROR', 'asc'],
    ['&level=ERROR', 'desc'],
    ['&query=last', 'asc'],
    ['&query=SHORT', 'desc'],
    ['&query=nothing', 'asc'],
    ['&end_time=2020-01-01T00:00:00Z', 'asc'],
  ] as const)('of the log%s goes on where it ended, %s', async (filter, order) => {
    const stored = await plane.services.database
      .select()
      .from(revisionLogs)
      .where(eq(revisionLogs.revisionId, deployment.revisionId as never))
      .orderBy((order === 'asc' ? asc : desc)(revisionLogs.id));
    const wanted = {
      '': () => true,
      '&level=ERROR': ({ level }: { level: string }) => level === 'ERROR',
      '&query=last': ({ message }: { message: string }) => message.includes('last'),
      '&query=SHORT': ({ message }: { message: string }) => message.includes('short'),
      '&query=nothing': () => false,
      '&end_time=2020-01-01T00:00:00Z': () => false,
    }[filter];
    const path = `/v2/deployments/${deployment.id}/revisions/${deployment.revisionId}/logs`;
    const pages = { field: 'logs', next: 'next_offset', parameter: 'offset', key: tenant.key };
    const { rows } = await readAll(`${path}?type=deploy&limit=1000&order=${order}${filter}`, pages);

    const kept = rows.filter(({ id }) => !id.startsWith('silence'));
    expect(kept.map(({ message }) => message)).toEqual(stored.filter(wanted).map(({ message }) => message));
  });

  const countedLists = ['/v2/deployments', '/v2/listeners', 'revisions'];
  it.each(countedLists)('of %s has as many rows as were asked for', async (list) => {
    const path = list === 'revisions' ? `/v2/deployments/${deployment.id}/revisions` : list;
    const { body: all } = await tenant.call('GET', `${path}?limit=100`);
    const { body: first } = await tenant.call('GET', `${path}?limit=5`);
    const { body: alone } = await tenant.call('GET', `${path}?limit=1&offset=44`);

    expect(all.resources.length).toBeGreaterThan(60);
    expect(all.offset).toBe(all.resources.length);
    expect(idsOf(first.resources)).toEqual(idsOf(all.resources.slice(0, 5)));
    expect(idsOf(alone.resources)).toEqual(idsOf(all.resources.slice(44, 45)));
    // It has room in a page of its own.
    const [inList = 0, onItsOwn = 0] = [all.resources[44], alone.resources[0]].map((one) => JSON.stringify(one).length);
    expect(inList).toBeLessThan(onItsOwn / 3);
  });

  it('of deployments and listeners leaves out nothing that is read by the id', async () => {
    const listed = await tenant.call('GET', '/v2/deployments?limit=100');
    const last = listed.body.resources[50];
    const { body: whole } = await tenant.call('GET', `/v2/deployments/${last.id}`);
    const { body: all } = await tenant.call('GET', '/v2/listeners?limit=100');
    const [stored] = await plane.services.database.select().from(listeners).where(eq(listeners.id, tenant.listenerId));

    expect(last).toMatchObject({ source_config: { resource_spec: null } });
    expect(last.latest_revision_status_message).toMatch(/^Too long for this list: read it by its id/);
    expect(whole.source_config.resource_spec.labels).toMatchObject({ l1: expect.any(String) });
    expect(whole.latest_revision_status_message.length).toBeGreaterThan(10_000);
    expect(all.resources[0].compute_config.k8s_namespaces).toEqual(stored?.namespaces);
    expect(all.resources.at(-1).compute_config.k8s_namespaces).toBeNull();
    expect(JSON.stringify(all).length).toBeLessThan(2 * mostListBytes);
  });
});
