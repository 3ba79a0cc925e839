/** Risks to what cannot be made again: deletions, data, and whatever holds state. */

import { canonicalJson } from '../../domain/canonical-json.ts';
import { fieldAt } from '../../domain/object-fields.ts';
import { parseQuantity } from '../../domain/quantity.ts';
import type { ChangedObject } from '../change/changed-object.ts';
import { isChanged } from '../change/objects.ts';
import type { ChangedVolume } from '../change/storage.ts';
import { counted, listed, objectName } from '../change/words.ts';
import { code } from '../pull-request/text.ts';
import type { ReadChange, Risk } from './read-change.ts';

export function deletionRisks(change: ReadChange): readonly Risk[] {
  const gone = change.objects.filter((object) => object.before !== null && object.after === null);
  if (change.kind === 'remove') return [removal(gone), dataAfterRemoval(change)];
  const grave = gone.filter((object) => !replaceable.has(object.kind));
  if (grave.length === 0) return [];
  return [{ label: 'deletes', text: `${listed(grave.map(objectName), 20)} will be deleted from the cluster.` }];
}

/** Whose loss is told by a row of the table, or by a rule of its own. */
const replaceable = new Set([
  'HorizontalPodAutoscaler',
  'ScaledObject',
  'TriggerAuthentication',
  'PodDisruptionBudget',
  'SealedSecret',
  'ExternalSecret',
  'Secret',
  'ConfigMap',
  'ServiceAccount',
  'NetworkPolicy',
  'Ingress',
  'HTTPRoute',
  'VirtualService',
]);

function removal(gone: readonly ChangedObject[]): Risk {
  const names = gone.length === 0 ? '' : `: ${listed(gone.map(objectName), 20)}`;
  return { label: 'deletes', text: `The deployment goes, with ${counted(gone.length, 'object')}${names}.` };
}

function dataAfterRemoval({ volumes, deletesData, kind }: ReadChange): Risk {
  const held = volumes.filter((volume) => volume.before !== null);
  const lost = held.filter((volume) => kind === 'remove' && (deletesData || volume.before?.goesWithIt));
  if (held.length === 0) return { label: null, text: 'It has no volume claims of its own, so no data goes with it.' };
  const kept = held.filter((volume) => !lost.includes(volume));
  if (lost.length === 0) {
    return { label: 'stateful', text: `Data is retained: the volume claims of ${partsOf(kept)} stay in the cluster.` };
  }
  const rest = kept.length === 0 ? '' : ` Those of ${partsOf(kept)} stay.`;
  return {
    label: 'stateful',
    text: `**Data is deleted**: the volume claims of ${partsOf(lost)} go with it, and nothing brings them back.${rest}`,
  };
}

export function statefulRisks(change: ReadChange): readonly Risk[] {
  if (change.kind === 'remove') return [];
  return change.objects.flatMap((object) => {
    const name = objectName(object);
    if (object.before !== null && object.after === null) return lossOfState(object, change.volumes);
    if (!isChanged(object)) return [];
    if (object.kind === 'StatefulSet' && differs(object, 'spec')) {
      const pods = differs(object, 'spec', 'template') ? 'its pods restart' : 'its pods go on';
      return [{ label: 'stateful', text: `${name} holds data and is changed; ${pods}.` }];
    }
    if (object.kind === 'PersistentVolumeClaim' && differs(object, 'spec')) {
      return [{ label: 'stateful', text: `${name} holds data and is changed.` }];
    }
    if (object.kind === 'LGP' && differs(object, 'spec', 'database')) {
      return [{ label: 'stateful', text: `The database of ${name} changes.` }];
    }
    return [];
  });
}

function lossOfState(object: ChangedObject, volumes: readonly ChangedVolume[]): readonly Risk[] {
  const own = volumes.filter((volume) => volume.object === object);
  if (own.length === 0) return object.kind === 'StatefulSet' ? [goes(object, 'has no claims of its own')] : [];
  const isLost = own.some((volume) => volume.before?.goesWithIt);
  return [goes(object, isLost ? '**its data is deleted with it**' : 'its volume claims stay in the cluster')];
}

function goes(object: ChangedObject, what: string): Risk {
  return { label: 'stateful', text: `${objectName(object)} goes; ${what}.` };
}

export function storageRisks({ volumes }: ReadChange): readonly Risk[] {
  return volumes.flatMap(({ object, part, before, after }) => {
    if (before === null || after === null) return [];
    const [old, young] = [parseQuantity(before.size), parseQuantity(after.size)];
    const found: string[] = [];
    if (old !== null && young !== null && young < old) {
      found.push(
        `Storage of ${part} shrinks from ${code(before.size ?? '')} to ${code(after.size ?? '')}, which Kubernetes refuses.`,
      );
    }
    const isTemplate = object.kind === 'StatefulSet';
    if (before.fixed !== after.fixed)
      found.push(`Storage of ${part} gets another class or mode, which Kubernetes refuses for a claim that exists.`);
    else if (isTemplate && old !== null && young !== null && young > old) {
      found.push(
        `Storage of ${part} grows; Kubernetes refuses that in a StatefulSet, whose claims are enlarged by hand.`,
      );
    }
    if (!before.goesWithIt && after.goesWithIt) {
      found.push(`Data of ${part} is no longer retained: from now on its claims go with the workload.`);
    }
    return found.map((text): Risk => ({ label: 'stateful', text }));
  });
}

function partsOf(volumes: readonly ChangedVolume[]): string {
  return listed(volumes.map((volume) => volume.part));
}

function differs({ before, after }: ChangedObject, ...keys: readonly string[]): boolean {
  return canonicalJson(fieldAt(before?.object, ...keys)) !== canonicalJson(fieldAt(after?.object, ...keys));
}
