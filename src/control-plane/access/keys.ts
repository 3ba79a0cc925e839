/** Makes and lists API keys. */
import { and, eq, gt, isNull, or, type SQL } from 'drizzle-orm';
import type { ListenerId, WorkspaceId } from '../../domain/identifiers.ts';
import type { IdentityProof } from '../../domain/requester.ts';
import { audit } from '../audit.ts';
import type { Principal } from '../principal.ts';
import { Refusal } from '../refusal.ts';
import type { Services } from '../services.ts';
import { byCreation, type CreationOrder, madeAfter } from '../store/creation-order.ts';
import { type Page, pageOf, rowsToFind, storedBytes } from '../store/list-room.ts';
import type { Database, Transaction } from '../store/open-database.ts';
import { apiKeys, listeners, workspaces } from '../store/schema.ts';
import { type KeyKind, newKey } from './api-key.ts';

export interface KeyRequest {
  readonly kind: KeyKind;
  /** Null for an admin key. */
  readonly workspaceId: WorkspaceId | null;
  /** For a listener key. */
  readonly listenerId: ListenerId | null;
  /** Where an admin gives them, name and e-mail become the author of commits. */
  readonly name: string;
  readonly email: string;
  /** Left out: when the key that makes it does, if ever. */
  readonly expiresAt?: Date | undefined;
}

export interface KeySummary {
  readonly id: string;
  readonly kind: KeyKind;
  readonly workspaceId: WorkspaceId | null;
  readonly listenerId: ListenerId | null;
  readonly name: string;
  readonly email: string;
  readonly prefix: string;
  readonly proof: IdentityProof;
  /** Null: the control plane itself. */
  readonly madeBy: string | null;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
}

/** A runaway program must not fill the table. */
const keysOfWorkspace = 1_000;

/** The only time that the key's text is to be had. */
export async function createKey(
  { database, now }: Pick<Services, 'database' | 'now'>,
  principal: Principal | null,
  request: KeyRequest,
): Promise<KeySummary & { readonly key: string }> {
  refuseKinds(principal, request);
  const { text, hash, prefix } = newKey(request.kind);
  return database.transaction(async (transaction) => {
    const at = now();
    await mustFit(transaction, request);
    if (principal !== null) await lockMaker(transaction, principal, at);
    if (principal?.kind === 'workspace') await refuseTooMany(transaction, principal.workspaceId, at);
    const expiresAt = expiryOf(principal, request, at);
    const [row] = await transaction
      .insert(apiKeys)
      .values({ ...request, ...makerOf(principal), expiresAt, prefix, hash })
      .returning(summary);
    if (!row) throw new Error('Cannot make a key: the database answered no row');
    const { kind, name, email, listenerId, workspaceId } = request;
    const target = { kind: 'key', id: row.id, workspaceId } as const;
    const detail = { kind, name, email, prefix, listenerId, proof: row.proof, expiresAt };
    await audit(transaction, principal, 'key.create', target, detail);
    return { ...row, key: text };
  });
}

/** A listener's key reads secret values and says what is deployed: that is an admin's to give. */
function refuseKinds(principal: Principal | null, { kind }: KeyRequest): void {
  if (principal === null || principal.kind === 'admin') return;
  if (principal.kind === 'workspace' && kind === 'workspace') return;
  throw new Refusal(403, `Only the admin key can make ${kind} keys.`);
}

/** Whoever revokes the maker waits for this, and then finds the key that it made; or this finds the maker revoked. */
async function lockMaker(transaction: Transaction, { keyId }: Principal, at: Date): Promise<void> {
  const [maker] = await transaction
    .select({ id: apiKeys.id })
    .from(apiKeys)
    .where(and(eq(apiKeys.id, keyId), isValid(at)))
    .for('share');
  if (!maker) throw new Refusal(401, 'Cannot make a key: the key of this request was revoked.');
}

async function refuseTooMany(transaction: Transaction, workspaceId: WorkspaceId, at: Date): Promise<void> {
  const valid = and(eq(apiKeys.workspaceId, workspaceId), isValid(at));
  if ((await transaction.$count(apiKeys, valid)) < keysOfWorkspace) return;
  throw new Refusal(409, `Cannot make a key: the workspace has ${keysOfWorkspace}; revoke those that nobody needs.`);
}

/** No key outlives the one that made it. */
function expiryOf(principal: Principal | null, { expiresAt }: KeyRequest, at: Date): Date | null {
  const latest = principal?.expiresAt ?? null;
  if (expiresAt === undefined) return latest;
  if (expiresAt <= at) throw new Refusal(400, `expires_at has passed: it is ${at.toISOString()}.`);
  if (latest === null || expiresAt <= latest) return expiresAt;
  throw new Refusal(400, `expires_at is too late: the key of this request expires at ${latest.toISOString()}.`);
}

export async function listKeys(
  database: Database,
  which: SQL | undefined,
  { limit, cursor }: { readonly limit: number; readonly cursor?: CreationOrder | undefined },
): Promise<Page<KeySummary>> {
  const found = await database
    .select({ ...summary, bytes: storedBytes(apiKeys.name, apiKeys.email) })
    .from(apiKeys)
    .where(and(which, madeAfter(apiKeys, cursor)))
    .orderBy(...byCreation(apiKeys))
    .limit(rowsToFind(limit));
  return pageOf(found, limit);
}

function isValid(at: Date): SQL | undefined {
  return and(isNull(apiKeys.revokedAt), or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, at)));
}

/** What an admin says of a key counts; what anybody else says of a key that he makes is his own word. */
function makerOf(principal: Principal | null) {
  const isAdmin = principal === null || principal.kind === 'admin';
  return { madeBy: principal?.keyId ?? null, proof: isAdmin ? 'admin' : 'self-declared' } as const;
}

async function mustFit(database: Database, { workspaceId, listenerId }: KeyRequest): Promise<void> {
  if (workspaceId === null) return;
  const found = await database.select({ id: workspaces.id }).from(workspaces).where(eq(workspaces.id, workspaceId));
  if (found.length === 0) throw new Refusal(404, `Workspace ID ${workspaceId} not found.`);
  if (listenerId === null) return;
  const [listener] = await database
    .select({ id: listeners.id })
    .from(listeners)
    .where(and(eq(listeners.id, listenerId), eq(listeners.workspaceId, workspaceId)));
  if (!listener) throw new Refusal(404, `Listener ID ${listenerId} not found.`);
}

/** Everything but the hash. */
const summary = {
  id: apiKeys.id,
  kind: apiKeys.kind,
  workspaceId: apiKeys.workspaceId,
  listenerId: apiKeys.listenerId,
  name: apiKeys.name,
  email: apiKeys.email,
  prefix: apiKeys.prefix,
  proof: apiKeys.proof,
  madeBy: apiKeys.madeBy,
  createdAt: apiKeys.createdAt,
  lastUsedAt: apiKeys.lastUsedAt,
  expiresAt: apiKeys.expiresAt,
  revokedAt: apiKeys.revokedAt,
};
