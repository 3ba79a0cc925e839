/** What no row of its own tells: objects that come and go, and the places in others that differ. Values stay out. */

import { canonicalJson } from '../../domain/canonical-json.ts';
import { code } from '../pull-request/text.ts';
import { isObject } from '../read-manifest.ts';
import type { ChangedObject } from './changed-object.ts';
import type { Fact } from './facts.ts';
import { isChanged } from './objects.ts';
import { listed, objectName, partOf } from './words.ts';

/** On a first deployment everything is new, and Files lists it. */
export function objectFacts(objects: readonly ChangedObject[]): readonly Fact[] {
  const added = objects.filter((object) => object.before === null);
  const removed = objects.filter((object) => object.after === null);
  const names = (list: readonly ChangedObject[]): string | null =>
    list.length === 0 ? null : listed(list.map(objectName), 20);
  return [
    { topic: 'Objects added', part: null, before: null, after: names(added) },
    { topic: 'Objects removed', part: null, before: names(removed), after: null },
  ];
}

export function otherFacts(objects: readonly ChangedObject[]): readonly Fact[] {
  return objects.filter(isChanged).flatMap((object) => {
    const places = [...new Set(differingPlaces(object).filter((place) => !isTold(object.kind, place)))];
    if (places.length === 0) return [];
    const after = listed(
      places.map((place) => code(place)),
      8,
    );
    const part = partOf(object);
    const topic = part === objectName(object) ? 'Also changed' : `Also changed in its ${object.kind}`;
    return [{ topic, part, before: null, after }];
  });
}

/** What rows of their own tell, and what each revision changes. */
const told: readonly RegExp[] = [
  /\.(?:init)?containers\[[^\]]*\]\.(?:image|env|envFrom|resources)(?:[.[]|$)/i,
  /\.sidecars\[[^\]]*\]\.(?:image|env|envFrom|resources)(?:[.[]|$)/,
  /labels\.(?:towpath\.dev\/revision-id|app\.kubernetes\.io\/version)$/,
  /^spec\.serverSpec\.(?:image|env|resources|queueResources|replicas)(?:[.[]|$)/,
  /^spec\.volumeClaimTemplates/,
];
const toldOf: ReadonlyMap<string, RegExp> = new Map([
  ['Deployment', /^spec\.replicas$/],
  ['StatefulSet', /^spec\.(?:replicas|persistentVolumeClaimRetentionPolicy)(?:\.|$)/],
  ['HorizontalPodAutoscaler', /^spec\.(?:min|max)Replicas$/],
  ['ScaledObject', /^spec\.(?:min|max)ReplicaCount$/],
  ['PersistentVolumeClaim', /^spec\.(?:resources|storageClassName)/],
  ['LGP', /^spec\.(?:autoscaling\.|ingress\.enabled$|database\.(?:storageSizeGi|resources|enabled)|redis\.resources)/],
]);

function isTold(kind: string, place: string): boolean {
  return told.some((one) => one.test(place)) || (toldOf.get(kind)?.test(place) ?? false);
}

function differingPlaces({ before, after }: ChangedObject): readonly string[] {
  const found: string[] = [];
  compare(before?.object, after?.object, '', found);
  return found;
}

/** Beyond these nobody reads on, and Files has them all. */
const mostPlaces = 200;
const deepest = 12;

function compare(before: unknown, after: unknown, place: string, found: string[]): void {
  if (found.length >= mostPlaces || canonicalJson(before) === canonicalJson(after)) return;
  const depth = place.split(/[.[]/).length;
  if (depth <= deepest && isObject(before) && isObject(after)) {
    const separator = place === '' ? '' : '.';
    for (const key of new Set([...Object.keys(after), ...Object.keys(before)])) {
      compare(at(before, key), at(after, key), `${place}${separator}${key}`, found);
    }
  } else if (depth <= deepest && isNamed(before) && isNamed(after)) {
    const [old, young] = [byName(before), byName(after)];
    for (const name of new Set([...young.keys(), ...old.keys()])) {
      compare(old.get(name), young.get(name), `${place}[${name}]`, found);
    }
  } else found.push(place);
}

function at(value: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

type Named = { readonly name: string };

/** Kubernetes merges such lists by their names, and so do readers. */
function isNamed(value: unknown): value is readonly Named[] {
  return (
    Array.isArray(value) && value.length > 0 && value.every((one) => isObject(one) && typeof one['name'] === 'string')
  );
}

function byName(list: readonly Named[]): ReadonlyMap<string, unknown> {
  return new Map(list.map((one) => [one.name, one]));
}
