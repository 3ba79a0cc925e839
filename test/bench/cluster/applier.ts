/** Applies what is watched of a repository, many objects at a time: an engine would take an hour for a thousand deployments. */
import { loadAll } from 'js-yaml';
import type { KubernetesObject } from '../../e2e/harness/kubernetes.ts';
import type { TestRepository } from '../../support/test-repository.ts';
import type { World } from './world.ts';

const connections = 16;
/** Workloads, and the accounts without which they get no pods. Nothing else is watched in steady state. */
const wanted = /^deployments\/.+[./](?:deployment|statefulset|serviceaccount)\.yaml$/;

/** Each file once: `applied` remembers the paths. Answers how many objects were applied. */
export async function applyTree(world: World, place: TestRepository, applied: Set<string>): Promise<number> {
  const files = Object.entries(await place.tree()).filter(([path]) => wanted.test(path) && !applied.has(path));
  let next = 0;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      for (let file = files[next++]; file; file = files[next++]) {
        for (const object of loadAll(file[1]) as KubernetesObject[])
          await apply(world, withoutClaims(object), place.name);
        applied.add(file[0]);
      }
    }),
  );
  return files.length;
}

interface StatefulSet extends KubernetesObject {
  readonly spec: {
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
    readonly template: { readonly spec: { readonly volumes?: readonly object[] } };
  };
}

/** KWOK binds a few claims a second, and the scheduler tries every waiting pod again with each. */
function withoutClaims(object: KubernetesObject): KubernetesObject {
  if (object.kind !== 'StatefulSet') return object;
  const { volumeClaimTemplates: claims = [], template, ...rest } = (object as StatefulSet).spec;
  const volumes = [
    ...(template.spec.volumes ?? []),
    ...claims.map(({ metadata }) => ({ name: metadata.name, emptyDir: {} })),
  ];
  return { ...object, spec: { ...rest, template: { ...template, spec: { ...template.spec, volumes } } } };
}

async function apply({ http }: World, object: KubernetesObject, namespace: string): Promise<void> {
  const { apiVersion, kind, metadata } = object;
  const root = `/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}/namespaces/${namespace}`;
  const path = `${root}/${pluralOf(kind)}/${metadata.name}?fieldManager=bench&force=true`;
  const purpose = `apply ${kind} ${metadata.name}`;
  await http.json({ method: 'PATCH', path, body: object, type: 'application/apply-patch+yaml', purpose });
}

/** Good enough for the kinds that are rendered. */
function pluralOf(kind: string): string {
  const word = kind.toLowerCase();
  return word.endsWith('y') ? `${word.slice(0, -1)}ies` : `${word}s`;
}
