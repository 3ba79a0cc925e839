/** What the control plane wants of one listener. Absence means nothing: a removal is said aloud. */
import { z } from 'zod';
import { DeploymentId, DeploymentName, ListenerId, NamespaceName, RevisionId, WorkspaceId } from './identifiers.ts';
import { LastReport } from './report.ts';
import { Requester } from './requester.ts';

const common = {
  deploymentId: DeploymentId,
  name: DeploymentName,
  namespace: NamespaceName,
  /** Null until this deployment was first reported on. */
  lastReport: LastReport.nullable(),
};

export const Present = z.object({
  kind: z.literal('present'),
  ...common,
  revisionId: RevisionId,
  /** 1, 2, 3 … within its deployment; null where the control plane does not count. */
  revisionNumber: z.number().int().positive().nullable().default(null),
  secretsVersion: z.string().nullable(),
  /** True after `interrupt`: nothing more is published for this revision; what is committed stays. */
  interrupted: z.boolean(),
});
export type Present = z.infer<typeof Present>;

export const Removed = z.object({
  kind: z.literal('removed'),
  ...common,
  /** Who asked for the removal, and when (ISO 8601); null where the control plane does not tell. */
  request: z.object({ requester: Requester, at: z.string() }).nullable(),
});
export type Removed = z.infer<typeof Removed>;

export const Desired = z.discriminatedUnion('kind', [Present, Removed]);
export type Desired = z.infer<typeof Desired>;

/** Whose key asked. An older control plane does not say; a kind of a later version is none that a listener knows. */
const CallerKind = z.enum(['listener', 'workspace', 'admin']);
const caller = z.union([CallerKind, z.string().transform(() => 'other' as const)]).optional();

/** One answer of `GET /towpath/v1/listeners/{id}/desired`. */
export const DesiredPage = z.object({
  /** Opaque; hand it back as `after`. Holds an epoch, so that a restored database is noticed. */
  cursor: z.string(),
  /** True where `after` was absent, unknown or of another epoch: this is the first page of a whole listing. */
  reset: z.boolean(),
  /** True where another page waits: ask again at once. */
  more: z.boolean(),
  items: z.array(Desired),
  caller,
});
export type DesiredPage = z.infer<typeof DesiredPage>;

/** `GET /towpath/v1/info`. */
export const ControlPlaneInfo = z.object({ version: z.string(), features: z.array(z.string()) });
export type ControlPlaneInfo = z.infer<typeof ControlPlaneInfo>;

/** `GET /towpath/v1/listeners/{id}`: what the control plane has written down about a listener. */
export const RegisteredListener = z.object({
  id: ListenerId,
  workspaceId: WorkspaceId,
  /** As people call it: `compute_id` of the public API. */
  name: z.string(),
  /** Where it may be deployed to. */
  namespaces: z.array(NamespaceName),
  /** Of its program, as it last said itself. */
  version: z.string().nullable(),
  lastSeenAt: z.string().nullable(),
  caller,
});
export type RegisteredListener = z.infer<typeof RegisteredListener>;
