/** The first key of all: from the environment, or made at the first start. */

import { and, eq, isNull, ne, sql } from 'drizzle-orm';
import { TowpathError } from '../../domain/failure.ts';
import { audit } from '../audit.ts';
import type { Log } from '../log.ts';
import type { Database, Transaction } from '../store/open-database.ts';
import { apiKeys } from '../store/schema.ts';
import { hashKey, type NewKey, newKey, prefixOf } from './api-key.ts';
import { longestKey } from './sent-key.ts';

export const adminKeyVariable = 'TOWPATH_ADMIN_KEY';
const shortestKey = 32;
/** Processes that start together take turns here. */
const adminKeyLock = 8_697_285;

/**
 * The key from the environment is valid from now on, and the one that stood there before is not. Without one, and with
 * no admin key at all, a key is made: the answer is its text, to be shown once; otherwise null.
 */
export async function ensureAdminKey(
  database: Database,
  fromEnvironment: string | undefined,
  log?: Pick<Log, 'warn'>,
): Promise<string | null> {
  const problem = fromEnvironment === undefined ? null : problemOf(fromEnvironment);
  if (problem !== null) {
    const message = `Cannot use ${adminKeyVariable}: ${problem}; make one with: openssl rand -hex 32`;
    throw new TowpathError('terminal', 'WeakAdminKey', message);
  }
  return database.transaction(async (transaction) => {
    await transaction.execute(sql`select pg_advisory_xact_lock(${adminKeyLock})`);
    if (fromEnvironment !== undefined) {
      await installKey(transaction, fromEnvironment, log);
      return null;
    }
    const [known] = await transaction
      .select({ id: apiKeys.id })
      .from(apiKeys)
      .where(and(eq(apiKeys.kind, 'admin'), isNull(apiKeys.revokedAt)))
      .limit(1);
    if (known) return null;
    const key = newKey('admin');
    await insertKey(transaction, key, 'first start');
    return key.text;
  });
}

/** A key that no request could send would be accepted here, and then open nothing. */
function problemOf(text: string): string | null {
  if (text.length < shortestKey) return `it has fewer than ${shortestKey} characters`;
  if (text.length > longestKey) return `it has more than ${longestKey} characters`;
  return /^[\x21-\x7e]+$/.test(text) ? null : 'it holds blanks, line ends or other characters that no header may hold';
}

async function installKey(transaction: Transaction, text: string, log?: Pick<Log, 'warn'>): Promise<void> {
  const hash = hashKey(text);
  const source = and(eq(apiKeys.kind, 'admin'), eq(apiKeys.name, adminKeyVariable));
  const replaced = await transaction
    .update(apiKeys)
    .set({ revokedAt: sql`now()` })
    .where(and(source, isNull(apiKeys.revokedAt), ne(apiKeys.hash, hash)))
    .returning({ id: apiKeys.id });
  for (const { id } of replaced) {
    await audit(transaction, null, 'key.revoke', { kind: 'key', id, workspaceId: null });
    // Who changes the key as a matter of routine keeps what it made; who lost it has to say so.
    const keys = await transaction.$count(apiKeys, and(eq(apiKeys.madeBy, id), isNull(apiKeys.revokedAt)));
    const revokeThem = `DELETE /towpath/v1/keys/${id}`;
    if (keys > 0) log?.warn('The admin key was replaced; the keys that it made stay valid', { id, keys, revokeThem });
  }
  const [known] = await transaction.select().from(apiKeys).where(eq(apiKeys.hash, hash));
  if (known !== undefined && known.kind !== 'admin') {
    const message = `Cannot use ${adminKeyVariable}: it is the key of a ${known.kind}; name an admin's`;
    throw new TowpathError('terminal', 'WrongKindOfKey', message);
  }
  if (!known) return insertKey(transaction, { text, hash, prefix: prefixOf(text) }, adminKeyVariable);
  if (known.revokedAt === null) return;
  // An operator who sets a key again that he had replaced means it; one revoked over the API stays revoked.
  if (known.name !== adminKeyVariable) {
    throw new TowpathError('terminal', 'RevokedAdminKey', `Cannot use ${adminKeyVariable}: this key was revoked`);
  }
  await transaction.update(apiKeys).set({ revokedAt: null }).where(eq(apiKeys.id, known.id));
  await audit(transaction, null, 'key.restore', { kind: 'key', id: known.id, workspaceId: null });
}

async function insertKey(transaction: Transaction, key: NewKey, name: string): Promise<void> {
  const { prefix, hash } = key;
  const proven = { proof: 'admin', email: 'admin@towpath.invalid' } as const;
  const values = { kind: 'admin', name, prefix, hash, ...proven } as const;
  const [made] = await transaction.insert(apiKeys).values(values).returning({ id: apiKeys.id });
  if (!made) throw new Error('Cannot make the admin key: the database answered no row');
  await audit(
    transaction,
    null,
    'key.create',
    { kind: 'key', id: made.id, workspaceId: null },
    { kind: 'admin', name },
  );
}
