/** Lists deployments by every filter that clients send, newest first. */
import { and, desc, eq, inArray, isNull, type SQL, sql } from 'drizzle-orm';
import type { DeploymentId, WorkspaceId } from '../../domain/identifiers.ts';
import type { DeploymentStatus, RevisionStatus } from '../orchestration/status.ts';
import type { Database } from './database.ts';
import { type DeploymentDetail, selectDetails } from './deployments.ts';
import type { RevisionRow } from './rows.ts';
import { deployments, revisions } from './schema.ts';

export interface Page {
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

export async function listDeployments(
  database: Database,
  workspaceId: WorkspaceId,
  filters: DeploymentFilters,
  page: Page,
): Promise<readonly DeploymentDetail[]> {
  if (filters.none) return [];
  return selectDetails(database)
    .where(and(eq(deployments.workspaceId, workspaceId), isNull(deployments.goneAt), ...conditions(filters)))
    .orderBy(desc(deployments.sequence))
    .limit(page.limit)
    .offset(page.offset);
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
): Promise<readonly RevisionRow[]> {
  return database
    .select()
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
