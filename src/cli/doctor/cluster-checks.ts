/** Looks at the cluster itself: whether it answers, its version and clock, and the Lease of several replicas. */
import { readFile } from 'node:fs/promises';
import { openKubernetes } from '../../adapters/kubernetes/http.ts';
import { noTelemetry } from '../../adapters/telemetry/none.ts';
import type { Configuration } from '../../domain/configuration.ts';
import { clusterAccess } from '../bootstrap/cluster-access.ts';
import { attempt, type Finding, ok, skipped } from './check.ts';
import { judgeClock } from './clock.ts';
import { electionRights, judgeRights, judgeVersion } from './cluster-judge.ts';
import { askForRights, type ClusterReader, clusterReader } from './cluster-reader.ts';
import type { DoctorOptions } from './doctor-options.ts';

export interface OpenedCluster {
  readonly reader: ClusterReader;
  readonly minor: string;
  readonly groups: ReadonlySet<string>;
}

export interface CheckedCluster {
  /** Null: it could not be reached, and nothing more can be said. */
  readonly cluster: OpenedCluster | null;
  readonly findings: readonly Finding[];
  close(): Promise<void>;
}

export async function checkCluster(
  configuration: Configuration,
  options: DoctorOptions,
  versions: readonly string[],
): Promise<CheckedCluster> {
  let cluster: OpenedCluster | null = null;
  let close = async (): Promise<void> => undefined;
  const findings = await attempt('answers', 'name a kubeconfig by cluster.kubeconfig or --kubeconfig', async () => {
    const http = openKubernetes(clusterAccess(configuration.cluster, options), noTelemetry);
    close = http.close;
    const reader = clusterReader(http, options.as);
    const { minor, at } = await reader.version();
    const clock = judgeClock(at, new Date());
    cluster = { reader, minor, groups: await reader.groups() };
    return [ok('answers', reader.server), judgeVersion(minor, versions), clock];
  });
  if (cluster === null) return { cluster, findings, close };
  const { reader } = cluster as OpenedCluster;
  const election = await attempt('leader election', 'see what the API server says', () =>
    checkElection(configuration, reader),
  );
  return { cluster, findings: [...findings, ...election], close };
}

async function checkElection({ listener }: Configuration, reader: ClusterReader): Promise<readonly Finding[]> {
  const { leaderElection } = listener;
  if (leaderElection === undefined) return [];
  const title = 'leader election';
  const namespace = leaderElection.namespace ?? (await podNamespace());
  if (namespace === null)
    return [skipped(title, 'the Lease lies in the namespace of the pod, which is not known here')];
  const name = `${namespace}/${leaderElection.lease ?? `towpath-${listener.id}`}`;
  const path = `/apis/coordination.k8s.io/v1/namespaces/${name.replace('/', '/leases/')}`;
  const rights = judgeRights(await askForRights(reader, electionRights(namespace)));
  return [judgeLease(title, name, (await reader.object(path)).kind), ...rights.map((right) => ({ ...right, title }))];
}

function judgeLease(title: string, name: string, seen: 'found' | 'missing' | 'forbidden'): Finding {
  if (seen === 'forbidden') return skipped(title, `these rights do not show the Lease ${name}`);
  if (seen === 'missing') return ok(title, `no replica has taken the Lease ${name} yet`);
  return ok(title, `the Lease ${name} is there`);
}

/** Null outside a pod. */
async function podNamespace(): Promise<string | null> {
  const path = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';
  return readFile(path, 'utf8').then(
    (text) => text.trim(),
    () => null,
  );
}
