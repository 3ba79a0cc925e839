/** What resource_spec adds to the pods of API and queue: volumes, containers, accounts, labels. */
import type { Container, ResourceSpec } from '../../domain/resource-spec.ts';
import type { RenderInput } from '../template/set.ts';

/** Plain JSON data, ready for `{{structure …}}`. */
export type Structure = Readonly<Record<string, unknown>>;

export interface PodValues {
  readonly serviceAccountName: string;
  /** True where the ServiceAccount is rendered with the deployment; its pods then get no token. */
  readonly ownServiceAccount: boolean;
  readonly imagePullSecrets: readonly Structure[];
  readonly securityContext: Structure;
  readonly volumes: readonly Structure[];
  readonly volumeMounts: readonly Structure[];
  /** Containers that run before the server, and sidecars that start before it (`restartPolicy: Always`). */
  readonly initContainers: readonly Structure[];
  readonly sidecars: readonly Structure[];
  readonly annotations: Structure;
}

export function podValues({ resourceName, specification, agentServer }: RenderInput): PodValues {
  const spec = specification.resourceSpec;
  const account = spec.service_account_name ?? null;
  const sidecars = spec.sidecars ?? [];
  return {
    serviceAccountName: account ?? resourceName,
    ownServiceAccount: account === null,
    imagePullSecrets: structures(spec.image_pull_secrets),
    securityContext: podSecurity(agentServer.runAsUser),
    volumes: structures(spec.volumes),
    volumeMounts: structures(spec.volume_mounts),
    initContainers: [...(spec.init_containers ?? []), ...sidecars.filter(isNative)].map(containerValues),
    sidecars: sidecars.filter((sidecar) => !isNative(sidecar)).map(containerValues),
    annotations: spec.annotations ?? {},
  };
}

/** Kubernetes knows `restartPolicy: Always` on init containers only: that is what makes one a sidecar. */
function isNative(sidecar: Container): boolean {
  return sidecar.restartPolicy === 'Always';
}

/** What a container does not say about its rights is the least; what it asks for is for the policy to judge. */
function containerValues(container: Container): Structure {
  const least = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
  const securityContext = { ...least, ...(withoutNull(container.securityContext ?? {}) as Structure) };
  return { ...(withoutNull(container) as Structure), securityContext };
}

/** The `restricted` level, but for an image that works only as root. */
function podSecurity(user: number): Structure {
  const seccompProfile = { type: 'RuntimeDefault' };
  if (user === 0) return { seccompProfile };
  return { fsGroup: user, runAsGroup: user, runAsNonRoot: true, runAsUser: user, seccompProfile };
}

function structures(
  list: ResourceSpec['volumes'] | ResourceSpec['volume_mounts'] | ResourceSpec['image_pull_secrets'],
) {
  return (list ?? []).map((entry) => withoutNull(entry) as Structure);
}

/** Null means absent, at every depth, as it does in Kubernetes. */
function withoutNull(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNull);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([, entry]) => entry !== null && entry !== undefined);
  return Object.fromEntries(kept.map(([key, entry]) => [key, withoutNull(entry)]));
}
