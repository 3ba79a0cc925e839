/** Columns that many tables have, and those that a query asks for. */
import { getTableColumns } from 'drizzle-orm';
import { type PgTable, timestamp } from 'drizzle-orm/pg-core';

/** Milliseconds, as JavaScript knows them: what is written is what is read. */
export const time = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });
export const createdAt = () => time('created_at').notNull().defaultNow();
export const updatedAt = () => time('updated_at').notNull().defaultNow();

type Columns<Table extends PgTable> = Table['_']['columns'];

/** All but those that are large, or that nobody asks for. */
export function columnsWithout<Table extends PgTable, Name extends keyof Columns<Table>>(
  table: Table,
  ...names: readonly Name[]
): Omit<Columns<Table>, Name> {
  const columns = Object.entries(getTableColumns(table)).filter(([name]) => !names.includes(name as Name));
  return Object.fromEntries(columns) as Omit<Columns<Table>, Name>;
}
