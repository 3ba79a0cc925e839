/** The memory cluster answers as a real API server does: what tests learn from it holds of the real one. */
import { randomUUID } from 'node:crypto';
import { NamespaceName } from '../../src/domain/identifiers.ts';
import type { LiveObject } from '../../src/domain/live-object.ts';
import { memoryCluster } from '../support/memory-cluster.ts';
import { memoryKubernetes } from '../support/memory-kubernetes.ts';
import { clusterContract } from './cluster.ts';
import type { ClusterObject } from './cluster-under-test.ts';

clusterContract('in memory', async (engine) => {
  const kubernetes = memoryKubernetes();
  const options = {
    engine,
    namespace: NamespaceName.parse('team-a'),
    engineNamespace: 'engine',
    listenerId: randomUUID(),
    repositoryUrl: 'https://git.example/deployments/team-a.git',
  };
  const asObject = (found: LiveObject | undefined) => found as unknown as ClusterObject | undefined;
  return {
    ...options,
    cluster: memoryCluster({ kubernetes, ...options }),
    put: async (object) => {
      kubernetes.put(object);
    },
    patch: async (reference, change) => {
      kubernetes.patch(reference, change);
    },
    remove: async (reference) => kubernetes.remove(reference),
    find: async (reference) => asObject(kubernetes.find(reference)),
  };
});
