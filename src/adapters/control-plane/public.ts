/** What mirror mode reads of LangSmith's public v2 API: only the fields that are used, all checked. */
import { z } from 'zod';
import { TowpathError } from '../../domain/failure.ts';
import { DeploymentId, ListenerId, NamespaceName, RevisionId, WorkspaceId } from '../../domain/identifiers.ts';
import type { Requester } from '../../domain/requester.ts';
import { SecretReference, type Specification } from '../../domain/specification.ts';
import { AnsweredResourceSpec } from './answers.ts';
import type { Call, ControlPlaneClient } from './client.ts';

const Secret = z.object({ name: z.string(), value: z.string() });

export const PublicDeployment = z.object({
  id: DeploymentId,
  name: z.string(),
  tenant_id: WorkspaceId,
  source: z.string(),
  status: z.string(),
  updated_at: z.string(),
  latest_revision_id: RevisionId.nullish(),
  secrets: z.array(Secret).nullish(),
  secret_references: z.array(SecretReference).nullish(),
  source_config: z.object({
    listener_id: ListenerId.nullish(),
    listener_config: z.object({ k8s_namespace: NamespaceName }).nullish().catch(null),
    custom_url: z.string().nullish(),
    resource_spec: z.unknown(),
  }),
});
export type PublicDeployment = z.infer<typeof PublicDeployment>;

const PublicRevision = z.object({
  id: RevisionId,
  status: z.string(),
  created_at: z.string(),
  source_revision_config: z.object({ image_uri: z.string().nullish() }).nullish(),
});
type PublicRevision = z.infer<typeof PublicRevision>;

const pageSize = 100;

/** The listener's own deployments, read page by page; one that moves between pages while we read comes twice. */
export async function listDeployments(
  client: ControlPlaneClient,
  listenerId: ListenerId,
  signal: AbortSignal,
  onUnreadable: (problems: readonly string[]) => void,
): Promise<readonly PublicDeployment[]> {
  const found = new Map<DeploymentId, PublicDeployment>();
  // Deployments of other kinds need not look like ours.
  const answer = z.object({ resources: z.array(z.unknown()) });
  for (let offset = 0; ; offset += pageSize) {
    const query = { limit: pageSize, offset };
    const page = await client.call({ purpose: 'list the deployments', path: '/v2/deployments', query, answer, signal });
    for (const resource of page.resources.filter((each) => isOurs(each, listenerId))) {
      const deployment = PublicDeployment.safeParse(resource);
      if (deployment.success) found.set(deployment.data.id, deployment.data);
      else onUnreadable(deployment.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.code}`));
    }
    if (page.resources.length < pageSize) return [...found.values()];
  }
}

export async function latestRevision(
  client: ControlPlaneClient,
  id: DeploymentId,
  signal: AbortSignal,
): Promise<PublicRevision | undefined> {
  const answer = z.object({ resources: z.array(PublicRevision) });
  const purpose = `read the latest revision of deployment ${id}`;
  const page = await client.call({
    purpose,
    path: `/v2/deployments/${id}/revisions`,
    query: { limit: 1 },
    answer,
    signal,
  });
  return page.resources[0];
}

/** The deployment, as long as this revision is its latest: the API keeps no older settings. */
export async function readRevision(
  client: ControlPlaneClient,
  deploymentId: DeploymentId,
  revisionId: RevisionId,
): Promise<{ readonly deployment: PublicDeployment; readonly revision: PublicRevision }> {
  const purpose = `read revision ${revisionId}`;
  const path = `/v2/deployments/${deploymentId}`;
  const deployment = await client.call<PublicDeployment>({
    purpose,
    path,
    answer: PublicDeployment,
  } satisfies Call<PublicDeployment>);
  const revision = await client.call<PublicRevision>({
    purpose,
    path: `${path}/revisions/${revisionId}`,
    answer: PublicRevision,
  });
  if (deployment.latest_revision_id === revisionId) return { deployment, revision };
  const message = `Cannot read revision ${revisionId}: deployment ${deployment.name} has a newer one, which is taken instead`;
  throw new TowpathError('transient', 'Superseded', message);
}

/** Throws one terminal TowpathError that names every field that does not fit. */
export function specificationOf(
  { deployment, revision }: { readonly deployment: PublicDeployment; readonly revision: PublicRevision },
  secretsVersion: string | null,
  host: string,
): Specification {
  const { source_config: source } = deployment;
  const image = revision.source_revision_config?.image_uri;
  const resourceSpec = AnsweredResourceSpec.safeParse(source.resource_spec ?? {});
  const problems = [
    ...(resourceSpec.error?.issues ?? []).map((issue) => `resource_spec.${issue.path.join('.')}: ${issue.message}`),
    ...(image ? [] : ['source_revision_config.image_uri: missing']),
    ...(source.listener_id && source.listener_config ? [] : ['source_config.listener_config: missing']),
  ];
  if (!resourceSpec.success || !source.listener_id || !source.listener_config || problems.length > 0) {
    const why = problems.join('; ');
    throw new TowpathError('terminal', 'InvalidSpecification', `Cannot take revision ${revision.id}: ${why}`);
  }
  return {
    deployment: {
      id: deployment.id,
      name: deployment.name as Specification['deployment']['name'],
      workspaceId: deployment.tenant_id,
      listenerId: source.listener_id,
      namespace: source.listener_config.k8s_namespace,
      customUrl: source.custom_url ?? null,
    },
    // The public API does not say who asked.
    revision: {
      id: revision.id,
      createdAt: revision.created_at,
      requester: unknownRequester(host),
      number: null,
      rollbackTo: null,
    },
    image: image ?? '',
    resourceSpec: resourceSpec.data,
    secretNames: Object.keys(valuesOf(deployment)).sort(),
    secretsVersion,
    secretReferences: deployment.secret_references ?? [],
  };
}

function unknownRequester(host: string): Requester {
  return { name: host, email: `unknown@${host}`, proof: 'unknown', key: null };
}

export function valuesOf(deployment: PublicDeployment): Readonly<Record<string, string>> {
  return Object.fromEntries((deployment.secrets ?? []).map(({ name, value }) => [name, value]));
}

const Owned = z.object({ source: z.literal('external_docker'), source_config: z.object({ listener_id: ListenerId }) });

function isOurs(resource: unknown, listenerId: ListenerId): boolean {
  const owned = Owned.safeParse(resource);
  return owned.success && owned.data.source_config.listener_id === listenerId;
}
