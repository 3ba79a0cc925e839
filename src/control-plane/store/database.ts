/** The database as the rules see it: the same for PGlite and Postgres. */
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import type * as schema from './schema.ts';

export type Database = PgDatabase<PgQueryResultHKT, typeof schema>;
/** What `database.transaction(…)` hands to its body; every query of the body goes through it. */
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];
