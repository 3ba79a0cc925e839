/** Calls that clients of hosted builds make: answered with what to do instead. */
import { createRoute } from '@hono/zod-openapi';
import { refuseOtherSources } from '../orchestration/source-rules.ts';
import { Refusal } from '../refusal.ts';
import type { Services } from '../services.ts';
import { findDeployment } from '../store/deployments.ts';
import { apiRouter, refused, security } from './context.ts';
import { DeploymentPath } from './requests.ts';

const post = { method: 'post' as const, tags: ['Deployments (v2)'], security, request: { params: DeploymentPath } };

const pushToken = createRoute({
  ...post,
  path: '/v2/deployments/{deployment_id}/push-token',
  summary: 'Always refused: this control plane has no registry',
  responses: refused,
});

const uploadUrl = createRoute({
  ...post,
  path: '/v2/deployments/{deployment_id}/upload-url',
  summary: 'Always refused: this control plane builds nothing',
  responses: refused,
});

export function unsupportedRoutes({ database }: Services) {
  return apiRouter()
    .openapi(pushToken, async (context) => {
      await findDeployment(database, context.get('principal').workspaceId, context.req.valid('param').deployment_id);
      throw new Refusal(
        400,
        "push token is only available for 'internal_docker' source deployments: push the image to a registry of your " +
          "own and deploy it with source 'external_docker' (langgraph deploy --image-uri <image>@sha256:<digest>)",
      );
    })
    .openapi(uploadUrl, async (context) => {
      await findDeployment(database, context.get('principal').workspaceId, context.req.valid('param').deployment_id);
      return refuseOtherSources('internal_source') as never;
    });
}
