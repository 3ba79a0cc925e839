/** What is kept of live objects: thousands of them stand in memory, and most of each is never read. */
import type { LiveObject } from '../../domain/live-object.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Metadata without the bulk, and the object as it is. */
export function keepWhole(object: LiveObject): LiveObject {
  return { ...object, metadata: keptMetadata(object) };
}

export function keepWorkload(object: LiveObject): LiveObject {
  const { template: _template, volumeClaimTemplates: _claims, ...spec } = object.spec ?? {};
  return { ...object, metadata: keptMetadata(object), spec };
}

export function keepPod(object: LiveObject): LiveObject {
  const spec = object.spec ?? {};
  const names = (list: unknown, ...fields: readonly string[]) => fieldsOf(list).map((one) => picked(one, fields));
  return {
    ...object,
    metadata: keptMetadata(object),
    spec: {
      nodeName: spec['nodeName'],
      containers: names(spec['containers'], 'name', 'image'),
      initContainers: names(spec['initContainers'], 'name', 'image', 'restartPolicy'),
      volumes: names(spec['volumes'], 'persistentVolumeClaim').filter((one) => one['persistentVolumeClaim']),
    },
  };
}

/** The history and what is in step say nothing about a wait. */
export function keepApplication(object: LiveObject & { readonly operation?: unknown }): LiveObject {
  const status = object.status ?? {};
  const { history: _history, summary: _summary, resources, operationState, ...rest } = status;
  const differing = fieldsOf(resources).filter((one) => one['status'] !== 'Synced');
  return {
    ...object,
    metadata: keptMetadata(object),
    status: { ...rest, resources: differing.slice(0, 50), operationState: keptOperation(operationState) },
  };
}

function keptOperation(state: unknown): unknown {
  if (!isFields(state)) return undefined;
  const result = state['syncResult'];
  if (!isFields(result)) return state;
  const failed = fieldsOf(result['resources']).filter(
    (one) => one['status'] !== 'Synced' && one['status'] !== 'Pruned',
  );
  return { ...state, syncResult: { ...result, resources: failed.slice(0, 50) } };
}

function keptMetadata({ metadata }: LiveObject): LiveObject['metadata'] {
  const { managedFields: _managed, ...rest } = metadata as LiveObject['metadata'] & { managedFields?: unknown };
  const { 'kubectl.kubernetes.io/last-applied-configuration': _applied, ...annotations } = metadata.annotations ?? {};
  return metadata.annotations === undefined ? rest : { ...rest, annotations };
}

function picked(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(names.filter((name) => name in fields).map((name) => [name, fields[name]]));
}

function fieldsOf(list: unknown): readonly Fields[] {
  return Array.isArray(list) ? list.filter(isFields) : [];
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
