/**
 * Drizzle reads times by itself and says so to PGlite with each query, on which PGlite copies its hundreds of parsers,
 * the dearest part of a small answer. Said once for all queries it costs nothing.
 */
import { type PGlite, type QueryOptions, types } from '@electric-sql/pglite';

const arraysOfNumericTimestampTimestamptzIntervalDate = [1231, 1115, 1185, 1187, 1182];
/** Drizzle's own list. */
const readByDrizzle = [
  types.TIMESTAMP,
  types.TIMESTAMPTZ,
  types.INTERVAL,
  types.DATE,
  ...arraysOfNumericTimestampTimestamptzIntervalDate,
];

/** From now on these are text for whoever asks this client; other parsers given with a query go unheard. */
export function keepTimesAsText(client: PGlite): void {
  for (const type of readByDrizzle) client.parsers[type] = (text: string) => text;
  const query = client.query.bind(client);
  client.query = (text, parameters, options) => query(text, parameters, withoutParsers(options));
  const transaction = client.transaction.bind(client);
  client.transaction = (body) =>
    transaction((inner) => {
      const ask = inner.query.bind(inner);
      inner.query = (text, parameters, options) => ask(text, parameters, withoutParsers(options));
      return body(inner);
    });
}

function withoutParsers(options: QueryOptions | undefined): QueryOptions | undefined {
  if (options?.parsers === undefined) return options;
  const { parsers: _, ...rest } = options;
  return rest;
}
