/** Everything that one revision says, in one query; the secret values by a query of their own. */
import { and, eq, lt, type SQL, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import type { RevisionId } from '../../domain/identifiers.ts';
import { Requester } from '../../domain/requester.ts';
import type { SecretValues, Specification } from '../../domain/specification.ts';
import { Refusal } from '../refusal.ts';
import { tryOpenSecretSet } from '../secrets/secret-sets.ts';
import type { SecretBox } from '../services.ts';
import type { Database } from './open-database.ts';
import { deployments, revisions, secretSets } from './schema.ts';

const older = alias(revisions, 'older');

/** Null where `visible` finds no such deployment, or it has no such revision. */
export async function readSpecification(
  database: Database,
  visible: SQL | undefined,
  revisionId: RevisionId,
): Promise<Specification | null> {
  const [found] = await database
    .select({
      deployment: deployments,
      revision: revisions,
      names: secretSets.names,
      older: { id: older.id, number: older.number },
    })
    .from(deployments)
    .innerJoin(revisions, and(eq(revisions.deploymentId, deployments.id), eq(revisions.id, revisionId)))
    .leftJoin(secretSets, eq(secretSets.id, revisions.secretSetId))
    // Whoever deploys the one right before it once more goes back to nothing.
    .leftJoin(older, and(eq(older.id, revisions.copyOf), lt(older.number, sql`${revisions.number} - 1`)))
    .where(visible);
  if (!found) return null;
  const { deployment, revision, names, older: rollbackTo } = found;
  const { id, name, workspaceId, listenerId, namespace, customUrl } = deployment;
  return {
    deployment: { id, name, workspaceId, listenerId, namespace, customUrl },
    revision: {
      id: revision.id,
      createdAt: revision.createdAt.toISOString(),
      requester: Requester.parse(revision.requester),
      number: revision.number,
      rollbackTo,
    },
    image: revision.imageUri,
    resourceSpec: revision.resourceSpec,
    secretNames: [...(names ?? [])].sort(),
    secretsVersion: revision.secretSetId,
    secretReferences: [...revision.secretReferences],
  };
}

export async function readSecretValues(
  database: Database,
  secretBox: SecretBox,
  visible: SQL | undefined,
  revisionId: RevisionId,
): Promise<SecretValues | null> {
  const [found] = await database
    .select({ set: secretSets })
    .from(deployments)
    .innerJoin(revisions, and(eq(revisions.deploymentId, deployments.id), eq(revisions.id, revisionId)))
    .leftJoin(secretSets, eq(secretSets.id, revisions.secretSetId))
    .where(visible);
  if (!found) return null;
  const { set } = found;
  if (set === null) return { secretsVersion: null, values: {} };
  const secrets = tryOpenSecretSet(secretBox, set);
  if ('problem' in secrets) throw unreadable(secretBox, set, secrets.problem);
  return { secretsVersion: set.id, values: Object.fromEntries(secrets.map(({ name, value }) => [name, value])) };
}

/** Another process may have the key, or this one after its next start; what is damaged stays so. */
function unreadable(secretBox: SecretBox, { keyId }: { readonly keyId: string }, problem: string): Refusal {
  if (secretBox.whyUnreadable(keyId) === null) return new Refusal(422, problem);
  return new Refusal(503, problem, { retryAfterSeconds: 60 });
}
