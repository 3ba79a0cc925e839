/** Reads a deployment file: the body of `POST /v2/deployments`, or a specification as a listener gets it. */
import { createHash } from 'node:crypto';
import { parse } from 'yaml';
import { z } from 'zod';
import { TowpathError } from '../../domain/failure.ts';
import { DeploymentName, ListenerId, NamespaceName } from '../../domain/identifiers.ts';
import { ResourceSpec } from '../../domain/resource-spec.ts';
import { SecretReference, Specification } from '../../domain/specification.ts';

interface DeploymentFile {
  readonly specification: Specification;
  /** Secret values by name, where the file has them. */
  readonly values: Readonly<Record<string, string>>;
}

/** What rendering needs of the body; the rest of it is the control plane's business. */
const CreateBody = z.object({
  name: DeploymentName,
  source_config: z.object({
    listener_id: ListenerId.nullish(),
    listener_config: z.object({ k8s_namespace: NamespaceName }).nullish(),
    custom_url: z.string().nullish(),
    resource_spec: ResourceSpec.nullish(),
  }),
  source_revision_config: z.object({ image_uri: z.string() }),
  secrets: z.array(z.object({ name: z.string(), value: z.string().default('') })).nullish(),
  secret_references: z.array(SecretReference).nullish(),
});
type CreateBody = z.infer<typeof CreateBody>;

/** What the file may leave to the command line and the configuration. */
interface DeploymentDefaults {
  readonly namespace: string | undefined;
  readonly listenerId: ListenerId | undefined;
}

export function readDeployment(text: string, origin: string, defaults: DeploymentDefaults): DeploymentFile {
  const content = parsed(text, origin);
  if (typeof content === 'object' && content !== null && 'deployment' in content) {
    const specification = checked(Specification, content, origin);
    return { specification, values: Object.fromEntries(specification.secretNames.map((name) => [name, ''])) };
  }
  const body = checked(CreateBody, content, origin);
  const target = body.source_config.listener_config?.k8s_namespace ?? defaults.namespace;
  if (target === undefined) {
    const why = 'it names no source_config.listener_config.k8s_namespace; give --namespace';
    throw new TowpathError('terminal', 'NoNamespace', `Cannot render "${origin}": ${why}`);
  }
  const values = Object.fromEntries((body.secrets ?? []).map(({ name, value }) => [name, value]));
  const listenerId = body.source_config.listener_id ?? defaults.listenerId ?? idOf('listener', body.name);
  const owner = { namespace: target, listenerId };
  return { specification: specificationOf(body, owner, text, Object.keys(values)), values };
}

type Owner = Pick<z.input<typeof Specification>['deployment'], 'namespace' | 'listenerId'>;

function specificationOf(body: CreateBody, owner: Owner, text: string, secretNames: string[]): Specification {
  const { name, source_config: source } = body;
  return Specification.parse({
    deployment: {
      id: idOf('deployment', name),
      name,
      workspaceId: idOf('workspace', name),
      ...owner,
      customUrl: source.custom_url ?? null,
    },
    revision: {
      id: idOf('revision', text),
      createdAt: '1970-01-01T00:00:00.000Z',
      requester: { name: 'towpath render', email: 'render@towpath.invalid', proof: 'unknown', key: null },
      number: null,
      rollbackTo: null,
    },
    image: body.source_revision_config.image_uri,
    resourceSpec: source.resource_spec ?? {},
    secretNames: secretNames.sort(),
    secretsVersion: secretNames.length === 0 ? null : 'preview',
    secretReferences: body.secret_references ?? [],
  });
}

function parsed(text: string, origin: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    const message = `Cannot read "${origin}": it is neither YAML nor JSON`;
    throw new TowpathError('terminal', 'InvalidDeployment', message, { cause });
  }
}

function checked<Value>(schema: z.ZodType<Value>, content: unknown, origin: string): Value {
  const result = schema.safeParse(content);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `  ${issue.path.join('.') || 'the file'}: ${issue.message}`);
  throw new TowpathError('terminal', 'InvalidDeployment', `Cannot render "${origin}":\n${problems.join('\n')}`);
}

/** The same file gives the same ids, and so the same bytes. */
function idOf(kind: string, text: string): string {
  const hex = createHash('sha256').update(`towpath render\0${kind}\0${text}`).digest('hex');
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`];
  return [...parts, hex.slice(20, 32)].join('-');
}
