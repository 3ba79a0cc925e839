/** The rules for what a client puts into a deployment's environment: secrets and references to Secrets. */
import { EnvironmentName, ObjectName, SecretKey } from '../../domain/identifiers.ts';
import { reservedEnvironmentNames } from '../../domain/reserved-names.ts';
import type { SecretReference } from '../../domain/specification.ts';

export interface SecretValue {
  readonly name: string;
  readonly value: string;
}

/** A Kubernetes Secret holds one mebibyte at most; some of it goes to names. */
const mostBytes = 1_000_000;

/** Every problem of both lists and between them; a value is never repeated. */
export function environmentProblems(
  secretNames: readonly string[],
  references: readonly SecretReference[],
): readonly string[] {
  const names = [...secretNames, ...references.map((reference) => reference.name)];
  return [
    ...names.flatMap(nameProblems),
    ...repeated(secretNames).map((name) => `Secret '${name}' is given more than once`),
    ...repeated(references.map((reference) => reference.name)).map(
      (name) => `Secret reference '${name}' is given more than once`,
    ),
    ...collisions(secretNames, references),
    ...references.flatMap(referenceProblems),
  ];
}

export function valueProblems(secrets: readonly SecretValue[]): readonly string[] {
  const bytes = secrets.reduce(
    (sum, secret) => sum + Buffer.byteLength(secret.name) + Buffer.byteLength(secret.value),
    0,
  );
  return bytes <= mostBytes
    ? []
    : [`The secrets are ${bytes} bytes together; a Kubernetes Secret holds ${mostBytes} at most`];
}

function nameProblems(name: string): string[] {
  if (reservedEnvironmentNames.has(name)) return [`'${name}' is reserved`];
  const parsed = EnvironmentName.safeParse(name);
  return parsed.success ? [] : [`${quote(name)} is no environment variable: ${messageOf(parsed.error)}`];
}

function referenceProblems(reference: SecretReference): string[] {
  const secretName = ObjectName.safeParse(reference.secret_name);
  const secretKey = SecretKey.safeParse(reference.secret_key);
  return [
    ...(secretName.success ? [] : [`secret_name ${quote(reference.secret_name)}: ${messageOf(secretName.error)}`]),
    ...(secretKey.success ? [] : [`secret_key ${quote(reference.secret_key)}: ${messageOf(secretKey.error)}`]),
  ];
}

function collisions(secretNames: readonly string[], references: readonly SecretReference[]): string[] {
  const secrets = new Set(secretNames);
  const both = new Set(references.map((reference) => reference.name).filter((name) => secrets.has(name)));
  return [...both].map((name) => `'${name}' is both in secrets and in secret_references`);
}

function repeated(names: readonly string[]): string[] {
  const seen = new Set<string>();
  const again = new Set<string>();
  for (const name of names) (seen.has(name) ? again : seen).add(name);
  return [...again];
}

/** Shortened, so that a name of a megabyte does not come back as an answer of a megabyte. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}

function messageOf(error: { readonly issues: readonly { readonly message: string }[] }): string {
  return error.issues[0]?.message ?? 'not valid';
}
