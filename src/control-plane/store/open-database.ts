/** An open database, whichever kind it is. */
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import type { Changes } from './changes.ts';
import type * as schema from './schema.ts';

/** What both drivers can do; raw statements answer in different shapes, so ask them by `rowsOf`. */
export type Database = PgDatabase<PgQueryResultHKT, typeof schema>;

/** What `database.transaction(…)` hands to its body; every query of the body goes through it. */
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];

export interface OpenDatabase {
  readonly database: Database;
  readonly changes: Changes;
  /** Rejects where the database does not answer; waits in no queue. */
  probe(): Promise<void>;
  /** Refuses what waits, lets what runs finish for a while, and ends all connections. */
  close(): Promise<void>;
}
