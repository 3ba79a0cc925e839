/**
 * Nothing that a client can send keeps the event loop: every call is sent the largest and the most hostile body that it
 * takes, and every call that reads is asked for the most that it gives, of a database that is full of the largest rows.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKey } from '../../src/control-plane/access/keys.ts';
import { type Tenant, type TestControlPlane, testControlPlane } from '../support/control-plane.ts';
import { type TestDatabases, testDatabases } from '../support/database.ts';
import { fill } from '../support/filled.ts';
import { fixedWork, longestTurn, mostOfFixedWork } from '../support/loop-turns.ts';

// biome-ignore lint/suspicious/noExplicitAny: a JSON document is looked through
type Json = any;

describe('the event loop of the control plane', () => {
  let databases: TestDatabases;
  let plane: TestControlPlane;
  let tenant: Tenant;
  let keys: Readonly<Record<'listener' | 'admin' | 'workspace', string>>;
  let ids: Readonly<Record<string, string>>;
  let paths: Readonly<Record<string, Json>>;

  beforeAll(async () => {
    databases = await testDatabases('PGlite');
    plane = await testControlPlane(await databases.location());
    tenant = await plane.tenant('team-a');
    const { workspaceId, listenerId } = tenant;
    const person = { name: 'dev', email: 'd@example.com' };
    const made = await createKey(plane.services, null, { kind: 'listener', workspaceId, listenerId, ...person });
    const { id, revisionId } = await tenant.deploy('chat', { secrets: secrets('first') });
    await fill(plane, listenerId, id);
    keys = { listener: made.key, admin: plane.adminKey, workspace: tenant.key };
    ids = { deployment_id: id, project_id: id, revision_id: revisionId, rid: revisionId, listener_id: listenerId };
    const document: Json = await (await plane.app.request('/openapi.json')).json();
    paths = document.paths;
  });
  afterAll(async () => {
    await plane?.close();
    await databases?.stop();
  });

  it('is measured: what keeps it is found, and what gives it back in between is not', async () => {
    const work = (times: number) => {
      for (let time = 0; time < times; time += 1) fixedWork();
    };
    const inTurns = async () => {
      for (let turn = 0; turn < 30; turn += 1) {
        work(1);
        await new Promise(setImmediate);
      }
    };

    expect(await longestTurn(() => async () => work(3 * mostOfFixedWork))).toBeGreaterThan(mostOfFixedWork);
    expect(await longestTurn(() => inTurns)).toBeLessThanOrEqual(mostOfFixedWork);
  });

  it('is given back in time, whatever is sent to whichever call', async () => {
    const calls = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries<Json>(methods).flatMap(([method, { requestBody }]) =>
        requestBody ? [{ method: method.toUpperCase(), path, bytes: requestBody['x-max-bytes'] }] : [],
      ),
    );
    const slow: string[] = [];
    let salt = 0;
    for (const { method, path, bytes } of calls) {
      for (const [kind, bodyOf] of Object.entries(hostile(tenant, ids))) {
        const turn = await longestTurn(() => {
          salt += 1;
          const body = Buffer.from(bodyOf(bytes, salt));
          return async () => void (await send(method, path, { body }));
        });
        note(slow, turn, `${method} ${path}, ${kind}`);
      }
    }

    expect(calls.length).toBeGreaterThan(10);
    expect(slow).toEqual([]);
  });

  it('is given back in time, however much there is to read', async () => {
    const calls = Object.entries(paths).flatMap(([path, { get }]) => (get ? queries(path, get) : []));
    calls.push({ path: `/o/${tenant.workspaceId}/host/deployments/{deployment_id}`, query: '', most: undefined });
    const [slow, long]: [string[], string[]] = [[], []];
    for (const { path, query, most } of calls) {
      let bytes = 0;
      const turn = await longestTurn(() => async () => {
        bytes = await send('GET', path, { query });
      });
      note(slow, turn, `GET ${path}?${query}`);
      if (most !== undefined && bytes > most) long.push(`GET ${path}?${query}: ${bytes} of ${most} bytes`);
    }

    expect(calls.filter(({ most }) => most !== undefined).length).toBeGreaterThan(10);
    expect(slow).toEqual([]);
    expect(long).toEqual([]);
  });

  it('is given back in time while a hundred deployments are deleted', async () => {
    const listed = await tenant.call('GET', '/v2/deployments?limit=100');
    const all = listed.body.resources.map(({ id }: { id: string }) => id).join(',');

    const turn = await longestTurn(() => async () => {
      await send('DELETE', '/v2/deployments', { query: `deployment_ids=${all}` });
    });

    expect(turn).toBeLessThanOrEqual(mostOfFixedWork);
  });

  function note(slow: string[], turn: number, call: string): void {
    if (turn > mostOfFixedWork) slow.push(`${call}: ${turn.toFixed(1)} times the fixed work`);
  }

  /** As many as it gives, in each of the ways in which it looks for them. */
  function queries(path: string, { parameters = [], responses }: Json) {
    const asked = parameters.flatMap(({ name, in: place, required, schema }: Json) => {
      if (place !== 'query') return [];
      if (['limit', 'page_size'].includes(name)) return [`${name}=${schema.maximum}`];
      return required || name === 'revision_id' ? [`${name}=${ids[name] ?? 'deploy'}`] : [];
    });
    const ways = path.includes('logs')
      ? ['', 'query=nothing', 'level=WARNING', 'level=ERROR', 'end_time=2026-01-01T00:00:00Z']
      : path.endsWith('/audit')
        ? ['', 'target_id=large', 'target_id=small']
        : [''];
    const most: number | undefined = responses['200']['x-max-bytes'];
    return ways.map((way) => ({ path, query: [...asked, way].join('&'), most }));
  }

  /** Answers how long the answer was. */
  async function send(method: string, path: string, more: { body?: Buffer; query?: string }): Promise<number> {
    const [, owner = ''] = /([a-z]+)\/\{id\}/.exec(path) ?? [];
    const own = { listeners: tenant.listenerId, workspaces: tenant.workspaceId }[owner] ?? ids['deployment_id'] ?? '';
    const at = path.replaceAll(/\{([a-z_]+)\}/g, (_, name: string) => ids[name] ?? own);
    const key = /\/(?:reports|desired|secrets)$/.test(path)
      ? keys.listener
      : /workspaces|keys|audit/.test(path)
        ? keys.admin
        : keys.workspace;
    const headers = { 'content-type': 'application/json', 'x-api-key': key };
    const body = more.body === undefined ? {} : { body: more.body };
    const answer = await plane.app.request(`${at}?${more.query ?? ''}`, { method, headers, ...body });
    const { byteLength } = await answer.arrayBuffer();
    if (method === 'GET' && answer.status !== 200) throw new Error(`${at} answers ${answer.status}`);
    return byteLength;
  }
});

