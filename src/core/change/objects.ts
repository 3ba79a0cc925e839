/** The objects of a deployment's folder before and after a change, paired, whoever's templates they came from. */

import { canonicalJson } from '../../domain/canonical-json.ts';
import { fieldAt } from '../../domain/object-fields.ts';
import { type Manifest, manifestOf } from '../manifest.ts';
import { provenanceFile } from '../provenance.ts';
import { readManifest } from '../read-manifest.ts';
import type { ChangedObject } from './changed-object.ts';
import { compareText } from './words.ts';

export interface UnreadableFile {
  readonly path: string;
  readonly line: number;
  readonly why: string;
  readonly side: 'before' | 'after';
}

interface ChangedObjects {
  /** Sorted by kind and name. */
  readonly objects: readonly ChangedObject[];
  /** What is proposed, and of the base what does not stay as it is. */
  readonly unreadable: readonly UnreadableFile[];
  readonly components: { readonly before: readonly string[]; readonly after: readonly string[] };
}

type Files = ReadonlyMap<string, string> | null;

export function changedObjects(before: Files, after: Files): ChangedObjects {
  const [old, young] = [readFolder(before, 'before'), readFolder(after, 'after')];
  const keys = [...new Set([...old.manifests.keys(), ...young.manifests.keys()])].sort(compareText);
  return {
    objects: keys.map((key) => pair(old.manifests.get(key) ?? null, young.manifests.get(key) ?? null)),
    unreadable: [...young.unreadable, ...old.unreadable.filter(({ path }) => before?.get(path) !== after?.get(path))],
    components: { before: old.components, after: young.components },
  };
}

/** Whether anything of it differs but its text. */
export function isChanged({ before, after }: ChangedObject): boolean {
  return before !== null && after !== null && canonicalJson(before.object) !== canonicalJson(after.object);
}

interface Folder {
  readonly manifests: ReadonlyMap<string, Manifest>;
  readonly unreadable: readonly UnreadableFile[];
  readonly components: readonly string[];
}

function readFolder(files: Files, side: 'before' | 'after'): Folder {
  const manifests = new Map<string, Manifest>();
  const unreadable: UnreadableFile[] = [];
  let components: readonly string[] = [];
  for (const [path, text] of files ?? []) {
    if (path === provenanceFile || !/\.ya?ml$/i.test(path)) continue;
    const read = readManifest(text);
    if (read.kind === 'unreadable') {
      const [problem] = read.problems.toReversed();
      unreadable.push({ path, line: problem?.line ?? 1, why: problem?.message ?? 'is not valid YAML', side });
      continue;
    }
    const manifest = manifestOf(path, read.object, read.lineOf);
    if (isKustomization(manifest)) components = texts(fieldAt(read.object, 'components'));
    else manifests.set(freeKey(manifests, manifest), manifest);
  }
  return { manifests, unreadable, components };
}

function isKustomization({ apiVersion, kind }: Manifest): boolean {
  return kind === 'Kustomization' && apiVersion.startsWith('kustomize.config.k8s.io/');
}

/** By kind and name, whatever the file is called; two of the same, as only users' templates make them, by their files. */
function freeKey(taken: ReadonlyMap<string, Manifest>, { kind, name, path }: Manifest): string {
  const key = kind === '' || name === '' ? `\uffff${path}` : `${kind}/${name}`;
  return taken.has(key) ? `${key}\uffff${path}` : key;
}

function pair(before: Manifest | null, after: Manifest | null): ChangedObject {
  const shown = after ?? before;
  const component = fieldAt(shown?.object, 'metadata', 'labels', 'app.kubernetes.io/component');
  return {
    kind: shown?.kind || 'Object',
    name: shown?.name || (shown?.path ?? ''),
    component: typeof component === 'string' ? component : null,
    before,
    after,
  };
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}
