/** Revisions of a deployment: list, read, create, deploy again, interrupt. */
import { createRoute, z } from '@hono/zod-openapi';
import { keptWarning } from '../orchestration/add-revision.ts';
import { createRevision, redeploy } from '../orchestration/change-deployment.ts';
import { interruptRevision } from '../orchestration/interrupt-revision.ts';
import { revisionStatuses } from '../orchestration/status.ts';
import { findDetail, findRevision } from '../store/deployments.ts';
import { listRevisions } from '../store/list-deployments.ts';
import { noteSecrets } from './calls.ts';
import { apiRouter, body, json, refused, security } from './context.ts';
import { wholePages } from './listed.ts';
import { DeploymentPath, flag, list, Paging, ProjectRevisionPath, RevisionPath } from './requests.ts';
import { Deployment, Revision, RevisionCreateRequest } from './schemas.ts';
import type { TowpathServices } from './towpath/services.ts';
import { deploymentView, revisionView } from './views.ts';

const tags = ['Revisions (v2)'];

const listing = createRoute({
  method: 'get',
  path: '/v2/deployments/{deployment_id}/revisions',
  tags,
  security,
  summary: 'List the revisions of a deployment, newest first',
  request: {
    params: DeploymentPath,
    query: Paging.extend({ status: list(z.enum(revisionStatuses)), remote_reconciled: flag() }),
  },
  responses: {
    200: {
      ...json(z.object({ resources: z.array(Revision), offset: z.number().int() }).openapi('RevisionsList'), ''),
      ...wholePages,
    },
    ...refused,
  },
});

const creation = createRoute({
  method: 'post',
  path: '/v2/deployments/{deployment_id}/revisions',
  tags,
  security,
  summary: 'Create a revision, always; what is not given stays as the latest revision has it',
  request: { params: DeploymentPath, body: body(RevisionCreateRequest) },
  responses: { 201: json(Revision, 'Created'), ...refused },
});

const reading = createRoute({
  method: 'get',
  path: '/v2/deployments/{deployment_id}/revisions/{revision_id}',
  tags,
  security,
  summary: 'Read a revision',
  request: { params: RevisionPath },
  responses: { 200: json(Revision, 'The revision'), ...refused },
});

const redeployment = createRoute({
  method: 'post',
  path: '/v2/deployments/{deployment_id}/revisions/{revision_id}/redeploy',
  tags,
  security,
  summary: 'Deploy a finished revision once more, as a new revision of the same specification',
  request: { params: RevisionPath },
  responses: { 200: json(Deployment, 'A new revision was made'), ...refused },
});

const interruption = createRoute({
  method: 'post',
  path: '/v1/projects/{project_id}/revisions/{revision_id}/interrupt',
  tags: ['Revisions (v1)'],
  security,
  summary: 'Stop a revision that is on its way; what is committed stays',
  request: { params: ProjectRevisionPath },
  responses: { 200: json(Revision, 'Interrupted'), ...refused },
});

export function revisionRoutes(services: TowpathServices) {
  const { database, secretBox, now } = services;
  return apiRouter()
    .openapi(listing, async (context) => {
      const { deployment_id } = context.req.valid('param');
      const { status, remote_reconciled, ...page } = context.req.valid('query');
      const { listener } = await findDetail(database, context.get('principal').workspaceId, deployment_id);
      const rows = remote_reconciled === false ? [] : await listRevisions(database, deployment_id, status, page);
      const resources = rows.map((row) => revisionView(row, listener, now()));
      return context.json({ resources, offset: page.offset + resources.length }, 200);
    })
    .openapi(creation, async (context) => {
      const { deployment_id } = context.req.valid('param');
      const principal = context.get('principal');
      const asked = context.req.valid('json');
      const { revision, listener, warnings = [] } = await createRevision(services, principal, deployment_id, asked);
      return context.json({ ...revisionView(revision, listener, now()), warnings: warnings.map(keptWarning) }, 201);
    })
    .openapi(reading, async (context) => {
      const { deployment_id, revision_id } = context.req.valid('param');
      const { listener } = await findDetail(database, context.get('principal').workspaceId, deployment_id);
      const revision = await findRevision(database, deployment_id, revision_id);
      return context.json(revisionView(revision, listener, now()), 200);
    })
    .openapi(redeployment, async (context) => {
      const { deployment_id, revision_id } = context.req.valid('param');
      const principal = context.get('principal');
      await redeploy(services, principal, deployment_id, revision_id);
      const detail = await findDetail(database, principal.workspaceId, deployment_id);
      noteSecrets(services, principal, [detail]);
      return context.json(deploymentView(detail, secretBox, now()), 200);
    })
    .openapi(interruption, async (context) => {
      const { project_id, revision_id } = context.req.valid('param');
      const principal = context.get('principal');
      await interruptRevision(services, principal, project_id, revision_id);
      const { listener } = await findDetail(database, principal.workspaceId, project_id);
      const revision = await findRevision(database, project_id, revision_id);
      return context.json(revisionView(revision, listener, now()), 200);
    });
}
