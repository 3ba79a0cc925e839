/** A cluster under the contract suite, as a listener sees it and as the test reaches into it. */
import type { NamespaceName } from '../../src/domain/identifiers.ts';
import type { Cluster } from '../../src/ports.ts';

/** A namespace, empty at first, as a listener sees it, and hands that reach into the cluster behind. */
export interface ClusterUnderTest {
  /** Not started yet. */
  readonly cluster: Cluster;
  readonly namespace: NamespaceName;
  /** Where the engine's objects are; no engine works there. */
  readonly engineNamespace: string;
  readonly listenerId: string;
  /** Of this namespace: `https://git.example/deployments/<name>.git`. */
  readonly repositoryUrl: string;
  /** Creates it, or brings it to this, as `kubectl apply --server-side` does: what it does not name stays. */
  put(object: ClusterObject): Promise<void>;
  /** A JSON merge patch: null takes a field away. */
  patch(object: ClusterReference, change: Readonly<Record<string, unknown>>): Promise<void>;
  /** Asks for its deletion; done when that is accepted. One that is not there is fine. */
  remove(object: ClusterReference): Promise<void>;
  /** As it is at this moment; undefined: not there. */
  find(object: ClusterReference): Promise<ClusterObject | undefined>;
}

export interface ClusterReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

export interface ClusterObject extends ClusterReference {
  readonly metadata: ClusterReference['metadata'] & {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}
