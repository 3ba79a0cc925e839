/** Reads the append-only record of changes, newest first. */

import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { and, desc, eq, gte, inArray, like, lt, ne } from 'drizzle-orm';
import { WorkspaceId } from '../../../domain/identifiers.ts';
import { InstantText } from '../../../domain/instant.ts';
import { Requester } from '../../../domain/requester.ts';
import { columnsWithout } from '../../store/columns.ts';
import { pageOf, readFitting, rowsToFind, storedBytes } from '../../store/list-room.ts';
import { audit } from '../../store/schema.ts';
import { documented } from '../documented.ts';
import { pages } from '../listed.ts';
import { refuseInvalid } from '../problems.ts';
import { requirePerson, type TowpathEnv } from './access.ts';
import { answers, security, tags } from './openapi.ts';
import { limit, NextCursor } from './paging.ts';
import type { TowpathServices } from './services.ts';

const Entry = z.object({
  id: z.number().int(),
  at: z.string(),
  workspace_id: WorkspaceId.nullable(),
  /** Null for what the control plane did by itself. */
  key_id: z.string().nullable(),
  actor: documented('Requester', Requester).nullable(),
  /** Where the request came from: the other end of its connection, which may be a proxy. */
  address: z.string().nullable(),
  /** X-Forwarded-For, as it came: the caller can write it. */
  forwarded_for: z.string().nullable(),
  request_id: z.string().nullable(),
  action: z.string(),
  outcome: z.enum(['done', 'refused']),
  target: z.object({ kind: z.string(), id: z.string() }),
  detail: z.record(z.string(), z.unknown()),
});

const route = createRoute({
  method: 'get',
  path: '/towpath/v1/audit',
  tags,
  security,
  summary: 'Who changed what, read which secrets and was refused which calls, with which key; the newest first',
  request: {
    query: z.object({
      /** `deployment.create`, or `deployment.` for all of a noun. */
      action: z.string().max(100).optional(),
      target_id: z.string().max(100).optional(),
      key_id: z.guid().optional(),
      outcome: z.enum(['done', 'refused']).optional(),
      since: InstantText.optional(),
      until: InstantText.optional(),
      /** `next_cursor` of the page before. */
      cursor: z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER).optional(),
      limit: limit(100),
    }),
  },
  responses: answers(200, z.object({ entries: z.array(Entry), next_cursor: NextCursor }), [401, 403], pages),
});

export function auditRoutes({ database, trail }: TowpathServices) {
  return new OpenAPIHono<TowpathEnv>({ defaultHook: refuseInvalid }).openapi(route, async (context) => {
    const principal = requirePerson(context);
    const asked = context.req.valid('query');
    await trail.flush();
    const { id, detail } = audit;
    const found = await database
      .select({ ...columnsWithout(audit, 'detail'), bytes: storedBytes(detail) })
      .from(audit)
      .where(
        and(
          principal.workspaceId === null ? undefined : eq(audit.workspaceId, principal.workspaceId),
          asked.action === undefined ? undefined : actionIs(asked.action),
          asked.target_id === undefined ? undefined : eq(audit.targetId, asked.target_id),
          asked.key_id === undefined ? undefined : eq(audit.keyId, asked.key_id),
          asked.outcome === undefined ? undefined : outcomeIs(asked.outcome),
          asked.since === undefined ? undefined : gte(audit.at, new Date(asked.since)),
          asked.until === undefined ? undefined : lt(audit.at, new Date(asked.until)),
          asked.cursor === undefined ? undefined : lt(audit.id, asked.cursor),
        ),
      )
      .orderBy(desc(audit.id))
      .limit(rowsToFind(asked.limit));
    const { rows, last } = pageOf(found, asked.limit);
    const details = await readFitting(rows, (ids) =>
      database.select({ id, detail }).from(audit).where(inArray(id, ids)),
    );
    const entries = rows.map((row) => entryOf({ ...row, detail: details.get(row.id)?.detail ?? {} }));
    return context.json({ entries, next_cursor: last && String(last.id) }, 200);
  });
}

/** Written so that the index of what was refused is used. */
function outcomeIs(outcome: 'done' | 'refused') {
  return outcome === 'done' ? eq(audit.outcome, outcome) : and(ne(audit.outcome, 'done'), eq(audit.outcome, outcome));
}

function actionIs(action: string) {
  return action.endsWith('.') ? like(audit.action, `${action.replace(/[\\%_]/g, '\\$&')}%`) : eq(audit.action, action);
}

function entryOf(row: typeof audit.$inferSelect) {
  return {
    id: row.id,
    at: row.at.toISOString(),
    workspace_id: row.workspaceId,
    key_id: row.keyId,
    actor: row.actor && Requester.parse(row.actor),
    address: row.address,
    forwarded_for: row.forwardedFor,
    request_id: row.requestId,
    action: row.action,
    outcome: row.outcome,
    target: { kind: row.targetKind, id: row.targetId },
    detail: row.detail,
  };
}
