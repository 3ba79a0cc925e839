/** The adapter keeps the contracts of Cluster and LeaseStore on a real API server, with the engines' real CRDs. */
import { afterAll, inject } from 'vitest';
import { connectKubernetes, kubernetesCluster } from '../../src/adapters/kubernetes/cluster.ts';
import { type KubernetesHttp, openKubernetes } from '../../src/adapters/kubernetes/http.ts';
import { kubernetesLease } from '../../src/adapters/kubernetes/lease.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { noTelemetry } from '../../src/adapters/telemetry/none.ts';
import type { NamespaceName } from '../../src/domain/identifiers.ts';
import { clusterContract } from '../contract/cluster.ts';
import { leaseContract } from '../contract/lease.ts';
import { memoryLog } from '../support/memory-log.ts';
import { administrator, makeNamespace } from './harness/fixtures.ts';
import { reference } from './harness/kubernetes.ts';

const ends: (() => Promise<void>)[] = [];
const client = administrator();

afterAll(async () => {
  for (const end of ends.splice(0)) await end();
});

clusterContract('a real API server', async (engine) => {
  const namespace = (await makeNamespace('contract')) as NamespaceName;
  const repositoryUrl = `https://git.example/deployments/${namespace}.git`;
  const options = { http: open(), clock: systemClock(), log: memoryLog(), telemetry: noTelemetry };
  const connection = connectKubernetes(options);
  ends.push(() => connection.close());
  const engineNamespace = namespace;
  const listenerId = `listener-of-${namespace}`;
  const cluster = kubernetesCluster({
    ...options,
    connection,
    namespace,
    listenerId,
    repositoryUrl,
    engine,
    engineNamespace,
    mayRefresh: true,
    extraKinds: [],
    secretsMode: 'cluster',
  });
  return {
    cluster,
    namespace,
    engineNamespace,
    listenerId,
    repositoryUrl,
    put: async (object) => {
      await client.apply(object);
    },
    patch: async (object, change) => {
      await client.patch(object, change);
    },
    remove: (object) => client.delete(object),
    find: ({ apiVersion, kind, metadata }) => client.find(apiVersion, kind, metadata.name, metadata.namespace),
  };
});

leaseContract('a real API server', async () => {
  const namespace = await makeNamespace('lease');
  const lease = () => kubernetesLease(open(), { namespace, name: 'towpath-test' });
  return {
    ours: lease(),
    theirs: lease(),
    remove: () => client.remove(reference('coordination.k8s.io/v1', 'Lease', 'towpath-test', namespace)),
  };
});

function open(): KubernetesHttp {
  const http = openKubernetes({ kubeconfig: inject('cluster').kubeconfig }, noTelemetry);
  ends.push(() => http.close());
  return http;
}
