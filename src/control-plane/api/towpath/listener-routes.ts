/** The calls that a listener makes: what is desired, what a revision says, what became of it. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { eq } from 'drizzle-orm';
import { ControlPlaneInfo, DesiredPage, RegisteredListener } from '../../../domain/desired.ts';
import { DeploymentId, ListenerId, NamespaceName, RevisionId } from '../../../domain/identifiers.ts';
import { LaneReport, ReportBatch } from '../../../domain/report.ts';
import { SecretValues, Specification } from '../../../domain/specification.ts';
import { watchKey } from '../../access/key-watch.ts';
import { recordReports } from '../../orchestration/record-reports.ts';
import { resetTerm } from '../../orchestration/terms.ts';
import { Refusal } from '../../refusal.ts';
import { heartbeat } from '../../store/heartbeat.ts';
import { listLanes } from '../../store/list-lanes.ts';
import { listeners } from '../../store/schema.ts';
import { readSecretValues, readSpecification } from '../../store/specification.ts';
import { documented } from '../documented.ts';
import { linePerItem, pages } from '../listed.ts';
import { refuseInvalid } from '../problems.ts';
import { requireAdmin, requireListener, requireListenerReader, type TowpathEnv, visibleDeployment } from './access.ts';
import { waitForPage } from './long-poll.ts';
import { answers, security, tags } from './openapi.ts';
import { limit, NextCursor } from './paging.ts';
import { seats } from './seats.ts';
import type { TowpathServices } from './services.ts';

const listenerParameters = z.object({ id: ListenerId });
const revisionParameters = z.object({ id: DeploymentId, rid: RevisionId });

const listenerRoute = createRoute({
  method: 'get',
  path: '/towpath/v1/listeners/{id}',
  tags,
  security,
  summary: 'How the listener is registered; no heartbeat',
  request: { params: listenerParameters },
  responses: answers(200, documented('RegisteredListener', RegisteredListener), [401, 403, 404]),
});

const desiredRoute = createRoute({
  method: 'get',
  path: '/towpath/v1/listeners/{id}/desired',
  tags,
  security,
  summary: 'What changed since the cursor; waits for a change, and counts as the heartbeat',
  request: {
    params: listenerParameters,
    query: z.object({
      after: z.string().max(1000).optional(),
      wait: z.coerce.number().min(0).max(60).default(0),
    }),
  },
  responses: answers(200, documented('DesiredPage', DesiredPage), [401, 403, 404], pages),
});

const reportsRoute = createRoute({
  method: 'post',
  path: '/towpath/v1/listeners/{id}/reports',
  tags,
  security,
  summary: 'What became of revisions, removals and repositories; may be sent again',
  request: {
    params: listenerParameters,
    body: { content: { 'application/json': { schema: ReportBatch } }, required: true },
  },
  responses: answers(
    200,
    z.object({ ignored: z.array(z.object({ index: z.number().int(), why: z.string() })) }),
    [401, 403, 404, 409, 413, 415],
    linePerItem,
  ),
});

const resetTermRoute = createRoute({
  method: 'post',
  path: '/towpath/v1/listeners/{id}/reset-term',
  tags,
  security,
  summary: 'Let any term report again (admin key): after leaderElection was turned off, or a Lease was made anew',
  request: { params: listenerParameters },
  responses: answers(200, z.object({ term: z.number().int(), previous_term: z.number().int() }), [401, 403, 404]),
});

const lanesRoute = createRoute({
  method: 'get',
  path: '/towpath/v1/listeners/{id}/lanes',
  tags,
  security,
  summary: 'How each repository of the listener is, by namespace',
  request: {
    params: listenerParameters,
    query: z.object({ cursor: NamespaceName.clone().optional(), limit: limit(1000) }),
  },
  responses: answers(200, z.object({ lanes: z.array(LaneReport), next_cursor: NextCursor }), [401, 403, 404], pages),
});

const specificationRoute = createRoute({
  method: 'get',
  path: '/towpath/v1/deployments/{id}/revisions/{rid}/spec',
  tags,
  security,
  summary: 'All that a revision says, but the secret values',
  request: { params: revisionParameters },
  responses: answers(200, documented('Specification', Specification), [401, 403, 404]),
});

const secretsRoute = createRoute({
  method: 'get',
  path: '/towpath/v1/deployments/{id}/revisions/{rid}/secrets',
  tags,
  security,
  summary: 'The secret values, for the listener of the deployment only',
  request: { params: revisionParameters },
  responses: answers(200, SecretValues, [401, 403, 404]),
});

/** Of one listener; a replica needs one. */
const mostPolls = 50;

