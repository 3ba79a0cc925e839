/** How many pods there may be: a number, or the bounds of whoever scales. */

import { fieldAt, numberAt } from '../../domain/object-fields.ts';
import type { Manifest } from '../manifest.ts';
import type { ChangedObject } from './changed-object.ts';
import type { Fact } from './facts.ts';
import { partOf } from './words.ts';
import type { ChangedPod } from './workloads.ts';

interface Scale {
  readonly least: number;
  readonly most: number;
  /** Markdown; null: nobody scales. */
  readonly by: string | null;
}

export interface ChangedScale {
  readonly part: string;
  readonly before: Scale | null;
  readonly after: Scale | null;
}

export function changedScales(objects: readonly ChangedObject[], pods: readonly ChangedPod[]): readonly ChangedScale[] {
  return pods.flatMap(({ object }) => {
    const scalers = { before: scalersOf(objects, 'before'), after: scalersOf(objects, 'after') };
    return scaledParts(object).map(({ part, queue }) => ({
      part,
      before: object.before && scaleOf(object.before, scalers.before, queue),
      after: object.after && scaleOf(object.after, scalers.after, queue),
    }));
  });
}

export function scaleFacts(scales: readonly ChangedScale[]): readonly Fact[] {
  return scales.map(({ part, before, after }) => ({
    topic: 'Replicas',
    part,
    before: before && scaleText(before),
    after: after && scaleText(after),
  }));
}

function scaledParts(object: ChangedObject): readonly { readonly part: string; readonly queue: boolean }[] {
  if (object.kind === 'LGP') {
    return [
      { part: partOf(object), queue: false },
      { part: 'queue', queue: true },
    ];
  }
  return ['Deployment', 'StatefulSet'].includes(object.kind) ? [{ part: partOf(object), queue: false }] : [];
}

function scalersOf(objects: readonly ChangedObject[], side: 'before' | 'after'): readonly Manifest[] {
  return objects
    .map((object) => object[side])
    .filter((one): one is Manifest => one?.kind === 'HorizontalPodAutoscaler' || one?.kind === 'ScaledObject');
}

function scaleOf(workload: Manifest, scalers: readonly Manifest[], queue: boolean): Scale | null {
  if (workload.kind === 'LGP') return operatedScale(workload, queue);
  const scaler = scalers.find(({ object }) => {
    const kind = fieldAt(object, 'spec', 'scaleTargetRef', 'kind') ?? 'Deployment';
    return kind === workload.kind && fieldAt(object, 'spec', 'scaleTargetRef', 'name') === workload.name;
  });
  const replicas = numberAt(workload.object, 'spec', 'replicas') ?? 1;
  if (!scaler) return { least: replicas, most: replicas, by: null };
  const isKeda = scaler.kind === 'ScaledObject';
  const [least, most] = isKeda ? ['minReplicaCount', 'maxReplicaCount'] : ['minReplicas', 'maxReplicas'];
  return {
    least: numberAt(scaler.object, 'spec', least) ?? (isKeda ? 0 : 1),
    most: numberAt(scaler.object, 'spec', most) ?? (isKeda ? 100 : 1),
    by: isKeda ? 'KEDA' : 'a HorizontalPodAutoscaler',
  };
}

function operatedScale({ object }: Manifest, queue: boolean): Scale | null {
  if (queue && fieldAt(object, 'spec', 'serverSpec', 'queueEnabled') === false) return null;
  const scaling = fieldAt(object, 'spec', 'autoscaling');
  if (fieldAt(scaling, 'enabled') !== true) {
    const replicas = queue ? 1 : (numberAt(object, 'spec', 'serverSpec', 'replicas') ?? 1);
    return { least: replicas, most: replicas, by: null };
  }
  const type = fieldAt(scaling, 'autoscalerType');
  const least = numberAt(scaling, queue ? 'queueMinReplicas' : 'minReplicas') ?? 1;
  const most = numberAt(scaling, queue ? 'queueMaxReplicas' : 'maxReplicas') ?? least;
  return { least, most, by: type === 'KEDA' ? 'KEDA' : 'a HorizontalPodAutoscaler' };
}

function scaleText({ least, most, by }: Scale): string {
  return by === null ? String(least) : `${least} to ${most}, by ${by}`;
}
