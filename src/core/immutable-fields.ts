/**
 * What Kubernetes refuses to change of an object that is there. A commit with such a change would not be applied, and
 * neither would any later one, so it is never made.
 */

import { canonicalJson } from '../domain/canonical-json.ts';
import { storageAdvice } from '../domain/database-storage.ts';
import type { Finding } from '../domain/finding.ts';
import { fieldAt } from '../domain/object-fields.ts';
import { parseQuantity } from '../domain/quantity.ts';
import { findingAt, type Manifest, manifestOf } from './manifest.ts';
import { readManifest } from './read-manifest.ts';

type Path = readonly string[];

const inSpec = (...fields: string[]): readonly Path[] => fields.map((field) => ['spec', field]);
/** By kind; a map, since kinds come from outside. */
const immutable: ReadonlyMap<string, readonly Path[]> = new Map([
  ['Deployment', inSpec('selector')],
  ['DaemonSet', inSpec('selector')],
  [
    'StatefulSet',
    inSpec('selector', 'serviceName', 'podManagementPolicy', 'volumeClaimTemplates', 'revisionHistoryLimit'),
  ],
  ['Job', inSpec('selector', 'template', 'completions', 'completionMode')],
  ['Service', inSpec('clusterIP', 'clusterIPs', 'loadBalancerClass')],
  [
    'PersistentVolumeClaim',
    inSpec('accessModes', 'storageClassName', 'volumeMode', 'volumeName', 'selector', 'dataSource', 'dataSourceRef'),
  ],
  ['RoleBinding', [['roleRef']]],
  // Of the StatefulSet that its operator makes.
  ['LGP', [['spec', 'database', 'storageSizeGi']]],
]);
const requestedStorage: Path = ['spec', 'resources', 'requests', 'storage'];
const kinds = new Set([...immutable.keys(), 'ConfigMap'].map((kind) => kind.toLowerCase()));

/** Whether the name of a file says that its object has such fields. */
export function mayBeImmutable(path: string): boolean {
  const kind = /\.([a-z]+)\.yaml$/.exec(path)?.[1];
  return kind !== undefined && kinds.has(kind);
}

/** The fields of an object of this kind that differ, though nobody can change them. */
export function changedFields(kind: string, before: unknown, after: unknown): readonly Path[] {
  const fixed = kind === 'ConfigMap' && fieldAt(before, 'immutable') === true ? [['data'], ['binaryData']] : [];
  const changed = [...(immutable.get(kind) ?? []), ...fixed].filter((path) => {
    const [was, is] = [effective(path, fieldAt(before, ...path)), effective(path, fieldAt(after, ...path))];
    // An address that nobody has asked for is the cluster's choice, and stays.
    const isChosen = kind === 'Service' && (was === undefined || is === undefined) && was !== 'None' && is !== 'None';
    return !isChosen && canonicalJson(was) !== canonicalJson(is);
  });
  return kind === 'PersistentVolumeClaim' && shrinks(before, after) ? [...changed, requestedStorage] : changed;
}

/** What the API server takes a value for, which compares that: its defaults filled in, and a size as a number. */
const defaults = new Map<string, unknown>([
  ['podManagementPolicy', 'OrderedReady'],
  ['volumeMode', 'Filesystem'],
  ['completionMode', 'NonIndexed'],
  ['revisionHistoryLimit', 10],
]);

function effective(path: Path, value: unknown): unknown {
  const field = path.at(-1) ?? '';
  if (field !== 'volumeClaimTemplates' || !Array.isArray(value)) return value ?? defaults.get(field);
  return value.map((claim) => {
    const spec = fieldAt(claim, 'spec');
    const asked = fieldAt(spec, 'resources', 'requests', 'storage');
    const [size, volumeMode] = [
      parseQuantity(asked) ?? asked,
      fieldAt(spec, 'volumeMode') ?? defaults.get('volumeMode'),
    ];
    const { name, labels, annotations } = Object(fieldAt(claim, 'metadata'));
    return {
      name,
      labels,
      annotations,
      size,
      spec: { ...Object(spec), resources: fieldAt(spec, 'resources', 'limits'), volumeMode },
    };
  });
}

