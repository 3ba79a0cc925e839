/** Kubernetes' own workloads in the words of kstatus: all wanted pods are there, of the newest template, and available. */
import type { LiveObject } from '../../domain/live-object.ts';
import { fieldAt, numberAt, textAt } from '../../domain/object-fields.ts';
import { conditionOf } from '../observe/conditions.ts';
import { nameOf, quote } from '../observe/words.ts';
import { current, failed, inProgress, type ObjectStatus, shortage } from './words.ts';

/** Without a deadline the controller writes no condition Progressing. */
const noDeadline = 2_147_483_647;

export function kstatusOfDeployment(object: LiveObject): ObjectStatus {
  const name = nameOf(object);
  const progressing = conditionOf(object, 'Progressing');
  if (progressing?.reason === 'ProgressDeadlineExceeded') {
    return failed('ProgressDeadlineExceeded', `${name} made no progress in time: ${quote(progressing.message)}`);
  }
  const short = shortOfDeployment(object);
  const refused = conditionOf(object, 'ReplicaFailure', 'True');
  if (short && refused) {
    return inProgress(refused.reason || 'ReplicaFailure', `${name} cannot make a pod: ${quote(refused.message)}`);
  }
  if (short && fieldAt(object, 'spec', 'paused') === true) {
    return inProgress('DeploymentPaused', `${name} is paused; resume it by kubectl rollout resume`);
  }
  if (short) return short;
  const deadline = numberAt(object, 'spec', 'progressDeadlineSeconds') ?? noDeadline;
  if (deadline !== noDeadline && !(progressing?.status === 'True' && progressing.reason === 'NewReplicaSetAvailable')) {
    return inProgress('ReplicaSetNotAvailable', `${name} is still rolling out`);
  }
  if (!conditionOf(object, 'Available', 'True')) return inProgress('NotAvailable', `${name} is not available yet`);
  return current(`${name} is available`);
}

function shortOfDeployment(object: LiveObject): ObjectStatus | null {
  const want = wanted(object);
  const updated = counted(object, 'updatedReplicas');
  const all = counted(object, 'replicas');
  const available = counted(object, 'availableReplicas');
  const name = nameOf(object);
  return (
    shortage(name, [
      { reason: 'LessReplicas', have: all, want, words: 'pods are made' },
      { reason: 'LessUpdated', have: updated, want, words: 'pods are of the new revision' },
    ]) ??
    (all > want ? inProgress('ExtraPods', `Pods of the old revision are still being replaced (${name})`) : null) ??
    shortage(name, [
      { reason: 'LessAvailable', have: available, want: Math.max(want, updated), words: 'pods are available' },
      { reason: 'LessReady', have: counted(object, 'readyReplicas'), want, words: 'pods are ready' },
    ])
  );
}

export function kstatusOfStatefulSet(object: LiveObject): ObjectStatus {
  const name = nameOf(object);
  if (textAt(object, 'spec', 'updateStrategy', 'type') === 'OnDelete') {
    return current(`${name} is updated by hand (OnDelete)`);
  }
  const want = wanted(object);
  const short = shortage(name, [
    { reason: 'LessReplicas', have: counted(object, 'replicas'), want, words: 'pods are made' },
    { reason: 'LessReady', have: counted(object, 'readyReplicas'), want, words: 'pods are ready' },
  ]);
  if (short) return short;
  if (counted(object, 'replicas') > want) return inProgress('ExtraPods', `Pods are still being ended (${name})`);
  const partition = numberAt(object, 'spec', 'updateStrategy', 'rollingUpdate', 'partition') ?? 0;
  const isRolling = textAt(object, 'status', 'currentRevision') !== textAt(object, 'status', 'updateRevision');
  const updating = { have: counted(object, 'updatedReplicas'), want: Math.max(0, want - partition) };
  if (!isRolling || (partition > 0 && updating.have >= updating.want)) return current(`${name} is ready`);
  return (
    shortage(name, [{ reason: 'LessUpdated', ...updating, words: 'pods are updated' }]) ??
    inProgress('RevisionMismatch', `${name} is still rolling out`)
  );
}

export function kstatusOfDaemonSet(object: LiveObject): ObjectStatus {
  const want = numberAt(object, 'status', 'desiredNumberScheduled');
  if (want === undefined) return inProgress('NoDesiredNumber', `${nameOf(object)} is not scheduled yet`);
  const name = nameOf(object);
  const counts = [
    { reason: 'LessCurrent', have: counted(object, 'currentNumberScheduled'), want, words: 'pods are made' },
    { reason: 'LessUpdated', have: counted(object, 'updatedNumberScheduled'), want, words: 'pods are updated' },
    { reason: 'LessAvailable', have: counted(object, 'numberAvailable'), want, words: 'pods are available' },
    { reason: 'LessReady', have: counted(object, 'numberReady'), want, words: 'pods are ready' },
  ];
  return shortage(name, counts) ?? current(`${name} is ready`);
}

export function kstatusOfReplicaSet(object: LiveObject): ObjectStatus {
  const name = nameOf(object);
  const refused = conditionOf(object, 'ReplicaFailure', 'True');
  if (refused) {
    return inProgress(refused.reason || 'ReplicaFailure', `${name} cannot make a pod: ${quote(refused.message)}`);
  }
  const want = wanted(object);
  const counts = [
    { reason: 'LessLabelled', have: counted(object, 'fullyLabeledReplicas'), want, words: 'pods are labelled' },
    { reason: 'LessAvailable', have: counted(object, 'availableReplicas'), want, words: 'pods are available' },
    { reason: 'LessReady', have: counted(object, 'readyReplicas'), want, words: 'pods are ready' },
  ];
  const short = shortage(name, counts);
  if (short) return short;
  if (counted(object, 'replicas') > want) return inProgress('ExtraPods', `Pods are still being ended (${name})`);
  return current(`${name} is available`);
}

/** The API server fills in 1; so does the controller. */
function wanted(object: LiveObject): number {
  return numberAt(object, 'spec', 'replicas') ?? 1;
}

function counted(object: LiveObject, field: string): number {
  return numberAt(object, 'status', field) ?? 0;
}
