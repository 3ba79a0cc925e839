/** API keys: all of them for the admin key, and those of a workspace for whoever holds a key of it. */

import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { and, eq, ne, type SQL } from 'drizzle-orm';
import { ListenerId, WorkspaceId } from '../../../domain/identifiers.ts';
import { InstantText } from '../../../domain/instant.ts';
import { IdentityProof } from '../../../domain/requester.ts';
import { createKey, type KeyRequest, type KeySummary, listKeys } from '../../access/keys.ts';
import { revokeKey } from '../../access/revoke-key.ts';
import { Refusal } from '../../refusal.ts';
import { creationCursor } from '../../store/creation-order.ts';
import { apiKeys } from '../../store/schema.ts';
import { pages } from '../listed.ts';
import { refuseInvalid } from '../problems.ts';
import { type Person, requirePerson, type TowpathEnv } from './access.ts';
import { answers, body, Name, refusals, security, tags } from './openapi.ts';
import { CreationCursor, limit, NextCursor } from './paging.ts';
import type { TowpathServices } from './services.ts';

const Key = z.object({
  id: z.guid(),
  kind: z.enum(['admin', 'workspace', 'listener']),
  workspace_id: WorkspaceId.nullable(),
  listener_id: ListenerId.nullable(),
  name: z.string(),
  email: z.string(),
  /** How the key begins. */
  prefix: z.string(),
  /** `admin`: an admin gave name and e-mail; `self-declared`: whoever made the key wrote them, and nobody checked. */
  proof: IdentityProof,
  /** The key that made it, and with which it is revoked; null: the control plane itself. */
  made_by: z.guid().nullable(),
  created_at: z.string(),
  last_used_at: z.string().nullable(),
  expires_at: z.string().nullable(),
  revoked_at: z.string().nullable(),
});
const KeyBody = z
  .strictObject({
    kind: z.enum(['admin', 'workspace', 'listener']),
    /** May be left out where the caller's key, or X-Tenant-Id, says it. */
    workspace_id: WorkspaceId.optional(),
    listener_id: ListenerId.optional(),
    name: Name,
    /** The author's address in commits, where an admin gives it. */
    email: z.email().max(200).optional(),
    /** No later than that of the caller's key, which counts where it is left out. */
    expires_at: InstantText.optional(),
  })
  .refine((body) => (body.kind === 'listener') === (body.listener_id !== undefined), {
    message: 'listener_id is needed for a listener key, and for no other',
    path: ['listener_id'],
  });

const keyPath = { path: '/towpath/v1/keys', tags, security } as const;

const listKeysRoute = createRoute({
  ...keyPath,
  method: 'get',
  summary: 'The keys of the workspace, or for the admin all, without their text; the oldest first',
  request: { query: z.object({ limit: limit(1000), cursor: CreationCursor }) },
  responses: answers(200, z.object({ keys: z.array(Key), next_cursor: NextCursor }), [401, 403], pages),
});

const createKeyRoute = createRoute({
  ...keyPath,
  method: 'post',
  summary: 'Make a key; its text is in this answer and nowhere else. A workspace key makes workspace keys only',
  request: { body: body(KeyBody) },
  responses: answers(201, Key.extend({ key: z.string() }), [401, 403, 404, 409, 413, 415]),
});

const revokeKeyRoute = createRoute({
  method: 'delete',
  path: '/towpath/v1/keys/{id}',
  tags,
  security,
  summary: 'Revoke a key and all that it made, at once and for good; a workspace key revokes itself and what it made',
  request: {
    params: z.object({ id: z.guid() }),
    /** `keep`, for the admin: what the key made stays valid. */
    query: z.object({ descendants: z.enum(['revoke', 'keep']).default('revoke') }),
  },
  responses: { 204: { description: 'Revoked' }, ...refusals([401, 403, 404, 409]) },
});

export function keyRoutes(services: TowpathServices) {
  const { database } = services;
  return new OpenAPIHono<TowpathEnv>({ defaultHook: refuseInvalid })
    .openapi(listKeysRoute, async (context) => {
      const { rows, last } = await listKeys(database, manageable(requirePerson(context)), context.req.valid('query'));
      return context.json({ keys: rows.map(keyOf), next_cursor: last && creationCursor(last) }, 200);
    })
    .openapi(createKeyRoute, async (context) => {
      const principal = requirePerson(context);
      const made = await createKey(services, principal, requestOf(principal, context.req.valid('json')));
      return context.json({ ...keyOf(made), key: made.key }, 201);
    })
    .openapi(revokeKeyRoute, async (context) => {
      const principal = requirePerson(context);
      const { id } = context.req.valid('param');
      const { descendants } = context.req.valid('query');
      await revokeKey(services, principal, { id, which: manageable(principal), descendants });
      return context.body(null, 204);
    });
}

/** An admin manages all keys, or those of the workspace that he names; others the keys of their workspace. */
function manageable({ kind, workspaceId }: Person): SQL | undefined {
  if (workspaceId === null) return undefined;
  return and(eq(apiKeys.workspaceId, workspaceId), kind === 'admin' ? undefined : ne(apiKeys.kind, 'admin'));
}

function requestOf(principal: Person, asked: z.infer<typeof KeyBody>): KeyRequest {
  const { kind, name, listener_id: listenerId = null } = asked;
  const email = asked.email ?? 'key@towpath.invalid';
  const expiresAt = asked.expires_at === undefined ? undefined : new Date(asked.expires_at);
  if (kind === 'admin') {
    if (principal.kind !== 'admin') throw new Refusal(403, 'Only the admin key can make admin keys.');
    return { kind, name, email, workspaceId: null, listenerId: null, expiresAt };
  }
  const workspaceId = asked.workspace_id ?? principal.workspaceId;
  if (workspaceId === null) throw new Refusal(400, 'workspace_id is required: say whose key it shall be.');
  if (principal.workspaceId !== null && principal.workspaceId !== workspaceId) {
    throw new Refusal(404, `Workspace ID ${workspaceId} not found.`);
  }
  return { kind, name, email, workspaceId, listenerId, expiresAt };
}

function keyOf(key: KeySummary) {
  const { id, kind, name, email, prefix } = key;
  return {
    id,
    kind,
    workspace_id: key.workspaceId,
    listener_id: key.listenerId,
    name,
    email,
    prefix,
    proof: key.proof,
    made_by: key.madeBy,
    created_at: key.createdAt.toISOString(),
    last_used_at: key.lastUsedAt?.toISOString() ?? null,
    expires_at: key.expiresAt?.toISOString() ?? null,
    revoked_at: key.revokedAt?.toISOString() ?? null,
  };
}
