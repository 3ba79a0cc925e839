/** Which of the kinds that a deployment may consist of this cluster serves; asked once, and again where something is missing. */
import { servedNamespaceAccess } from '../core/required-access.ts';
import type { KubernetesHttp } from './cluster-kubernetes-http.ts';

export interface ServedResource {
  /** Plural. */
  readonly name: string;
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export interface Discovery {
  /** Of the groups that Towpath knows, or `extraKinds` names; null: the group is not served. */
  group(group: string): Promise<readonly ServedResource[] | null>;
  forget(): void;
}

export function createDiscovery(http: KubernetesHttp): Discovery {
  const groups = new Map<string, Promise<readonly ServedResource[] | null>>();
  return {
    group: (group) => {
      const known = groups.get(group);
      if (known) return known;
      const asked = readGroup(http, group);
      groups.set(group, asked);
      // A failure is no answer: it is asked again.
      asked.catch(() => groups.delete(group));
      return asked;
    },
    forget: () => groups.clear(),
  };
}

/** Kinds whose objects count as left of a deployment, as far as they are served. */
export async function removableResources(
  discovery: Discovery,
  extraKinds: readonly string[],
): Promise<readonly ServedResource[]> {
  const known = servedNamespaceAccess.filter(
    ({ resources, verbs }) => verbs.includes('list') && !resources.includes('events'),
  );
  const lists = await Promise.all(
    known.map(async ({ group, resources }) =>
      ((await discovery.group(group)) ?? []).filter(({ name }) => resources.includes(name)),
    ),
  );
  const extra = await Promise.all(
    extraKinds.map(async (text) => {
      const [kind = '', version = '', group = ''] = text.split('/').reverse();
      const served = (await discovery.group(group)) ?? [];
      return served.filter((one) => one.kind === kind && one.version === version);
    }),
  );
  const all = [...lists.flat(), ...extra.flat()];
  return [...new Map(all.map((one) => [`${one.name}.${one.group}`, one])).values()];
}

async function readGroup(http: KubernetesHttp, group: string): Promise<readonly ServedResource[] | null> {
  if (group === '') return readVersion(http, group, 'v1', '/api/v1');
  const purpose = `ask what of ${group} is served`;
  const answer = await http.answer({ method: 'GET', path: `/apis/${group}`, purpose });
  if (answer.status === 404) return null;
  const { preferredVersion } = JSON.parse(answer.text) as { preferredVersion?: { version: string } };
  if (preferredVersion === undefined) return null;
  return readVersion(http, group, preferredVersion.version, `/apis/${group}/${preferredVersion.version}`);
}

async function readVersion(
  http: KubernetesHttp,
  group: string,
  version: string,
  path: string,
): Promise<readonly ServedResource[]> {
  const purpose = `ask what of ${group || 'the core group'} is served`;
  const { resources } = (await http.json({ method: 'GET', path, purpose })) as {
    resources: readonly { name: string; kind: string; namespaced: boolean }[];
  };
  return resources
    .filter(({ name, namespaced }) => namespaced && !name.includes('/'))
    .map(({ name, kind }) => ({ name, kind, group, version }));
}

export function collectionPath({ group, version, name }: ServedResource, namespace: string): string {
  return group === ''
    ? `/api/v1/namespaces/${namespace}/${name}`
    : `/apis/${group}/${version}/namespaces/${namespace}/${name}`;
}
