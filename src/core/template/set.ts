/** The inputs and outputs of rendering: what a template set is, and what it is given. */

import type { AgentServer } from '../../domain/configuration-agent-server.ts';
import type { Namespace } from '../../domain/configuration-namespace.ts';
import type { RepoPath } from '../../domain/file-tree.ts';
import type { Finding } from '../../domain/finding.ts';
import type { ResourceName } from '../../domain/resource-name.ts';
import type { Specification } from '../../domain/specification.ts';

/** A set as it lies on disk, read by an adapter. */
export interface TemplateSource {
  /** `agent-server`, or the last segment of the user's folder. */
  readonly name: string;
  /** How error messages call the folder. */
  readonly origin: string;
  /** File name (`api.deployment.yaml.hbs`, `values.schema.json`) to text. */
  readonly files: ReadonlyMap<string, string>;
}

/** A set that has passed every check and can render. Made by `compileTemplateSet`. */
export interface TemplateSet {
  readonly name: string;
  readonly origin: string;
  /** `sha256:<64 hex>` over the sorted names and texts of its files. */
  readonly digest: string;
  readonly templates: readonly CompiledTemplate[];
  /** What is wrong with the values by the set's own schema; empty when it has none. */
  readonly checkValues: (values: unknown) => readonly Finding[];
}

export interface CompiledTemplate {
  /** `api.deployment.yaml.hbs`, for error messages. */
  readonly file: string;
  /** `api.deployment.yaml`, the name of what it renders. */
  readonly output: RepoPath;
  /** One object as YAML text, or `''`. Throws TemplateProblem. */
  readonly render: (values: unknown) => string;
}

/** Names of the Secrets that the workloads refer to; the Secrets themselves are never rendered in plain. */
interface SecretNames {
  /** Holds the client's secrets; null when there are none. */
  readonly environment: string | null;
  /** Holds POSTGRES_PASSWORD, and with external-secrets POSTGRES_URI; null with an external database. */
  readonly database: string | null;
  /** Sealed files that will lie beside the rendered ones; absent: none. */
  readonly files?: readonly string[];
}

export interface RenderInput {
  readonly resourceName: ResourceName;
  readonly specification: Specification;
  readonly namespace: Namespace;
  readonly agentServer: AgentServer;
  readonly secrets: SecretNames;
  /** What a client says in secrets and manifests depend on (`shapingNames`), by name, where it may be known. */
  readonly shaping?: Readonly<Record<string, string>>;
}

/** The shipped set that leaves workloads to LangChain's operator: what it makes itself is neither named nor rendered. */
export function isOperated({ templates }: Pick<Namespace, 'templates'>): boolean {
  return templates === 'lgp';
}
