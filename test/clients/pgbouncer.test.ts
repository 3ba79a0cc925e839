/** A control plane behind PgBouncer, which many clouds put before their Postgres. */
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/control-plane/store/database.ts';
import { workspaces } from '../../src/control-plane/store/schema.ts';
import { type TestControlPlane, testControlPlane } from '../support/control-plane.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { type Pooler, startPooler } from './pgbouncer.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.stop());

describe.each(['session', 'transaction'] as const)('behind PgBouncer with pool_mode=%s', (mode) => {
  let pooler: Pooler;
  let directUrl: string;
  let plane: TestControlPlane;

  beforeAll(async () => {
    pooler = await startPooler(server.adminUrl, mode);
    directUrl = await server.createDatabase();
    plane = await testControlPlane({ databaseUrl: pooler.through(directUrl) });
  });
  afterAll(async () => {
    await plane?.close();
    await pooler?.stop();
  });

  it('starts in several processes on a new database at once, and starts again', async () => {
    const fresh = { databaseUrl: pooler.through(await server.createDatabase()) };

    const together = await Promise.all([1, 2, 3].map(() => openDatabase(fresh)));
    for (const { close } of together) await close();
    const again = await openDatabase(fresh);

    expect(await again.database.select().from(workspaces)).toEqual([]);
    await again.close();
  });

  it('works for many at a time', async () => {
    const tenant = await plane.tenant();

    const made = await Promise.all(
      Array.from({ length: 40 }, (_, at) => tenant.call('POST', '/v2/deployments', tenant.creation(`chat-${at}`))),
    );
    const listed = await Promise.all(Array.from({ length: 40 }, () => tenant.call('GET', '/v2/deployments?limit=100')));

    expect(new Set(made.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(listed.map(({ body }) => body.resources.length))).toEqual(new Set([40]));
  });

  it('tells a waiting listener of a change, and says where it hears of it late', async () => {
    const tenant = await plane.tenant();
    const path = `/towpath/v1/listeners/${tenant.listenerId}/desired`;
    const { cursor } = (await tenant.call('GET', path)).body;

    const waiting = tenant.call('GET', `${path}?wait=60&after=${encodeURIComponent(cursor)}`);
    const { id } = await tenant.deploy('chat');
    const { body } = await waiting;

    expect(body.items).toMatchObject([{ deploymentId: id }]);
    const isDeaf = plane.logged().includes('Cannot hear of changes at once');
    expect(isDeaf).toBe(mode === 'transaction');
  });

  it('waits for no lock without end', async () => {
    const tenant = await plane.tenant();
    const outsider = postgres(directUrl, { max: 1 });
    const held = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const holding = outsider.begin(async (transaction) => {
      await transaction`select id from listeners where id = ${tenant.listenerId} for update`;
      held.resolve();
      await released.promise;
    });
    await held.promise;

    const { status } = await tenant.call('POST', '/v2/deployments', tenant.creation('locked'));
    released.resolve();
    await holding;
    await outsider.end();

    expect(status).toBe(503);
  });
});
