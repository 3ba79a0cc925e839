/** Brings the tables of a Postgres server up to date, in one transaction: whole or not at all, also through a pooler. */
import { readMigrationFiles } from 'drizzle-orm/migrator';
import type postgres from 'postgres';
import { TowpathError } from '../../domain/failure.ts';

/** Any number that other users of the server are unlikely to take: "towpath" in a telephone's keys. */
const lock = 8_697_284;
const usualLockSeconds = 60;
const lockNotAvailable = '55P03';

/**
 * Processes that start together queue at the lock; all but the first find nothing left to do. It ends with the
 * transaction, since a lock of a session would stay with a pooler's connection for ever.
 */
export async function migrateServer(
  client: postgres.Sql,
  migrationsFolder: string,
  lockSeconds = usualLockSeconds,
): Promise<void> {
  const migrations = readMigrationFiles({ migrationsFolder });
  const newest = migrations.at(-1)?.folderMillis ?? 0;
  if ((await lastMigration(client)) >= newest) return;
  try {
    await client.begin(async (transaction) => {
      await transaction.unsafe(`set local lock_timeout = '${lockSeconds}s'`);
      await transaction`select pg_advisory_xact_lock(${lock})`;
      await transaction.unsafe('create schema if not exists drizzle');
      await transaction.unsafe(
        'create table if not exists drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)',
      );
      const last = await lastMigration(transaction);
      for (const { folderMillis, hash, sql } of migrations.filter((one) => one.folderMillis > last)) {
        for (const statement of sql) await transaction.unsafe(statement);
        await transaction`insert into drizzle.__drizzle_migrations (hash, created_at) values (${hash}, ${folderMillis})`;
      }
    });
  } catch (error) {
    if ((error as { code?: unknown }).code !== lockNotAvailable) throw error;
    const message =
      `Cannot bring the database up to date: another session has held the lock for more than ${lockSeconds} s; wait for ` +
      'the process that is migrating, or end the session that holds it (select pg_terminate_backend(pid) from pg_locks ' +
      `where locktype = 'advisory' and objid = ${lock})`;
    throw new TowpathError('terminal', 'DatabaseLocked', message);
  }
}

/** Zero where nothing was done yet. */
async function lastMigration(client: postgres.Sql | postgres.TransactionSql): Promise<number> {
  const [table] = await client`select to_regclass('drizzle.__drizzle_migrations') is not null as found`;
  if (table?.['found'] !== true) return 0;
  const [last] = await client`select max(created_at) as at from drizzle.__drizzle_migrations`;
  return Number(last?.['at'] ?? 0);
}
