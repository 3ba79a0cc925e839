/** Brings every stored secret under the current encryption key, and says at start where a key is missing. */
import { and, asc, count, eq, gt, ne } from 'drizzle-orm';
import { TowpathError } from '../../domain/failure.ts';
import { audit } from '../audit.ts';
import type { Database, Transaction } from '../store/open-database.ts';
import { secretSets } from '../store/schema.ts';
import type { Keyring } from './keyring.ts';
import { secretBox, secretSetPurpose } from './secret-box.ts';

interface Rotation {
  readonly rotated: number;
  /** Ids of secret sets that no key opens: damaged, or their key is lost. They stay as they are. */
  readonly unreadable: readonly string[];
}

const batchSize = 200;

/**
 * Throws terminal `MissingEncryptionKey` where no stored secret can be read: the key is a wrong one. Where only some
 * cannot, it answers which keys are missing, and null where none is: a key that is lost must not stop everything else.
 */
export async function requireKeys(database: Database, keys: Keyring): Promise<string | null> {
  const stored = await database
    .select({ keyId: secretSets.keyId, sets: count() })
    .from(secretSets)
    .groupBy(secretSets.keyId);
  const missing = stored.filter(({ keyId }) => !keys.known.has(keyId));
  if (missing.length === 0) return null;
  const named = missing.map(({ keyId, sets }) => `${keyId} (${sets} secret sets)`).join(', ');
  if (missing.length < stored.length) return named;
  throw new TowpathError(
    'terminal',
    'MissingEncryptionKey',
    `Cannot read the stored secrets: they were closed by key ${named}, and the keys given are ` +
      `${[...keys.known.keys()].join(', ')}; give the missing key as an old key`,
  );
}

/**
 * In batches, each in a transaction of its own: it can be stopped at any time and started again, and meanwhile everybody
 * may read and write. Every process must know the new key before, or it could not read what this one writes.
 */
export async function rotateSecrets(database: Database, keys: Keyring): Promise<Rotation> {
  await requireKeys(database, keys);
  const unreadable: string[] = [];
  let rotated = 0;
  for (let after: string | null = null; ; ) {
    const batch: Batch = await database.transaction((transaction) => rotateBatch(transaction, keys, after));
    rotated += batch.rotated;
    unreadable.push(...batch.unreadable);
    if (batch.last === null) return { rotated, unreadable };
    after = batch.last;
  }
}

interface Batch extends Rotation {
  /** Where the next one goes on; null after the last. */
  readonly last: string | null;
}

async function rotateBatch(transaction: Transaction, keys: Keyring, after: string | null): Promise<Batch> {
  const sets = await transaction
    .select()
    .from(secretSets)
    .where(and(ne(secretSets.keyId, keys.current.id), after === null ? undefined : gt(secretSets.id, after)))
    .orderBy(asc(secretSets.id))
    .limit(batchSize)
    .for('update');
  const box = secretBox(keys);
  const unreadable: string[] = [];
  for (const set of sets) {
    const purpose = secretSetPurpose(set.deploymentId, set.id);
    const plain = openOrNull(() => box.open(set, purpose));
    if (plain === null) unreadable.push(set.id);
    else await transaction.update(secretSets).set(box.seal(plain, purpose)).where(eq(secretSets.id, set.id));
  }
  const rotated = sets.length - unreadable.length;
  if (rotated > 0) {
    const target = { kind: 'secrets', id: keys.current.id, workspaceId: null } as const;
    await audit(transaction, null, 'secrets.rotate', target, { rotated, keyId: keys.current.id });
  }
  return { rotated, unreadable, last: sets.length < batchSize ? null : (sets.at(-1)?.id ?? null) };
}

function openOrNull(open: () => string): string | null {
  try {
    return open();
  } catch {
    return null;
  }
}
