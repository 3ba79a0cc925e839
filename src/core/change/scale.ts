/** How many pods there may be: a number, or the bounds of whoever scales. */

import { dig, type Manifest } from '../manifest.ts';
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
    const kind = dig(object, 'spec', 'scaleTargetRef', 'kind') ?? 'Deployment';
    return kind === workload.kind && dig(object, 'spec', 'scaleTargetRef', 'name') === workload.name;
  });
  const replicas = numberAt(workload.object, 1, 'spec', 'replicas');
  if (!scaler) return { least: replicas, most: replicas, by: null };
  const isKeda = scaler.kind === 'ScaledObject';
  const [least, most] = isKeda ? ['minReplicaCount', 'maxReplicaCount'] : ['minReplicas', 'maxReplicas'];
  return {
    least: numberAt(scaler.object, isKeda ? 0 : 1, 'spec', least),
    most: numberAt(scaler.object, isKeda ? 100 : 1, 'spec', most),
    by: isKeda ? 'KEDA' : 'a HorizontalPodAutoscaler',
  };
}

function operatedScale({ object }: Manifest, queue: boolean): Scale | null {
  if (queue && dig(object, 'spec', 'serverSpec', 'queueEnabled') === false) return null;
  const scaling = dig(object, 'spec', 'autoscaling');
  if (dig(scaling, 'enabled') !== true) {
    const replicas = queue ? 1 : numberAt(object, 1, 'spec', 'serverSpec', 'replicas');
    return { least: replicas, most: replicas, by: null };
  }
  const type = dig(scaling, 'autoscalerType');
  const least = numberAt(scaling, 1, queue ? 'queueMinReplicas' : 'minReplicas');
  const most = numberAt(scaling, least, queue ? 'queueMaxReplicas' : 'maxReplicas');
  return { least, most, by: type === 'KEDA' ? 'KEDA' : 'a HorizontalPodAutoscaler' };
}

function numberAt(value: unknown, otherwise: number, ...keys: readonly string[]): number {
  const found = dig(value, ...keys);
  return typeof found === 'number' ? found : otherwise;
}

function scaleText({ least, most, by }: Scale): string {
  return by === null ? String(least) : `${least} to ${most}, by ${by}`;
}
