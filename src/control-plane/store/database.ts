/** Opens the control plane's database, embedded (PGlite) or a Postgres server, and brings it up to date. */
import { join } from 'node:path';
import type { SQL } from 'drizzle-orm';
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import type { Log } from '../services.ts';
import type { Changes } from './changes.ts';
import { openEmbedded } from './embedded.ts';
import type * as schema from './schema.ts';
import { openServer } from './server.ts';

/** What both drivers can do; raw statements answer in different shapes, so ask them by `rowsOf`. */
export type Database = PgDatabase<PgQueryResultHKT, typeof schema>;
/** What `database.transaction(…)` hands to its body; every query of the body goes through it. */
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];

/** Where the database is: a folder of an embedded one, or the URL of a Postgres server. */
export type DatabaseLocation = { readonly dataFolder: string } | { readonly databaseUrl: string };

export interface OpenDatabase {
  readonly database: Database;
  readonly changes: Changes;
  /** Rejects where the database does not answer; waits in no queue. */
  probe(): Promise<void>;
  /** Refuses what waits, lets what runs finish for a while, and ends all connections. */
  close(): Promise<void>;
}

export const migrationsFolder = join(import.meta.dirname, 'migrations');

/** Migrated and listening for changes when it answers. */
export function openDatabase(
  location: DatabaseLocation,
  log: Pick<Log, 'info' | 'warn'> = { info: () => undefined, warn: () => undefined },
): Promise<OpenDatabase> {
  return 'databaseUrl' in location
    ? openServer(location.databaseUrl, migrationsFolder, log)
    : openEmbedded(location.dataFolder, migrationsFolder);
}

/** The rows of a raw statement: postgres-js answers an array, PGlite an object around it. */
export async function rowsOf<Row>(database: Database | Transaction, statement: SQL): Promise<readonly Row[]> {
  const answer: unknown = await database.execute(statement);
  if (Array.isArray(answer)) return answer as readonly Row[];
  return (answer as { readonly rows: readonly Row[] }).rows;
}
