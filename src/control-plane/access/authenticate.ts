/** Who is calling: from a request's headers to a Principal. */
import { timingSafeEqual } from 'node:crypto';
import { and, eq, getTableColumns, isNull, lt, or, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { WorkspaceId } from '../../domain/identifiers.ts';
import type { Log } from '../log.ts';
import type { CallOrigin, Principal } from '../principal.ts';
import { Refusal } from '../refusal.ts';
import { asCaller } from '../store/caller.ts';
import type { Changes } from '../store/changes.ts';
import type { Database } from '../store/open-database.ts';
import { apiKeys, workspaces } from '../store/schema.ts';
import { hashKey } from './api-key.ts';
import { keyFrom } from './sent-key.ts';

/** Null: no key, or none that is valid. Throws a Refusal where the key is valid but not for the workspace named. */
export type Authenticate = (headers: Headers, origin?: CallOrigin) => Promise<Principal | null>;

interface Needs {
  readonly database: Database;
  readonly changes: Changes;
  readonly now: () => Date;
  readonly log: Log;
}

type Row = typeof apiKeys.$inferSelect & { readonly makerName: string | null };

type KeyCache = ReturnType<typeof keyCache>;

/** A revocation empties the cache at once, in every process; the time limit is for when that message was lost. */
const cacheMs = 10_000;
const cacheSize = 10_000;
/** `last_used_at` is written this often at most. */
const usedEveryMs = 60_000;
const none: CallOrigin = { address: null, forwardedFor: null, requestId: null };
const makers = alias(apiKeys, 'makers');

export function authenticator(needs: Needs): Authenticate {
  const cache = keyCache();
  needs.changes.subscribe('towpath_key', '*', cache.clear);
  return async (headers, origin = none) => {
    const text = keyFrom(headers);
    if (text === null) return null;
    const row = await findKey(needs, cache, hashKey(text));
    return row === null ? null : principalOf(needs.database, row, headers.get('x-tenant-id'), origin);
  };
}

function keyCache() {
  const rows = new Map<string, { readonly row: Row; readonly until: number }>();
  let generation = 0;
  return {
    get(hash: string, now: Date): Row | null {
      const cached = rows.get(hash);
      return cached && cached.until > now.getTime() ? cached.row : null;
    },
    /** Whose key it was when it was last looked up, however long ago. */
    ownerOf(hash: string): string | null {
      const row = rows.get(hash)?.row;
      return row ? (row.workspaceId ?? row.id) : null;
    },
    /** To be called before the key is read: what was revoked while it was read is not remembered. */
    remember(hash: string, now: Date): (row: Row) => void {
      const asked = generation;
      return (row) => {
        if (asked !== generation) return;
        if (rows.size >= cacheSize) rows.clear();
        rows.set(hash, { row, until: Math.min(now.getTime() + cacheMs, row.expiresAt?.getTime() ?? Infinity) });
      };
    },
    clear(): void {
      generation += 1;
      rows.clear();
    },
  };
}

async function findKey(needs: Needs, cache: KeyCache, hash: string): Promise<Row | null> {
  const now = needs.now();
  const cached = cache.get(hash, now);
  if (cached) return cached;
  const remember = cache.remember(hash, now);
  const owner = cache.ownerOf(hash);
  // Keys that nobody knows must not hold up those that are known.
  const [row] = await asCaller(owner === null ? {} : { tenant: owner }, () => selectKey(needs.database, hash));
  if (!row || hasExpired(row, now)) return null;
  if (!timingSafeEqual(Buffer.from(row.hash), Buffer.from(hash))) return null;
  remember(row);
  await noteUse(needs, row, now);
  return row;
}

async function selectKey(database: Database, hash: string): Promise<readonly Row[]> {
  return database
    .select({ ...getTableColumns(apiKeys), makerName: makers.name })
    .from(apiKeys)
    .leftJoin(makers, eq(makers.id, apiKeys.madeBy))
    .where(and(eq(apiKeys.hash, hash), isNull(apiKeys.revokedAt)));
}

function hasExpired({ expiresAt }: Row, now: Date): boolean {
  return expiresAt !== null && expiresAt <= now;
}

async function noteUse({ database, log }: Needs, row: Row, now: Date): Promise<void> {
  const stale = new Date(now.getTime() - usedEveryMs);
  if (row.lastUsedAt !== null && row.lastUsedAt > stale) return;
  try {
    await database
      .update(apiKeys)
      .set({ lastUsedAt: now })
      .where(and(eq(apiKeys.id, row.id), or(isNull(apiKeys.lastUsedAt), lt(apiKeys.lastUsedAt, stale))));
  } catch (error) {
    // On a full disk reading must still work.
    log.warn('Could not note the use of a key', {
      keyId: row.id,
      error: String(error instanceof Error && error.cause),
    });
  }
}

async function principalOf(
  database: Database,
  row: Row,
  tenant: string | null,
  origin: CallOrigin,
): Promise<Principal> {
  const caller = callerOf(row, origin);
  if (!tenant) return caller;
  const parsed = WorkspaceId.safeParse(tenant.trim());
  if (!parsed.success) throw new Refusal(403, 'The header X-Tenant-Id is no workspace id.', { caller });
  const workspaceId = parsed.data;
  if (caller.kind === 'admin') {
    if (await exists(database, workspaceId)) return { ...caller, workspaceId };
    throw new Refusal(403, `There is no workspace ${workspaceId}.`, { caller });
  }
  if (caller.workspaceId === workspaceId) return caller;
  throw new Refusal(403, `This API key is not for the workspace ${workspaceId}.`, { caller });
}

function callerOf(row: Row, origin: CallOrigin): Principal {
  const { id: keyId, kind, name, email, proof, expiresAt, madeBy, workspaceId, listenerId } = row;
  const maker = madeBy === null ? null : { id: madeBy, name: row.makerName ?? '' };
  const key = { keyId, name, email, proof, maker, expiresAt, origin };
  if (kind === 'admin') return { kind, ...key, workspaceId: null };
  if (workspaceId === null) throw new Error(`Cannot use the key ${keyId}: it has no workspace`);
  if (kind === 'workspace') return { kind, ...key, workspaceId };
  if (listenerId === null) throw new Error(`Cannot use the key ${keyId}: it has no listener`);
  return { kind, ...key, workspaceId, listenerId };
}

async function exists(database: Database, id: WorkspaceId): Promise<boolean> {
  const found = await database.select({ one: sql`1` }).from(workspaces).where(eq(workspaces.id, id));
  return found.length > 0;
}
