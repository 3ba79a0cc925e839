/** Checks sealed files, those that the folder keeps too: the engine applies them like every other. */
import type { Finding } from '../../domain/finding.ts';
import { findingAt, type Manifest, manifestOf } from '../manifest.ts';
import { plainLine } from '../plain-line.ts';
import { readManifest } from '../read-manifest.ts';
import { sealedSecretOf } from '../secrets/sealed-files.ts';
import type { ValidationContext } from './context.ts';
import type { ManifestSchemas } from './manifest-schemas.ts';
import { checkObject } from './object.ts';
import { checkSchema } from './validate.ts';

/** What a person must do about a file that was edited: nobody can tell what is in it. */
const mend = 'restore it in git, or take it away so that it is made anew with the next revision';

export function validateSealed(
  files: ReadonlyMap<string, string>,
  context: ValidationContext,
  schemas: ManifestSchemas,
): readonly Finding[] {
  return [...files].flatMap(([path, text]) => {
    const read = readManifest(text);
    const problems = read.problems.map(({ line, message }) => ({
      path: plainLine(path),
      pointer: null,
      line,
      message: `${plainLine(message, 500)}; ${mend}`,
    }));
    if (read.kind === 'unreadable') return problems;
    const manifest = manifestOf(path, read.object, read.lineOf);
    return [
      ...problems,
      ...checkSchema(manifest, context, schemas),
      ...checkObject(manifest, context),
      ...checkIdentity(manifest, context),
    ];
  });
}

const sealedKinds = new Map([
  ['.sealedsecret.yaml', 'SealedSecret'],
  ['.secret.sops.yaml', 'Secret'],
  ['.externalsecret.yaml', 'ExternalSecret'],
]);

/** Under such a name nothing else may hide. */
function checkIdentity(manifest: Manifest, { resourceName }: ValidationContext): readonly Finding[] {
  const name = sealedSecretOf(manifest.path, resourceName);
  const kind = [...sealedKinds].find(([ending]) => manifest.path.endsWith(ending))?.[1];
  return [
    ...(manifest.kind === kind ? [] : [findingAt(manifest, '/kind', `expected a ${kind}; ${mend}`)]),
    ...(manifest.name === name ? [] : [findingAt(manifest, '/metadata/name', `expected "${name}"; ${mend}`)]),
  ];
}
