/** Applies what a repository holds, many objects at a time: an engine would be the slowest part of a thousand deployments. */
import { loadAll } from 'js-yaml';
import type { KubernetesObject } from '../../e2e/harness/kubernetes.ts';
import type { TestRepository } from '../../support/test-repository.ts';
import type { World } from './world.ts';

const connections = 16;

/** Each file once: `applied` remembers the paths. Answers how many objects were applied. */
export async function applyTree(world: World, place: TestRepository, applied: Set<string>): Promise<number> {
  const files = Object.entries(await place.tree()).filter(
    ([path]) => /^deployments\/.+\.yaml$/.test(path) && !path.endsWith('/kustomization.yaml') && !applied.has(path),
  );
  let next = 0;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      for (let file = files[next++]; file; file = files[next++]) {
        for (const object of loadAll(file[1]) as KubernetesObject[]) await apply(world, object, place.name);
        applied.add(file[0]);
      }
    }),
  );
  return files.length;
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
