/** What must hold of a deployment's folder as a whole: its files, their names, and the kustomization that lists them. */
import type { FileTree } from '../../domain/file-tree.ts';
import type { Finding } from '../../domain/finding.ts';
import { kustomizationFile } from '../kustomization.ts';
import { findingAt, items, type Manifest, type Place, place } from '../manifest.ts';
import { plainLine } from '../plain-line.ts';
import { provenanceFile } from '../provenance.ts';
import type { ValidationContext } from './context.ts';

const fileName = /^[a-z0-9][a-z0-9.-]{0,200}\.yaml$/;

export function checkFolder(
  files: FileTree,
  manifests: readonly Manifest[],
  context: ValidationContext,
): readonly Finding[] {
  return [
    ...[...files.keys()].flatMap(checkFileName),
    ...checkIdentities(manifests),
    ...checkKustomization(files, manifests, context),
  ];
}

function checkFileName(path: string): readonly Finding[] {
  if (path === provenanceFile || fileName.test(path)) return [];
  const shown = JSON.stringify(path);
  return [
    wholeFile(path, `cannot be a file of a deployment: ${shown} is not a plain name such as "api.deployment.yaml"`),
  ];
}

/** Two files with one object: the engine would apply one of them, and nobody could say which. */
function checkIdentities(manifests: readonly Manifest[]): readonly Finding[] {
  const seen = new Map<string, string>();
  return manifests.flatMap((manifest) => {
    const group = manifest.apiVersion.includes('/') ? manifest.apiVersion.replace(/\/.*$/, '') : '';
    const identity = [group, manifest.kind, manifest.name].join(' ');
    const other = seen.get(identity);
    seen.set(identity, manifest.path);
    if (other === undefined) return [];
    return [
      findingAt(manifest, '/metadata/name', `is the same object as in ${other}; every object is in one file only`),
    ];
  });
}

function checkKustomization(
  files: FileTree,
  manifests: readonly Manifest[],
  context: ValidationContext,
): readonly Finding[] {
  const manifest = manifests.find((one) => one.path === kustomizationFile);
  if (!manifest) {
    const broken = [...files.keys()].some((path) => path === kustomizationFile);
    return broken ? [] : [wholeFile(kustomizationFile, 'is missing; without it the engine applies nothing')];
  }
  if (manifest.kind !== 'Kustomization') return [findingAt(manifest, '/kind', 'expected a Kustomization')];
  const own = [...files.keys()].filter((path) => path.endsWith('.yaml') && path !== kustomizationFile);
  const expected = [...own, ...context.sealedFiles];
  return [
    ...checkResources(manifest, expected),
    ...checkComponents(manifest, place(manifest, 'components'), context.components),
  ];
}

function checkResources(manifest: Manifest, expected: readonly string[]): readonly Finding[] {
  const listed = items(place(manifest, 'resources'));
  const names = new Set(listed.map((entry) => entry.value));
  const files = new Set<unknown>(expected);
  const seen = new Set<unknown>();
  const missing = expected.filter((path) => !names.has(path));
  const wrong = listed.flatMap((entry) => {
    const again = seen.has(entry.value);
    seen.add(entry.value);
    if (again) return [{ entry, why: 'is listed twice' }];
    if (files.has(entry.value)) return [];
    return [{ entry, why: 'is not a file of this folder; only files beside the kustomization are allowed' }];
  });
  return [
    ...missing.map((path) => findingAt(manifest, '/resources', `does not list ${path}, so nobody would apply it`)),
    ...wrong.map(({ entry, why }) => findingAt(manifest, entry, `${JSON.stringify(entry.value)} ${why}`)),
  ];
}

function checkComponents(
  manifest: Manifest,
  components: Place,
  expected: readonly string[] | null,
): readonly Finding[] {
  const listed = items(components);
  if (expected === null) return listed.flatMap((entry) => checkComponentPath(manifest, entry));
  const paths = listed.map((entry) => entry.value);
  if (paths.length === expected.length && expected.every((path, index) => paths[index] === path)) return [];
  const wanted = expected.length === 0 ? 'none' : expected.join(', ');
  return [findingAt(manifest, '/components', `expected the components of kustomize.components, in order: ${wanted}`)];
}

/** Without a configuration to compare with: a local folder, never a remote base. */
function checkComponentPath(manifest: Manifest, entry: Place): readonly Finding[] {
  if (
    typeof entry.value === 'string' &&
    /^(?:\.\.\/)+[A-Za-z0-9_][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$/.test(entry.value)
  ) {
    return [];
  }
  return [findingAt(manifest, entry, 'expected a folder of this repository, such as ../../components/defaults')];
}

function wholeFile(path: string, message: string): Finding {
  return { path: plainLine(path), line: null, pointer: null, message: plainLine(message, 500) };
}