function secrets(salt: number | string) {
  return Array.from({ length: 1000 }, (_, at) => ({ name: `S${at}`, value: `${salt}`.padEnd(900, 'x') }));
}

/** Each as long as the call takes; what is sent a second time may be known by then, so it differs by the salt. */
function hostile(
  tenant: Tenant,
  ids: Readonly<Record<string, string>>,
): Record<string, (bytes: number, salt: number) => string> {
  const filled = (before: string, unit: string, after: string) => (bytes: number) =>
    before + unit.repeat(Math.floor((bytes - before.length - after.length) / unit.length)) + after;
  const spec = (fields: object) => () =>
    JSON.stringify(
      tenant.creation('chat', { source_config: { listener_id: tenant.listenerId, resource_spec: fields } }),
    );
  const volumes = Array.from({ length: 9_000 }, (_, at) => ({ name: `v${at}` }));
  const labels = Object.fromEntries(Array.from({ length: 9_000 }, (_, at) => [`l${at}`, 'x']));
  const progress = { stage: 'rendered', outcome: 'progressing', reason: 'Rendered', commit: null, pullRequest: null };
  const report = { kind: 'revision', deploymentId: ids['deployment_id'], revisionId: ids['revision_id'], ...progress };
  const reports = (count: number, length: number) => (_: number, salt: number) =>
    JSON.stringify({
      term: 1,
      reports: Array.from({ length: count }, (_, at) => ({
        ...{ ...report, url: null, message: `${salt} ${at}`.padEnd(length, 'm') },
        at: new Date(Date.UTC(2026, 0, 1) + at).toISOString(),
      })),
    });
  return {
    'one long text': filled('{"name":"', 'x', '"}'),
    'a text of escapes': filled('{"name":"', '\\n', '"}'),
    'empty lists': filled('[', '[],', '[]]'),
    'levels of nesting': filled('', '[', ''),
    'unknown fields': filled('{', '"a":1,', '"b":1}'),
    'many volumes': spec({ volumes }),
    'many labels': spec({ labels }),
    'a thousand secrets': (_, salt) => JSON.stringify({ secrets: secrets(salt) }),
    'a thousand reports': reports(1000, 1000),
    'a hundred long reports': reports(100, 19_000),
    'a long page': () => '{"limit":1000}',
    'a search in a long page': () => '{"limit":1000,"query":"nothing"}',
  };
}
