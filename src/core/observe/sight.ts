/** Gathers what the live objects of one deployment show, seen from one revision: what is of it, what runs, what is wrong. */
import { type LiveObject, ownLabels } from '../../domain/live-object.ts';
import { numberAt } from '../../domain/object-fields.ts';
import { kstatus } from '../kstatus/kstatus.ts';
import type { Observation, SeenWorkload, Sight } from './observation.ts';
import { isOutdatedFailure } from './progress.ts';
import { findTroubles } from './troubles.ts';

export function lookAt(observation: Observation): Sight {
  const { live, revisionId, expected, now } = observation;
  const pods = live.pods.filter((pod) => isOfRevision(pod, revisionId));
  const workloads = live.workloads.map((object) => seen(object, revisionId, pods)).sort(byName);
  const fresh = workloads.filter(({ object }) => revisionOf(object) === revisionId);
  const stale = workloads.filter(({ isOurs }) => !isOurs);
  const missing = missingOf(expected, workloads);
  const troubles = findTroubles(observation, pods, workloads);
  const isApplied = fresh.length > 0 && stale.length === 0 && missing.length === 0;
  const failAt = troubles.flatMap((trouble) => trouble.failAt ?? []);
  const puzzling = troubles.filter(({ puzzlingAt }) => puzzlingAt !== null);
  return {
    workloads,
    fresh,
    stale,
    missing,
    troubles,
    isApplied,
    isComplete: isApplied && workloads.every(({ status }) => status.status === 'Current'),
    isStuck: failAt.some((at) => at <= now),
    failAt,
    puzzling: puzzling.flatMap(({ object, puzzlingAt }) => (puzzlingAt !== null && puzzlingAt <= now ? [object] : [])),
    puzzlingAt: puzzling.flatMap(({ puzzlingAt }) => puzzlingAt ?? []),
  };
}

/** Kinds that the watches bring, by the middle of a file's name: `api.deployment.yaml`. */
const watched: ReadonlyMap<string, string> = new Map([
  ['deployment', 'Deployment'],
  ['statefulset', 'StatefulSet'],
  ['lgp', 'LGP'],
]);

/** How many workloads of each kind a folder holds, by the names of its files. */
export function expectedWorkloads(fileNames: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of fileNames) {
    const kind = watched.get(/\.([a-z]+)\.ya?ml$/.exec(name)?.[1] ?? '');
    if (kind !== undefined) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

function revisionOf({ metadata }: LiveObject): string | undefined {
  return metadata.labels?.[ownLabels.revision];
}

/** An older revision's objects are none of our business. */
function isOfRevision(object: LiveObject, revisionId: string): boolean {
  const revision = revisionOf(object);
  return revision === undefined || revision === revisionId;
}

function seen(object: LiveObject, revisionId: string, pods: readonly LiveObject[]): SeenWorkload {
  const status = kstatus(object);
  const isOurs = isOfRevision(object, revisionId);
  if (status.status !== 'Failed' || !isOutdatedFailure(object, pods)) return { object, status, isOurs };
  const message = `${numberAt(object, 'status', 'updatedReplicas') ?? 0} pods are of the new revision yet`;
  return { object, status: { status: 'InProgress', reason: 'LessUpdated', message }, isOurs };
}

function byName(one: SeenWorkload, other: SeenWorkload): number {
  return nameKey(one) < nameKey(other) ? -1 : 1;
}

function nameKey({ object }: SeenWorkload): string {
  return `${object.kind} ${object.metadata.name}`;
}

function missingOf(expected: ReadonlyMap<string, number>, workloads: readonly SeenWorkload[]): readonly string[] {
  return [...expected].flatMap(([kind, want]) => {
    const have = workloads.filter(({ object, status }) => object.kind === kind && status.status !== 'Terminating');
    const lacking = want - have.length;
    return lacking > 0 ? [`${lacking} ${kind}${lacking > 1 ? 's' : ''}`] : [];
  });
}
