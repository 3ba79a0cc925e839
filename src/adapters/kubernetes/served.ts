/** Which of the kinds that a deployment may consist of this cluster serves; asked now and then. */
import { servedAccessWith } from '../../core/required-access.ts';
import type { Secrets } from '../../domain/configuration-secrets.ts';
import type { Clock } from '../../ports.ts';
import { refusalOf } from './failure.ts';
import type { KubernetesHttp } from './http.ts';

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

/** Definitions are installed and taken away while the listener runs. */
const validMs = 300_000;

interface Known {
  readonly until: number;
  readonly asked: ReturnType<Discovery['group']>;
}

export function createDiscovery(http: KubernetesHttp, clock: Pick<Clock, 'now'>): Discovery {
  const groups = new Map<string, Known>();
  return {
    group: (group) => {
      const now = clock.now().getTime();
      const known = groups.get(group);
      if (known && now < known.until) return known.asked;
      const asked = readGroup(http, group);
      groups.set(group, { until: now + validMs, asked });
      // A failure is no answer: it is asked again.
      asked.catch(() => groups.delete(group));
      return asked;
    },
    forget: () => groups.clear(),
  };
}

export interface RemovableKinds {
  readonly extraKinds: readonly string[];
  readonly secretsMode: Secrets['mode'];
}

/** Kinds whose objects count as left of a deployment, as far as they are served. */
export async function removableResources(
  discovery: Discovery,
  { extraKinds, secretsMode }: RemovableKinds,
): Promise<readonly ServedResource[]> {
  // A Secret that comes of a sealed one goes with it, and may not be seen.
  const known = servedAccessWith(secretsMode).filter(
    ({ resources, verbs }) => verbs.includes('list') && !resources.includes('events'),
  );
  const lists = await Promise.all(
    known.map(async ({ group, resources }) =>
      ((await discovery.group(group)) ?? []).filter(({ name }) => resources.includes(name)),
    ),
  );
  const extra = await Promise.all(
    extraKinds.map(async (text) => {
      const [kind = '', , group = ''] = text.split('/').reverse();
      // Whatever version is configured: the cluster may prefer another, and an object is the same in each.
      return ((await discovery.group(group)) ?? []).filter((one) => one.kind === kind);
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
  if (answer.status !== 200) throw refusalOf(http.server, purpose, { ...answer, headers: {} });
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
