/** The tables of the control plane; the same on PGlite and on Postgres. `npx drizzle-kit generate --config .github/scripts/drizzle.config.ts --name <what>` makes migrations. */
import { sql } from 'drizzle-orm';
import {
  type AnyPgColumn,
  bigint,
  bigserial,
  boolean,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import type {
  DeploymentId,
  DeploymentName,
  ListenerId,
  NamespaceName,
  RevisionId,
  WorkspaceId,
} from '../../domain/identifiers.ts';
import type { LaneReport, LastReport, Outcome, RemovalReport, Stage } from '../../domain/report.ts';
import type { IdentityProof, StoredRequester } from '../../domain/requester.ts';
import type { ResourceSpec } from '../../domain/resource-spec.ts';
import type { SecretReference } from '../../domain/specification.ts';
import type { DeploymentStatus, RevisionStatus } from '../orchestration/status.ts';
import { createdAt, time, updatedAt } from './columns.ts';

export { audit } from './audit-schema.ts';

/** The fields of a revision that only hosted builds use, as LangSmith names them. */
export interface BuildSettings {
  readonly repo_ref?: string;
  readonly langgraph_config_path?: string;
  readonly source_tarball_path?: string;
  readonly install_command?: string;
  readonly build_command?: string;
}

/** A listener's reports that were refused: since when, when last, and why. */
export interface ReportRefusal {
  /** ISO 8601, both. */
  readonly since: string;
  readonly at: string;
  readonly message: string;
}

/** What a listener reported and nobody keeps: when last, and why. */
export interface DroppedReports {
  /** ISO 8601. */
  readonly at: string;
  readonly message: string;
}

/** One row: the epoch changes when a database is restored or made anew, and voids every cursor. */
export const instance = pgTable('instance', {
  id: integer('id').primaryKey().default(1),
  epoch: uuid('epoch').notNull().defaultRandom(),
  createdAt: createdAt(),
});

export const workspaces = pgTable('workspaces', {
  id: uuid('id').$type<WorkspaceId>().primaryKey().defaultRandom(),
  name: text('name').notNull().unique(),
  createdAt: createdAt(),
  updatedAt: updatedAt(),
});

export const listeners = pgTable(
  'listeners',
  {
    id: uuid('id').$type<ListenerId>().primaryKey().defaultRandom(),
    sequence: bigserial('sequence', { mode: 'number' }).notNull(),
    workspaceId: uuid('workspace_id')
      .$type<WorkspaceId>()
      .notNull()
      .references(() => workspaces.id),
    computeType: text('compute_type').notNull(),
    computeId: text('compute_id').notNull(),
    namespaces: jsonb('namespaces').$type<readonly NamespaceName[]>().notNull(),
    /** What the listener says of itself: the version of its program. */
    version: text('version'),
    /** Raised, under this row's lock, in the same transaction as the change that it announces. */
    changeVersion: bigint('change_version', { mode: 'number' }).notNull().default(0),
    /** The highest Lease term that has reported; a lower one is refused. */
    term: bigint('term', { mode: 'number' }).notNull().default(0),
    /** Why its last reports were refused, for its owner to see; null while they are taken. */
    reportRefusal: jsonb('report_refusal').$type<ReportRefusal>(),
    /** For its owner to see, until the namespaces change. */
    droppedReports: jsonb('dropped_reports').$type<DroppedReports>(),
    lastSeenAt: time('last_seen_at'),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [uniqueIndex('listeners_compute').on(table.workspaceId, table.computeId)],
);

export const apiKeys = pgTable(
  'api_keys',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    kind: text('kind').$type<'admin' | 'workspace' | 'listener'>().notNull(),
    /** Null for an admin key. */
    workspaceId: uuid('workspace_id')
      .$type<WorkspaceId>()
      .references(() => workspaces.id),
    /** Set for a listener key only; the key goes with its listener. */
    listenerId: uuid('listener_id')
      .$type<ListenerId>()
      .references(() => listeners.id, { onDelete: 'cascade' }),
    name: text('name').notNull(),
    email: text('email').notNull(),
    /** The first characters, for people who look for a key in a list. */
    prefix: text('prefix').notNull(),
    hash: text('hash').notNull().unique(),
    /** The key that made it and is revoked with all that it made; null: the control plane itself did. */
    madeBy: uuid('made_by').references((): AnyPgColumn => apiKeys.id, { onDelete: 'set null' }),
    /** Why name and e-mail may be believed. */
    proof: text('proof').$type<IdentityProof>().notNull().default('self-declared'),
    createdAt: createdAt(),
    lastUsedAt: time('last_used_at'),
    /** Null: it does not expire. */
    expiresAt: time('expires_at'),
    revokedAt: time('revoked_at'),
  },
  (table) => [index('api_keys_workspace').on(table.workspaceId), index('api_keys_made_by').on(table.madeBy)],
);

/** What a deployment says beside its revisions. Rows stay for ever; `goneAt` ends them. */
export const deployments = pgTable(
  'deployments',
  {
    id: uuid('id').$type<DeploymentId>().primaryKey().defaultRandom(),
    sequence: bigserial('sequence', { mode: 'number' }).notNull(),
    workspaceId: uuid('workspace_id')
      .$type<WorkspaceId>()
      .notNull()
      .references(() => workspaces.id),
    /** No foreign key: history outlives a listener; live deployments keep theirs by rule, under its row's lock. */
    listenerId: uuid('listener_id').$type<ListenerId>().notNull(),
    namespace: text('namespace').$type<NamespaceName>().notNull(),
    name: text('name').$type<DeploymentName>().notNull(),
    displayName: text('display_name'),
    status: text('status').$type<DeploymentStatus>().notNull(),
    latestRevisionId: uuid('latest_revision_id').$type<RevisionId>(),
    /** Moves on success only. */
    activeRevisionId: uuid('active_revision_id').$type<RevisionId>(),
    /** Set by a client. */
    customUrl: text('custom_url'),
    /** Where the listener says that the agent answers. */
    reportedUrl: text('reported_url'),
    /** Who asked for the deletion, and when; null while the deployment is wanted. */
    deletionRequester: jsonb('deletion_requester').$type<StoredRequester>(),
    deletionRequestedAt: time('deletion_requested_at'),
    lastRemovalReport: jsonb('last_removal_report').$type<RemovalReport>(),
    /** The listener's own last word about any revision of this deployment. */
    lastReport: jsonb('last_report').$type<LastReport>(),
    goneAt: time('gone_at'),
    /** True where it went by `force=true`, without anything being taken out of the cluster. */
    forced: boolean('forced').notNull().default(false),
    /** The listener's changeVersion at the last change of this deployment. */
    listenerVersion: bigint('listener_version', { mode: 'number' }).notNull(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    uniqueIndex('deployments_name').on(table.workspaceId, table.name).where(sql`${table.goneAt} is null`),
    index('deployments_listing').on(table.workspaceId, table.sequence),
    index('deployments_desired').on(table.listenerId, table.listenerVersion),
  ],
);

/** Immutable sets of secret values; the row's id is the `secretsVersion`. */
export const secretSets = pgTable(
  'secret_sets',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    deploymentId: uuid('deployment_id')
      .$type<DeploymentId>()
      .notNull()
      .references(() => deployments.id),
    /** Sorted; the values are in `sealed` only. */
    names: jsonb('names').$type<readonly string[]>().notNull(),
    /** Which encryption key closes it; rotation looks for the others. */
    keyId: text('key_id').notNull(),
    sealed: text('sealed').notNull(),
    createdAt: createdAt(),
  },
  (table) => [index('secret_sets_deployment').on(table.deploymentId), index('secret_sets_key').on(table.keyId)],
);

export const revisions = pgTable(
  'revisions',
  {
    id: uuid('id').$type<RevisionId>().primaryKey().defaultRandom(),
    deploymentId: uuid('deployment_id')
      .$type<DeploymentId>()
      .notNull()
      .references(() => deployments.id),
    /** 1, 2, 3 … within its deployment. */
    number: integer('number').notNull(),
    status: text('status').$type<RevisionStatus>().notNull(),
    stage: text('stage').$type<Stage>().notNull(),
    outcome: text('outcome').$type<Outcome>().notNull(),
    reason: text('reason').notNull(),
    message: text('message').notNull(),
    commit: text('commit'),
    pullRequest: text('pull_request'),
    imageUri: text('image_uri').notNull(),
    /** The image's tag; null where it is named by digest only. */
    imageVersion: text('image_version'),
    /** What a client said about building: kept and answered, without an effect, since nothing is built here. */
    buildSettings: jsonb('build_settings').$type<BuildSettings>().notNull().default({}),
    resourceSpec: jsonb('resource_spec').$type<ResourceSpec>().notNull(),
    secretReferences: jsonb('secret_references').$type<readonly SecretReference[]>().notNull(),
    /** Null without secrets. */
    secretSetId: uuid('secret_set_id').references(() => secretSets.id),
    /** The revision that was deployed once more with this one; null where it says something of its own. */
    copyOf: uuid('copy_of').$type<RevisionId>(),
    requester: jsonb('requester').$type<StoredRequester>().notNull(),
    interrupted: boolean('interrupted').notNull().default(false),
    lastReport: jsonb('last_report').$type<LastReport>(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    /** When it became DEPLOYED, failed, was skipped or interrupted; a late success moves it. */
    finishedAt: time('finished_at'),
  },
  (table) => [uniqueIndex('revisions_number').on(table.deploymentId, table.number)],
);

/** What happened to a revision, stage by stage: the deploy log that clients read. */
export const revisionLogs = pgTable(
  'revision_logs',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    deploymentId: uuid('deployment_id')
      .$type<DeploymentId>()
      .notNull()
      .references(() => deployments.id),
    revisionId: uuid('revision_id')
      .$type<RevisionId>()
      .notNull()
      .references(() => revisions.id),
    /** By the control plane's clock, so that lines are in the order of their times. */
    at: time('at').notNull().defaultNow(),
    /** By the listener's clock: tells a report from its copy. Null for what no listener reported. */
    reportedAt: time('reported_at'),
    level: text('level').$type<'INFO' | 'WARNING' | 'ERROR'>().notNull(),
    stage: text('stage').$type<Stage>(),
    message: text('message').notNull(),
  },
  (table) => [
    index('revision_logs_deployment').on(table.deploymentId, table.id),
    index('revision_logs_revision').on(table.revisionId, table.id),
  ],
);

/** The last lane report of each repository that a listener writes. */
export const lanes = pgTable(
  'lanes',
  {
    listenerId: uuid('listener_id')
      .$type<ListenerId>()
      .notNull()
      .references(() => listeners.id, { onDelete: 'cascade' }),
    namespace: text('namespace').$type<NamespaceName>().notNull(),
    report: jsonb('report').$type<LaneReport>().notNull(),
    updatedAt: updatedAt(),
  },
  (table) => [primaryKey({ columns: [table.listenerId, table.namespace] })],
);
