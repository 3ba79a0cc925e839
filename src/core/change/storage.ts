/** What holds data: claims, their sizes and classes, and what becomes of them when the deployment goes. */

import { canonicalJson } from '../../domain/canonical-json.ts';
import { fieldAt, listAt } from '../../domain/object-fields.ts';
import type { Manifest } from '../manifest.ts';
import { code } from '../pull-request/text.ts';
import type { ChangedObject } from './changed-object.ts';
import type { Fact } from './facts.ts';
import { partOf } from './words.ts';

/** One claim, or one claim a pod. */
interface Volume {
  readonly name: string;
  readonly size: string | null;
  readonly className: string | null;
  /** Whether the claim goes when its workload does. */
  readonly goesWithIt: boolean;
  /** All that Kubernetes lets nobody change. */
  readonly fixed: string;
}

export interface ChangedVolume {
  readonly object: ChangedObject;
  readonly part: string;
  readonly before: Volume | null;
  readonly after: Volume | null;
}

export function changedVolumes(objects: readonly ChangedObject[]): readonly ChangedVolume[] {
  return objects.flatMap((object) => {
    const [before, after] = [volumesOf(object.before), volumesOf(object.after)];
    const names = [...new Set([...after.keys(), ...before.keys()])];
    return names.map((name) => ({
      object,
      part: partOfVolume(object, name, names.length),
      before: before.get(name) ?? null,
      after: after.get(name) ?? null,
    }));
  });
}

function partOfVolume(object: ChangedObject, name: string, count: number): string {
  if (object.kind === 'LGP') return 'Postgres';
  return count === 1 && object.kind === 'StatefulSet' ? partOf(object) : code(name);
}

export function storageFacts(volumes: readonly ChangedVolume[]): readonly Fact[] {
  return volumes.map(({ part, before, after }) => ({
    topic: 'Storage',
    part,
    before: before && volumeText(before),
    after: after && volumeText(after),
  }));
}

function volumeText({ size, className, goesWithIt }: Volume): string {
  const words = [
    size === null ? 'no size' : code(size),
    ...(className === null ? [] : [`class ${code(className)}`]),
    goesWithIt ? 'deleted with it' : 'retained',
  ];
  return words.join(', ');
}

function volumesOf(manifest: Manifest | null): ReadonlyMap<string, Volume> {
  switch (manifest?.kind) {
    case 'StatefulSet':
      return claimTemplates(manifest.object);
    case 'PersistentVolumeClaim':
      // An engine prunes what is no longer in git, and a claim of its own is in git.
      return new Map([[manifest.name, claimVolume(manifest.object, true)]]);
    case 'LGP':
      return operatedVolume(manifest.object);
    default:
      return new Map();
  }
}

function claimTemplates(object: unknown): ReadonlyMap<string, Volume> {
  const goesWithIt = fieldAt(object, 'spec', 'persistentVolumeClaimRetentionPolicy', 'whenDeleted') === 'Delete';
  return new Map(
    listAt(fieldAt(object, 'spec'), 'volumeClaimTemplates').map((claim) => {
      const volume = claimVolume(claim, goesWithIt);
      return [volume.name, volume];
    }),
  );
}

function claimVolume(claim: unknown, goesWithIt: boolean): Volume {
  const [name, size] = [fieldAt(claim, 'metadata', 'name'), fieldAt(claim, 'spec', 'resources', 'requests', 'storage')];
  const className = fieldAt(claim, 'spec', 'storageClassName');
  return {
    name: typeof name === 'string' ? name : '',
    size: typeof size === 'string' || typeof size === 'number' ? String(size) : null,
    className: typeof className === 'string' ? className : null,
    goesWithIt,
    fixed: canonicalJson([className, fieldAt(claim, 'spec', 'accessModes'), fieldAt(claim, 'spec', 'volumeMode')]),
  };
}

function operatedVolume(object: unknown): ReadonlyMap<string, Volume> {
  const database = fieldAt(object, 'spec', 'database');
  if (fieldAt(database, 'enabled') !== true) return new Map();
  const size = fieldAt(database, 'storageSizeGi');
  // The operator owns the claim, and takes it along.
  const volume = { name: 'database', className: null, goesWithIt: true, fixed: '' };
  return new Map([['database', { ...volume, size: typeof size === 'number' ? `${size}Gi` : null }]]);
}
