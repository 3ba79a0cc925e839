/** Reads the deploy log, a page at a time; the cursor is the id of the last line that was handed out. */
import { and, asc, desc, eq, gt, gte, lt, lte, sql } from 'drizzle-orm';
import type { DeploymentId, RevisionId } from '../../domain/identifiers.ts';
import type { Database } from './database.ts';
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

export async function listLogs(database: Database, query: LogQuery): Promise<LogPage> {
  const ascending = query.order === 'asc';
  const found = await database
    .select()
    .from(revisionLogs)
    .where(
      and(
        eq(revisionLogs.deploymentId, query.deploymentId),
        query.revisionId && eq(revisionLogs.revisionId, query.revisionId),
        query.after === undefined ? undefined : (ascending ? gt : lt)(revisionLogs.id, query.after),
        query.level === undefined ? undefined : sql`${revisionLogs.level} = ${query.level}`,
        query.containing === undefined
          ? undefined
          : sql`strpos(lower(${revisionLogs.message}), lower(${query.containing})) > 0`,
        query.from && gte(revisionLogs.at, query.from),
        query.until && lte(revisionLogs.at, query.until),
      ),
    )
    .orderBy((ascending ? asc : desc)(revisionLogs.id))
    .limit(query.limit + 1);
  const lines = found.slice(0, query.limit);
  return {
    lines: lines.map(({ id, at, level, message }) => ({ id: String(id), at, level, message })),
    next: found.length > query.limit ? (lines.at(-1)?.id ?? null) : null,
  };
}
