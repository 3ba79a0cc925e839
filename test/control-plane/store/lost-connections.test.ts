/** Connections that end in the middle of a transaction: the process goes on, and nothing is done outside of it. */
import { connect, createServer, type Socket } from 'node:net';
import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../src/control-plane/store/database.ts';
import type { OpenDatabase, Transaction } from '../../../src/control-plane/store/open-database.ts';
import { workspaces } from '../../../src/control-plane/store/schema.ts';
import { type PostgresServer, startPostgres } from '../../support/postgres.ts';
import { until } from '../../support/until.ts';

let server: PostgresServer;
let admin: postgres.Sql;
let open: OpenDatabase;
let proxy: Proxy;
beforeAll(async () => {
  server = await startPostgres();
  const url = await server.createDatabase();
  admin = postgres(url, { max: 1 });
  proxy = await startProxy(url);
  open = await openDatabase({ databaseUrl: proxy.url });
});
afterAll(async () => {
  await open.close();
  await admin.end();
  proxy.stop();
  await server.stop();
});
afterEach(async () => {
  // A server that sleeps does not hear that its client has gone.
  await admin`select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'select pg_sleep%'`;
  await until('nobody sleeps', async () => (await running('pg_sleep')) === 0);
  await admin`delete from workspaces`;
});

const ways: readonly (readonly [string, () => Promise<unknown> | unknown])[] = [
  [
    'the server ends it',
    () => admin`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`,
  ],
  ['the network resets it', () => proxy.reset()],
  ['the other side closes it without a word', () => proxy.close()],
];

describe.each(ways)('where %s', (_, end) => {
  it('in the middle of a statement, the transaction fails and the next one works', async () => {
    const failed = open.database.transaction(async (transaction) => {
      await addWorkspace(transaction, 'lost');
      await transaction.execute(sql`select pg_sleep(60)`);
    });
    const refused = expect(failed).rejects.toThrow();
    await until('the statement runs', async () => (await running('pg_sleep')) === 1);

    await end();

    await refused;
    await expect(names()).resolves.toEqual([]);
    await until('the database is asked again', works);
    await open.database.transaction((transaction) => addWorkspace(transaction, 'after'));
    await expect(names()).resolves.toEqual(['after']);
  });

  it('between two statements, whatever is still asked of it is never done', async () => {
    const opened = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<unknown>();
    const failed = open.database.transaction(async (transaction) => {
      await addWorkspace(transaction, 'lost');
      opened.resolve();
      await goOn.promise;
      // Even of one that goes on after an error.
      asked.resolve(await addWorkspace(transaction, 'outside').catch((error: unknown) => error));
      await addWorkspace(transaction, 'outside, too').catch(() => undefined);
    });
    const refused = expect(failed).rejects.toThrow();
    await opened.promise;

    await end();
    await refused;
    // So that its connection is one that others have again.
    await until('the database is asked again', works);
    goOn.resolve();

    await expect(asked.promise).resolves.toBeInstanceOf(Error);
    await until('the database is asked again', works);
    await open.database.transaction((transaction) => addWorkspace(transaction, 'after'));
    await expect(names()).resolves.toEqual(['after']);
  });
});

async function addWorkspace(transaction: Transaction, name: string): Promise<void> {
  await transaction.insert(workspaces).values({ name });
}

/** Whether all connections that reading may have answer. */
function works(): Promise<boolean> {
  const questions = Array.from({ length: 20 }, () => open.database.execute(sql`select 1`));
  return Promise.all(questions).then(
    () => true,
    () => false,
  );
}

async function names(): Promise<readonly string[]> {
  return (await admin`select name from workspaces`).map((row) => String(row['name']));
}

/** How many sessions said this last. */
async function running(text: string): Promise<number> {
  const found = await admin`
    select from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and query ilike ${`%${text}%`}`;
  return found.length;
}

interface Proxy {
  readonly url: string;
  /** Every connection that is open now, as a router does that has forgotten them. */
  reset(): void;
  close(): void;
  stop(): void;
}

async function startProxy(url: string): Promise<Proxy> {
  const target = new URL(url);
  const { hostname, port } = target;
  const inside = new Set<Socket>();
  const proxy = createServer((socket) => {
    const outside = connect(Number(port), hostname);
    inside.add(socket);
    socket.pipe(outside).pipe(socket);
    for (const each of [socket, outside]) each.on('error', () => undefined);
    socket.on('close', () => {
      inside.delete(socket);
      outside.destroy();
    });
    outside.on('close', () => socket.end());
  });
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
  target.port = String((proxy.address() as { port: number }).port);
  const each = (act: (socket: Socket) => void) => () => {
    for (const socket of inside) act(socket);
  };
  return {
    url: target.href,
    reset: each((socket) => socket.resetAndDestroy()),
    close: each((socket) => socket.end()),
    stop() {
      proxy.close();
      for (const socket of inside) socket.destroy();
    },
  };
}
