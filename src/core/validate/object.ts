/** What must hold of every object by itself: its name, namespace, labels, and what belongs to others. */
import type { Finding } from '../../domain/finding.ts';
import { isLabelKey, isLabelValue } from '../../domain/label-syntax.ts';
import { fieldAt } from '../../domain/object-fields.ts';
import { below, findingAt, keysOf, type Manifest, type Place, place } from '../manifest.ts';
import { isEngineOwned } from '../owned-keys.ts';
import { isObject } from '../read-manifest.ts';
import { podTemplatesOf } from '../workloads.ts';
import { revisionLabel, type ValidationContext } from './context.ts';

export function checkObject(manifest: Manifest, context: ValidationContext): readonly Finding[] {
  return [
    ...checkName(manifest, context),
    ...checkNamespace(manifest, context),
    ...checkMetadataFields(manifest),
    ...checkDemandedLabels(manifest, context),
    ...checkPodLabels(manifest, context),
    ...checkRevisionLabel(manifest, context),
    ...checkAllKeys(manifest),
    ...checkStatus(manifest),
  ];
}

const objectName = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

/** In a shared namespace the name is what keeps one deployment from overwriting another's objects. */
function checkName(manifest: Manifest, { resourceName }: ValidationContext): readonly Finding[] {
  const name = fieldAt(manifest.object, 'metadata', 'name');
  const pointer = '/metadata/name';
  if (typeof name !== 'string' || name === '') return [findingAt(manifest, pointer, 'misses the name of the object')];
  if (!objectName.test(name)) {
    return [
      findingAt(
        manifest,
        pointer,
        `${JSON.stringify(name)} is no Kubernetes name: lower-case letters, digits, "-" and "."`,
      ),
    ];
  }
  if (name === resourceName || name.startsWith(`${resourceName}-`)) return [];
  return [findingAt(manifest, pointer, `expected "${resourceName}" or a name that begins with "${resourceName}-"`)];
}

function checkNamespace(manifest: Manifest, { namespace }: ValidationContext): readonly Finding[] {
  const actual = fieldAt(manifest.object, 'metadata', 'namespace');
  if (actual === namespace) return [];
  const found = typeof actual === 'string' ? `, found "${actual}"` : '';
  return [findingAt(manifest, '/metadata/namespace', `expected the deployment's namespace "${namespace}"${found}`)];
}

const ourMetadata = new Set(['name', 'namespace', 'labels', 'annotations']);

/** Owners, finalizers, versions and times are written by the cluster, and kept by it when git says otherwise. */
function checkMetadataFields(manifest: Manifest): readonly Finding[] {
  const metadata = place(manifest, 'metadata');
  return keysOf(metadata)
    .filter((key) => !ourMetadata.has(key))
    .map((key) => findingAt(manifest, below(metadata, key), `"${key}" belongs to the cluster; leave it out`));
}

function checkDemandedLabels(manifest: Manifest, context: ValidationContext): readonly Finding[] {
  const labels = fieldAt(manifest.object, 'metadata', 'labels');
  return Object.entries(context.labels).flatMap(([key, expected]) => {
    const actual = fieldAt(labels, key);
    // A Secret that sops encrypted bears what one in the cluster bears.
    if (manifest.kind === 'Secret' && key === 'app.kubernetes.io/component') return [];
    if (actual === undefined) return [findingAt(manifest, '/metadata/labels', `misses the label ${key}`)];
    if (expected === null || actual === expected) return [];
    return [findingAt(manifest, `/metadata/labels/${key.replace('/', '~1')}`, `expected "${expected}"`)];
  });
}

/** Pods may bear less than objects do, but nothing that makes them look like a neighbour's. */
function checkPodLabels(manifest: Manifest, context: ValidationContext): readonly Finding[] {
  return podTemplatesOf(manifest).flatMap((template) => checkIdentity(manifest, template.labels, context));
}

export function checkIdentity(manifest: Manifest, labels: Place, context: ValidationContext): readonly Finding[] {
  return keysOf(labels).flatMap((key) => {
    const expected = fieldAt(context.labels, key);
    if (typeof expected !== 'string' || fieldAt(labels.value, key) === expected) return [];
    return [findingAt(manifest, below(labels, key), `expected "${expected}"`)];
  });
}

/** Only on workloads: elsewhere it would change objects that a revision does not change. */
function checkRevisionLabel(manifest: Manifest, context: ValidationContext): readonly Finding[] {
  const ours = place(manifest, 'metadata', 'labels', revisionLabel);
  const templates = podTemplatesOf(manifest);
  if (templates.length === 0) {
    if (ours.value === undefined) return [];
    return [
      findingAt(manifest, ours, `${revisionLabel} belongs on workloads only; it would change with every revision`),
    ];
  }
  return templates.flatMap((template) => {
    const pods = fieldAt(template.labels.value, revisionLabel);
    const wanted = context.revisionId;
    const wrong = wanted !== null && [ours.value, pods].some((value) => value !== undefined && value !== wanted);
    if (wrong) return [findingAt(manifest, ours, `expected the revision "${wanted}"`)];
    if (pods === ours.value) return [];
    const message = `expected the same ${revisionLabel} on the workload and on its pod template, to prove which pods are new`;
    return [findingAt(manifest, template.labels, message)];
  });
}

/** Labels and annotations of the object and of the pods that it makes. */
function checkAllKeys(manifest: Manifest): readonly Finding[] {
  const metadata = place(manifest, 'metadata');
  const own = { labels: below(metadata, 'labels'), annotations: below(metadata, 'annotations') };
  return [own, ...podTemplatesOf(manifest)].flatMap((owner) => checkKeyed(manifest, owner));
}

export function checkKeyed(
  manifest: Manifest,
  { labels, annotations }: { readonly labels: Place; readonly annotations: Place },
): readonly Finding[] {
  return [...checkKeys(manifest, labels, whyNoLabelValue), ...checkKeys(manifest, annotations, () => null)];
}

function checkKeys(
  manifest: Manifest,
  keyed: Place,
  whyNoValue: (value: unknown) => string | null,
): readonly Finding[] {
  return keysOf(keyed).flatMap((key) => {
    const value = fieldAt(keyed.value, key);
    const why = isLabelKey(key)
      ? (whyEngineOwned(key, value) ?? whyNoValue(value))
      : `${JSON.stringify(key)} is no valid key`;
    return why === null ? [] : [findingAt(manifest, below(keyed, key), why)];
  });
}

function whyEngineOwned(key: string, value: unknown): string | null {
  return isEngineOwned(key, value) ? `${key} belongs to the GitOps engine or the cluster; leave it out` : null;
}

function whyNoLabelValue(value: unknown): string | null {
  if (typeof value !== 'string' || isLabelValue(value)) return null;
  return 'is no valid label value: at most 63 letters, digits, "-", "_" and ".", beginning and ending with a letter or digit';
}

function checkStatus(manifest: Manifest): readonly Finding[] {
  if (!isObject(manifest.object) || !('status' in manifest.object)) return [];
  return [findingAt(manifest, '/status', 'the status belongs to the cluster; leave it out')];
}
