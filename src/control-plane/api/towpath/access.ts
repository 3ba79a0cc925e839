/** Who may make which of our own calls. */
import { and, eq, isNull } from 'drizzle-orm';
import type { Context, MiddlewareHandler } from 'hono';
import type { DeploymentId, ListenerId, WorkspaceId } from '../../../domain/identifiers.ts';
import type { Principal } from '../../principal.ts';
import { Refusal } from '../../refusal.ts';
import { asCaller } from '../../store/caller.ts';
import type { Database } from '../../store/open-database.ts';
import { deployments, listeners } from '../../store/schema.ts';
import { callerIs, originOf } from '../calls.ts';
import type { TowpathServices } from './services.ts';

export interface TowpathEnv {
  Variables: { principal: Principal };
}

export function requireKey({ authenticate }: Pick<TowpathServices, 'authenticate'>): MiddlewareHandler<TowpathEnv> {
  return async (context, next) => {
    const principal = await authenticate(context.req.raw.headers, originOf(context));
    callerIs(context, principal);
    if (principal === null) {
      throw new Refusal(401, 'Missing or invalid API key: send one in the header X-Api-Key.');
    }
    context.set('principal', principal);
    await asCaller({ tenant: principal.workspaceId ?? principal.keyId }, next);
  };
}

export function requireAdmin(context: Context<TowpathEnv>): Principal {
  const principal = context.get('principal');
  if (principal.kind !== 'admin') throw new Refusal(403, 'This call needs the admin key.');
  return principal;
}

export type Person = Exclude<Principal, { kind: 'listener' }>;

/** A person's or a program's key, not a listener's. */
export function requirePerson(context: Context<TowpathEnv>): Person {
  const principal = context.get('principal');
  if (principal.kind === 'listener') throw new Refusal(403, 'A listener key may only make the calls of its listener.');
  return principal;
}

/** A person's key, and the workspace that it is about. */
export function requireWorkspace(context: Context<TowpathEnv>): { principal: Principal; workspaceId: WorkspaceId } {
  const principal = requirePerson(context);
  if (principal.workspaceId === null) {
    throw new Refusal(403, 'The admin key requires workspace specification: send X-Tenant-Id.');
  }
  return { principal, workspaceId: principal.workspaceId };
}

/** The listener itself: it alone reports, reads secret values and counts as alive. */
export function requireListener(context: Context<TowpathEnv>, id: ListenerId): void {
  const principal = context.get('principal');
  if (principal.kind !== 'listener') throw new Refusal(403, 'This call needs the key of the listener.');
  if (principal.listenerId !== id) throw new Refusal(403, `This key is not of the listener ${id}.`);
}

/** The listener itself, or whoever may see the whole workspace. */
export async function requireListenerReader(
  context: Context<TowpathEnv>,
  database: Database,
  id: ListenerId,
): Promise<void> {
  const principal = context.get('principal');
  if (principal.kind === 'listener') return requireListener(context, id);
  const workspaceId = principal.workspaceId;
  const [found] = await database
    .select({ id: listeners.id })
    .from(listeners)
    .where(and(eq(listeners.id, id), workspaceId === null ? undefined : eq(listeners.workspaceId, workspaceId)));
  if (!found) throw new Refusal(404, `Listener ID ${id} not found.`);
}

/** The condition under which a caller sees a deployment; what he may not see is not there. */
export function visibleDeployment(principal: Principal, id: DeploymentId) {
  return and(
    eq(deployments.id, id),
    isNull(deployments.goneAt),
    principal.workspaceId === null ? undefined : eq(deployments.workspaceId, principal.workspaceId),
    principal.kind === 'listener' ? eq(deployments.listenerId, principal.listenerId) : undefined,
  );
}
