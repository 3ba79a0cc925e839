/**
 * How much one answer lists. Rows tell their size before anything large is read of them, so that many large ones neither
 * fill the memory nor keep the event loop.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';

/** Of what may be large in one list, as it is stored. */
export const mostListBytes = 512 * 1024;
/** Of one page: reading a row takes its time, however short it is. */
export const mostListRows = 500;

/** Of lists whose clients take a short page for the last one: every row is listed, and what is large is left out. */
export interface PageByCount {
  readonly limit: number;
  readonly offset: number;
}

export interface Sized {
  readonly bytes: number;
}

/** Known without reading the values, which are stored uncompressed; those from before migration 0007 have to be read. */
export function storedBytes(...columns: readonly PgColumn[]): SQL<number> {
  return sql<number>`${sql.join(columns.map(sizeOf), sql` + `)}`;
}

/** Text tells its length, compressed or not. */
function sizeOf(column: PgColumn): SQL {
  if (column.getSQLType() !== 'jsonb') return sql`coalesce(octet_length(${column}), 0)`;
  const size = sql`case when pg_column_compression(${column}) is null then pg_column_size(${column})
    else octet_length(${column}::text) end`;
  return sql`coalesce(${size}, 0)`;
}

/** The first rows, as far as they fit together; at least one, or nobody would come to the next. */
export function fitting<Row extends Sized>(found: readonly Row[]): readonly Row[] {
  let bytes = 0;
  const count = found.findIndex((row, at) => {
    bytes += row.bytes;
    return at > 0 && bytes > mostListBytes;
  });
  return found.slice(0, count < 0 ? found.length : count);
}

/** How many rows to ask for, to know whether there is another page. */
export function rowsToFind(limit: number): number {
  return Math.min(limit, mostListRows) + 1;
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Where the next page begins: after this one. Null: there is nothing more. */
  readonly last: Row | null;
}

/** Of what `rowsToFind` has found. */
export function pageOf<Row extends Sized>(found: readonly Row[], limit: number): Page<Row> {
  const rows = fitting(found).slice(0, rowsToFind(limit) - 1);
  return { rows, last: found.length > rows.length ? (rows.at(-1) ?? null) : null };
}

/** What is large of the first rows, as far as it fits together. */
export async function readFitting<Id, Large extends { readonly id: Id }>(
  found: readonly (Sized & { readonly id: Id })[],
  read: (ids: Id[]) => PromiseLike<readonly Large[]>,
): Promise<ReadonlyMap<Id, Large>> {
  const ids = fitting(found).map(({ id }) => id);
  const rows = ids.length === 0 ? [] : await read(ids);
  return new Map(rows.map((row) => [row.id, row]));
}
