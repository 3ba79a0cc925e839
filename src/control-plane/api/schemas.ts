/** The bodies of LangSmith's v2 API, as requests are parsed and answers are documented. */
import { z } from '@hono/zod-openapi';
import { DeploymentName, NamespaceName } from '../../domain/identifiers.ts';
import { Outcome, Stage } from '../../domain/report.ts';
import { RequestedResources } from '../../domain/requested-resources.ts';
import { Requester } from '../../domain/requester.ts';
import { ResourceSpec } from '../../domain/resource-spec.ts';
import { webAddress } from '../../domain/web-address.ts';
import { deploymentSources } from '../orchestration/requests.ts';
import { deploymentStatuses, revisionStatuses } from '../orchestration/status.ts';
import { documented } from './documented.ts';

const id = () => z.guid().openapi({ format: 'uuid' });
const time = () => z.string().openapi({ format: 'date-time' });
const text = () => z.string().nullish();
const shortText = () => z.string().max(2048).nullish();

const ResourceSpecBody = documented('ResourceSpecRequest', RequestedResources);
/** As it is stored: what was taken before there were bounds is still answered. */
const StoredResources = documented('ResourceSpec', ResourceSpec);
const Source = z.enum(deploymentSources).openapi('DeploymentSource');
/** What was taken before there were bounds is still answered, so answers have none. */
const Secret = z.object({ name: z.string(), value: z.string() }).openapi('Secret');
const SecretReference = z
  .object({ name: z.string(), secret_name: z.string(), secret_key: z.string() })
  .openapi('SecretReference');
const SecretRequest = z
  .object({ name: z.string().max(253), value: z.string().max(1_000_000) })
  .openapi('SecretRequest');
const SecretReferenceRequest = z
  .object({ name: z.string().max(253), secret_name: z.string().max(253), secret_key: z.string().max(253) })
  .openapi('SecretReferenceRequest');

const CustomUrl = z
  .url({ protocol: /^https?$/ })
  .max(2048)
  .refine((text) => webAddress(text) !== null, 'expected an http or https address without a password');
const DisplayName = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\x00-\x1f\x7f-\x9f]*$/, 'control characters are not allowed');

const SourceConfigRequest = z
  .object({
    integration_id: z.guid().nullish(),
    repo_url: shortText(),
    // Each client has words of its own for hosted builds; all of them are refused, with what to do instead.
    deployment_type: z.string().max(100).nullish(),
    build_on_push: z.boolean().nullish(),
    custom_url: CustomUrl.nullish(),
    resource_spec: ResourceSpecBody.nullish(),
    listener_id: z.guid().nullish(),
    listener_config: z.object({ k8s_namespace: z.string().max(253).nullish() }).nullish(),
    install_command: shortText(),
    build_command: shortText(),
    template_id: shortText(),
  })
  .openapi('SourceConfigRequest');

const SourceRevisionConfigRequest = z
  .object({
    repo_ref: shortText(),
    langgraph_config_path: shortText(),
    image_uri: z.string().max(1024).nullish(),
    source_tarball_path: shortText(),
  })
  .openapi('SourceRevisionConfigRequest');

export const RevisionCreateRequest = z
  .object({
    source_config: SourceConfigRequest.nullish(),
    source_revision_config: SourceRevisionConfigRequest.nullish(),
    secrets: z.array(SecretRequest).max(1000).nullish(),
    secret_references: z.array(SecretReferenceRequest).max(500).nullish(),
  })
  .openapi('RevisionCreateRequest');

export const DeploymentPatchRequest = RevisionCreateRequest.extend({
  name: z.string().max(253).nullish(),
  source: z.string().max(100).nullish(),
  revision_source: z.string().max(100).nullish(),
  display_name: DisplayName.nullish(),
}).openapi('DeploymentPatchRequest');

export const DeploymentCreateRequest = RevisionCreateRequest.extend({
  // Needed, but a client that sends an agent instead is to hear why that does not do.
  name: DeploymentName.optional(),
  agent: z.unknown().optional().openapi({ description: 'refused: there are no agents here' }),
  source: Source,
  source_config: SourceConfigRequest,
  source_revision_config: SourceRevisionConfigRequest,
  display_name: DisplayName.nullish(),
}).openapi('DeploymentCreateRequest');

