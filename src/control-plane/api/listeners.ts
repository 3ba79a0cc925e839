/** `/v2/listeners`: register, list, read, change and delete. */
import { createRoute, z } from '@hono/zod-openapi';
import { createListener, deleteListener, findListener, patchListener } from '../orchestration/listeners.ts';
import { Refusal } from '../refusal.ts';
import type { Services } from '../services.ts';
import { listListeners } from '../store/list-listeners.ts';
import { apiRouter, body, json, refused, security } from './context.ts';
import { wholePages } from './listed.ts';
import { ListenerPath, Paging } from './requests.ts';
import { Listener, ListenerCreateRequest, ListenerPatchRequest } from './schemas.ts';
import { listenerView } from './views.ts';

const tags = ['Listeners (v2)'];

const listing = createRoute({
  method: 'get',
  path: '/v2/listeners',
  tags,
  security,
  summary: 'List the listeners of the workspace, newest first',
  request: { query: Paging },
  responses: {
    200: {
      ...json(z.object({ resources: z.array(Listener), offset: z.number().int() }).openapi('ListenersList'), ''),
      ...wholePages,
    },
    401: refused[401],
    403: refused[403],
    422: refused[422],
  },
});

const creation = createRoute({
  method: 'post',
  path: '/v2/listeners',
  tags,
  security,
  summary: 'Register a listener; its compute_id is unique in the workspace',
  request: { body: body(ListenerCreateRequest) },
  responses: { 201: json(Listener, 'Registered'), ...refused },
});

const reading = createRoute({
  method: 'get',
  path: '/v2/listeners/{listener_id}',
  tags,
  security,
  summary: 'Read a listener',
  request: { params: ListenerPath },
  responses: { 200: json(Listener, 'The listener'), ...refused },
});

const change = createRoute({
  method: 'patch',
  path: '/v2/listeners/{listener_id}',
  tags,
  security,
  summary: 'Change the version or the namespaces of a listener; a namespace in use cannot be taken away',
  request: { params: ListenerPath, body: body(ListenerPatchRequest) },
  responses: { 200: json(Listener, 'Changed'), ...refused },
});

const deletion = createRoute({
  method: 'delete',
  path: '/v2/listeners/{listener_id}',
  tags,
  security,
  summary: 'Delete a listener that has no deployments',
  request: { params: ListenerPath },
  responses: { 204: { description: 'Deleted' }, ...refused },
});

export function listenerRoutes(services: Services) {
  return apiRouter()
    .openapi(listing, async (context) => {
      const page = context.req.valid('query');
      const rows = await listListeners(services.database, context.get('principal').workspaceId, page);
      const resources = rows.map((row) => listenerView(row, services.now()));
      return context.json({ resources, offset: page.offset + resources.length }, 200);
    })
    .openapi(creation, async (context) => {
      const { compute_id, compute_config, version } = context.req.valid('json');
      const namespaces = [...new Set(compute_config.k8s_namespaces ?? [])];
      const asked = { computeId: compute_id, namespaces, version: version ?? null };
      return context.json(
        listenerView(await createListener(services, context.get('principal'), asked), services.now()),
        201,
      );
    })
    .openapi(reading, async (context) => {
      const { workspaceId } = context.get('principal');
      const listener = await findListener(services.database, workspaceId, context.req.valid('param').listener_id);
      return context.json(listenerView(listener, services.now()), 200);
    })
    .openapi(change, async (context) => {
      const { listener_id } = context.req.valid('param');
      const asked = context.req.valid('json');
      const principal = context.get('principal');
      const present = await findListener(services.database, principal.workspaceId, listener_id);
      refuseImmutable(asked, { compute_type: present.computeType, compute_id: present.computeId });
      const given = asked.compute_config?.k8s_namespaces;
      const changes = { namespaces: given ? [...new Set(given)] : undefined, version: asked.version ?? undefined };
      return context.json(
        listenerView(await patchListener(services, principal, listener_id, changes), services.now()),
        200,
      );
    })
    .openapi(deletion, async (context) => {
      await deleteListener(services, context.get('principal'), context.req.valid('param').listener_id);
      return context.body(null, 204);
    });
}

/** What is said again as it is may be said. */
function refuseImmutable(
  asked: { readonly [field: string]: unknown },
  present: { readonly [field: string]: string },
): void {
  const changed = Object.entries(present).filter(([field, value]) => (asked[field] ?? value) !== value);
  if (changed.length === 0) return;
  throw new Refusal(400, changed.map(([field, value]) => `'${field}' cannot be changed: it is '${value}'`).join('; '));
}
