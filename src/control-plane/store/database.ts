/** Opens the control plane's database, embedded (PGlite) or a Postgres server, and brings it up to date. */
import { join } from 'node:path';
import type { SQL } from 'drizzle-orm';
import type { Log } from '../log.ts';
import { openEmbedded } from './embedded.ts';
import type { Database, OpenDatabase, Transaction } from './open-database.ts';
import { openServer } from './server.ts';

/** Where the database is: a folder of an embedded one, or the URL of a Postgres server. */
export type DatabaseLocation = { readonly dataFolder: string } | { readonly databaseUrl: string };

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
