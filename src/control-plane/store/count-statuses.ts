/** How the newest revisions of all deployments stand: one number a status word, for whoever watches the control plane. */
import { count, eq, isNull } from 'drizzle-orm';
import { type RevisionStatus, revisionStatuses } from '../orchestration/status.ts';
import type { Database } from './open-database.ts';
import { deployments, revisions } from './schema.ts';

/** Names every status, those of no revision too. */
export async function countStatuses(database: Database): Promise<ReadonlyMap<RevisionStatus, number>> {
  const rows = await database
    .select({ status: revisions.status, count: count() })
    .from(deployments)
    .innerJoin(revisions, eq(revisions.id, deployments.latestRevisionId))
    .where(isNull(deployments.goneAt))
    .groupBy(revisions.status);
  const counted = new Map(rows.map((row) => [row.status, row.count]));
  return new Map(revisionStatuses.map((status) => [status, counted.get(status) ?? 0]));
}
