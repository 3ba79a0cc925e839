/** Tells when a removed deployment is gone: when nothing of it is left but the claims that its data is kept in. */
import type { EngineObjects, LiveObject, ObjectReference } from '../../domain/live-object.ts';
import { fieldAt, textAt } from '../../domain/object-fields.ts';
import type { Outcome } from '../../domain/report.ts';
import { conditionsOf } from './conditions.ts';
import { fullNameOf, quote, sentences } from './words.ts';

interface Removal {
  readonly remaining: readonly ObjectReference[];
  readonly engine: EngineObjects;
  /** Whether claims outlive the deployment. */
  readonly data: 'retain' | 'delete';
}

export interface RemovalVerdict {
  readonly outcome: Outcome;
  readonly reason: string;
  readonly message: string;
  /** Claims that stay, by name. */
  readonly retained: string[];
  /** Secrets that the listener made and must delete itself. */
  readonly ours: readonly string[];
}

const claims = 'persistentvolumeclaims';
/** Their owners take them along, so they are no news while those are there. */
const followers = new Set([
  'pods',
  'replicasets.apps',
  'controllerrevisions.apps',
  'endpointslices.discovery.k8s.io',
  'events',
]);

/**
 * Secrets of ours do not hold up the end: they are deleted as soon as nothing else is left, and `ours` names them from
 * then on. A pod that is still ending may need them.
 */
export function observeRemoval({ remaining, engine, data }: Removal): RemovalVerdict {
  const kept = remaining.filter((one) => one.resource === claims && data === 'retain' && !one.isDeleting);
  const retained = namesOf(kept);
  const secrets = oursToDelete(remaining);
  const left = remaining.filter((one) => !kept.includes(one) && (one.resource !== 'secrets' || one.isDeleting));
  const engineObject = engineObjectOf(engine);
  if (left.length > 0 || engineObject !== null) {
    const reason = left.length > 0 && left.every(({ isDeleting }) => isDeleting) ? 'Terminating' : 'AwaitingPrune';
    return { outcome: 'progressing', reason, message: waitWords(left, engineObject), retained, ours: [] };
  }
  if (secrets.length > 0) {
    const message = `Deleting the last of it: Secret ${secrets.join(', ')}`;
    return { outcome: 'progressing', reason: 'DeletingSecrets', message, retained, ours: secrets };
  }
  const message =
    retained.length === 0 ? 'Nothing is left' : `Nothing is left but retained claims: ${retained.join(', ')}`;
  return { outcome: 'succeeded', reason: 'Removed', message, retained, ours: [] };
}

/** Which of the objects the listener itself made; everything else came by git and goes by the engine. */
export function oursToDelete(remaining: readonly ObjectReference[]): readonly string[] {
  return namesOf(remaining.filter(({ resource, isDeleting }) => resource === 'secrets' && !isDeleting));
}

function namesOf(references: readonly ObjectReference[]): string[] {
  return references.map(({ name }) => name).sort();
}

/** The engine still has its own object about the folder: it has not finished, or not begun, to prune. */
function engineObjectOf(engine: EngineObjects): LiveObject | null {
  switch (engine.kind) {
    case 'argo-cd':
      return engine.application;
    case 'flux':
      return engine.kustomization;
    case 'other':
      return null;
  }
}

function waitWords(left: readonly ObjectReference[], engineObject: LiveObject | null): string {
  const leaders = left.filter(({ resource }) => !followers.has(resource));
  const shown = leaders.length > 0 ? leaders : left;
  const waiting = shown.filter(({ isDeleting }) => !isDeleting);
  const ending = shown.filter(({ isDeleting }) => isDeleting);
  return sentences(
    waiting.length === 0 ? '' : `Waiting for the engine to remove ${listed(waiting)}`,
    ending.length === 0 ? '' : `Being deleted: ${listed(ending)}; what stays so is held by a finalizer of its own`,
    engineObject === null ? '' : engineWords(engineObject),
  );
}

const mostNamed = 10;

function listed(references: readonly ObjectReference[]): string {
  const names = references.map(({ resource, name }) => `${resource}/${name}`).sort();
  const more = names.length > mostNamed ? [`and ${names.length - mostNamed} more`] : [];
  return [...names.slice(0, mostNamed), ...more].join(', ');
}

/** An Application that cannot be deleted says why in a condition; a suspended Kustomization does nothing at all. */
function engineWords(object: LiveObject): string {
  const name = fullNameOf(object);
  const trouble = conditionsOf(object).find(({ type, status, reason }) => {
    return type === 'DeletionError' || (type === 'Ready' && status === 'False' && reason === 'PruneFailed');
  });
  if (trouble) return `${name} cannot remove it: ${quote(trouble.message)}`;
  if (fieldAt(object, 'spec', 'suspend') === true) return `${name} is suspended: resume it, or it removes nothing`;
  if (object.metadata.deletionTimestamp !== undefined) {
    const finalizers = (object.metadata.finalizers ?? []).join(', ');
    return `${name} is being deleted${finalizers && `, held by ${finalizers}`}`;
  }
  const revision = textAt(object, 'status', 'sync', 'revision');
  return `${name} is still there${revision && ', the engine has not taken up the removal yet'}`;
}
