/** Pods and volume claims in the words of kstatus. */
import type { LiveObject } from '../../domain/live-object.ts';
import { listAt, textAt } from '../../domain/object-fields.ts';
import { conditionOf } from '../observe/conditions.ts';
import { nameOf, quote } from '../observe/words.ts';
import { current, failed, inProgress, type ObjectStatus } from './words.ts';

export function kstatusOfPod(object: LiveObject): ObjectStatus {
  const name = nameOf(object);
  const phase = textAt(object, 'status', 'phase');
  if (phase === 'Succeeded') return current(`${name} has ended well`);
  if (phase === 'Failed') {
    const words = quote(textAt(object, 'status', 'message'));
    return failed(textAt(object, 'status', 'reason') || 'PodFailed', `${name} has failed${words && `: ${words}`}`);
  }
  if (phase === 'Running' && conditionOf(object, 'Ready', 'True')) return current(`${name} is ready`);
  const looping = crashLooping(object);
  if (looping.length > 0) return failed('ContainerCrashLooping', `${name} goes on crashing: ${looping.join(', ')}`);
  const unscheduled = conditionOf(object, 'PodScheduled', 'False');
  if (unscheduled) {
    return inProgress(unscheduled.reason || 'NotScheduled', `${name} has no node: ${quote(unscheduled.message)}`);
  }
  if (phase === 'Running') return inProgress('PodRunningNotReady', `${name} runs but is not ready`);
  return inProgress('PodPending', `${name} is being started`);
}

export function kstatusOfClaim(object: LiveObject): ObjectStatus {
  const phase = textAt(object, 'status', 'phase');
  if (phase === 'Bound') return current(`${nameOf(object)} is bound`);
  if (phase === 'Lost') return failed('ClaimLost', `${nameOf(object)} has lost its volume`);
  return inProgress('NotBound', `${nameOf(object)} has no volume yet`);
}

function crashLooping(object: LiveObject): readonly string[] {
  return listAt(object, 'status', 'containerStatuses')
    .filter((container) => textAt(container, 'state', 'waiting', 'reason') === 'CrashLoopBackOff')
    .map((container) => textAt(container, 'name'));
}
