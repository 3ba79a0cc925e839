/** Names of the files that hold sealed Secrets, and which of them a folder keeps. */
import type { Secrets } from '../../domain/configuration-secrets.ts';

/** Modes in which Secrets lie in the folder, sealed; with `cluster` they never do. */
type SealingMode = Exclude<Secrets['mode'], 'cluster'>;

const endings = {
  'sealed-secrets': '.sealedsecret.yaml',
  sops: '.secret.sops.yaml',
  'external-secrets': '.externalsecret.yaml',
} as const satisfies Record<SealingMode, string>;

const secretName = /-(env-[0-9a-f]{10}|database(?:-uri)?)$/;
const fileName =
  /^(env-[0-9a-f]{10}|database(?:-uri)?)(\.sealedsecret\.yaml|\.secret\.sops\.yaml|\.externalsecret\.yaml)$/;

/** `env-0123456789.sealedsecret.yaml`: the same name means the same values, so a file that is there need not be made. */
export function sealedFileOf(mode: SealingMode, name: string): string {
  const stem = secretName.exec(name)?.[1];
  if (stem === undefined) throw new RangeError(`Cannot name the file of Secret ${name}: Towpath gives no such names`);
  return `${stem}${endings[mode]}`;
}

/** The name of the Secret that a sealed file of this deployment holds; null: it is another file. */
export function sealedSecretOf(path: string, resourceName: string): string | null {
  const stem = fileName.exec(path)?.[1];
  return stem === undefined ? null : `${resourceName}-${stem}`;
}

/** Whether a file of a folder, of whichever mode, holds a sealed Secret. */
export function isSealedFile(path: string): boolean {
  return fileName.test(path);
}

/** Whether the folder holds this Secret sealed in some mode: then the cluster's copy goes with the file. */
export function holdsSealed(paths: readonly string[], name: string): boolean {
  const stem = secretName.exec(name)?.[1];
  return paths.some((path) => fileName.exec(path)?.[1] === stem);
}

interface HeldFiles {
  /** The files that the revision needs, in the mode of today. */
  readonly wanted: readonly string[];
  /** What the folder has. */
  readonly held: readonly string[];
  /** The file of the Secret that PROVENANCE names, in the mode of today; null where it names none. */
  readonly before: string | null;
}

/**
 * Files of the Secret before this one: pods of the last revision may start again while the new one fails. Where the
 * values stay the same, what was kept for them stays, too; older ones go. Files of another mode would make one Secret twice.
 */
export function previousFiles({ wanted, held, before }: HeldFiles): readonly string[] {
  const ending = wanted.concat(before ?? []).map((path) => fileName.exec(path)?.[2])[0];
  const others = held.filter((path) => {
    const [, stem, end] = fileName.exec(path) ?? [];
    return stem?.startsWith('env-') && end === ending && !wanted.includes(path);
  });
  const changes = before !== null && !wanted.includes(before);
  return changes ? others.filter((path) => path === before) : others;
}
