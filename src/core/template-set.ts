/** The inputs and outputs of rendering: what a template set is, and what it is given. */
import type { AgentServer, Namespace } from '../domain/configuration.ts';
import type { ResourceName } from '../domain/resource-name.ts';
import type { Specification } from '../domain/specification.ts';

/** A set as it lies on disk, read by an adapter. */
export interface TemplateSource {
  /** `agent-server`, or the last segment of the user's folder. */
  readonly name: string;
  /** How error messages call the folder. */
  readonly origin: string;
  /** File name (`api.deployment.yaml.hbs`, `values.schema.json`) to text. */
  readonly files: ReadonlyMap<string, string>;
}

/** Names of the Secrets that the workloads refer to; the Secrets themselves are never rendered in plain. */
export interface SecretNames {
  /** Holds the client's secrets; null when there are none. */
  readonly environment: string | null;
  /** Holds POSTGRES_PASSWORD; null with an external database. */
  readonly database: string | null;
}

export interface RenderInput {
  readonly resourceName: ResourceName;
  readonly specification: Specification;
  readonly namespace: Namespace;
  readonly agentServer: AgentServer;
  readonly secrets: SecretNames;
}
