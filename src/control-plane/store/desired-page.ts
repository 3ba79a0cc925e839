/** One page of what a listener's deployments should be, read from one snapshot. */
import { and, asc, eq, type SQL, sql } from 'drizzle-orm';
import type { Desired, DesiredPage } from '../../domain/desired.ts';
import type { ListenerId } from '../../domain/identifiers.ts';
import type { LastReport } from '../../domain/report.ts';
import { Requester } from '../../domain/requester.ts';
import { type DesiredCursor, decodeCursor, encodeCursor, wholeVersion } from './desired-cursor.ts';
import type { Database } from './open-database.ts';
import { deployments, instance, listeners, revisions } from './schema.ts';

const pageSize = 500;
/** Characters of last reports in one page: a report may hold a long message. */
const mostReportText = 1024 * 1024;

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
  const found = rows.flatMap((row) => (row.deployment === null ? [] : [{ ...row, deployment: row.deployment }]));
  const items = fitting(found.slice(0, pageSize));
  const last = found.length > items.length ? items.at(-1)?.deployment : undefined;
  const next = last ? { version: last.listenerVersion, sequence: last.sequence } : endOf(first);
  const listedAt = reset ? first.changeVersion : cursor.listedAt;
  const listing = last && listedAt !== undefined ? { listedAt } : {};
  return {
    cursor: encodeCursor({ epoch: first.epoch, ...next, ...listing }),
    reset,
    more: last !== undefined,
    items: items.map(desiredOf),
  };
}

/** At least one, or nobody would ever come to the next. */
function fitting<Item extends { readonly deployment: { readonly lastReport: string | null } }>(found: readonly Item[]) {
  let length = 0;
  const count = found.findIndex(({ deployment }, at) => {
    length += deployment.lastReport?.length ?? 0;
    return at > 0 && length > mostReportText;
  });
  return found.slice(0, count < 0 ? found.length : count);
}

function endOf({ changeVersion }: Pick<Row, 'changeVersion'>) {
  return { version: changeVersion, sequence: wholeVersion };
}

type Row = Awaited<ReturnType<typeof selectPage>>[number];

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
        // As text: parsed is only what the page has room for.
        lastReport: sql<string | null>`${deployments.lastReport}::text`,
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
    .limit(pageSize + 1);
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

function parsedReport(text: string | null): LastReport | null {
  return text === null ? null : (JSON.parse(text) as LastReport);
}

function desiredOf({ deployment, revision }: Row): Desired {
  if (deployment === null) throw new Error('Cannot describe a deployment that is not there');
  const { id, name, namespace, deletionRequestedAt, deletionRequester, lastReport } = deployment;
  const common = { deploymentId: id, name, namespace, lastReport: parsedReport(lastReport) };
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
