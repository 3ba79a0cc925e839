/** Accepts a new deployment with its first revision. */

import { randomUUID } from 'node:crypto';
import { and, asc, eq } from 'drizzle-orm';
import { type DeploymentId, ListenerId, type NamespaceName, type WorkspaceId } from '../../domain/identifiers.ts';
import { audit } from '../audit.ts';
import type { WorkspacePrincipal } from '../principal.ts';
import { Refusal } from '../refusal.ts';
import type { Services } from '../services.ts';
import type { Database, Transaction } from '../store/database.ts';
import { raiseListenerVersion } from '../store/listener-version.ts';
import type { DeploymentRow, ListenerRow } from '../store/rows.ts';
import { deployments, listeners } from '../store/schema.ts';
import { addRevision } from './add-revision.ts';
import { quote } from './environment.ts';
import { targetOf } from './locking.ts';
import type { CreateRequest } from './requests.ts';
import { draftRevision } from './revision-draft.ts';
import { refuseOtherSources, refuseSourceFields } from './source-rules.ts';

export async function createDeployment(
  services: Services,
  principal: WorkspacePrincipal,
  request: CreateRequest,
): Promise<DeploymentId> {
  refuseOtherSources(request.source);
  const listenerId = await findListenerId(services.database, principal.workspaceId, request);
  refuseSourceFields(request.source_config ?? {}, 'create');
  const draft = draftRevision(request, null);
  return services.database.transaction(async (transaction) => {
    const listener = await raiseListenerVersion(transaction, listenerId);
    const namespace = namespaceOf(listener, request.source_config?.listener_config?.k8s_namespace ?? null);
    const deployment = await insertDeployment(transaction, {
      principal,
      request,
      listener,
      namespace,
      at: services.now(),
    });
    const { name, email } = principal;
    const requester = { name, email };
    const first = { number: 1, keptSecretSetId: null, draft, requester, origin: 'created' };
    const revision = await addRevision(transaction, services, { listener, deployment, ...first });
    await audit(transaction, principal, 'deployment.create', targetOf(deployment), {
      name: deployment.name,
      namespace,
      listenerId,
      revisionId: revision.id,
      image: revision.imageUri,
    });
    return deployment.id;
  });
}

async function findListenerId(
  database: Database,
  workspaceId: WorkspaceId,
  request: CreateRequest,
): Promise<ListenerId> {
  const asked = request.source_config?.listener_id ?? null;
  const known = await database
    .select({ id: listeners.id })
    .from(listeners)
    .where(
      and(
        eq(listeners.workspaceId, workspaceId),
        asked === null ? undefined : eq(listeners.id, ListenerId.parse(asked)),
      ),
    )
    .orderBy(asc(listeners.sequence));
  if (asked === null) throw new Refusal(400, listenerRequired(known.map((listener) => listener.id)));
  const [listener] = known;
  if (!listener) throw new Refusal(404, `Listener ID ${asked} not found.`);
  return listener.id;
}

/** LangSmith's words, a list as Python prints it; clients look for "listener_id' is required". */
function listenerRequired(ids: readonly ListenerId[]): string {
  const required = "Source configuration error: 'source_config.listener_id' is required";
  return ids.length > 0
    ? `${required} for workspace with available listener IDs: [${ids.map((id) => `'${id}'`).join(', ')}]`
    : `${required}, and this workspace has no listener yet: register one with POST /v2/listeners`;
}

function namespaceOf(listener: ListenerRow, asked: string | null): NamespaceName {
  const [first, second] = listener.namespaces;
  // Where there is only one, nothing is left to choose.
  if (asked === null && first !== undefined && second === undefined) return first;
  const found = listener.namespaces.find((namespace) => namespace === asked);
  if (found !== undefined) return found;
  const served = `listener '${listener.computeId}' serves [${listener.namespaces.map((name) => `'${name}'`).join(', ')}]`;
  throw new Refusal(
    400,
    asked === null
      ? `Source configuration error: 'source_config.listener_config.k8s_namespace' is required: ${served}`
      : `Source configuration error: namespace ${quote(asked)} is not served: ${served}`,
  );
}

async function insertDeployment(
  transaction: Transaction,
  { principal, request, listener, namespace, at }: NewDeployment,
): Promise<DeploymentRow> {
  const [inserted] = await transaction
    .insert(deployments)
    .values({
      id: randomUUID() as string as DeploymentId,
      workspaceId: principal.workspaceId,
      listenerId: listener.id,
      namespace,
      name: request.name,
      displayName: request.display_name ?? null,
      status: 'AWAITING_DATABASE',
      customUrl: request.source_config?.custom_url ?? null,
      listenerVersion: listener.changeVersion,
      createdAt: at,
      updatedAt: at,
    })
    .onConflictDoNothing()
    .returning();
  if (!inserted) throw new Refusal(409, `Deployment with name '${request.name}' already exists in this workspace.`);
  return inserted;
}

interface NewDeployment {
  readonly principal: WorkspacePrincipal;
  readonly request: CreateRequest;
  readonly listener: ListenerRow;
  readonly namespace: NamespaceName;
  readonly at: Date;
}
