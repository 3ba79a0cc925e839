/** Seals a folder's Secrets anew, with the certificate or the recipients of today; everything else in it stays. */
import { type Folder, isEdited } from '../../core/folder.ts';
import { kustomizationFile, withoutResources } from '../../core/kustomization.ts';
import { type Provenance, provenanceFile } from '../../core/provenance.ts';
import { sensitiveValues } from '../../core/secrets/planted-secrets.ts';
import { isSealedFile } from '../../core/secrets/sealed-files.ts';
import { TowpathError } from '../../domain/failure.ts';
import type { RevisionId } from '../../domain/identifiers.ts';
import { resourceName } from '../../domain/resource-name.ts';
import type { Specification } from '../../domain/specification.ts';
import type { PlainSecret } from '../../ports.ts';
import type { LaneContext } from '../context.ts';
import { keptFiles } from '../kept-files.ts';
import { leftSecret, refuseUnfit } from '../prepare.ts';
import { databaseOf, environmentSecret } from './plan.ts';

export interface Resealed {
  readonly specification: Specification;
  /** All files but PROVENANCE, by path from the folder; what is not sealed is as it was. */
  readonly files: ReadonlyMap<string, string>;
  /** What could not be sealed anew, for people. */
  readonly notes: readonly string[];
  /** As in `Prepared`: what must stand in no text that leaves. */
  readonly sensitive: Readonly<Record<string, string>>;
}

/** Of the revision that the folder holds, whatever is wanted by now. Throws TowpathError where it cannot be. */
export async function resealRevision(context: LaneContext, folder: Folder): Promise<Resealed> {
  const provenance = resealable(context, folder);
  const { deploymentId, revisionId } = provenance;
  const specification = await context.controlPlane.specification(deploymentId, revisionId);
  const { name } = specification.deployment;
  const plan = await planResealing(context, folder, { provenance, specification });
  const missing = plan.secrets.filter((secret) => !holds(context, folder, secret.name));
  if (missing.length > 0) {
    const files = missing.map((secret) => context.sealer.fileOf(secret.name)).join(', ');
    throw refusal('NotSealed', name, `${folder.path} has no ${files}; the next revision seals it`);
  }
  const own = folder.files.map(({ path }) => path).filter((path) => path !== provenanceFile);
  const texts = await keptFiles(context, folder, own);
  const made = await Promise.all(plan.secrets.map((secret) => context.sealer.seal(secret)));
  const files = new Map([...texts, ...made.flatMap((each) => [...each.files])]);
  for (const path of plan.dropped) files.delete(path);
  files.set(kustomizationFile, withoutResources(texts.get(kustomizationFile) ?? '', plan.dropped));
  const sealed = new Map([...files].filter(([path]) => isSealedFile(path)));
  const rest = new Map([...files].filter(([path]) => !isSealedFile(path)));
  const sensitive = leftSecret(context, plan.sensitive, { files: rest, specification });
  const input = inputOf(context, specification, plan.secrets);
  refuseUnfit(context, { input, files, sealed, sensitive });
  return { specification, files, notes: plan.notes, sensitive };
}

function resealable({ sealer, namespace }: LaneContext, folder: Folder): Provenance {
  const { path, provenance } = folder;
  if (provenance === null) throw refusal('ForeignFolder', path, 'Towpath did not lay it down');
  if (sealer.fileOf(`${path}-database`) === null) {
    throw refusal('NothingSealed', path, `secrets.mode of namespace ${namespace} is cluster: nothing is sealed in git`);
  }
  if (isEdited(folder)) {
    throw refusal('EditedFolder', path, 'a person has changed it in git; release or undo that first');
  }
  return provenance;
}

interface Resealing {
  readonly secrets: readonly PlainSecret[];
  /** Files whose values nobody has any more. */
  readonly dropped: readonly string[];
  readonly notes: readonly string[];
  readonly sensitive: Readonly<Record<string, string>>;
}

interface Subject {
  readonly provenance: Provenance;
  readonly specification: Specification;
}

async function planResealing(context: LaneContext, folder: Folder, subject: Subject): Promise<Resealing> {
  const { provenance, specification } = subject;
  const { sealer } = context;
  const current = provenance.secretName === null ? null : await currentSecret(context, subject);
  const database = databaseOf(context, specification);
  // Another key derives another password, and the database keeps the one that it was made with.
  const keepsPassword = database !== null && provenance.keyId !== context.secretKey?.id;
  const known = [current?.name, database?.name].flatMap((name) => (name ? (sealer.fileOf(name) ?? []) : []));
  const previous = folder.files.map(({ path }) => path).filter((path) => isSealedFile(path) && !known.includes(path));
  const wanted = await wantedSecret(context, subject);
  const again = wanted !== null && previous.includes(sealer.fileOf(wanted.name) ?? '') ? [wanted] : [];
  const dropped = previous.filter((path) => !again.some((secret) => sealer.fileOf(secret.name) === path));
  const secrets = [current, keepsPassword ? null : database, ...again].filter((secret) => secret !== null);
  const isExternal = context.settings.secrets.mode === 'external-secrets';
  return {
    secrets,
    dropped,
    notes: [
      ...dropped.map((path) => `${path} goes: the control plane does not tell its values any more`),
      ...(keepsPassword
        ? ['the database’s password stays sealed as it was: it was made with another secrets.keyFile']
        : []),
    ],
    sensitive: isExternal ? {} : sensitiveValues(secrets),
  };
}

async function currentSecret(context: LaneContext, { provenance, specification }: Subject): Promise<PlainSecret> {
  const secret = await secretOf(context, specification, provenance.revisionId);
  if (secret.name === provenance.secretName) return secret;
  const why = 'its values or secrets.keyFile have changed since; the next revision seals them';
  throw refusal('SecretDiffers', specification.deployment.name, why);
}

/** Of the revision that is wanted, where the branch holds another: the one case in which older values may be had. */
async function wantedSecret(context: LaneContext, { provenance, specification }: Subject): Promise<PlainSecret | null> {
  const wanted = context.desired.find(provenance.deploymentId);
  if (wanted?.kind !== 'present' || wanted.revisionId === provenance.revisionId) return null;
  if (wanted.secretsVersion === null) return null;
  return secretOf(context, specification, wanted.revisionId);
}

async function secretOf(
  context: LaneContext,
  specification: Specification,
  revisionId: RevisionId,
): Promise<PlainSecret> {
  const { values } = await context.controlPlane.secrets(specification.deployment.id, revisionId);
  return environmentSecret(context, specification, values);
}

function holds({ sealer }: LaneContext, folder: Folder, name: string): boolean {
  return folder.files.some(({ path }) => path === sealer.fileOf(name));
}

function inputOf(
  { settings, agentServer }: LaneContext,
  specification: Specification,
  secrets: readonly PlainSecret[],
) {
  const { name, id } = specification.deployment;
  const names = secrets.map((secret) => secret.name);
  return {
    resourceName: resourceName(name, id),
    specification,
    namespace: settings,
    agentServer,
    secrets: {
      environment: names.find((each) => !each.endsWith('-database')) ?? null,
      database: names.find((each) => each.endsWith('-database')) ?? null,
    },
  };
}

function refusal(reason: string, what: string, why: string): TowpathError {
  return new TowpathError('terminal', reason, `Cannot seal the secrets of ${what} anew: ${why}`);
}
