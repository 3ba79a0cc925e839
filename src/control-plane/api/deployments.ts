/** `/v2/deployments`: create, list, read, change and delete. */
import { createRoute, z } from '@hono/zod-openapi';
import { DeploymentId } from '../../domain/identifiers.ts';
import { patchDeployment } from '../orchestration/change-deployment.ts';
import { createDeployment } from '../orchestration/create-deployment.ts';
import { deleteDeployment, deleteDeployments } from '../orchestration/delete-deployment.ts';
import { deploymentStatuses } from '../orchestration/status.ts';
import type { WorkspacePrincipal } from '../principal.ts';
import { type DeploymentDetail, findDetail } from '../store/deployments.ts';
import { type DeploymentFilters, listDeployments } from '../store/list-deployments.ts';
import { noteSecrets } from './calls.ts';
import { apiRouter, body, json, refused, security } from './context.ts';
import { linePerItem, wholePages } from './listed.ts';
import { DeploymentPath, flag, list, Paging, words } from './requests.ts';
import { Deployment, DeploymentCreateRequest, DeploymentPatchRequest } from './schemas.ts';
import type { TowpathServices } from './towpath/services.ts';
import { deploymentView, listedDeploymentView } from './views.ts';

const tags = ['Deployments (v2)'];

const listing = createRoute({
  method: 'get',
  path: '/v2/deployments',
  tags,
  security,
  summary: 'List the deployments of the workspace, newest first, without the values of their secrets',
  request: {
    query: Paging.extend({
      name: words(),
      name_contains: words(),
      status: list(z.enum(deploymentStatuses)),
      remote_reconciled: flag(),
      tag_value_ids: words(),
      image_version: words(),
      deployment_type: list(z.string()),
      deployment_ids: list(DeploymentId),
      agent_id: words(),
      agent_environment: words(),
    }),
  },
  responses: {
    200: {
      ...json(z.object({ resources: z.array(Deployment), offset: z.number().int() }).openapi('DeploymentsList'), ''),
      ...wholePages,
    },
    401: refused[401],
    403: refused[403],
    422: refused[422],
  },
});

const creation = createRoute({
  method: 'post',
  path: '/v2/deployments',
  tags,
  security,
  summary: 'Create a deployment with its first revision; the source must be external_docker',
  request: { body: body(DeploymentCreateRequest) },
  responses: { 201: json(Deployment, 'Created'), ...refused },
});

const freeCount = createRoute({
  method: 'get',
  path: '/v2/deployments/free-count',
  tags,
  security,
  summary: 'How many free deployments there are: none, since nothing here is billed',
  responses: {
    200: json(z.object({ count: z.number().int() }).openapi('FreeDeploymentsCount'), 'The count'),
    401: refused[401],
    403: refused[403],
  },
});

const reading = createRoute({
  method: 'get',
  path: '/v2/deployments/{deployment_id}',
  tags,
  security,
  summary: 'Read a deployment, the values of its secrets included',
  request: { params: DeploymentPath },
  responses: { 200: json(Deployment, 'The deployment'), ...refused },
});

const change = createRoute({
  method: 'patch',
  path: '/v2/deployments/{deployment_id}',
  tags,
  security,
  summary: 'Change a deployment; makes a revision unless only display_name or custom_url are given',
  request: { params: DeploymentPath, body: body(DeploymentPatchRequest) },
  responses: { 200: json(Deployment, 'Changed'), ...refused },
});

const deletion = createRoute({
  method: 'delete',
  path: '/v2/deployments/{deployment_id}',
  tags,
  security,
  summary: 'Delete softly: AWAITING_DELETE until the listener has taken everything down, then 404',
  request: {
    params: DeploymentPath,
    query: z.object({
      force: flag().openapi({ description: 'end what already awaits its deletion, without any clean-up' }),
      delete_tracing_project: flag().openapi({ description: 'taken and without effect: there are none here' }),
    }),
  },
  responses: { 204: { description: 'Accepted' }, ...refused },
});

const BulkResult = z
  .object({
    results: z.array(z.object({ deployment_id: z.string(), status: z.number().int(), detail: z.string().nullable() })),
  })
  .openapi('BulkDeleteResult');

