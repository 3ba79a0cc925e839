/** Which kinds run pods, and where in them the pods are described. */
import { type Manifest, type Place, place } from './manifest.ts';

/** A map, since kinds come from outside: a record would know `constructor` too. */
const templatePaths: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    Deployment: ['spec', 'template'],
    StatefulSet: ['spec', 'template'],
    DaemonSet: ['spec', 'template'],
    Job: ['spec', 'template'],
    CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
  }),
);

/** The pod template of a workload; none for what runs no pods. */
export function podTemplatesOf(manifest: Manifest): readonly Place[] {
  const path = templatePaths.get(manifest.kind);
  if (!path) return [];
  const template = place(manifest, ...path);
  return template.value === undefined ? [] : [template];
}