export function listenerRoutes(services: TowpathServices) {
  const { database } = services;
  const beat = heartbeat(services);
  const polls = seats(mostPolls);
  return new OpenAPIHono<TowpathEnv>({ defaultHook: refuseInvalid })
    .openapi(listenerRoute, async (context) => {
      const { id } = context.req.valid('param');
      await requireListenerReader(context, database, id);
      const [found] = await database.select().from(listeners).where(eq(listeners.id, id));
      if (!found) throw new Refusal(404, `Listener ID ${id} not found.`);
      return context.json({ ...registered(found), caller: context.get('principal').kind }, 200);
    })
    .openapi(desiredRoute, async (context) => {
      const { id } = context.req.valid('param');
      const { after = null, wait } = context.req.valid('query');
      await requireListenerReader(context, database, id);
      if (context.get('principal').kind === 'listener') await beat(id);
      const { headers, signal } = context.req.raw;
      using _ = polls.take(id);
      using key = await watchKey(services, context.get('principal').keyId, headers);
      const aborted = AbortSignal.any([signal, key.revoked]);
      const page = await waitForPage(services, { listenerId: id, after, waitSeconds: wait, aborted });
      if (key.revoked.aborted) throw new Refusal(401, 'This API key was revoked.');
      if (page === null) throw new Refusal(404, `Listener ID ${id} not found.`);
      return context.json({ ...page, caller: context.get('principal').kind }, 200);
    })
    .openapi(reportsRoute, async (context) => {
      const { id } = context.req.valid('param');
      requireListener(context, id);
      const ignored = await recordReports(services, id, context.req.valid('json'));
      return context.json({ ignored: [...ignored] }, 200);
    })
    .openapi(resetTermRoute, async (context) => {
      const previous = await resetTerm(services, requireAdmin(context), context.req.valid('param').id);
      return context.json({ term: 0, previous_term: previous }, 200);
    })
    .openapi(lanesRoute, async (context) => {
      const { id } = context.req.valid('param');
      await requireListenerReader(context, database, id);
      const { cursor: after, limit } = context.req.valid('query');
      const { reports, next } = await listLanes(database, id, { after, limit });
      return context.json({ lanes: [...reports], next_cursor: next }, 200);
    })
    .route('/', revisionRoutes(services));
}

function registered(listener: typeof listeners.$inferSelect): RegisteredListener {
  const { id, workspaceId, computeId: name, namespaces, version, lastSeenAt } = listener;
  return { id, workspaceId, name, namespaces: [...namespaces], version, lastSeenAt: lastSeenAt?.toISOString() ?? null };
}

function revisionRoutes({ database, secretBox, trail }: TowpathServices) {
  return new OpenAPIHono<TowpathEnv>({ defaultHook: refuseInvalid })
    .openapi(specificationRoute, async (context) => {
      const { id, rid } = context.req.valid('param');
      const visible = visibleDeployment(context.get('principal'), id);
      const found = await readSpecification(database, visible, rid);
      return context.json(found ?? revisionNotFound(id, rid), 200);
    })
    .openapi(secretsRoute, async (context) => {
      const principal = context.get('principal');
      if (principal.kind !== 'listener') throw new Refusal(403, 'This call needs the key of the listener.');
      const { id, rid } = context.req.valid('param');
      const found = await readSecretValues(database, secretBox, visibleDeployment(principal, id), rid);
      if (found?.secretsVersion) trail.secretsRead(principal, [id]);
      return context.json(found ?? revisionNotFound(id, rid), 200);
    });
}

function revisionNotFound(id: DeploymentId, revisionId: RevisionId): never {
  throw new Refusal(404, `Revision ID ${revisionId} of deployment ID ${id} not found.`);
}

export const infoRoute = createRoute({
  method: 'get',
  path: '/towpath/v1/info',
  tags,
  summary: 'That this is a Towpath, and which; needs no key',
  responses: answers(200, ControlPlaneInfo, []),
});
