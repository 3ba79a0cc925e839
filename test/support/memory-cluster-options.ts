/** What the cluster in memory is made with. */
import type { NamespaceName } from '../../src/domain/identifiers.ts';
import type { EngineKind } from '../../src/domain/live-object.ts';
import type { MemoryKubernetes } from './memory-kubernetes.ts';

export interface MemoryClusterOptions {
  readonly kubernetes: MemoryKubernetes;
  readonly engine: EngineKind;
  readonly namespace: NamespaceName;
  readonly engineNamespace: string;
  readonly listenerId: string;
  readonly repositoryUrl: string;
}
