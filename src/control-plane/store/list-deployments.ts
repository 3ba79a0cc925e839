/** Lists deployments by every filter that clients send, newest first. */
import { and, desc, eq, inArray, isNull, type SQL, sql } from 'drizzle-orm';
import type { DeploymentId, RevisionId, WorkspaceId } from '../../domain/identifiers.ts';
import type { DeploymentStatus, RevisionStatus } from '../orchestration/status.ts';
import { revisionWithoutLarge } from './deployments.ts';
import type { Database } from './open-database.ts';
import type { DeploymentRow, ListenerRow, RevisionRow } from './rows.ts';
import { deployments, listeners, revisions, secretSets } from './schema.ts';

interface Page {
  readonly limit: number;
  readonly offset: number;
}

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

/** Of what may be large, in one list; far beyond what a hundred ordinary deployments say. */
const mostLargeBytes = 1024 * 1024;

export type ListedRevision = Omit<RevisionRow, 'resourceSpec' | 'secretReferences'>;

/** A deployment as lists show it: without its secret values, and without what would make the list too long. */
export interface ListedDeployment {
  readonly deployment: DeploymentRow;
  readonly revision: ListedRevision;
  readonly listener: ListenerRow;
  readonly secretSet: { readonly keyId: string } | null;
  /** Null where the list is long enough without it: it is read with the deployment itself. */
  readonly large: Pick<RevisionRow, 'resourceSpec' | 'secretReferences'> | null;
}

export async function listDeployments(
  database: Database,
  workspaceId: WorkspaceId,
  filters: DeploymentFilters,
  page: Page,
): Promise<readonly ListedDeployment[]> {
  if (filters.none) return [];
  const found = await database
    .select({
      deployment: deployments,
      revision: revisionWithoutLarge,
      listener: listeners,
      secretSet: { keyId: secretSets.keyId },
      bytes: sql<number>`octet_length(${revisions.resourceSpec}::text) + octet_length(${revisions.secretReferences}::text)`,
    })
    .from(deployments)
    .innerJoin(revisions, eq(revisions.id, deployments.latestRevisionId))
    .innerJoin(listeners, eq(listeners.id, deployments.listenerId))
    .leftJoin(secretSets, eq(secretSets.id, revisions.secretSetId))
    .where(and(eq(deployments.workspaceId, workspaceId), isNull(deployments.goneAt), ...conditions(filters)))
    .orderBy(desc(deployments.sequence))
    .limit(page.limit)
    .offset(page.offset);
  const large = await readLarge(database, found);
  return found.map(({ bytes: _, ...row }) => ({ ...row, large: large.get(row.revision.id) ?? null }));
}

interface Sized {
  readonly revision: { readonly id: RevisionId };
  readonly bytes: number;
}

/** The first ones, as far as they fit together. */
async function readLarge(database: Database, found: readonly Sized[]) {
  let bytes = 0;
  const fitting = found.filter((row) => {
    bytes += row.bytes;
    return bytes <= mostLargeBytes;
  });
  if (fitting.length === 0) return new Map<RevisionId, ListedDeployment['large']>();
  const ids = fitting.map((row) => row.revision.id);
  const rows = await database
    .select({
      id: revisions.id,
      resourceSpec: revisions.resourceSpec,
      secretReferences: revisions.secretReferences,
    })
    .from(revisions)
    .where(inArray(revisions.id, ids));
  return new Map(rows.map(({ id, ...large }) => [id, large]));
}

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
  page: Page,
): Promise<readonly ListedRevision[]> {
  return database
    .select(revisionWithoutLarge)
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
}
