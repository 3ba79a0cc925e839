/** When the Deployments of a revision have become Current, as a watch of the bench's own sees it. */
import { startReflector } from '../../../src/adapters/cluster-kubernetes-reflector.ts';
import { systemClock } from '../../../src/adapters/system-clock.ts';
import { noTelemetry } from '../../../src/adapters/telemetry-none.ts';
import { kstatus } from '../../../src/core/kstatus.ts';
import { type LiveObject, ownLabels } from '../../../src/domain/live-object.ts';
import { complaints } from '../loop/process.ts';
import type { World } from './world.ts';

export interface Rollouts {
  /** Resolves with the time at which the API's and the queue's Deployment were both seen Current. */
  current(revisionId: string): Promise<number>;
}

const patienceMs = 180_000;
/** The API and the queue. */
const workloads = 2;

export async function watchRollouts({ http, atEnd }: World, namespace: string): Promise<Rollouts> {
  const seen = new Map<string, Map<string, number>>();
  const ending = new AbortController();
  atEnd(() => ending.abort());
  const note = (object: LiveObject | null): void => {
    const revision = object?.metadata.labels?.[ownLabels.revision];
    if (!object || revision === undefined || kstatus(object).status !== 'Current') return;
    const times = seen.get(revision) ?? new Map<string, number>();
    if (!times.has(object.metadata.name)) times.set(object.metadata.name, performance.now());
    seen.set(revision, times);
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
    async current(revisionId) {
      const deadline = performance.now() + patienceMs;
      for (;;) {
        const times = [...(seen.get(revisionId)?.values() ?? [])];
        if (times.length === workloads) return Math.max(...times);
        if (performance.now() > deadline) throw new Error(`Revision ${revisionId} never got Current in ${namespace}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  };
}
