/** Step 6, seal: which Secrets a revision needs, which of them are there already, and whose values must be fetched. */
import { createHash } from 'node:crypto';
import { type Folder, isEdited } from '../../core/folder.ts';
import { parseStoreReference, storeReference } from '../../core/secrets/external-secret.ts';
import { sensitiveValues } from '../../core/secrets/planted-secrets.ts';
import { holdsSealed, isSealedFile, previousFiles } from '../../core/secrets/sealed-files.ts';
import { hasExternalDatabase, shapingNames } from '../../core/values/server.ts';
import { TowpathError } from '../../domain/failure.ts';
import { resourceName } from '../../domain/resource-name.ts';
import type { Specification } from '../../domain/specification.ts';
import type { PlainSecret } from '../../ports.ts';
import type { LaneContext } from '../context.ts';
import { databaseSecret, environmentSecretOf, keyOf, referredDatabaseSecret } from './plain-secrets.ts';

interface PlannedSecrets {
  readonly environment: string | null;
  readonly database: string | null;
  /** To be sealed, or applied where the cluster holds them. */
  readonly plain: readonly PlainSecret[];
  /** Files that the folder has and keeps byte for byte. */
  readonly kept: readonly string[];
  /** All sealed files of the folder as it will be, kept and new. */
  readonly files: readonly string[];
  readonly notes: readonly string[];
  /** What decides about manifests, and so stands in them; by name. */
  readonly shaping: Readonly<Record<string, string>>;
  /** What must not be found in any file, by the name under which a message may speak of it. */
  readonly sensitive: Readonly<Record<string, string>>;
}

export async function planSecrets(
  context: LaneContext,
  specification: Specification,
  folder: Folder | null,
): Promise<PlannedSecrets> {
  const { sealer } = context;
  const database = databaseOf(context, specification);
  const environment = await environmentOf(context, specification, folder);
  const names = [environment.name, database?.name ?? null].filter((name) => name !== null);
  const wanted = names.flatMap((name) => sealer.fileOf(name) ?? []);
  const held = (folder?.files ?? []).map(({ path }) => path).filter(isSealedFile);
  const trusted = folder !== null && !isEdited(folder) ? held : [];
  const current = wanted.filter((path) => trusted.includes(path));
  const isMade = ({ name }: PlainSecret): boolean => current.includes(sealer.fileOf(name) ?? '');
  const plain = [environment.plain, database].filter((secret) => secret !== null);
  const secretName = folder?.provenance?.secretName ?? null;
  const before = secretName === null ? null : sealer.fileOf(secretName);
  const previous = previousFiles({ wanted, held, before });
  return {
    environment: environment.name,
    database: database?.name ?? null,
    plain: plain.filter((secret) => !isMade(secret)),
    kept: [...current, ...previous],
    files: [...wanted, ...previous],
    notes: environment.note === null ? [] : [environment.note],
    // With external-secrets there are only references, and no values.
    ...(isExternal(context) ? { shaping: {}, sensitive: {} } : sorted([...plain, ...environment.known])),
  };
}

/** What a manifest may say, and what it must not. */
function sorted(secrets: Environment['known']): Pick<PlannedSecrets, 'shaping' | 'sensitive'> {
  const isShaping = ([name, value]: readonly [string, string]) => shapingNames.includes(name) && value !== '';
  const isPublic = (entry: readonly [string, string]) => isShaping(entry) && /^[0-9]{1,6}$/.test(entry[1]);
  const parts = secrets.map(({ name, values }) => ({ name, entries: Object.entries(values) }));
  const hidden = parts.map(({ name, entries }) => ({
    name,
    values: Object.fromEntries(entries.filter((entry) => !isPublic(entry))),
  }));
  return {
    shaping: Object.fromEntries(parts.flatMap(({ entries }) => entries.filter(isShaping))),
    sensitive: sensitiveValues(hidden),
  };
}

/** The client's values as one Secret; with external-secrets its values are references, and nothing else. */
export function environmentSecret(
  context: LaneContext,
  specification: Specification,
  values: Readonly<Record<string, string>>,
): PlainSecret {
  if (isExternal(context)) refuseLiteralValues(context, specification, values);
  return environmentSecretOf(context, specification, values);
}

