/**
 * The environment of the server's containers, merged in this order:
 *
 *   1. Towpath's own variables
 *   2. `agentServer.environment` of the configuration, as plain text
 *   3. the client's `secrets`, by reference to the Secret that holds them
 *   4. the client's `secret_references`, by reference to the user's own Secrets
 *
 * No later one overrides an earlier one: a name that comes twice is an error that names both origins, and so is a
 * reserved name. A few variables of Towpath are defaults: they give way to whoever sets them.
 */
import type { Finding } from '../../domain/finding.ts';
import { reservedEnvironmentNames } from '../../domain/reserved-names.ts';
import type { RenderInput } from '../template/set.ts';

export type EnvironmentVariable =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly valueFrom: { readonly secretKeyRef: SecretKeyReference } };

export interface SecretKeyReference {
  readonly name: string;
  readonly key: string;
}

/** A variable with the place that it comes from, in the words of an error message. */
interface Sourced {
  readonly origin: string;
  readonly variable: EnvironmentVariable;
  /** Where a finding about it points. */
  readonly path: string;
}

/** Names that select an external database or Redis; each is a password's place, so never plain text. */
export const externalNames = { database: 'POSTGRES_URI_CUSTOM', redis: 'REDIS_URI_CUSTOM' } as const;

/** Reserved from clients, yet the platform's own to set, and neither a secret nor anything that Towpath decides. */
const configurable: ReadonlySet<string> = new Set([
  'DD_TRACE_PSYCOPG_ENABLED',
  'DD_TRACE_REDIS_ENABLED',
  'LANGCHAIN_CALLBACKS_BACKGROUND',
  'LANGSMITH_AUTH_VERIFY_TENANT_ID',
  'LOG_DICT_TRACEBACKS',
  'LOG_JSON',
]);

/** Variables that users set, references included; checked once for the whole deployment. */
export function usersEnvironment(input: RenderInput, findings: Finding[]): readonly Sourced[] {
  const sourced = [
    ...fromConfiguration(input.agentServer.environment),
    ...fromSecrets(input),
    ...fromReferences(input.specification.secretReferences),
  ];
  findings.push(...sourced.flatMap(reservedFinding));
  if (input.specification.secretNames.length > 0 && input.secrets.environment === null) {
    findings.push({ path: 'secrets', line: null, pointer: null, message: 'no Secret is named that would hold them' });
  }
  return sourced;
}

/** The whole list of one container; findings name what comes twice. */
export function mergeEnvironment(
  own: readonly EnvironmentVariable[],
  giveWay: readonly EnvironmentVariable[],
  users: readonly Sourced[],
  findings: Finding[],
): readonly EnvironmentVariable[] {
  const taken = new Map(own.map((variable) => [variable.name, 'Towpath']));
  const added: EnvironmentVariable[] = [];
  for (const { variable, origin, path } of users) {
    const first = taken.get(variable.name);
    if (first === undefined) added.push(variable);
    else if (!reservedEnvironmentNames.has(variable.name)) findings.push(collision(variable.name, first, origin, path));
    taken.set(variable.name, origin);
  }
  return [...own, ...giveWay.filter((variable) => !taken.has(variable.name)), ...added];
}

/** Where a client's variable of this name is kept; null where no client has set it. */
export function secretOf(users: readonly Sourced[], name: string): SecretKeyReference | null {
  for (const { variable } of users) {
    if (variable.name === name && 'valueFrom' in variable) return variable.valueFrom.secretKeyRef;
  }
  return null;
}

export function fromSecretKey(name: string, reference: SecretKeyReference): EnvironmentVariable {
  return { name, valueFrom: { secretKeyRef: { name: reference.name, key: reference.key } } };
}

function fromConfiguration(environment: Readonly<Record<string, string>>): Sourced[] {
  return Object.keys(environment)
    .sort()
    .map((name) => ({
      origin: 'agentServer.environment',
      variable: { name, value: literal(environment[name] ?? '') },
      path: `agentServer.environment.${name}`,
    }));
}

function fromSecrets({ specification, secrets }: RenderInput): Sourced[] {
  return specification.secretNames.toSorted().map((name) => ({
    origin: "the deployment's secrets",
    variable: fromSecretKey(name, { name: secrets.environment ?? '', key: name }),
    path: `secrets.${name}`,
  }));
}

function fromReferences(references: RenderInput['specification']['secretReferences']): Sourced[] {
  return references
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    .map(({ name, secret_name, secret_key }) => ({
      origin: 'secret_references',
      variable: fromSecretKey(name, { name: secret_name, key: secret_key }),
      path: `secret_references.${name}`,
    }));
}

/** Kubernetes puts other variables in place of `$(NAME)`; what users write must arrive as they wrote it. */
function literal(value: string): string {
  return /\$[$(]/.test(value) ? value.replaceAll('$', '$$$$') : value;
}

function reservedFinding({ variable, path, origin }: Sourced): Finding[] {
  const { name } = variable;
  const plain = 'value' in variable;
  const refused = (message: string) => [{ path, line: null, pointer: null, message }];
  if (reservedEnvironmentNames.has(name) && !(plain && configurable.has(name))) {
    return refused(`'${name}' is reserved; take it out of ${origin}`);
  }
  const passwords: readonly string[] = Object.values(externalNames);
  if (!plain || !passwords.includes(name)) return [];
  return refused(`give ${name} by secrets or secret_references: it holds a password`);
}

function collision(name: string, first: string, second: string, path: string): Finding {
  const message =
    first === second
      ? `the variable is set twice by ${second}`
      : `the variable ${name} is set by ${first} and by ${second}; take it out of one of them`;
  return { path, line: null, pointer: null, message };
}
