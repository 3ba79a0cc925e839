/** LGP, the object of LangChain's operator, in the words of kstatus: its status counts the pods of the agent's server. */
import type { LiveObject } from '../../domain/live-object.ts';
import { fieldAt, numberAt } from '../../domain/object-fields.ts';
import { type Condition, conditionsOf } from '../observe/conditions.ts';
import { nameOf, quote } from '../observe/words.ts';
import { current, failed, inProgress, type ObjectStatus, shortage } from './words.ts';

export function kstatusOfAgent(object: LiveObject): ObjectStatus {
  const name = nameOf(object);
  const conditions = conditionsOf(object);
  const bad = conditions.find(({ type, status }) => status === 'True' && failing.has(type));
  if (bad) return failed(bad.reason || bad.type, `${name}: ${said(bad)}`);
  const short = shortOfServer(object, name);
  if (short) return short;
  const missing = conditions.find(({ type, status }) => status !== 'True' && needed.has(type));
  if (missing) return inProgress(missing.reason || `Not${missing.type}`, `${name}: ${said(missing)}`);
  return current(`${name} is ready`);
}

/** The operator's words are not published: these are what such operators use, and others are not judged. */
const failing = new Set(['Failed', 'Degraded']);
const needed = new Set(['Ready', 'Available']);

function said({ type, status, reason, message }: Condition): string {
  return quote(`${type} is ${status}${reason && `, ${reason}`}${message && `: ${message}`}`);
}

function shortOfServer(object: LiveObject, name: string): ObjectStatus | null {
  if (fieldAt(object, 'status', 'deploymentStatus') === undefined) {
    return inProgress('NoStatus', `The operator has not yet said how many pods run (${name})`);
  }
  const counted = (field: string): number => numberAt(object, 'status', 'deploymentStatus', field) ?? 0;
  const autoscaled = fieldAt(object, 'spec', 'autoscaling', 'enabled') === true;
  const least = autoscaled
    ? (numberAt(object, 'spec', 'autoscaling', 'minReplicas') ?? 1)
    : (numberAt(object, 'spec', 'serverSpec', 'replicas') ?? 1);
  const want = Math.max(least, counted('replicas'));
  return shortage(name, [
    { reason: 'LessReplicas', have: counted('replicas'), want: least, words: 'pods are made' },
    { reason: 'LessUpdated', have: counted('updatedReplicas'), want, words: 'pods are of the new revision' },
    { reason: 'LessAvailable', have: counted('availableReplicas'), want, words: 'pods are available' },
    { reason: 'LessReady', have: counted('readyReplicas'), want, words: 'pods are ready' },
  ]);
}
