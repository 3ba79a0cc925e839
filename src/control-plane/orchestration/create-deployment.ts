/** Accepts a new deployment with its first revision. */
import { randomUUID } from 'node:crypto';
import { asc, eq } from 'drizzle-orm';
import {
  DeploymentId,
  type DeploymentName,
  ListenerId,
  type NamespaceName,
  type RevisionId,
  type WorkspaceId,
} from '../../domain/identifiers.ts';
import { auditEntry } from '../audit.ts';
import { requesterOf, type WorkspacePrincipal } from '../principal.ts';
import { Refusal } from '../refusal.ts';
import type { Services } from '../services.ts';
import type { DeploymentDetail } from '../store/deployments.ts';
import { raiseListenerVersion } from '../store/listener-version.ts';
import type { Database } from '../store/open-database.ts';
import type { DeploymentRow, ListenerRow } from '../store/rows.ts';
import { deployments, listeners } from '../store/schema.ts';
import { changeTogether, violates } from '../store/together.ts';
import { changeInTurn } from '../store/turns.ts';
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
  const name = nameOf(request);
  const listenerId = request.source_config?.listener_id ?? null;
  if (listenerId === null) throw await listenerRequired(services.database, principal.workspaceId);
  refuseSourceFields(request.source_config ?? {}, 'create');
  const draft = draftRevision(request, null);
  const owner = ListenerId.parse(listenerId);
  return changeInTurn(services.database, owner, async (transaction) => {
    const listener = await raiseListenerVersion(transaction, owner, principal.workspaceId);
    const namespace = namespaceOf(listener, request.source_config?.listener_config?.k8s_namespace ?? null);
    const at = services.now();
    const revisionId = newRevisionId();
    const deployment = rowOf({ principal, request, name, listener, namespace, revisionId, at });
    const requester = requesterOf(principal);
    const kept = { previous: null, keptSecretSetId: null, copyOf: null };
    const first = { id: revisionId, ...kept, draft, requester, at };
    const addition = { listener, deployment, ...first, origin: 'created' };
    const { revision, secretSet, statements } = addRevision(transaction, services, addition);
    const { sequence: _, ...inserted } = deployment;
    const detail = { name: deployment.name, namespace, listenerId, revisionId, image: revision.imageUri };
    await changeTogether(transaction, [
      transaction.insert(deployments).values(inserted),
      ...statements,
      auditEntry(transaction, principal, 'deployment.create', targetOf(deployment), detail),
    ]).catch((error: unknown) => refuseTakenName(error, deployment));
    return { deployment, revision, listener, secretSet };
  });
}

function nameOf({ name, agent }: CreateRequest): DeploymentName {
  if (name !== undefined) return name;
  if (agent === undefined || agent === null) {
    throw new Refusal(422, [{ loc: ['body', 'name'], msg: 'Field required', type: 'missing' }]);
  }
  throw new Refusal(
    400,
    "'agent' is not supported: this control plane has no agents and environments. Give the deployment a name instead " +
      '(langgraph deploy --name <name>)',
  );
}

function refuseTakenName(error: unknown, { name }: DeploymentRow): never {
  if (!violates(error, 'deployments_name')) throw error;
  throw new Refusal(409, `Deployment with name '${name}' already exists in this workspace.`);
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

function rowOf({ principal, request, name, listener, namespace, revisionId, at }: NewDeployment): DeploymentRow {
  return {
    id: DeploymentId.parse(randomUUID()),
    // Given by the database; nobody reads it from here.
    sequence: 0,
    workspaceId: principal.workspaceId,
    listenerId: listener.id,
    namespace,
    name,
    displayName: request.display_name ?? null,
    status: 'AWAITING_DATABASE',
    latestRevisionId: revisionId,
    activeRevisionId: null,
    customUrl: request.source_config?.custom_url ?? null,
    reportedUrl: null,
    deletionRequester: null,
    deletionRequestedAt: null,
    lastRemovalReport: null,
    lastReport: null,
    goneAt: null,
    forced: false,
    listenerVersion: listener.changeVersion,
    createdAt: at,
    updatedAt: at,
  };
}

interface NewDeployment {
  readonly principal: WorkspacePrincipal;
  readonly request: CreateRequest;
  readonly name: DeploymentName;
  readonly listener: ListenerRow;
  readonly namespace: NamespaceName;
  readonly revisionId: RevisionId;
  readonly at: Date;
}
