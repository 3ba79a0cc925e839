import { eq, sql } from 'drizzle-orm';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatabaseLocation } from '../../../src/control-plane/store/database.ts';
import { migrationsFolder, openDatabase, rowsOf } from '../../../src/control-plane/store/database.ts';
import { raiseListenerVersion } from '../../../src/control-plane/store/listener-version.ts';
import type { OpenDatabase } from '../../../src/control-plane/store/open-database.ts';
import { listeners, workspaces } from '../../../src/control-plane/store/schema.ts';
import { migrateServer } from '../../../src/control-plane/store/server-migrations.ts';
import type { NamespaceName } from '../../../src/domain/identifiers.ts';
import { databaseKinds, type TestDatabases, testDatabases } from '../../support/database.ts';

describe.each(databaseKinds)('a database on %s', (kind) => {
  let databases: TestDatabases;
  let location: DatabaseLocation;
  let open: OpenDatabase;

  beforeAll(async () => {
    databases = await testDatabases(kind);
    location = await databases.location();
    open = await openDatabase(location);
  });
  afterAll(async () => {
    await open?.close();
    await databases?.stop();
  });

  it('is migrated when it opens, and answers raw statements as rows', async () => {
    const rows = await rowsOf<{ epoch: string }>(open.database, sql`select epoch from instance`);

    expect(rows).toHaveLength(1);
    expect(rows[0]?.epoch).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('keeps its rows and its epoch when it is opened again', async () => {
    const epoch = () => rowsOf(open.database, sql`select epoch from instance`);
    const before = await epoch();
    await open.database.insert(workspaces).values({ name: 'kept' });

    await open.close();
    open = await openDatabase(location);

    expect(await epoch()).toEqual(before);
    expect(await open.database.select().from(workspaces).where(eq(workspaces.name, 'kept'))).toHaveLength(1);
  });

  it('wakes the subscribers of a subject after the commit, and nobody after a roll-back', async () => {
    const listener = await makeListener(open);
    const woken: string[] = [];
    const unsubscribe = open.changes.subscribe('towpath_listener', listener.id, () => woken.push('ours'));
    open.changes.subscribe('towpath_listener', crypto.randomUUID(), () => woken.push('a stranger'));

    await open.database
      .transaction(async (transaction) => {
        await raiseListenerVersion(transaction, listener.id, listener.workspaceId);
        throw new Error('changed my mind');
      })
      .catch(() => undefined);
    await open.database.transaction((transaction) =>
      raiseListenerVersion(transaction, listener.id, listener.workspaceId),
    );
    await expect.poll(() => woken, { interval: 2 }).toEqual(['ours']);
    unsubscribe();
    await open.database.transaction((transaction) =>
      raiseListenerVersion(transaction, listener.id, listener.workspaceId),
    );

    expect(woken).toEqual(['ours']);
  });

  it('refuses to change what the audit table holds', async () => {
    await expect(open.database.execute(sql`truncate audit`)).rejects.toMatchObject({
      cause: { message: expect.stringContaining('append-only') },
    });
  });
});

describe('several processes on one Postgres', () => {
  let databases: TestDatabases;

  beforeAll(async () => {
    databases = await testDatabases('Postgres');
  });
  afterAll(() => databases?.stop());

  it('start together on an empty database, and wake each other', async () => {
    const location = await databases.location();

    const all = await Promise.all([openDatabase(location), openDatabase(location), openDatabase(location)]);
    const [one, other] = all;
    const listener = await makeListener(one);
    const woken = new Promise<void>((resolve) => {
      other.changes.subscribe('towpath_listener', listener.id, () => resolve());
    });
    await one.database.transaction((transaction) =>
      raiseListenerVersion(transaction, listener.id, listener.workspaceId),
    );

    await woken;
    await Promise.all(all.map((each) => each.close()));
  });

  it('listens again when its connection was cut, and lets everybody look for himself', async () => {
    const open = await openDatabase(await databases.location());
    const listener = await makeListener(open);
    const woken: (string | null)[] = [];
    open.changes.subscribe('towpath_listener', listener.id, (detail) => woken.push(detail));

    await open.database.execute(sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and query ilike 'listen%' and pid <> pg_backend_pid()`);
    await expect.poll(() => woken).toContain(null);
    woken.length = 0;
    await open.database.transaction((transaction) =>
      raiseListenerVersion(transaction, listener.id, listener.workspaceId),
    );
    await expect.poll(() => woken).toContain('');

    await open.close();
  });

  it('starts while somebody holds the lock of migrations and nothing is to be done, else says who is in the way', async () => {
    const known = await databases.location();
    const fresh = await databases.location();
    if (!('databaseUrl' in known && 'databaseUrl' in fresh)) throw new Error('no Postgres');
    await (await openDatabase(known)).close();
    const holders = [known, fresh].map(({ databaseUrl }) => postgres(databaseUrl, { max: 1 }));
    for (const holder of holders) await holder`select pg_advisory_lock(8697284)`;

    await (await openDatabase(known)).close();
    const client = postgres(fresh.databaseUrl, { max: 1 });
    const refused = migrateServer(client, migrationsFolder, 1);

    await expect(refused).rejects.toMatchObject({ kind: 'terminal', reason: 'DatabaseLocked' });
    await expect(refused).rejects.toThrow(/^Cannot bring the database up to date: .*pg_terminate_backend/);
    for (const each of [...holders, client]) await each.end();
  });

  it('says where it could not connect, without the password', async () => {
    const refused = openDatabase({ databaseUrl: 'postgres://somebody:hunter2@127.0.0.1:1/towpath' });

    await expect(refused).rejects.toMatchObject({ kind: 'terminal', reason: 'DatabaseUnreachable' });
    await expect(refused).rejects.toThrow(/^Cannot open the database at 127\.0\.0\.1:1\/towpath: /);
    await expect(refused).rejects.not.toThrow('hunter2');
  });
});

async function makeListener(open: OpenDatabase) {
  const [workspace] = await open.database
    .insert(workspaces)
    .values({ name: crypto.randomUUID() })
    .returning({ id: workspaces.id });
  if (!workspace) throw new Error('no workspace');
  const [listener] = await open.database
    .insert(listeners)
    .values({
      workspaceId: workspace.id,
      computeType: 'k8s',
      computeId: crypto.randomUUID(),
      namespaces: ['default' as NamespaceName],
    })
    .returning();
  if (!listener) throw new Error('no listener');
  return listener;
}
