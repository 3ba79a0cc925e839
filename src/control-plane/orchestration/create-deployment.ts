/** Accepts a new deployment with its first revision. */

import { randomUUID } from 'node:crypto';
import { asc, eq } from 'drizzle-orm';
import {
  type DeploymentId,
  ListenerId,
  type NamespaceName,
  type RevisionId,
  type WorkspaceId,
} from '../../domain/identifiers.ts';
import { audit } from '../audit.ts';
import type { WorkspacePrincipal } from '../principal.ts';
import { Refusal } from '../refusal.ts';
import type { Services } from '../services.ts';
import type { Database, Transaction } from '../store/database.ts';
import type { DeploymentDetail } from '../store/deployments.ts';
import { raiseListenerVersion } from '../store/listener-version.ts';
import type { DeploymentRow, ListenerRow } from '../store/rows.ts';
import { deployments, listeners } from '../store/schema.ts';
import { addRevision, newRevisionId } from './add-revision.ts';
import { quote } from './environment.ts';
import { targetOf } from './locking.ts';
import type { CreateRequest } from './requests.ts';
import { draftRevision } from './revision-draft.ts';
import { refuseOtherSources, refuseSourceFields } from './source-rules.ts';

export async function createDeployment(
  services: Services,
  principal: WorkspacePrincipal,
  request: CreateRequest,
): Promise<DeploymentDetail> {
  refuseOtherSources(request.source);
  const listenerId = request.source_config?.listener_id ?? null;
  if (listenerId === null) throw await listenerRequired(services.database, principal.workspaceId);
  refuseSourceFields(request.source_config ?? {}, 'create');
  const draft = draftRevision(request, null);
  return services.database.transaction(async (transaction) => {
    const listener = await raiseListenerVersion(transaction, ListenerId.parse(listenerId), principal.workspaceId);
    const namespace = namespaceOf(listener, request.source_config?.listener_config?.k8s_namespace ?? null);
    const at = services.now();
    const revisionId = newRevisionId();
    const deployment = await insertDeployment(transaction, { principal, request, listener, namespace, revisionId, at });
    const { name, email } = principal;
    const first = { id: revisionId, number: 1, keptSecretSetId: null, draft, requester: { name, email }, at };
    const added = await addRevision(transaction, services, { listener, deployment, ...first, origin: 'created' });
    await audit(transaction, principal, 'deployment.create', targetOf(deployment), {
      name: deployment.name,
      namespace,
      listenerId,
      revisionId,
      image: added.revision.imageUri,
    });
    return { deployment, listener, ...added };
  });
}

/** LangSmith's words, a list as Python prints it; clients look for "listener_id' is required". */
async function listenerRequired(database: Database, workspaceId: WorkspaceId): Promise<Refusal> {
  const known = await database
    .select({ id: listeners.id })
    .from(listeners)
    .where(eq(listeners.workspaceId, workspaceId))
    .orderBy(asc(listeners.sequence));
  const ids = known.map(({ id }) => `'${id}'`).join(', ');
  const required = "Source configuration error: 'source_config.listener_id' is required";
  return new Refusal(
    400,
    known.length > 0
      ? `${required} for workspace with available listener IDs: [${ids}]`
      : `${required}, and this workspace has no listener yet: register one with POST /v2/listeners`,
  );
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
  { principal, request, listener, namespace, revisionId, at }: NewDeployment,
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
      latestRevisionId: revisionId,
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
  readonly revisionId: RevisionId;
  readonly at: Date;
}
