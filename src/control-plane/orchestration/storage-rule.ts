/** The volume of a database that was laid down keeps its size: Kubernetes refuses another one, and all that comes with it. */
import { and, desc, eq, inArray, ne, or } from 'drizzle-orm';
import { databaseStorageGi, storageAdvice } from '../../domain/database-storage.ts';
import type { DeploymentId } from '../../domain/identifiers.ts';
import type { ResourceSpec } from '../../domain/resource-spec.ts';
import { Refusal } from '../refusal.ts';
import type { Transaction } from '../store/open-database.ts';
import { revisions, secretSets } from '../store/schema.ts';

/** Whoever brings a database of his own has no volume of ours. */
const external = 'POSTGRES_URI_CUSTOM';

/** In Gi; null where nothing was laid down yet, or no database of ours. */
export async function laidDownStorage(transaction: Transaction, id: DeploymentId): Promise<number | null> {
  const [found] = await transaction
    .select({ spec: revisions.resourceSpec, references: revisions.secretReferences, names: secretSets.names })
    .from(revisions)
    .leftJoin(secretSets, eq(secretSets.id, revisions.secretSetId))
    .where(and(eq(revisions.deploymentId, id), isLaidDown))
    .orderBy(desc(revisions.number))
    .limit(1);
  if (!found) return null;
  const names = [...(found.names ?? []), ...found.references.map(({ name }) => name)];
  return names.includes(external) ? null : databaseStorageGi(found.spec);
}

/** A failure names the stage that was not reached. */
const isLaidDown = or(
  inArray(revisions.stage, ['synced', 'healthy']),
  and(eq(revisions.stage, 'committed'), ne(revisions.outcome, 'failed')),
);

/** What a request leaves out stays as it is; another size is refused. */
export function keepingStorage(spec: ResourceSpec, laidDown: number | null): ResourceSpec {
  if (laidDown === null || databaseStorageGi(spec) === laidDown) return spec;
  if (spec.db_storage_gi == null) return withStorage(spec, laidDown);
  const msg = `the volume of its database has ${laidDown} Gi, and Kubernetes changes no StatefulSet's volumeClaimTemplates: ${storageAdvice(laidDown)}`;
  throw new Refusal(422, [
    { loc: ['body', 'source_config', 'resource_spec', 'db_storage_gi'], msg, type: 'value_error' },
  ]);
}

/** An old revision comes back with the volume as it is today: what is in it stays, too. */
export function withStorage(spec: ResourceSpec, laidDown: number | null): ResourceSpec {
  return laidDown === null || databaseStorageGi(spec) === laidDown ? spec : { ...spec, db_storage_gi: laidDown };
}