const bulkDeletion = createRoute({
  method: 'delete',
  path: '/v2/deployments',
  tags,
  security,
  summary: 'Delete up to 100 deployments softly',
  request: {
    query: z.object({
      deployment_ids: z
        .union([z.string(), z.array(z.string())])
        .transform((ids) => [ids].flat().flatMap((part) => part.split(',')))
        .pipe(z.array(DeploymentId).min(1).max(100))
        .openapi({ type: 'array', items: { type: 'string', format: 'uuid' }, maxItems: 100 }),
    }),
  },
  responses: {
    200: { ...json(BulkResult, 'All accepted'), ...linePerItem },
    207: json(BulkResult, 'Some accepted; the others say why not'),
    401: refused[401],
    403: refused[403],
    404: refused[404],
    422: refused[422],
  },
});

export function deploymentRoutes(services: TowpathServices) {
  const view = (principal: WorkspacePrincipal, detail: DeploymentDetail) => {
    noteSecrets(services, principal, [detail]);
    return deploymentView(detail, services.secretBox, services.now());
  };
  return apiRouter()
    .openapi(listing, async (context) => {
      const { limit, offset, ...query } = context.req.valid('query');
      const principal = context.get('principal');
      const page = { limit, offset };
      const found = await listDeployments(services.database, principal.workspaceId, filtersOf(query), page);
      const resources = found.map((one) => listedDeploymentView(one, services.secretBox, services.now()));
      return context.json({ resources, offset: offset + resources.length }, 200);
    })
    .openapi(creation, async (context) => {
      const principal = context.get('principal');
      const detail = await createDeployment(services, principal, context.req.valid('json'));
      return context.json(view(principal, detail), 201);
    })
    .openapi(freeCount, (context) => context.json({ count: 0 }, 200))
    .openapi(reading, async (context) => {
      const { deployment_id } = context.req.valid('param');
      const principal = context.get('principal');
      const detail = await findDetail(services.database, principal.workspaceId, deployment_id);
      return context.json(view(principal, detail), 200);
    })
    .openapi(change, async (context) => {
      const principal = context.get('principal');
      const { deployment_id } = context.req.valid('param');
      const detail = await patchDeployment(services, principal, deployment_id, context.req.valid('json'));
      return context.json(view(principal, detail), 200);
    })
    .openapi(deletion, async (context) => {
      const { deployment_id } = context.req.valid('param');
      const force = context.req.valid('query').force ?? false;
      await deleteDeployment(services, context.get('principal'), deployment_id, { force });
      return context.body(null, 204);
    })
    .openapi(bulkDeletion, async (context) => {
      const ids = context.req.valid('query').deployment_ids;
      const results = await deleteDeployments(services, context.get('principal'), ids);
      return context.json(...bulkAnswer(results));
    });
}

type ListingQuery = Omit<z.output<typeof listing.request.query>, 'limit' | 'offset'>;

function filtersOf(query: ListingQuery): DeploymentFilters {
  // Every deployment here is of type prod, reconciled by a listener, and without tags and agents.
  const none =
    query.remote_reconciled === false ||
    [query.tag_value_ids, query.agent_id, query.agent_environment].some((filter) => filter !== undefined) ||
    query.deployment_type?.includes('prod') === false;
  return {
    name: query.name,
    nameContains: query.name_contains,
    statuses: query.status,
    imageVersion: query.image_version,
    ids: query.deployment_ids,
    none,
  };
}

/** Where nothing could be deleted, the first reason is the answer. */
function bulkAnswer(outcomes: Awaited<ReturnType<typeof deleteDeployments>>) {
  const refusals = outcomes.flatMap(({ refusal }) => refusal ?? []);
  if (refusals[0] && refusals.length === outcomes.length) throw refusals[0];
  const results = outcomes.map(({ id, refusal }) => ({
    deployment_id: id,
    status: refusal?.status ?? 204,
    detail: refusal?.message ?? null,
  }));
  return [{ results }, refusals.length === 0 ? (200 as const) : (207 as const)] as const;
}
