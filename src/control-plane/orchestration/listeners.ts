/** Registers listeners, changes what they serve, and lets them go when nothing depends on them. */
import { and, eq, inArray, isNull } from 'drizzle-orm';
import type { ListenerId, NamespaceName, WorkspaceId } from '../../domain/identifiers.ts';
import { audit } from '../audit.ts';
import type { WorkspacePrincipal } from '../principal.ts';
import { Refusal } from '../refusal.ts';
import type { Services } from '../services.ts';
import type { Database, Transaction } from '../store/open-database.ts';
import type { ListenerRow } from '../store/rows.ts';
import { deployments, lanes, listeners } from '../store/schema.ts';
import { changeInTurn } from '../store/turns.ts';

interface NewListener {
  readonly computeId: string;
  readonly namespaces: readonly NamespaceName[];
  readonly version: string | null;
}

interface ListenerChange {
  /** Undefined: unchanged. */
  readonly namespaces: readonly NamespaceName[] | undefined;
  readonly version: string | undefined;
}

export async function createListener(
  services: Services,
  principal: WorkspacePrincipal,
  { computeId, namespaces, version }: NewListener,
): Promise<ListenerRow> {
  const { workspaceId } = principal;
  return services.database.transaction(async (transaction) => {
    const at = services.now();
    const [listener] = await transaction
      .insert(listeners)
      .values({ workspaceId, computeType: 'k8s', computeId, namespaces, version, createdAt: at, updatedAt: at })
      .onConflictDoNothing()
      .returning();
    if (!listener) {
      throw new Refusal(
        409,
        `Listener for LangSmith workspace ID '${workspaceId}' and compute ID '${computeId}' already exists.`,
      );
    }
    await audit(transaction, principal, 'listener.create', targetOf(listener), { computeId, namespaces });
    return listener;
  });
}

export async function patchListener(
  services: Services,
  principal: WorkspacePrincipal,
  id: ListenerId,
  change: ListenerChange,
): Promise<ListenerRow> {
  return changeInTurn(services.database, id, async (transaction) => {
    const listener = await lockListener(transaction, principal.workspaceId, id);
    const namespaces = change.namespaces ?? listener.namespaces;
    const lost = listener.namespaces.filter((namespace) => !namespaces.includes(namespace));
    if (lost.length > 0) await takeAway(transaction, listener, lost);
    const version = change.version ?? listener.version;
    const settled = change.namespaces ? { droppedReports: null } : {};
    const [changed] = await transaction
      .update(listeners)
      .set({ namespaces, version, ...settled, updatedAt: services.now() })
      .where(eq(listeners.id, id))
      .returning();
    if (!changed) throw listenerNotFound(id);
    if (change.namespaces) await audit(transaction, principal, 'listener.update', targetOf(listener), { namespaces });
    return changed;
  });
}

export async function deleteListener(services: Services, principal: WorkspacePrincipal, id: ListenerId): Promise<void> {
  await changeInTurn(services.database, id, async (transaction) => {
    const listener = await lockListener(transaction, principal.workspaceId, id);
    const used = await liveDeployments(transaction, id);
    if (used.length > 0) {
      throw new Refusal(
        409,
        `Cannot delete listener '${listener.computeId}': it has ${namesOf(used)}. Delete what it deploys first`,
      );
    }
    await transaction.delete(listeners).where(eq(listeners.id, id));
    await audit(transaction, principal, 'listener.delete', targetOf(listener), { computeId: listener.computeId });
  });
}

export async function findListener(
  database: Database | Transaction,
  workspaceId: WorkspaceId,
  id: ListenerId,
): Promise<ListenerRow> {
  const [found] = await database.select().from(listeners).where(owned(workspaceId, id));
  if (!found) throw listenerNotFound(id);
  return found;
}

/** Every change of its deployments needs the same lock, so what is counted here stays true until the end. */
async function lockListener(transaction: Transaction, workspaceId: WorkspaceId, id: ListenerId): Promise<ListenerRow> {
  const [found] = await transaction.select().from(listeners).where(owned(workspaceId, id)).for('update');
  if (!found) throw listenerNotFound(id);
  return found;
}

/** What was said of their repositories goes with them. */
async function takeAway(
  transaction: Transaction,
  listener: ListenerRow,
  lost: readonly NamespaceName[],
): Promise<void> {
  const used = (await liveDeployments(transaction, listener.id)).filter((one) => lost.includes(one.namespace));
  if (used.length === 0) {
    await transaction.delete(lanes).where(and(eq(lanes.listenerId, listener.id), inArray(lanes.namespace, [...lost])));
    return;
  }
  const taken = [...new Set(used.map((one) => `'${one.namespace}'`))].join(', ');
  throw new Refusal(
    409,
    `Cannot take namespace ${taken} away from listener '${listener.computeId}': it has ${namesOf(used)} there. ` +
      'Delete what is deployed there first',
  );
}

interface LiveDeployment {
  readonly name: string;
  readonly namespace: NamespaceName;
}

function liveDeployments(transaction: Transaction, id: ListenerId): Promise<readonly LiveDeployment[]> {
  return transaction
    .select({ name: deployments.name, namespace: deployments.namespace })
    .from(deployments)
    .where(and(eq(deployments.listenerId, id), isNull(deployments.goneAt)))
    .orderBy(deployments.sequence);
}

function namesOf(used: readonly LiveDeployment[]): string {
  const shown = used.slice(0, 5).map((one) => `'${one.name}'`);
  const more = used.length > shown.length ? ` and ${used.length - shown.length} more` : '';
  return `${used.length === 1 ? 'deployment' : 'deployments'} ${shown.join(', ')}${more}`;
}

function owned(workspaceId: WorkspaceId, id: ListenerId) {
  return and(eq(listeners.id, id), eq(listeners.workspaceId, workspaceId));
}

function listenerNotFound(id: ListenerId): Refusal {
  return new Refusal(404, `Listener ID ${id} not found.`);
}

function targetOf(listener: ListenerRow) {
  return { kind: 'listener', id: listener.id, workspaceId: listener.workspaceId } as const;
}