const SourceRevisionConfig = z
  .object({
    repo_ref: text(),
    langgraph_config_path: text(),
    image_uri: text(),
    source_tarball_path: text(),
    repo_commit_sha: text(),
  })
  .openapi('SourceRevisionConfig');

const SourceConfig = z
  .object({
    integration_id: id().nullable(),
    repo_url: text(),
    deployment_type: z.enum(['prod']),
    build_on_push: z.boolean(),
    custom_url: text(),
    resource_spec: StoredResources.nullable(),
    listener_id: id(),
    listener_config: z.object({ k8s_namespace: z.string() }),
    install_command: text(),
    build_command: text(),
  })
  .openapi('SourceConfig');

export const Deployment = z
  .object({
    name: z.string(),
    display_name: text(),
    source: Source,
    source_config: SourceConfig,
    source_revision_config: SourceRevisionConfig,
    secrets: z.array(Secret).openapi({ description: 'empty in lists; read the deployment itself for its values' }),
    secret_references: z
      .array(SecretReference)
      .optional()
      .openapi({ description: 'missing in a list that is long enough without it; so is resource_spec' }),
    secrets_problem: z.string().optional().openapi({ description: 'why its secrets cannot be read, and what to do' }),
    warnings: z
      .array(z.string())
      .optional()
      .openapi({ description: 'in the answer to a change: what was kept and would be refused if it were given today' }),
    id: id(),
    tenant_id: id(),
    created_at: time(),
    updated_at: time(),
    status: z.enum(deploymentStatuses).openapi('DeploymentStatus'),
    latest_revision_id: id().nullable(),
    active_revision_id: id().nullable(),
    image_version: text(),
    url: text(),
    latest_revision_status: z.enum(revisionStatuses),
    latest_revision_status_message: z.string(),
  })
  .openapi('Deployment');
export type Deployment = z.infer<typeof Deployment>;

/** What Towpath knows beside what LangSmith's clients read. */
const Progress = z
  .object({
    number: z.number().int(),
    stage: Stage,
    outcome: Outcome,
    reason: z.string(),
    message: z.string(),
    commit: z.string().nullable(),
    pull_request: z.string().nullable(),
    requester: documented('Requester', Requester),
    finished_at: time().nullable(),
  })
  .openapi('RevisionProgress');

export const Revision = z
  .object({
    id: id(),
    created_at: time(),
    updated_at: time(),
    status: z.enum(revisionStatuses).openapi('RevisionStatus'),
    status_message: z.string(),
    source: Source,
    source_revision_config: SourceRevisionConfig,
    towpath: Progress,
    warnings: z.array(z.string()).optional(),
  })
  .openapi('Revision');
export type Revision = z.infer<typeof Revision>;

const ComputeConfig = z
  .object({ k8s_namespaces: z.array(NamespaceName).max(1000).nullish() })
  .openapi('ListenerComputeConfig');

export const ListenerCreateRequest = z
  .object({
    compute_type: z.literal('k8s'),
    compute_id: z
      .string()
      .min(1)
      .max(200)
      .regex(/^[^\x00-\x1f\x7f-\x9f]*$/, 'control characters are not allowed'),
    compute_config: ComputeConfig,
    version: z.string().max(200).nullish(),
  })
  .openapi('ListenerCreateRequest');

export const ListenerPatchRequest = z
  .object({
    compute_type: z.string().max(200).nullish(),
    compute_id: z.string().max(200).nullish(),
    compute_config: ComputeConfig.nullish(),
    version: z.string().max(200).nullish(),
  })
  .openapi('ListenerPatchRequest');

export const Listener = z
  .object({
    id: id(),
    compute_type: z.literal('k8s'),
    compute_id: z.string(),
    compute_config: z.object({
      k8s_namespaces: z
        .array(z.string())
        .nullable()
        .openapi({ description: 'null in a list that is long enough without it; read the listener itself' }),
    }),
    version: z.string().nullable(),
    created_at: time(),
    updated_at: time(),
    last_seen_at: time().nullable().openapi({ description: 'when it last asked for work; null: never' }),
    report_problem: z
      .string()
      .nullable()
      .openapi({ description: 'why its reports are refused or dropped, and what to do' }),
  })
  .openapi('Listener');
export type Listener = z.infer<typeof Listener>;

export const LogEntry = z
  .object({ id: z.string(), timestamp: z.number().int(), level: z.string(), message: z.string() })
  .openapi('LogEntry');
export type LogEntry = z.infer<typeof LogEntry>;
