/** The deploy log, in the three forms in which clients ask for it; there are no build logs, since nothing is built. */
import { createRoute, z } from '@hono/zod-openapi';
import type { DeploymentId, RevisionId } from '../../domain/identifiers.ts';
import { readLog } from '../orchestration/read-log.ts';
import type { WorkspacePrincipal } from '../principal.ts';
import type { Services } from '../services.ts';
import type { LogPage } from '../store/list-logs.ts';
import { apiRouter, body, json, refused, security } from './context.ts';
import { pages } from './listed.ts';
import { instant, ProjectPath, ProjectRevisionPath, RevisionPath, wholeNumber, words } from './requests.ts';
import { LogEntry } from './schemas.ts';

const levels = z.enum(['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL']);
const order = z.enum(['asc', 'desc']);

const LogsResponse = z.object({ logs: z.array(LogEntry), next_offset: z.string().nullable() }).openapi('LogsResponse');

const DeploymentLogsList = z
  .object({ items: z.array(LogEntry), next_cursor: z.string().nullable() })
  .openapi('DeploymentLogsList');

/** The id of a line; what is none points behind the last one. */
const cursor = () =>
  z
    .string()
    .regex(/^(?:[0-9]{1,15})?$/, 'expected the next_offset of an earlier answer')
    .transform((text) => (text === '' ? undefined : Number(text)))
    .nullish()
    .openapi({ type: 'string', maxLength: 15 });

const filters = { start_time: instant(), end_time: instant(), query: words(), run_id: words() };

const revisionLogs = createRoute({
  method: 'get',
  path: '/v2/deployments/{deployment_id}/revisions/{revision_id}/logs',
  tags: ['Logs'],
  security,
  summary: 'Read the log of a revision',
  request: {
    params: RevisionPath,
    query: z.object({
      type: z.enum(['build', 'deploy']),
      order: order.default('asc'),
      limit: wholeNumber(1, 1000, 50),
      offset: cursor(),
      level: levels.optional(),
      ...filters,
    }),
  },
  responses: { 200: { ...json(LogsResponse, ''), ...pages }, ...refused },
});

const deploymentLogs = createRoute({
  method: 'get',
  path: '/v2/deployment-logs',
  tags: ['Logs'],
  security,
  summary: 'Read the log of a deployment',
  request: {
    query: z.object({
      deployment_id: RevisionPath.shape.deployment_id,
      revision_id: RevisionPath.shape.revision_id.optional(),
      log_type: z.enum(['BUILD', 'DEPLOY']).default('DEPLOY'),
      sort_order: order.default('asc'),
      page_size: wholeNumber(1, 100, 20),
      cursor: cursor(),
      level: levels.optional(),
      ...filters,
    }),
  },
  responses: {
    200: { ...json(DeploymentLogsList, ''), ...pages },
    ...refused,
  },
});

const V1LogsRequest = z
  .object({
    limit: z.number().int().min(1).max(1_000_000).nullish(),
    order: order.nullish(),
    offset: cursor(),
    level: levels.nullish(),
    query: z.string().max(500).nullish(),
    start_time: instant().nullish(),
    end_time: instant().nullish(),
  })
  .openapi('V1LogsRequest');

const v1 = { method: 'post' as const, tags: ['Logs (v1)'], security };
const v1Answer = { 200: { ...json(LogsResponse, ''), ...pages }, ...refused };

const projectDeployLogs = createRoute({
  ...v1,
  path: '/v1/projects/{project_id}/deploy_logs',
  summary: 'Read the log of a deployment',
  request: { params: ProjectPath, body: body(V1LogsRequest) },
  responses: v1Answer,
});

const revisionDeployLogs = createRoute({
  ...v1,
  path: '/v1/projects/{project_id}/revisions/{revision_id}/deploy_logs',
  summary: 'Read the log of a revision',
  request: { params: ProjectRevisionPath, body: body(V1LogsRequest) },
  responses: v1Answer,
});

const revisionBuildLogs = createRoute({
  ...v1,
  path: '/v1/projects/{project_id}/revisions/{revision_id}/build_logs',
  summary: 'Always empty: nothing is built here',
  request: { params: ProjectRevisionPath, body: body(V1LogsRequest) },
  responses: v1Answer,
});

interface Question {
  readonly deploymentId: DeploymentId;
  readonly revisionId?: RevisionId | undefined;
  readonly order?: 'asc' | 'desc' | null | undefined;
  readonly limit?: number | null | undefined;
  readonly after?: number | null | undefined;
  readonly level?: string | null | undefined;
  readonly query?: string | null | undefined;
  readonly run_id?: string | undefined;
  readonly start_time?: Date | null | undefined;
  readonly end_time?: Date | null | undefined;
  /** Builds and runs of an agent have no log here. */
  readonly build: boolean;
}

async function answer(services: Services, principal: WorkspacePrincipal, question: Question) {
  const page = await readLog(services, principal, {
    deploymentId: question.deploymentId,
    revisionId: question.revisionId,
    order: question.order ?? 'asc',
    limit: Math.min(question.limit ?? 50, 1000),
    after: question.after ?? undefined,
    level: question.level ?? undefined,
    containing: question.query || undefined,
    from: question.start_time ?? undefined,
    until: question.end_time ?? undefined,
    none: question.build || question.run_id !== undefined,
  });
  return answerOf(page);
}

export function logRoutes(services: Services) {
  return apiRouter()
    .openapi(revisionLogs, async (context) => {
      const { deployment_id, revision_id } = context.req.valid('param');
      const { type, offset, ...query } = context.req.valid('query');
      const ids = { deploymentId: deployment_id, revisionId: revision_id };
      const question = { ...query, ...ids, after: offset, build: type === 'build' };
      return context.json(await answer(services, context.get('principal'), question), 200);
    })
    .openapi(deploymentLogs, async (context) => {
      const {
        deployment_id,
        revision_id,
        log_type,
        sort_order,
        page_size,
        cursor: after,
        ...query
      } = context.req.valid('query');
      const ids = { deploymentId: deployment_id, revisionId: revision_id };
      const page = { order: sort_order, limit: page_size, after, build: log_type === 'BUILD' };
      const { logs, next_offset } = await answer(services, context.get('principal'), { ...query, ...ids, ...page });
      return context.json({ items: logs, next_cursor: next_offset }, 200);
    });
}

/** What every CLI still uses. */
export function v1LogRoutes(services: Services) {
  return apiRouter()
    .openapi(projectDeployLogs, async (context) => {
      const { project_id } = context.req.valid('param');
      const { offset, ...query } = context.req.valid('json');
      const question = { ...query, deploymentId: project_id, after: offset, build: false };
      return context.json(await answer(services, context.get('principal'), question), 200);
    })
    .openapi(revisionDeployLogs, async (context) => {
      const { project_id, revision_id } = context.req.valid('param');
      const { offset, ...query } = context.req.valid('json');
      const question = { ...query, deploymentId: project_id, revisionId: revision_id, after: offset, build: false };
      return context.json(await answer(services, context.get('principal'), question), 200);
    })
    .openapi(revisionBuildLogs, async (context) => {
      const { project_id, revision_id } = context.req.valid('param');
      const question = { deploymentId: project_id, revisionId: revision_id, build: true };
      return context.json(await answer(services, context.get('principal'), question), 200);
    });
}

function answerOf({ lines, next }: LogPage): z.infer<typeof LogsResponse> {
  const logs = lines.map(({ id, at, level, message }) => ({
    id: String(id),
    timestamp: at.getTime(),
    level,
    message,
  }));
  return { logs, next_offset: next === null ? null : String(next) };
}
