/**
 * Step 5, validate: everything that is wrong with what a template set has rendered, at once, with file and line.
 * It trusts neither the templates nor the values: what passes here is what the engine will apply.
 */
import type { FileTree } from '../../domain/file-tree.ts';
import type { Finding } from '../../domain/finding.ts';
import { kustomizationFile } from '../kustomization.ts';
import { findingAt, type Manifest, manifestOf } from '../manifest.ts';
import { nearestWord } from '../nearest-word.ts';
import { plainLine } from '../plain-line.ts';
import { readManifest } from '../read-manifest.ts';
import { isSopsSecret } from '../secrets/plain-secret-check.ts';
import { checkAgent } from './agent.ts';
import type { ValidationContext } from './context.ts';
import { checkFolder } from './folder.ts';
import { checkLinks } from './links.ts';
import type { ManifestSchemas } from './manifest-schemas.ts';
import { checkObject } from './object.ts';
import { checkPods } from './pods.ts';

/** Paths are relative to the deployment's own folder: `kustomization.yaml`, `api.deployment.yaml`. */
export function validateDeployment(
  files: FileTree,
  context: ValidationContext,
  schemas: ManifestSchemas,
): readonly Finding[] {
  const findings: Finding[] = [];
  const manifests: Manifest[] = [];
  let unreadable = 0;
  for (const [path, text] of files) {
    if (!path.endsWith('.yaml')) continue;
    const read = readManifest(text);
    for (const problem of read.problems) {
      findings.push({
        path: plainLine(path),
        pointer: null,
        line: problem.line,
        message: plainLine(problem.message, 500),
      });
    }
    if (read.kind === 'read') manifests.push(manifestOf(path, read.object, read.lineOf));
    else unreadable++;
  }
  const objects = manifests.filter((manifest) => manifest.path !== kustomizationFile);
  const all = [
    ...findings,
    ...manifests.flatMap((manifest) => checkSchema(manifest, context, schemas)),
    ...checkFolder(files, manifests, context),
    ...objects.flatMap((manifest) => checkObject(manifest, context)),
    ...objects.flatMap((manifest) => checkPods(manifest, context)),
    ...objects.flatMap((manifest) => checkAgent(manifest, context)),
    // What could not be read may be just what the others point to.
    ...(unreadable > 0 ? [] : checkLinks(objects, context)),
  ];
  return bounded(all.sort(byPlace));
}

/** Beyond these nobody reads on. */
const mostFindings = 200;

function bounded(findings: readonly Finding[]): readonly Finding[] {
  const [first] = findings;
  if (!first || findings.length <= mostFindings) return findings;
  const message = `and ${findings.length - mostFindings} more findings in this deployment`;
  return [...findings.slice(0, mostFindings), { path: first.path, line: null, pointer: null, message }];
}

export function checkSchema(
  manifest: Manifest,
  context: ValidationContext,
  schemas: ManifestSchemas,
): readonly Finding[] {
  const type = `${manifest.apiVersion}/${manifest.kind}`;
  if (manifest.apiVersion === '' || manifest.kind === '') {
    return [findingAt(manifest, '', 'misses apiVersion or kind, so it is no Kubernetes object')];
  }
  if (manifest.kind === 'Secret' && isSopsSecret(manifest.object)) return [];
  if (manifest.kind === 'Secret') {
    return [
      findingAt(manifest, '/kind', 'is a plain Secret; secrets never go into git in plain, refer to one by name'),
    ];
  }
  if (!schemas.knows(manifest)) {
    return context.policy.extraKinds.includes(type)
      ? []
      : [findingAt(manifest, '/kind', unknownKind(manifest, schemas))];
  }
  const versions = schemas.select(context.kubernetesVersion);
  const perVersion = versions.map((version) => schemas.check(manifest.object, manifest, version));
  const seen = new Map<string, { readonly pointer: string; readonly message: string; readonly versions: string[] }>();
  for (const [index, problems] of perVersion.entries()) {
    for (const problem of problems) {
      const key = `${problem.pointer} ${problem.message}`;
      const known = seen.get(key) ?? { ...problem, versions: [] };
      known.versions.push(versions[index] ?? '');
      seen.set(key, known);
    }
  }
  return [...seen.values()].map((problem) => {
    const suffix = problem.versions.length < versions.length ? ` (Kubernetes ${problem.versions.join(', ')})` : '';
    return findingAt(manifest, problem.pointer, `${problem.message}${suffix}`);
  });
}

function unknownKind(manifest: Manifest, schemas: ManifestSchemas): string {
  const name = `${manifest.apiVersion} ${manifest.kind}`;
  const sameKind = schemas.kinds.filter((known) => known.endsWith(`/${manifest.kind}`));
  if (sameKind[0]) return `there is no ${name}; did you mean apiVersion ${sameKind[0].replace(/\/[^/]*$/, '')}?`;
  const kinds = schemas.kinds.map((known) => known.replace(/^.*\//, ''));
  const close = nearestWord(manifest.kind, kinds);
  if (close !== null) return `there is no kind ${name}, did you mean "${close}"?`;
  return `Towpath has no schema of ${name}; list ${manifest.apiVersion}/${manifest.kind} under policy.extraKinds to let it through unchecked`;
}

function byPlace(one: Finding, other: Finding): number {
  return one.path === other.path ? (one.line ?? 0) - (other.line ?? 0) : one.path < other.path ? -1 : 1;
}
