/** Workspaces: made and renamed with the admin key. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { WorkspaceId } from '../../../domain/identifiers.ts';
import {
  createWorkspace,
  findWorkspace,
  listWorkspaces,
  renameWorkspace,
  type WorkspaceRow,
} from '../../access/workspaces.ts';
import { Refusal } from '../../refusal.ts';
import { creationCursor } from '../../store/creation-order.ts';
import { pages } from '../listed.ts';
import { refuseInvalid } from '../problems.ts';
import { words } from '../requests.ts';
import { requireAdmin, requirePerson, type TowpathEnv } from './access.ts';
import { answers, body, Name, security, tags } from './openapi.ts';
import { CreationCursor, limit, NextCursor } from './paging.ts';
import type { TowpathServices } from './services.ts';

const Workspace = z.object({ id: WorkspaceId, name: z.string(), created_at: z.string(), updated_at: z.string() });
const WorkspaceBody = z.strictObject({ name: Name });

const workspacePath = { path: '/towpath/v1/workspaces', tags, security } as const;
const oneWorkspace = { ...workspacePath, path: '/towpath/v1/workspaces/{id}' } as const;
const workspaceParameters = z.object({ id: WorkspaceId });

const listRoute = createRoute({
  ...workspacePath,
  method: 'get',
  summary: 'All workspaces, the oldest first; with a workspace key, its own',
  request: { query: z.object({ name: words(), limit: limit(1000), cursor: CreationCursor }) },
  responses: answers(200, z.object({ workspaces: z.array(Workspace), next_cursor: NextCursor }), [401, 403], pages),
});

const makeRoute = createRoute({
  ...workspacePath,
  method: 'post',
  summary: 'Make a workspace (admin key)',
  request: { body: body(WorkspaceBody) },
  responses: answers(201, Workspace, [401, 403, 409, 413, 415]),
});

const readRoute = createRoute({
  ...oneWorkspace,
  method: 'get',
  summary: 'One workspace',
  request: { params: workspaceParameters },
  responses: answers(200, Workspace, [401, 403, 404]),
});

const renameRoute = createRoute({
  ...oneWorkspace,
  method: 'patch',
  summary: 'Rename a workspace (admin key)',
  request: { params: workspaceParameters, body: body(WorkspaceBody) },
  responses: answers(200, Workspace, [401, 403, 404, 409, 413, 415]),
});

export function workspaceRoutes(services: TowpathServices) {
  const { database } = services;
  return new OpenAPIHono<TowpathEnv>({ defaultHook: refuseInvalid })
    .openapi(listRoute, async (context) => {
      const { workspaceId } = requirePerson(context);
      const question = { id: workspaceId ?? undefined, ...context.req.valid('query') };
      const { rows, last } = await listWorkspaces(database, question);
      return context.json({ workspaces: rows.map(workspaceOf), next_cursor: last && creationCursor(last) }, 200);
    })
    .openapi(makeRoute, async (context) => {
      const principal = requireAdmin(context);
      const made = await createWorkspace(services, principal, context.req.valid('json').name);
      return context.json(workspaceOf(made), 201);
    })
    .openapi(readRoute, async (context) => {
      const { id } = context.req.valid('param');
      const { workspaceId } = requirePerson(context);
      if (workspaceId !== null && workspaceId !== id) throw new Refusal(404, `Workspace ID ${id} not found.`);
      return context.json(workspaceOf(await findWorkspace(database, id)), 200);
    })
    .openapi(renameRoute, async (context) => {
      const principal = requireAdmin(context);
      const { id } = context.req.valid('param');
      const renamed = await renameWorkspace(services, principal, id, context.req.valid('json').name);
      return context.json(workspaceOf(renamed), 200);
    });
}

function workspaceOf({ id, name, createdAt, updatedAt }: WorkspaceRow) {
  return { id, name, created_at: createdAt.toISOString(), updated_at: updatedAt.toISOString() };
}
