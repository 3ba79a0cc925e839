/** Reads the deploy log, a page at a time; the cursor is the id of the last line that was handed out. */
import { and, asc, desc, eq, gt, gte, inArray, lt, lte, sql } from 'drizzle-orm';
import type { DeploymentId, RevisionId } from '../../domain/identifiers.ts';
import type { Database } from './open-database.ts';
import type { RevisionLogRow } from './rows.ts';
import { revisionLogs } from './schema.ts';

export interface LogQuery {
  readonly deploymentId: DeploymentId;
  readonly revisionId: RevisionId | undefined;
  readonly order: 'asc' | 'desc';
  readonly limit: number;
  readonly after: number | undefined;
  readonly level: string | undefined;
  readonly containing: string | undefined;
  readonly from: Date | undefined;
  readonly until: Date | undefined;
}

export interface LogPage {
  readonly lines: readonly (Pick<RevisionLogRow, 'at' | 'level' | 'message'> & { readonly id: string })[];
  /** Null: there was nothing more. */
  readonly next: number | null;
}

/** Of the messages of one page; what is beyond comes with the next one. */
const mostBytes = 1024 * 1024;

export async function listLogs(database: Database, query: LogQuery): Promise<LogPage> {
  const found = await database
    .select({ id: revisionLogs.id, bytes: sql<number>`octet_length(${revisionLogs.message})` })
    .from(revisionLogs)
    .where(conditions(query))
    .orderBy((query.order === 'asc' ? asc : desc)(revisionLogs.id))
    .limit(query.limit + 1);
  const ids = fitting(found).slice(0, query.limit);
  const rows = ids.length === 0 ? [] : await readLines(database, ids);
  const byId = new Map(rows.map((row) => [row.id, row]));
  const lines = ids.flatMap((id) => byId.get(id) ?? []);
  return {
    lines: lines.map(({ id, at, level, message }) => ({ id: String(id), at, level, message })),
    next: found.length > ids.length ? (ids.at(-1) ?? null) : null,
  };
}

/** At least one, or nobody would ever come to the next. */
function fitting(found: readonly { readonly id: number; readonly bytes: number }[]): number[] {
  let bytes = 0;
  const count = found.findIndex((line, at) => {
    bytes += line.bytes;
    return at > 0 && bytes > mostBytes;
  });
  return found.slice(0, count < 0 ? found.length : count).map(({ id }) => id);
}

function readLines(database: Database, ids: readonly number[]) {
  const { id, at, level, message } = revisionLogs;
  return database
    .select({ id, at, level, message })
    .from(revisionLogs)
    .where(inArray(id, [...ids]));
}

function conditions(query: LogQuery) {
  const after = query.order === 'asc' ? gt : lt;
  return and(
    eq(revisionLogs.deploymentId, query.deploymentId),
    query.revisionId && eq(revisionLogs.revisionId, query.revisionId),
    query.after === undefined ? undefined : after(revisionLogs.id, query.after),
    query.level === undefined ? undefined : sql`${revisionLogs.level} = ${query.level}`,
    query.containing === undefined
      ? undefined
      : sql`strpos(lower(${revisionLogs.message}), lower(${query.containing})) > 0`,
    query.from && gte(revisionLogs.at, query.from),
    query.until && lte(revisionLogs.at, query.until),
  );
}
