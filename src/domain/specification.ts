/** Everything that one Revision says, but the secret values: what a listener renders from. */
import { z } from 'zod';
import { DeploymentId, DeploymentName, ListenerId, NamespaceName, RevisionId, WorkspaceId } from './identifiers.ts';
import { Requester } from './requester.ts';
import { ResourceSpec } from './resource-spec.ts';

export const SecretReference = z.object({ name: z.string(), secret_name: z.string(), secret_key: z.string() });
export type SecretReference = z.infer<typeof SecretReference>;

export const Specification = z.object({
  deployment: z.object({
    id: DeploymentId,
    name: DeploymentName,
    workspaceId: WorkspaceId,
    listenerId: ListenerId,
    namespace: NamespaceName,
    /** Set by a client; where it is null the listener reports the URL of the route. */
    customUrl: z.string().nullable(),
  }),
  revision: z.object({
    id: RevisionId,
    /** ISO 8601; the author's time in git. */
    createdAt: z.string(),
    requester: Requester,
    /** 1, 2, 3 … within its deployment; null where the control plane does not count. */
    number: z.number().int().positive().nullable().default(null),
    /** The older revision that it deploys once more; null where it is none of these. */
    rollbackTo: z.object({ id: RevisionId, number: z.number().int().positive().nullable() }).nullable().default(null),
  }),
  image: z.string(),
  resourceSpec: ResourceSpec,
  /** Names of the client's `secrets`, sorted; values come by a call of their own. */
  secretNames: z.array(z.string()),
  /** Changes whenever a secret's name or value does; null without secrets. */
  secretsVersion: z.string().nullable(),
  secretReferences: z.array(SecretReference),
});
export type Specification = z.infer<typeof Specification>;

/** `GET …/secrets`: values by name. Never logged, never written to git. */
export const SecretValues = z.object({
  secretsVersion: z.string().nullable(),
  values: z.record(z.string(), z.string()),
});
export type SecretValues = z.infer<typeof SecretValues>;