/** Null with an external database. Of the password, or with external-secrets of where it is. */
export function databaseOf(context: LaneContext, specification: Specification): PlainSecret | null {
  const { agentServer, settings, namespace } = context;
  if (hasExternalDatabase({ specification, agentServer })) return null;
  const { secrets } = settings;
  if (secrets.mode !== 'external-secrets') return databaseSecret(context, specification);
  const { id, name } = specification.deployment;
  if (secrets.database === undefined) {
    const message =
      `Cannot deploy ${name}: its database needs a password, and with secrets.mode external-secrets Towpath makes none; ` +
      `say where it is in the store by secrets.database of namespace ${namespace}, or bring an external database by ` +
      'POSTGRES_URI_CUSTOM (external-secret://<key>#<property>, or a secret reference)';
    throw new TowpathError('terminal', 'NoDatabasePassword', message);
  }
  const key = secrets.database.key.replaceAll('{name}', resourceName(name, id));
  return referredDatabaseSecret(
    context,
    specification,
    storeReference({ key, property: secrets.database.property ?? null }),
  );
}

interface Environment {
  readonly name: string | null;
  readonly plain: PlainSecret | null;
  /** Not to be hidden any more, and to be looked for all the same. */
  readonly known: readonly Pick<PlainSecret, 'name' | 'values'>[];
  readonly note: string | null;
}

/**
 * Values are asked for only where PROVENANCE does not name their version, made with the same key and in the same mode;
 * and where a client has written free text, which may repeat one of them.
 */
async function environmentOf(
  context: LaneContext,
  specification: Specification,
  folder: Folder | null,
): Promise<Environment> {
  const { deployment, revision, secretsVersion } = specification;
  if (secretsVersion === null) return { name: null, plain: null, known: [], note: null };
  const key = keyOf(context, specification);
  const held = folder?.provenance ?? null;
  const isSame = held?.secretsVersion === secretsWord(secretsVersion) && held.keyId === key.id;
  const isKept = held?.secretName && isSame && isThere(context, folder, held.secretName);
  if (isKept && !hasFreeText(specification) && !isShaped(specification)) return kept(held.secretName, []);
  const { values } = await context.controlPlane.secrets(deployment.id, revision.id);
  if (isKept) return kept(held.secretName, [{ name: held.secretName, values }]);
  const secret = environmentSecret(context, specification, values);
  return { name: secret.name, plain: secret, known: [], note: null };
}

function kept(name: string, known: Environment['known']): Environment {
  return { name, plain: null, known, note: `Secret "${name}" stays as it was.` };
}

/** Whether a client says anything but numbers: labels, annotations, containers and volumes of his own. */
function hasFreeText({ resourceSpec }: Specification): boolean {
  return Object.values(resourceSpec).some((value) => typeof value === 'object' && value !== null);
}

function isShaped({ secretNames }: Specification): boolean {
  return secretNames.some((name) => shapingNames.includes(name));
}

/** In the folder as it was laid down, in the mode of today; or in the cluster, and not by a file that is going. */
function isThere({ sealer }: LaneContext, folder: Folder | null, name: string): boolean {
  const file = sealer.fileOf(name);
  const paths = (folder?.files ?? []).map(({ path }) => path);
  if (file === null) return !holdsSealed(paths, name);
  return folder !== null && !isEdited(folder) && paths.includes(file);
}

/** All at once, and never a value: only which reference would be needed. */
function refuseLiteralValues(
  { settings, namespace }: LaneContext,
  { deployment }: Specification,
  values: Readonly<Record<string, string>>,
): void {
  const { secrets } = settings;
  const literal = Object.keys(values).filter((name) => parseStoreReference(values[name] ?? '') === null);
  if (literal.length === 0 || secrets.mode !== 'external-secrets') return;
  const needed = literal
    .sort()
    .map((name) => `${name}: external-secret://<key>#<property>, such as external-secret://${deployment.name}#${name}`);
  const message =
    `Cannot use ${literal.length} secret(s) of ${deployment.name}: namespace ${namespace} takes references into ` +
    `${secrets.store.kind} "${secrets.store.name}" only (secrets.mode external-secrets); put each value there, and give as its value:\n`;
  throw new TowpathError('terminal', 'LiteralSecret', message + needed.join('\n'));
}

function isExternal({ settings }: LaneContext): boolean {
  return settings.secrets.mode === 'external-secrets';
}

/** An opaque version as one word, whatever the control plane makes it of; two that differ must never look alike. */
export function secretsWord(version: string): string {
  const isWord = /^[!-~]{1,300}$/.test(version) && !version.startsWith('sha256:');
  return isWord ? version : `sha256:${createHash('sha256').update(version).digest('hex')}`;
}
