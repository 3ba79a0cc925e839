/** Which kinds run pods, and where in them the pods are described. */
import { below, items, type Manifest, type Place, place } from './manifest.ts';

/** A pod as its workload describes it, wherever that is written. */
interface PodTemplate {
  readonly labels: Place;
  readonly annotations: Place;
  /** Holds `volumes`, `imagePullSecrets`, `serviceAccountName` and the like. */
  readonly spec: Place;
  /** Init containers first. */
  readonly containers: readonly Place[];
}

/** The pod template of a workload; none for what runs no pods. */
export function podTemplatesOf(manifest: Manifest): readonly PodTemplate[] {
  if (manifest.kind === 'LGP') return agentTemplates(manifest);
  const path = templatePaths.get(manifest.kind);
  if (!path) return [];
  const template = place(manifest, ...path);
  if (template.value === undefined) return [];
  const spec = below(template, 'spec');
  return [
    {
      labels: below(template, 'metadata', 'labels'),
      annotations: below(template, 'metadata', 'annotations'),
      spec,
      containers: containersOf(spec, ['initContainers', 'containers']),
    },
  ];
}

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

/** The operator makes the pods of API and queue from this; it says of the server itself what a container says. */
function agentTemplates(manifest: Manifest): readonly PodTemplate[] {
  const spec = place(manifest, 'spec', 'serverSpec');
  if (spec.value === undefined) return [];
  return [
    {
      labels: below(spec, 'labels'),
      annotations: below(spec, 'annotations'),
      spec,
      containers: [...containersOf(spec, ['initContainers', 'sidecars']), spec],
    },
  ];
}

function containersOf(spec: Place, lists: readonly string[]): readonly Place[] {
  return lists.flatMap((list) => items(below(spec, list)));
}
