/** The cluster of a listener: whether there is one, which engine applies each namespace, and the Lease of its replicas. */
import { readFileSync } from 'node:fs';
import { connectKubernetes, type KubernetesConnection, kubernetesCluster } from '../../adapters/kubernetes/cluster.ts';
import { detectEngine } from '../../adapters/kubernetes/detect.ts';
import { isInCluster, openKubernetes } from '../../adapters/kubernetes/http.ts';
import { kubernetesLease } from '../../adapters/kubernetes/lease.ts';
import type { Configuration } from '../../domain/configuration.ts';
import type { Namespace } from '../../domain/configuration-namespace.ts';
import { TowpathError } from '../../domain/failure.ts';
import type { NamespaceName } from '../../domain/identifiers.ts';
import type { EngineKind } from '../../domain/live-object.ts';
import type { Clock, Cluster, LeaseStore, Log, Telemetry } from '../../ports.ts';

export interface Surroundings {
  readonly clock: Clock;
  readonly log: Log;
  readonly telemetry: Telemetry;
}

/** Null where no namespace has anything to do with a cluster. */
export function openConnection(configuration: Configuration, surroundings: Surroundings): KubernetesConnection | null {
  const hasCluster = configuration.cluster.kubeconfig !== undefined || isInCluster();
  const watched = Object.entries(configuration.namespaces).filter(
    ([, { engine }]) => engine !== 'none' && (engine !== 'auto' || hasCluster),
  );
  const [first] = watched;
  if (first === undefined) return null;
  if (!hasCluster) throw noCluster(first[0], first[1].engine);
  return connectKubernetes({ ...surroundings, http: openKubernetes(configuration.cluster, surroundings.telemetry) });
}

function noCluster(namespace: string, engine: string): TowpathError {
  const message =
    `Cannot watch namespace ${namespace}: its engine is ${engine}, but this is no pod of a cluster, and ` +
    'cluster.kubeconfig names none; name one there, or set engine to none: a revision then counts as DEPLOYED once it is pushed';
  return new TowpathError('terminal', 'NoCluster', message);
}

/** Null: engine none. */
export async function engineOf(
  connection: KubernetesConnection | null,
  namespace: NamespaceName,
  { engine, repository, argoCd, flux }: Namespace,
): Promise<EngineKind | null> {
  if (engine !== 'auto') return engine === 'none' ? null : engine;
  if (connection === null) return null;
  return detectEngine({
    ...connection,
    repositoryUrl: repository,
    namespace,
    argoCdNamespace: argoCd.namespace,
    fluxNamespace: flux.namespace,
  });
}

export function openCluster(
  connection: KubernetesConnection,
  surroundings: Surroundings,
  configuration: Configuration,
  of: { readonly namespace: NamespaceName; readonly settings: Namespace; readonly engine: EngineKind },
): Cluster {
  const { namespace, settings, engine } = of;
  const { argoCd, flux, repository, policy, secrets } = settings;
  const own = engine === 'flux' ? flux : argoCd;
  return kubernetesCluster({
    ...surroundings,
    http: connection.http,
    connection,
    namespace,
    listenerId: configuration.listener.id,
    repositoryUrl: repository,
    engine,
    engineNamespace: own.namespace,
    mayRefresh: own.refresh,
    extraKinds: policy.extraKinds,
    secretsMode: secrets.mode,
  });
}

/** The replicas of one listener meet at one Lease. */
export function openLease(configuration: Configuration, telemetry: Telemetry): LeaseStore {
  const { id, leaderElection } = configuration.listener;
  const namespace = leaderElection?.namespace ?? podNamespace();
  if (namespace === null) {
    const message =
      'Cannot elect a leader: nobody says where the Lease lies; outside a pod name it by listener.leaderElection.namespace';
    throw new TowpathError('terminal', 'MissingLeaseNamespace', message);
  }
  const http = openKubernetes(configuration.cluster, telemetry);
  return kubernetesLease(http, { namespace, name: leaderElection?.lease ?? `towpath-${id}` });
}

function podNamespace(): string | null {
  try {
    return readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/namespace', 'utf8').trim() || null;
  } catch {
    return null;
  }
}
