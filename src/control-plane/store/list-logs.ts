/** Reads the deploy log, a page at a time; the cursor is the id of the last line that was handed out. */
import { and, asc, desc, eq, gt, gte, inArray, lt, lte, sql } from 'drizzle-orm';
import type { DeploymentId, RevisionId } from '../../domain/identifiers.ts';
import { fitting, rowsToFind, storedBytes } from './list-room.ts';
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

/** Where lines are looked for: so many are looked at for one page, and the next page goes on from there. */
const mostLookedAt = 1_000;

export async function listLogs(database: Database, query: LogQuery): Promise<LogPage> {
  const { id, message } = revisionLogs;
  const isWanted = sql<boolean>`${cheapFilters(query) ?? sql`true`}`;
  const most = hasFilters(query) ? mostLookedAt : rowsToFind(query.limit) - 1;
  const looked = await database
    .select({ id, isWanted, bytes: sql<number>`case when ${isWanted} then ${storedBytes(message)} else 0 end` })
    .from(revisionLogs)
    .where(startOf(query))
    .orderBy((query.order === 'asc' ? asc : desc)(id))
    .limit(most + 1);
  const seen = fitting(looked).slice(0, most);
  const wanted = seen.filter((line) => line.isWanted).map((line) => line.id);
  const found = wanted.length === 0 ? [] : await readLines(database, wanted, query);
  const lines = found.slice(0, rowsToFind(query.limit) - 1);
  const last = found.length > lines.length ? lines.at(-1) : looked.length > seen.length ? seen.at(-1) : undefined;
  return {
    lines: lines.map(({ id, at, level, message }) => ({ id: String(id), at, level, message })),
    next: last?.id ?? null,
  };
}

function readLines(database: Database, wanted: readonly number[], { order, limit, containing }: LogQuery) {
  const { id, at, level, message } = revisionLogs;
  return database
    .select({ id, at, level, message })
    .from(revisionLogs)
    .where(
      and(
        inArray(id, [...wanted]),
        containing === undefined ? undefined : sql`strpos(lower(${message}), lower(${containing})) > 0`,
      ),
    )
    .orderBy((order === 'asc' ? asc : desc)(id))
    .limit(rowsToFind(limit));
}

function startOf({ deploymentId, revisionId, order, after }: LogQuery) {
  return and(
    eq(revisionLogs.deploymentId, deploymentId),
    revisionId && eq(revisionLogs.revisionId, revisionId),
    after === undefined ? undefined : (order === 'asc' ? gt : lt)(revisionLogs.id, after),
  );
}

function hasFilters({ level, containing, from, until }: LogQuery): boolean {
  return [level, containing, from, until].some((filter) => filter !== undefined);
}

/** Those that look at no message. */
function cheapFilters({ level, from, until }: LogQuery) {
  return and(
    level === undefined ? undefined : sql`${revisionLogs.level} = ${level}`,
    from && gte(revisionLogs.at, from),
    until && lte(revisionLogs.at, until),
  );
}
