/** Changes a deployment: by PATCH, by a revision of its own, or by deploying an old revision once more. */
import { eq } from 'drizzle-orm';
import type { DeploymentId, RevisionId } from '../../domain/identifiers.ts';
import { revisionName } from '../../domain/revision-name.ts';
import { audit, auditEntry } from '../audit.ts';
import { requesterOf, type WorkspacePrincipal } from '../principal.ts';
import { Refusal } from '../refusal.ts';
import { tryOpenSecretSet } from '../secrets/secret-sets.ts';
import type { SecretBox, Services } from '../services.ts';
import { type DeploymentDetail, findRevision, lockDetail } from '../store/deployments.ts';
import type { Transaction } from '../store/open-database.ts';
import type { DeploymentRow, RevisionRow, SecretSetRow } from '../store/rows.ts';
import { deployments } from '../store/schema.ts';
import { changeTogether } from '../store/together.ts';
import { changeDeploymentInTurn } from '../store/turns.ts';
import { addRevision, newRevisionId } from './add-revision.ts';
import type { SecretValue } from './environment.ts';
import { lockForChange, refuseWhileDeleting, targetOf } from './locking.ts';
import type { PatchRequest, RevisionRequest } from './requests.ts';
import { draftRevision, makesRevision, type RevisionDraft } from './revision-draft.ts';
import { refuseImmutable, refuseOtherSources, refuseSourceFields } from './source-rules.ts';
import { isFinished } from './status.ts';
import { keepingStorage, laidDownStorage, withStorage } from './storage-rule.ts';

/** Makes a revision where the request says anything that belongs to one; else only the deployment's own fields. */
export async function patchDeployment(
  services: Services,
  principal: WorkspacePrincipal,
  id: DeploymentId,
  request: PatchRequest,
): Promise<DeploymentDetail> {
  const revises = makesRevision(request);
  return changeDeploymentInTurn(services.database, principal.workspaceId, id, async (transaction) => {
    const lock = revises ? lockForChange : lockDetail;
    const locked = await lock(transaction, principal.workspaceId, id);
    const { deployment } = locked;
    refuseWhileDeleting(deployment);
    if (request.revision_source) refuseOtherSources(request.revision_source);
    refuseImmutable(request, deployment);
    refuseSourceFields(request.source_config ?? {}, 'change');
    const changed = await changeFields(transaction, deployment, request, services.now());
    if (changed) await audit(transaction, principal, 'deployment.update', targetOf(deployment), changed.audited);
    const now = { ...locked, deployment: changed?.deployment ?? deployment };
    return revises ? revise(transaction, services, principal, now, request) : now;
  });
}

/** Always makes a revision, even of the same specification. */
export async function createRevision(
  services: Services,
  principal: WorkspacePrincipal,
  id: DeploymentId,
  request: RevisionRequest,
): Promise<DeploymentDetail> {
  return changeDeploymentInTurn(services.database, principal.workspaceId, id, async (transaction) => {
    const locked = await lockForChange(transaction, principal.workspaceId, id);
    refuseWhileDeleting(locked.deployment);
    refuseSourceFields(request.source_config ?? {}, 'change');
    return revise(transaction, services, principal, locked, request);
  });
}

/**
 * A new revision of an old one's specification, secrets included: deploying again and rolling back are the same thing.
 * Only what has finished can be deployed again, since what is still on its way would be overtaken by itself.
 */
export async function redeploy(
  services: Services,
  principal: WorkspacePrincipal,
  id: DeploymentId,
  revisionId: RevisionId,
): Promise<void> {
  await changeDeploymentInTurn(services.database, principal.workspaceId, id, async (transaction) => {
    const locked = await lockForChange(transaction, principal.workspaceId, id);
    refuseWhileDeleting(locked.deployment);
    const old = await findRevision(transaction, id, revisionId);
    if (!isFinished(old.status)) {
      throw new Refusal(
        400,
        `Cannot redeploy ${revisionName(old)}: it is still ${old.status}. Wait until it has finished, or interrupt it`,
      );
    }
    const isRollback = old.number < locked.revision.number;
    const origin = isRollback
      ? `created as a rollback to ${revisionName(old)}`
      : `redeployed from ${revisionName(old)}`;
    const draft = copyOf(old);
    const resourceSpec = withStorage(draft.resourceSpec, await laidDownStorage(transaction, id));
    await addAudited(transaction, services, principal, locked, {
      draft: { ...draft, resourceSpec },
      origin,
      keptSecretSetId: old.secretSetId,
      copyOf: old.id,
    });
  });
}

