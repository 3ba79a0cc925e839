/** Lists deployments by every filter that clients send, newest first. */
import { and, desc, eq, inArray, isNull, type SQL, sql } from 'drizzle-orm';
import type { DeploymentId, WorkspaceId } from '../../domain/identifiers.ts';
import type { DeploymentStatus, RevisionStatus } from '../orchestration/status.ts';
import { columnsWithout } from './columns.ts';
import { type PageByCount, readFitting, storedBytes } from './list-room.ts';
import type { Database } from './open-database.ts';
import type { DeploymentRow, ListenerRow, RevisionRow } from './rows.ts';
import { deployments, listeners, revisions, secretSets } from './schema.ts';

/** Undefined: not asked for. */
export interface DeploymentFilters {
  readonly name: string | undefined;
  readonly nameContains: string | undefined;
  readonly statuses: readonly DeploymentStatus[] | undefined;
  readonly imageVersion: string | undefined;
  readonly ids: readonly DeploymentId[] | undefined;
  /** True where a filter asks for what no deployment here can be: another type, a tag, an agent. */
  readonly none: boolean;
}

export type ListedRevision = Omit<RevisionRow, 'resourceSpec' | 'secretReferences' | 'lastReport'>;

/** A deployment as lists show it: without its secret values, and without what would make the list too long. */
export interface ListedDeployment {
  readonly deployment: Omit<DeploymentRow, 'lastReport' | 'lastRemovalReport'>;
  readonly revision: ListedRevision;
  readonly listener: Pick<ListenerRow, 'computeId' | 'lastSeenAt' | 'createdAt' | 'reportRefusal'>;
  readonly secretSet: { readonly keyId: string } | null;
  readonly removalMessage: string | null;
  /** Null where the list is long enough without it: it is read with the deployment itself. */
  readonly large: Pick<RevisionRow, 'resourceSpec' | 'secretReferences'> | null;
}

const deploymentColumns = columnsWithout(deployments, 'lastReport', 'lastRemovalReport');
const { resourceSpec, secretReferences, buildSettings, message } = revisions;
const revisionColumns = columnsWithout(
  revisions,
  ...(['resourceSpec', 'secretReferences', 'buildSettings', 'message', 'lastReport'] as const),
);
const { computeId, lastSeenAt, createdAt, reportRefusal } = listeners;

export async function listDeployments(
  database: Database,
  workspaceId: WorkspaceId,
  filters: DeploymentFilters,
  page: PageByCount,
): Promise<readonly ListedDeployment[]> {
  if (filters.none) return [];
  const found = await database
    .select({
      id: revisions.id,
      deployment: deploymentColumns,
      revision: revisionColumns,
      listener: { computeId, lastSeenAt, createdAt, reportRefusal },
      secretSet: { keyId: secretSets.keyId },
      bytes: storedBytes(resourceSpec, secretReferences, buildSettings, message, deployments.lastRemovalReport),
    })
    .from(deployments)
    .innerJoin(revisions, eq(revisions.id, deployments.latestRevisionId))
    .innerJoin(listeners, eq(listeners.id, deployments.listenerId))
    .leftJoin(secretSets, eq(secretSets.id, revisions.secretSetId))
    .where(and(eq(deployments.workspaceId, workspaceId), isNull(deployments.goneAt), ...conditions(filters)))
    .orderBy(desc(deployments.sequence))
    .limit(page.limit)
    .offset(page.offset);
  const removalMessage = sql<string | null>`${deployments.lastRemovalReport} ->> 'message'`;
  const whole = await readFitting(found, (ids) =>
    database
      .select({ id: revisions.id, resourceSpec, secretReferences, buildSettings, message, removalMessage })
      .from(revisions)
      .innerJoin(deployments, eq(deployments.id, revisions.deploymentId))
      .where(inArray(revisions.id, ids)),
  );
  return found.map(({ id, bytes: _, ...row }) => withLarge(row, whole.get(id)));
}

type Short = Omit<ListedDeployment, 'revision' | 'removalMessage' | 'large'> & {
  readonly revision: Omit<ListedRevision, keyof typeof unread>;
};
type Large = Pick<RevisionRow, 'resourceSpec' | 'secretReferences' | 'buildSettings' | 'message'> &
  Pick<ListedDeployment, 'removalMessage'>;

function withLarge(row: Short, large: Large | undefined): ListedDeployment {
  const { buildSettings, message } = large ?? unread;
  const removalMessage = large === undefined ? unread.message : large.removalMessage;
  return { ...row, revision: { ...row.revision, buildSettings, message }, removalMessage, large: large ?? null };
}

/** Of what the list has no room for. */
const unread = { buildSettings: {}, message: 'Too long for this list: read it by its id' } as const;

function conditions(filters: DeploymentFilters): (SQL | undefined)[] {
  return [
    filters.name === undefined ? undefined : sql`${deployments.name} = ${filters.name}`,
    filters.nameContains === undefined
      ? undefined
      : sql`strpos(${deployments.name}, ${filters.nameContains.toLowerCase()}) > 0`,
    filters.statuses === undefined ? undefined : inArray(deployments.status, [...filters.statuses]),
    filters.imageVersion === undefined ? undefined : eq(revisions.imageVersion, filters.imageVersion),
    filters.ids === undefined ? undefined : inArray(deployments.id, [...filters.ids]),
  ];
}

export async function listRevisions(
  database: Database,
  deploymentId: DeploymentId,
  statuses: readonly RevisionStatus[] | undefined,
  page: PageByCount,
): Promise<readonly ListedRevision[]> {
  const found = await database
    .select({ ...revisionColumns, bytes: storedBytes(buildSettings, message) })
    .from(revisions)
    .where(
      and(
        eq(revisions.deploymentId, deploymentId),
        statuses === undefined ? undefined : inArray(revisions.status, [...statuses]),
      ),
    )
    .orderBy(desc(revisions.number))
    .limit(page.limit)
    .offset(page.offset);
  const whole = await readFitting(found, (ids) =>
    database.select({ id: revisions.id, buildSettings, message }).from(revisions).where(inArray(revisions.id, ids)),
  );
  return found.map(({ bytes: _, ...row }) => ({ ...row, ...unread, ...whole.get(row.id) }));
}
