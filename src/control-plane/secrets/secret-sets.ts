/** A deployment's set of secrets as one sealed text; sets never change, a new value is a new set. */
import { randomUUID } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { asTowpathError } from '../../domain/failure.ts';
import type { DeploymentId } from '../../domain/identifiers.ts';
import type { SecretValue } from '../orchestration/environment.ts';
import type { SecretBox } from '../services.ts';
import type { Transaction } from '../store/open-database.ts';
import type { SecretSetRow } from '../store/rows.ts';
import { revisions, secretSets } from '../store/schema.ts';
import { secretSetPurpose } from './secret-box.ts';

/** A new set, sealed and yet to be stored; its id is the `secretsVersion`. */
export function sealSecretSet(
  secretBox: SecretBox,
  deploymentId: DeploymentId,
  secrets: readonly SecretValue[],
  createdAt: Date,
): SecretSetRow {
  const id = randomUUID();
  const names = secrets.map((secret) => secret.name).sort();
  const box = secretBox.seal(JSON.stringify(secrets), secretSetPurpose(deploymentId, id));
  return { id, deploymentId, names, ...box, createdAt };
}

/** In the order in which the client gave them. */
export function openSecretSet(secretBox: SecretBox, set: SecretSetRow): readonly SecretValue[] {
  return JSON.parse(secretBox.open(set, secretSetPurpose(set.deploymentId, set.id))) as SecretValue[];
}

/** What to show where a set cannot be opened; the other sets are no worse for it. */
interface UnreadableSecrets {
  readonly problem: string;
}

export function tryOpenSecretSet(secretBox: SecretBox, set: SecretSetRow): readonly SecretValue[] | UnreadableSecrets {
  try {
    return openSecretSet(secretBox, set);
  } catch (error) {
    const why = asTowpathError(error)?.message ?? 'Cannot read a stored secret: it is damaged';
    return { problem: `${why}. Or give all its secrets anew, which replaces them` };
  }
}

/** The values of a deployment that is gone are of no use to anybody. */
export async function forgetSecrets(transaction: Transaction, deploymentId: DeploymentId): Promise<void> {
  await transaction.update(revisions).set({ secretSetId: null }).where(eq(revisions.deploymentId, deploymentId));
  await transaction.delete(secretSets).where(eq(secretSets.deploymentId, deploymentId));
}