async function revise(
  transaction: Transaction,
  services: Services,
  principal: WorkspacePrincipal,
  locked: DeploymentDetail,
  request: RevisionRequest,
): Promise<DeploymentDetail> {
  const { revision: row, secretSet } = locked;
  const drafted = draftRevision(request, {
    row,
    secretNames: secretSet?.names ?? [],
    openSecrets: () => openedOrNull(services.secretBox, secretSet),
  });
  const laidDown = await laidDownStorage(transaction, locked.deployment.id);
  const draft = { ...drafted, resourceSpec: keepingStorage(drafted.resourceSpec, laidDown) };
  const addition = { draft, origin: 'created', keptSecretSetId: row.secretSetId, copyOf: null };
  const added = await addAudited(transaction, services, principal, locked, addition);
  return { ...locked, ...added, secretSet: added.secretSet ?? secretSet, warnings: draft.warnings };
}

/** What nobody can open is replaced by whatever is given instead. */
function openedOrNull(secretBox: SecretBox, set: SecretSetRow | null): readonly SecretValue[] | null {
  const opened = set === null ? [] : tryOpenSecretSet(secretBox, set);
  return 'problem' in opened ? null : opened;
}

interface Audited {
  readonly draft: RevisionDraft;
  readonly origin: string;
  readonly keptSecretSetId: string | null;
  readonly copyOf: RevisionId | null;
}

async function addAudited(
  transaction: Transaction,
  services: Services,
  principal: WorkspacePrincipal,
  { deployment, listener, revision: previous }: DeploymentDetail,
  addition: Audited,
): Promise<Pick<DeploymentDetail, 'deployment' | 'revision' | 'secretSet'>> {
  const at = services.now();
  const { revision, secretSet, statements } = addRevision(transaction, services, {
    ...{ ...addition, deployment, listener, previous, at },
    id: newRevisionId(),
    requester: requesterOf(principal),
  });
  const isLatest = { latestRevisionId: revision.id, listenerVersion: listener.changeVersion, updatedAt: at };
  await changeTogether(transaction, [
    ...statements,
    transaction.update(deployments).set(isLatest).where(eq(deployments.id, deployment.id)),
    auditEntry(transaction, principal, 'revision.create', targetOf(deployment), {
      revisionId: revision.id,
      number: revision.number,
      origin: addition.origin,
      image: revision.imageUri,
      secretsChanged: addition.draft.secrets.kind === 'replace',
    }),
  ]);
  return { deployment: { ...deployment, ...isLatest }, revision, secretSet };
}

interface ChangedFields {
  readonly deployment: DeploymentRow;
  readonly audited: Record<string, string>;
}

/** Answers what changed, or null. */
async function changeFields(
  transaction: Transaction,
  deployment: DeploymentRow,
  request: PatchRequest,
  at: Date,
): Promise<ChangedFields | null> {
  const displayName = request.display_name ?? deployment.displayName;
  const customUrl = askedUrl(request, deployment) ?? deployment.customUrl;
  const changed = {
    ...(displayName === deployment.displayName || displayName === null ? {} : { displayName }),
    ...(customUrl === deployment.customUrl || customUrl === null ? {} : { customUrl }),
  };
  if (Object.keys(changed).length === 0) return null;
  await transaction
    .update(deployments)
    .set({ ...changed, updatedAt: at })
    .where(eq(deployments.id, deployment.id));
  return { deployment: { ...deployment, ...changed, updatedAt: at }, audited: changed };
}

/** A client that sends back the URL that the listener reported has not chosen one. */
function askedUrl(request: PatchRequest, deployment: DeploymentRow): string | null {
  const asked = request.source_config?.custom_url ?? null;
  return asked === deployment.reportedUrl ? null : asked;
}

function copyOf(old: RevisionRow): RevisionDraft {
  return {
    image: { uri: old.imageUri, version: old.imageVersion },
    resourceSpec: old.resourceSpec,
    buildSettings: old.buildSettings,
    secretReferences: old.secretReferences,
    secrets: { kind: 'keep' },
    warnings: [],
  };
}
