/** The state of one live object in the words of kstatus, read from the object alone: no cluster, no clock. */
import type { LiveObject } from '../../domain/live-object.ts';
import { numberAt } from '../../domain/object-fields.ts';
import { conditionOf } from '../observe/conditions.ts';
import { nameOf, quote } from '../observe/words.ts';
import { kstatusOfAgent } from './agent.ts';
import { kstatusOfClaim, kstatusOfPod } from './pod.ts';
import { current, failed, inProgress, type ObjectStatus, stated } from './words.ts';
import { kstatusOfDaemonSet, kstatusOfDeployment, kstatusOfReplicaSet, kstatusOfStatefulSet } from './workloads.ts';

export type { ObjectStatus };

/** Null is an object that is not there. */
export function kstatus(object: LiveObject | null): ObjectStatus {
  if (object === null) return stated('NotFound', 'NotFound', 'There is no such object');
  if (object.metadata.deletionTimestamp !== undefined) {
    return stated('Terminating', 'Terminating', `${nameOf(object)} is being deleted`);
  }
  return generation(object) ?? standardConditions(object) ?? ofKind(object);
}

/** Their controllers always say which generation they have seen; without that nothing was seen yet. */
const observing = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'LGP']);

function generation(object: LiveObject): ObjectStatus | null {
  const latest = object.metadata.generation;
  const seen = numberAt(object, 'status', 'observedGeneration');
  const isBehind = seen === undefined ? observing.has(object.kind) : latest !== undefined && seen < latest;
  if (!isBehind) return null;
  return inProgress('LatestGenerationNotObserved', `The latest change of ${nameOf(object)} is not taken up yet`);
}

function standardConditions(object: LiveObject): ObjectStatus | null {
  const stalled = conditionOf(object, 'Stalled', 'True');
  const condition = stalled ?? conditionOf(object, 'Reconciling', 'True');
  if (condition === undefined) return null;
  const { reason, message } = condition;
  if (stalled) return failed(reason || 'Stalled', `${nameOf(object)} is stalled: ${quote(message)}`);
  return inProgress(reason || 'Reconciling', `${nameOf(object)} is being reconciled: ${quote(message)}`);
}

const kinds: ReadonlyMap<string, (object: LiveObject) => ObjectStatus> = new Map([
  ['Deployment', kstatusOfDeployment],
  ['StatefulSet', kstatusOfStatefulSet],
  ['DaemonSet', kstatusOfDaemonSet],
  ['ReplicaSet', kstatusOfReplicaSet],
  ['Pod', kstatusOfPod],
  ['PersistentVolumeClaim', kstatusOfClaim],
  ['LGP', kstatusOfAgent],
]);

function ofKind(object: LiveObject): ObjectStatus {
  const own = kinds.get(object.kind);
  if (own) return own(object);
  const ready = conditionOf(object, 'Ready');
  if (ready === undefined || ready.status === 'True') return current(`${nameOf(object)} is there`);
  return inProgress(ready.reason || 'NotReady', `${nameOf(object)} is not ready: ${quote(ready.message)}`);
}