/** `before` is what the branch holds, of which nothing must be valid; the findings are about `after`. */
export function immutableChanges(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly Finding[] {
  const there = new Map(manifestsOf(before).map((manifest) => [identityOf(manifest), manifest]));
  return manifestsOf(after).flatMap((now) => {
    const old = there.get(identityOf(now));
    if (!old) return [];
    return changedFields(now.kind, old.object, now.object).map((path) => {
      const difference = differing(fieldAt(old.object, ...path), fieldAt(now.object, ...path));
      const message = `Kubernetes changes no ${path.join('.')} of a ${now.kind} that is there${difference}: ${adviceOn(old, now, path)}`;
      return findingAt(now, `/${path.join('/')}`, message);
    });
  });
}

/** The StorageClass in the claims of the StatefulSet of this name; undefined where there is no such StatefulSet. */
export function storageClassIn(files: ReadonlyMap<string, string>, statefulSet: string): string | null | undefined {
  const found = manifestsOf(files).find(({ kind, name }) => kind === 'StatefulSet' && name === statefulSet);
  if (!found) return undefined;
  const name = fieldAt(found.object, 'spec', 'volumeClaimTemplates', 0, 'spec', 'storageClassName');
  return typeof name === 'string' ? name : null;
}

function manifestsOf(files: ReadonlyMap<string, string>): readonly Manifest[] {
  return [...files].flatMap(([path, text]) => {
    if (!mayBeImmutable(path)) return [];
    const read = readManifest(text);
    return read.kind === 'read' ? [manifestOf(path, read.object, read.lineOf)] : [];
  });
}

/** Without the version of its group: that is another way to write the same object. */
function identityOf({ kind, apiVersion, name }: Manifest): string {
  const group = apiVersion.includes('/') ? apiVersion.replace(/\/.*/, '') : '';
  return `${group}/${kind}/${name}`;
}

function shrinks(before: unknown, after: unknown): boolean {
  const [was, is] = [
    parseQuantity(fieldAt(before, ...requestedStorage)),
    parseQuantity(fieldAt(after, ...requestedStorage)),
  ];
  return was !== null && is !== null && is < was;
}

/** Where an object says how big a database's volume is. */
const sizes: ReadonlyMap<string, Path> = new Map([
  ['StatefulSet', ['spec', 'volumeClaimTemplates', '0', 'spec', 'resources', 'requests', 'storage']],
  ['LGP', ['spec', 'database', 'storageSizeGi']],
]);

function adviceOn(old: Manifest, now: Manifest, path: Path): string {
  const size = sizes.get(now.kind) ?? [];
  const [was, is] = size[1] === path[1] ? [fieldAt(old.object, ...size), fieldAt(now.object, ...size)] : [];
  const gibibytes = Number.parseInt(String(was), 10);
  if (was !== is && gibibytes > 0) return storageAdvice(gibibytes);
  // Its data stays in the claims of the old name.
  const isOfData = now.kind === 'PersistentVolumeClaim' || path.at(-1) === 'volumeClaimTemplates';
  return isOfData
    ? 'leave it as it was; an object of another name would begin with an empty volume'
    : 'leave it as it was, or give the object another name';
}

/** The first place where the two differ, in a few words. */
function differing(was: unknown, is: unknown, at: Path = []): string {
  const isStructure = (value: unknown): value is object => typeof value === 'object' && value !== null;
  if (!isStructure(was) || !isStructure(is)) {
    return ` (${at.length === 0 ? '' : `${at.join('.')}: `}${shown(was)}, now ${shown(is)})`;
  }
  const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])].sort();
  const key = keys.find((each) => canonicalJson(fieldAt(was, each)) !== canonicalJson(fieldAt(is, each)));
  return key === undefined ? '' : differing(fieldAt(was, key), fieldAt(is, key), [...at, key]);
}

function shown(value: unknown): string {
  if (value === undefined) return 'not set';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
