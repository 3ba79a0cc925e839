/** The table of what was done, read and refused. */
import { sql } from 'drizzle-orm';
import { bigserial, index, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import type { WorkspaceId } from '../../domain/identifiers.ts';
import type { StoredRequester } from '../../domain/requester.ts';
import { time } from './columns.ts';

/**
 * Every change, every reading of secret values and every call that was refused, with the key that made it. Append-only: a
 * trigger refuses UPDATE, DELETE and TRUNCATE.
 */
export const audit = pgTable(
  'audit',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    at: time('at').notNull().defaultNow(),
    workspaceId: uuid('workspace_id').$type<WorkspaceId>(),
    /** Null for what the control plane did by itself. */
    keyId: uuid('key_id'),
    /** Name, e-mail and maker of the key at that time: a key may be gone when somebody asks. */
    actor: jsonb('actor').$type<StoredRequester>(),
    /** Where the request came from: the other end of its connection. */
    address: text('address'),
    /** What a proxy, or the caller himself, says of it: X-Forwarded-For, as it came. */
    forwardedFor: text('forwarded_for'),
    /** The answer's X-Request-Id. */
    requestId: text('request_id'),
    /** `deployment.create`, `key.revoke`: noun and verb. */
    action: text('action').notNull(),
    outcome: text('outcome').$type<'done' | 'refused'>().notNull().default('done'),
    targetKind: text('target_kind').notNull(),
    targetId: text('target_id').notNull(),
    /** What changed; never a secret's value. */
    detail: jsonb('detail').$type<Readonly<Record<string, unknown>>>().notNull(),
  },
  // One for each filter of `GET /towpath/v1/audit`, whose pages go from the newest entry back.
  (table) => [
    index('audit_workspace').on(table.workspaceId, table.id),
    index('audit_target').on(table.targetId, table.id),
    index('audit_key').on(table.keyId, table.id),
    index('audit_action').on(table.action.op('text_pattern_ops'), table.id),
    index('audit_outcome').on(table.outcome, table.id).where(sql`${table.outcome} <> 'done'`),
    index('audit_at').on(table.at),
  ],
);
