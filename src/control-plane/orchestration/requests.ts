/** What clients ask for, as the rules see it: parsed, not yet judged. Null and absent mean the same. */
import type { DeploymentName } from '../../domain/identifiers.ts';
import type { ResourceSpec } from '../../domain/resource-spec.ts';
import type { SecretReference } from '../../domain/specification.ts';
import type { SecretValue } from './environment.ts';

type Optional<Value> = Value | null | undefined;

export const deploymentSources = [
  'github',
  'external_docker',
  'internal_docker',
  'internal_source',
  'internal_template',
] as const;
type DeploymentSource = (typeof deploymentSources)[number];

export interface SourceConfigRequest {
  readonly integration_id?: Optional<string>;
  readonly repo_url?: Optional<string>;
  readonly deployment_type?: Optional<string>;
  readonly build_on_push?: Optional<boolean>;
  readonly custom_url?: Optional<string>;
  readonly resource_spec?: Optional<ResourceSpec>;
  readonly listener_id?: Optional<string>;
  readonly listener_config?: Optional<{ readonly k8s_namespace?: Optional<string> }>;
  readonly install_command?: Optional<string>;
  readonly build_command?: Optional<string>;
  readonly template_id?: Optional<string>;
}

interface SourceRevisionConfigRequest {
  readonly repo_ref?: Optional<string>;
  readonly langgraph_config_path?: Optional<string>;
  readonly image_uri?: Optional<string>;
  readonly source_tarball_path?: Optional<string>;
}

/** The part that PATCH of a deployment and POST of a revision have in common. */
export interface RevisionRequest {
  readonly source_config?: Optional<SourceConfigRequest>;
  readonly source_revision_config?: Optional<SourceRevisionConfigRequest>;
  readonly secrets?: Optional<readonly SecretValue[]>;
  readonly secret_references?: Optional<readonly SecretReference[]>;
}

export interface PatchRequest extends RevisionRequest {
  readonly name?: Optional<string>;
  readonly source?: Optional<string>;
  readonly revision_source?: Optional<string>;
  readonly display_name?: Optional<string>;
}

export interface CreateRequest extends RevisionRequest {
  readonly name?: DeploymentName | undefined;
  readonly agent?: unknown;
  readonly source: DeploymentSource;
  readonly display_name?: Optional<string>;
}
