/** Tells a progress deadline that an older revision ran into from one of the revision that is rolling out. */
import type { LiveObject } from '../../domain/live-object.ts';
import { numberAt } from '../../domain/object-fields.ts';
import { conditionOf } from './conditions.ts';

/**
 * For a moment a Deployment shows the new generation with the old condition, where its number of replicas changes too.
 * The condition names the ReplicaSet that timed out; the pods of the new revision belong to another.
 */
export function isOutdatedFailure(workload: LiveObject, pods: readonly LiveObject[]): boolean {
  const condition = conditionOf(workload, 'Progressing');
  if (condition?.reason !== 'ProgressDeadlineExceeded') return false;
  const owners = new Set(pods.flatMap((pod) => replicaSetsOf(pod, workload.metadata.name)));
  const [, late] = /ReplicaSet "([^"]+)"/.exec(condition.message) ?? [];
  if (owners.size > 0) return late !== undefined && !owners.has(late);
  const updated = numberAt(workload, 'status', 'updatedReplicas') ?? 0;
  return (
    updated === 0 &&
    (numberAt(workload, 'spec', 'replicas') ?? 1) > 0 &&
    !conditionOf(workload, 'ReplicaFailure', 'True')
  );
}

/** `<deployment>-<hash>`: Deployment `a-queue` is not the owner of what `a` made. */
function replicaSetsOf(pod: LiveObject, deployment: string): readonly string[] {
  return (pod.metadata.ownerReferences ?? [])
    .filter(({ kind, name }) => kind === 'ReplicaSet' && name.slice(0, name.lastIndexOf('-')) === deployment)
    .map(({ name }) => name);
}
