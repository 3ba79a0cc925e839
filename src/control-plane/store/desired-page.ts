/** One page of what a listener's deployments should be, read from one snapshot. */
import { and, asc, eq, inArray, type SQL, sql } from 'drizzle-orm';
import type { Desired, DesiredPage } from '../../domain/desired.ts';
import type { ListenerId } from '../../domain/identifiers.ts';
import type { LastReport } from '../../domain/report.ts';
import { Requester } from '../../domain/requester.ts';
import { type DesiredCursor, decodeCursor, encodeCursor, wholeVersion } from './desired-cursor.ts';
import { mostListRows, pageOf, readFitting, rowsToFind, storedBytes } from './list-room.ts';
import type { Database } from './open-database.ts';
import { deployments, instance, listeners, revisions } from './schema.ts';

/** Null: there is no such listener. */
export async function readDesiredPage(
  database: Database,
  listenerId: ListenerId,
  after: string | null,
): Promise<DesiredPage | null> {
  const cursor = decodeCursor(after);
  const rows = await selectPage(database, listenerId, cursor);
  const [first] = rows;
  if (!first) return null;
  // What went by force is to be left as it is: neither wanted nor to be removed. Only a whole listing can say so.
  if (rows.some((row) => row.deployment?.forced)) return readDesiredPage(database, listenerId, null);
  const reset = cursor === null || cursor.epoch !== first.epoch || cursor.version > first.changeVersion;
  const found = rows.flatMap((row) => (row.deployment === null ? [] : [{ ...row, ...row.deployment }]));
  const { rows: items, last } = pageOf(found, mostListRows);
  const next = last ? { version: last.listenerVersion, sequence: last.sequence } : endOf(first);
  const listedAt = reset ? first.changeVersion : cursor.listedAt;
  const listing = last && listedAt !== undefined ? { listedAt } : {};
  const reports = await readLastReports(database, items);
  return {
    cursor: encodeCursor({ epoch: first.epoch, ...next, ...listing }),
    reset,
    more: last !== null,
    items: items.map((item) => desiredOf(item, reports.get(item.id)?.lastReport ?? null)),
  };
}

/** By a statement of its own: the listener's newest word does as well as that of the page's moment. */
function readLastReports(database: Database, items: readonly Item[]) {
  const { id, lastReport } = deployments;
  const reported = items.filter(({ bytes }) => bytes > 0);
  return readFitting(reported, (ids) => database.select({ id, lastReport }).from(deployments).where(inArray(id, ids)));
}

function endOf({ changeVersion }: Pick<Row, 'changeVersion'>) {
  return { version: changeVersion, sequence: wholeVersion };
}

type Row = Awaited<ReturnType<typeof selectPage>>[number];
type Item = NonNullable<Row['deployment']> & Pick<Row, 'revision'>;

/** One statement, so that version, epoch and deployments belong together; one more row than fits tells of another page. */
function selectPage(database: Database, listenerId: ListenerId, cursor: DesiredCursor | null) {
  return database
    .select({
      epoch: instance.epoch,
      changeVersion: listeners.changeVersion,
      deployment: {
        id: deployments.id,
        sequence: deployments.sequence,
        name: deployments.name,
        namespace: deployments.namespace,
        deletionRequestedAt: deployments.deletionRequestedAt,
        deletionRequester: deployments.deletionRequester,
        forced: deployments.forced,
        bytes: storedBytes(deployments.lastReport),
        listenerVersion: deployments.listenerVersion,
      },
      revision: {
        id: revisions.id,
        number: revisions.number,
        secretSetId: revisions.secretSetId,
        interrupted: revisions.interrupted,
      },
    })
    .from(listeners)
    .innerJoin(instance, eq(instance.id, 1))
    .leftJoin(deployments, and(eq(deployments.listenerId, listenerId), ...startOf(listenerId, cursor)))
    .leftJoin(revisions, eq(revisions.id, deployments.latestRevisionId))
    .where(eq(listeners.id, listenerId))
    .orderBy(asc(deployments.listenerVersion), asc(deployments.sequence))
    .limit(rowsToFind(mostListRows));
}

/**
 * Where the cursor is of another epoch, or ahead of a restored database, the page begins at the beginning. What is gone
 * is told to whoever may have known it, and left out where everything is listed.
 */
function startOf(listenerId: ListenerId, cursor: DesiredCursor | null): SQL[] {
  if (cursor === null) return [sql`${deployments.goneAt} is null`];
  const { epoch, version, sequence, listedAt = version } = cursor;
  const from = sql`(select case when i.epoch = ${epoch} and l.change_version >= ${version} then ${version}::bigint else -1 end
    from listeners l, instance i where l.id = ${listenerId})`;
  return [
    sql`${deployments.listenerVersion} >= ${from}`,
    sql`(${deployments.goneAt} is null or (${from} >= 0 and ${deployments.listenerVersion} > ${listedAt}::bigint))`,
    sql`(${deployments.listenerVersion} > ${from} or ${deployments.sequence} > ${sequence}::bigint)`,
  ];
}

function desiredOf(item: Item, lastReport: LastReport | null): Desired {
  const { id, name, namespace, deletionRequestedAt, deletionRequester, revision } = item;
  const common = { deploymentId: id, name, namespace, lastReport };
  if (deletionRequestedAt !== null) {
    const at = deletionRequestedAt.toISOString();
    const request = deletionRequester && { requester: Requester.parse(deletionRequester), at };
    return { kind: 'removed', ...common, request };
  }
  if (revision === null) throw new Error(`Cannot describe deployment ${id}: it has no revision`);
  return {
    kind: 'present',
    ...common,
    revisionId: revision.id,
    revisionNumber: revision.number,
    secretsVersion: revision.secretSetId,
    interrupted: revision.interrupted,
  };
}
