/** Lists how the repositories of a listener are, by their namespaces. */
import { and, asc, eq, gt, inArray } from 'drizzle-orm';
import type { ListenerId, NamespaceName } from '../../domain/identifiers.ts';
import type { LaneReport } from '../../domain/report.ts';
import { pageOf, readFitting, rowsToFind, storedBytes } from './list-room.ts';
import type { Database } from './open-database.ts';
import { lanes } from './schema.ts';

interface LanePage {
  readonly reports: readonly LaneReport[];
  /** The last namespace of this page; null: there is nothing more. */
  readonly next: NamespaceName | null;
}

export async function listLanes(
  database: Database,
  listenerId: ListenerId,
  { after, limit }: { readonly after: NamespaceName | undefined; readonly limit: number },
): Promise<LanePage> {
  const { namespace: id, report } = lanes;
  const own = eq(lanes.listenerId, listenerId);
  const found = await database
    .select({ id, bytes: storedBytes(report) })
    .from(lanes)
    .where(and(own, after === undefined ? undefined : gt(id, after)))
    .orderBy(asc(id))
    .limit(rowsToFind(limit));
  const { rows, last } = pageOf(found, limit);
  const whole = await readFitting(rows, (ids) =>
    database
      .select({ id, report })
      .from(lanes)
      .where(and(own, inArray(id, ids))),
  );
  return { reports: rows.flatMap((row) => whole.get(row.id)?.report ?? []), next: last?.id ?? null };
}
