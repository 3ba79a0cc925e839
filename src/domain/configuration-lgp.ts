/** What a namespace with the template set lgp may not ask for: an LGP cannot say it, and its operator would pass over it. */

import type { AgentServer } from './configuration-agent-server.ts';
import type { Namespace } from './configuration-namespace.ts';
import { lgpPodObjections } from './configuration-pods.ts';
import type { Objection } from './configuration-rules.ts';

interface Whole {
  readonly namespaces: Readonly<Record<string, Namespace>>;
  readonly agentServer: AgentServer;
}

/** What the configuration decides before there is a deployment. `asItComes`: what was left so is nobody's wish. */
export function lgpObjections({ namespaces, agentServer }: Whole, asItComes: AgentServer): Objection[] {
  const operated = Object.entries(namespaces).filter(([, { templates }]) => templates === 'lgp');
  if (operated.length === 0) return [];
  // With another set beside it somebody may need them; a deployment that does not is refused as it is rendered.
  const areIdle = operated.length === Object.keys(namespaces).length;
  return [
    ...operated.flatMap(([name, namespace]) => [
      ...lgpVolumeObjections(name, namespace, agentServer),
      ...lgpRouteObjections(name, namespace),
    ]),
    ...(areIdle
      ? [...lgpDatabaseObjections(agentServer, asItComes), ...lgpRedisObjections(agentServer, asItComes)]
      : []),
    ...lgpUserObjections(agentServer, asItComes),
  ];
}

export function lgpVolumeObjections(name: string, { deletion }: Namespace, { database }: AgentServer): Objection[] {
  if (database.kind === 'external' || deletion.data !== 'retain') return [];
  const message =
    "the operator deletes a database's volume with its deployment and cannot be told otherwise; say deletion.data: delete, or use an external database";
  return [{ path: ['namespaces', name, 'deletion', 'data'], message }];
}

const itsTemplates = "leave it out here and say it in the operator's own templates";

export function lgpDatabaseObjections({ database }: AgentServer, asItComes: AgentServer): Objection[] {
  if (database.kind === 'external') return [];
  const image = { path: ['agentServer', 'database', 'image'], message: chosen('Postgres') };
  const storage = {
    path: ['agentServer', 'database', 'storageClassName'],
    message: `the operator makes the volume, by the cluster's default; ${itsTemplates}`,
  };
  return [
    ...(database.image === imageOf(asItComes.database) ? [] : [image]),
    ...(database.storageClassName === undefined ? [] : [storage]),
  ];
}

export function lgpRedisObjections({ redis }: AgentServer, asItComes: AgentServer): Objection[] {
  if (redis.kind === 'external' || redis.image === imageOf(asItComes.redis)) return [];
  return [{ path: ['agentServer', 'redis', 'image'], message: chosen('Redis') }];
}

function chosen(what: string): string {
  return `the operator chooses the image of ${what}; ${itsTemplates}`;
}

function imageOf(store: AgentServer['database'] | AgentServer['redis']): string | null {
  return store.kind === 'in-cluster' ? store.image : null;
}

/** 0 and "cluster" say just what an operator does: it names no user. */
export function lgpUserObjections({ runAsUser, pods }: AgentServer, asItComes: AgentServer): Objection[] {
  const isItsOwn = [0, 'cluster', asItComes.runAsUser].includes(runAsUser);
  const message = `an LGP has no field for the user of its pods; ${itsTemplates}`;
  return [
    ...(isItsOwn ? [] : [{ path: ['agentServer', 'runAsUser'], message }]),
    ...lgpPodObjections(pods, asItComes.pods, itsTemplates),
  ];
}

/** An LGP says only whether there is a way in; the configuration tells where the operator puts it. */
export function lgpRouteObjections(name: string, { route }: Namespace): Objection[] {
  if (route.kind === 'none') return [];
  const refuse = (option: string, message: string): Objection => ({
    path: ['namespaces', name, 'route', ...option.split('.')],
    message,
  });
  const own = "is the operator's own choice, which an LGP cannot change; leave it out";
  const kind = refuse(
    'kind',
    'the operator chooses between Ingress, Gateway and Istio; say ingress, with host and tls only',
  );
  const suffix = refuse('hostSuffix', 'the operator opens all agents on one host, below /lgp/; say host');
  return [
    ...(route.kind === 'ingress' ? [] : [kind]),
    ...(route.hostSuffix === undefined ? [] : [suffix]),
    ...(route.kind === 'ingress' && route.className !== undefined ? [refuse('className', own)] : []),
    ...(route.kind === 'ingress' && Object.keys(route.annotations).length > 0 ? [refuse('annotations', own)] : []),
    ...(route.kind === 'ingress' && route.tls?.secretName !== undefined ? [refuse('tls.secretName', own)] : []),
  ];
}
