/** When the Deployments of a revision were applied, and when they got Current, as a watch of the bench's own sees it. */
import { startReflector } from '../../../src/adapters/kubernetes/reflector.ts';
import { systemClock } from '../../../src/adapters/system-clock.ts';
import { noTelemetry } from '../../../src/adapters/telemetry/none.ts';
import { kstatus } from '../../../src/core/kstatus/kstatus.ts';
import { type LiveObject, ownLabels } from '../../../src/domain/live-object.ts';
import { complaints } from '../loop/process.ts';
import type { World } from './world.ts';

/** When the API's and the queue's Deployment were both seen so. */
interface Rollout {
  /** With the revision's label. */
  readonly applied: number;
  readonly current: number;
}

export interface Rollouts {
  /** Resolves once both are Current. */
  of(revisionId: string): Promise<Rollout>;
}

const patienceMs = 180_000;
/** The API and the queue. */
const workloads = 2;

export async function watchRollouts({ http, atEnd }: World, namespace: string): Promise<Rollouts> {
  const applied = createSightings();
  const current = createSightings();
  const ending = new AbortController();
  atEnd(() => ending.abort());
  const note = (object: LiveObject | null): void => {
    const revision = object?.metadata.labels?.[ownLabels.revision];
    if (!object || revision === undefined) return;
    applied.note(revision, object);
    if (kstatus(object).status === 'Current') current.note(revision, object);
  };
  const collection = {
    path: `/apis/apps/v1/namespaces/${namespace}/deployments`,
    resource: 'deployments.apps',
    namespace,
    kind: 'Deployment',
    apiVersion: 'apps/v1',
    keep: (object: LiveObject) => object,
  };
  const shared = { http, clock: systemClock(), log: complaints, telemetry: noTelemetry, signal: ending.signal };
  await startReflector({ ...shared, collection, onChange: (_before, after) => note(after) }).listed;
  return {
    async of(revisionId) {
      const deadline = performance.now() + patienceMs;
      while (current.of(revisionId) === null) {
        if (performance.now() > deadline) throw new Error(`Revision ${revisionId} never got Current in ${namespace}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return { applied: applied.of(revisionId) ?? Number.NaN, current: current.of(revisionId) ?? Number.NaN };
    },
  };
}

/** Of each revision: when the last of its Deployments was seen for the first time. */
function createSightings() {
  const seen = new Map<string, Map<string, number>>();
  return {
    note: (revision: string, { metadata }: LiveObject): void => {
      const times = seen.get(revision) ?? new Map<string, number>();
      if (!times.has(metadata.name)) times.set(metadata.name, performance.now());
      seen.set(revision, times);
    },
    of: (revision: string): number | null => {
      const times = [...(seen.get(revision)?.values() ?? [])];
      return times.length === workloads ? Math.max(...times) : null;
    },
  };
}
