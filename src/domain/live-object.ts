/** A Kubernetes object as the API server shows it, and what else the listener learns of a cluster. */
import type { DeploymentId } from './identifiers.ts';

interface OwnerReference {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/** Only what is read here; `spec` and `status` are parsed where they are understood. Times are RFC 3339. */
export interface LiveObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly finalizers?: readonly string[];
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly OwnerReference[];
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

/** Labels by which our own objects are known, whatever the engine adds. */
export const ownLabels = {
  deployment: 'towpath.dev/deployment-id',
  listener: 'towpath.dev/listener-id',
  revision: 'towpath.dev/revision-id',
} as const;

/** Who takes commits into the cluster; `other`: somebody whose objects Towpath cannot read. */
export type EngineKind = 'argo-cd' | 'flux' | 'other';

/** The engine's own objects about one deployment's folder. */
export type EngineObjects =
  | { readonly kind: 'argo-cd'; readonly application: LiveObject | null }
  | { readonly kind: 'flux'; readonly kustomization: LiveObject | null; readonly gitRepository: LiveObject | null }
  | { readonly kind: 'other' };

/** What the watches know of one deployment at this moment. */
export interface LiveDeployment {
  /** Deployments, StatefulSets and, where their CRD is served, LGPs. */
  readonly workloads: readonly LiveObject[];
  readonly pods: readonly LiveObject[];
  readonly engine: EngineObjects;
}

/** An object that is still there, by the words that kubectl takes: `persistentvolumeclaims`, `data-chat-…-0`. */
export interface ObjectReference {
  /** Plural, with the group where there is one: `httproutes.gateway.networking.k8s.io`. */
  readonly resource: string;
  readonly name: string;
  readonly isDeleting: boolean;
}

/** A Secret in the cluster, without its values. */
export interface LiveSecret {
  readonly name: string;
  readonly deploymentId: DeploymentId;
  readonly createdAt: Date;
}

/** What a change in the cluster concerns; `all` where it may concern every deployment. */
export type ClusterChange =
  | { readonly kind: 'deployment'; readonly deploymentId: DeploymentId }
  /** An engine's object about this folder of the repository. */
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'all' };

/** The answer of a server's `/ok`, asked through the API server; advisory. */
export type ProbeAnswer =
  | { readonly kind: 'answered'; readonly status: number }
  /** Nobody answers; the text says why. */
  | { readonly kind: 'failed'; readonly message: string }
  /** The listener may not ask. */
  | { readonly kind: 'forbidden' };

/** A Lease of coordination.k8s.io; `version` is its resourceVersion. */
export interface LeaseRecord {
  /** Null: given up. */
  readonly holder: string | null;
  /** Counts the holders (`leaseTransitions`): the term of reports. */
  readonly term: number;
  readonly renewedAt: Date;
  readonly durationSeconds: number;
  readonly version: string;
}
