/** One workspace does not hold up another, and nothing that is stuck in the database holds up everything. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKey } from '../../src/control-plane/access/keys.ts';
import { type Tenant, type TestControlPlane, testControlPlane } from '../support/control-plane.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';

describe('a control plane on one Postgres', () => {
  let server: PostgresServer;
  let databaseUrl: string;
  let plane: TestControlPlane;
  let hot: Tenant;
  let calm: Tenant;

  beforeAll(async () => {
    server = await startPostgres();
    databaseUrl = await server.createDatabase();
    plane = await testControlPlane({ databaseUrl });
    hot = await plane.tenant();
    calm = await plane.tenant();
  });
  afterAll(async () => {
    await plane?.close();
    await server?.stop();
  });

  it('answers one workspace while another sends hundreds of changes of one listener', async () => {
    let created = 0;
    const creations = Array.from({ length: 300 }, async (_, at) => {
      const { status } = await hot.call('POST', '/v2/deployments', hot.creation(`many-${at}`));
      created += 1;
      return status;
    });

    const list = await calm.call('GET', '/v2/deployments');
    const deployed = await calm.call('POST', '/v2/deployments', calm.creation('one'));
    const before = created;

    expect([list.status, deployed.status]).toEqual([200, 201]);
    expect(before).toBeLessThan(150);
    expect(new Set(await Promise.all(creations))).toEqual(new Set([201]));
  });

  it('answers everything else while a row is locked, and says later to what needs it', async () => {
    const { id } = await hot.deploy('locked');
    const listener = await createKey(plane.services, null, {
      kind: 'listener',
      workspaceId: hot.workspaceId,
      listenerId: hot.listenerId,
      name: 'dev',
      email: 'dev@example.com',
    });
    const lock = await holdListeners(databaseUrl, hot.listenerId);
    const stuck = Array.from({ length: 20 }, (_, at) =>
      hot.call('POST', '/v2/deployments', hot.creation(`stuck-${at}`)),
    );
    const patched = hot.call('PATCH', `/v2/deployments/${id}`, { source_revision_config: { env: [] }, secrets: [] });

    const answers = await Promise.all([
      hot.call('GET', '/v2/deployments'),
      calm.call('GET', '/v2/deployments'),
      calm.call('POST', '/v2/deployments', calm.creation('meanwhile')),
      plane.app.request('/healthz'),
      plane.app.request('/readyz'),
      plane.app.request(`/towpath/v1/listeners/${hot.listenerId}/desired`, { headers: { 'x-api-key': listener.key } }),
    ]);
    const isHeld = lock.isHeld();
    const [first] = await Promise.all([Promise.any(stuck), ...stuck, patched]);
    await lock.release();

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 201, 200, 200, 200]);
    expect(isHeld).toBe(true);
    expect(first).toMatchObject({ status: 503, body: { detail: expect.stringContaining('Nothing was changed') } });
    expect(plane.logged()).not.toContain('Internal error');
    const free = await hot.call('POST', '/v2/deployments', hot.creation('free-again'));
    expect(free.status).toBe(201);
  });

  it('says when to ask again while the database is away, without a stack in the log', async () => {
    const other = await startPostgres();
    const away = await testControlPlane({ databaseUrl: await other.createDatabase() });
    const tenant = await away.tenant();
    expect((await tenant.call('GET', '/v2/deployments')).status).toBe(200);
    await other.stop();

    const answers = await Promise.all(
      ['/v2/deployments', '/v2/listeners', '/towpath/v1/keys'].map((path) =>
        away.app.request(path, { headers: { 'x-api-key': tenant.key } }),
      ),
    );
    const changed = await tenant.call('POST', '/v2/deployments', tenant.creation('away'));
    await away.close();

    for (const answer of answers) {
      expect(answer.status).toBe(503);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await answer.json()).toEqual({ detail: 'The database cannot be reached: ask again' });
    }
    expect(changed.status).toBe(503);
    expect(away.logged()).not.toMatch(/"stack"|Could not answer a request \{/);
  });

  it('goes on when its connections were cut, and when they say nothing any more', async () => {
    const line = await startLine(server.adminUrl);
    const url = new URL(await server.createDatabase());
    url.port = String(line.port);
    const far = await testControlPlane({ databaseUrl: url.href });
    const tenant = await far.tenant();
    const list = () => tenant.call('GET', '/v2/deployments').then(({ status }) => status);

    line.cut();
    await expect.poll(list).toBe(200);
    line.silence();
    const inSilence = await list();
    const afterwards = await list();
    await far.close();
    await line.stop();

    expect([inSilence, afterwards]).toEqual([503, 200]);
  });
});

async function holdListeners(databaseUrl: string, id: string) {
  const client = postgres(databaseUrl, { max: 1 });
  const held = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  let isHeld = true;
  const holding = client.begin(async (transaction) => {
    await transaction`select id from listeners where id = ${id} for update`;
    held.resolve();
    await released.promise;
  });
  await held.promise;
  return {
    isHeld: () => isHeld,
    async release() {
      isHeld = false;
      released.resolve();
      await holding;
      await client.end();
    },
  };
}

/** A line to a server that can be cut, or swallow all that is said over it, as a network does whose far end is gone. */
async function startLine(serverUrl: string) {
  const { hostname, port } = new URL(serverUrl);
  const ends = new Set<Socket>();
  const line = createServer((near) => {
    const far = connect({ host: hostname, port: Number(port) });
    near.pipe(far);
    far.pipe(near);
    for (const end of [near, far]) {
      ends.add(end);
      end
        .on('error', () => undefined)
        .once('close', () => {
          ends.delete(end);
          near.destroy();
          far.destroy();
        });
    }
  });
  await new Promise<void>((resolve) => line.listen(0, '127.0.0.1', resolve));
  return {
    port: (line.address() as AddressInfo).port,
    cut() {
      for (const end of ends) end.destroy();
    },
    /** What is open now stays open and silent; what is opened later works. */
    silence() {
      for (const end of ends) end.unpipe().pause();
    },
    async stop() {
      const closed = new Promise((resolve) => line.close(resolve));
      for (const end of ends) end.destroy();
      await closed;
    },
  };
}
