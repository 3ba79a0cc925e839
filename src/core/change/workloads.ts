/** The pods of a change: which containers there were and will be, of what image, how large and how many. */

import { fieldAt } from '../../domain/object-fields.ts';
import type { Manifest } from '../manifest.ts';
import { code } from '../pull-request/text.ts';
import { imageText } from '../risk/image-name.ts';
import { podTemplatesOf } from '../workloads.ts';
import type { ChangedObject } from './changed-object.ts';
import type { Fact } from './facts.ts';
import { partOf } from './words.ts';

/** One container of one workload, on both sides. */
export interface ChangedContainer {
  readonly object: ChangedObject;
  /** Markdown: `API`, or the container's name in `API`. */
  readonly part: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** The pod's own description on both sides; undefined where the workload was or will not be there. */
export interface ChangedPod {
  readonly object: ChangedObject;
  readonly part: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly containers: readonly ChangedContainer[];
}

export function changedPods(objects: readonly ChangedObject[]): readonly ChangedPod[] {
  return objects.flatMap((object) => {
    const [before, after] = [podOf(object.before), podOf(object.after)];
    if (before === null && after === null) return [];
    return [
      {
        object,
        part: partOf(object),
        before: before?.spec,
        after: after?.spec,
        containers: pairContainers(object, before, after),
      },
    ];
  });
}

export function imageOf(container: unknown): string | null {
  const image = fieldAt(container, 'image');
  return typeof image === 'string' ? image : null;
}

export function imageFacts(pods: readonly ChangedPod[]): readonly Fact[] {
  return pods
    .flatMap((pod) => pod.containers)
    .map(({ part, before, after }) => ({
      topic: 'Image',
      part,
      before: imageText(imageOf(before)),
      after: imageText(imageOf(after)),
    }));
}

export function resourceFacts(pods: readonly ChangedPod[]): readonly Fact[] {
  const containers = pods.flatMap((pod) => pod.containers).map((one) => ({ ...one, keys: ['resources'] }));
  const operated = pods
    .filter((pod) => pod.object.kind === 'LGP')
    .flatMap((pod) =>
      operatedResources.map(({ part, keys }) => ({
        part,
        keys,
        before: pod.object.before?.object,
        after: pod.object.after?.object,
      })),
    );
  return [...containers, ...operated].flatMap(({ part, keys, before, after }) =>
    (['cpu', 'memory'] as const).map((name) => ({
      topic: name === 'cpu' ? 'CPU' : 'Memory',
      part,
      before: resourceText(fieldAt(before, ...keys), name),
      after: resourceText(fieldAt(after, ...keys), name),
    })),
  );
}

/** What LangChain's operator is told of the pods that it makes itself. */
const operatedResources: readonly { readonly part: string; readonly keys: readonly string[] }[] = [
  { part: 'queue', keys: ['spec', 'serverSpec', 'queueResources'] },
  { part: 'Postgres', keys: ['spec', 'database', 'resources'] },
  { part: 'Redis', keys: ['spec', 'redis', 'resources'] },
];

function resourceText(resources: unknown, name: 'cpu' | 'memory'): string | null {
  const [request, limit] = [fieldAt(resources, 'requests', name), fieldAt(resources, 'limits', name)];
  const words = [
    ...(isScalar(request) ? [code(String(request))] : []),
    ...(isScalar(limit) ? [`limit ${code(String(limit))}`] : []),
  ];
  return words.length === 0 ? null : words.join(', ');
}

function isScalar(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

interface Pod {
  readonly spec: unknown;
  readonly containers: readonly { readonly name: string; readonly main: boolean; readonly value: unknown }[];
}

function podOf(manifest: Manifest | null): Pod | null {
  const [template] = manifest ? podTemplatesOf(manifest) : [];
  if (!template) return null;
  // The one that the workload is there for: the first that is no init container; of an LGP the server itself.
  const values = template.containers.map(({ value }) => value);
  const initial: unknown = fieldAt(template.spec.value, 'initContainers');
  const first = Array.isArray(initial) ? initial.length : 0;
  const main = manifest?.kind === 'LGP' ? values.length - 1 : first;
  return {
    spec: template.spec.value,
    containers: values.map((value, index) => {
      const name = fieldAt(value, 'name');
      return { name: typeof name === 'string' ? name : '', main: index === main, value };
    }),
  };
}

function pairContainers(object: ChangedObject, before: Pod | null, after: Pod | null): readonly ChangedContainer[] {
  const young = after?.containers ?? [];
  const old = before?.containers ?? [];
  const gone = old.filter((one) => !young.some((other) => other.name === one.name));
  return [...young, ...gone].map(({ name, main }) => ({
    object,
    part: main ? partOf(object) : `${code(name)} in ${partOf(object)}`,
    before: old.find((one) => one.name === name)?.value,
    after: young.find((one) => one.name === name)?.value,
  }));
}
