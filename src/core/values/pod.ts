/** What configuration and resource_spec add to pods: where they run, volumes, containers, accounts, labels. */
import type { AgentServer } from '../../domain/configuration-agent-server.ts';
import { parseImageReference } from '../../domain/image-reference.ts';
import type { Container, ResourceSpec } from '../../domain/resource-spec.ts';
import type { RenderInput } from '../template/set.ts';

/** Plain JSON data, ready for `{{structure …}}`. */
export type Structure = Readonly<Record<string, unknown>>;

export interface PodValues {
  readonly serviceAccountName: string;
  /** True where the ServiceAccount is rendered with the deployment; its pods then get no token. */
  readonly ownServiceAccount: boolean;
  readonly imagePullSecrets: readonly Structure[];
  readonly imagePullPolicy: string;
  readonly securityContext: Structure;
  /** Of the server's own container. */
  readonly readOnlyRootFilesystem: boolean;
  /** Where pods run, those of Postgres and Redis too: structures of a pod's spec; empty where nothing is said. */
  readonly placement: Structure;
  readonly priorityClassName: string | null;
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
  const scratch = scratchOf(agentServer, spec);
  return {
    serviceAccountName: account ?? resourceName,
    ownServiceAccount: account === null,
    imagePullSecrets: pullSecrets(agentServer, spec),
    imagePullPolicy: pullPolicy(agentServer, specification.image),
    securityContext: podSecurity(agentServer.runAsUser),
    readOnlyRootFilesystem: agentServer.pods.readOnlyRootFilesystem,
    placement: placementOf(agentServer),
    priorityClassName: agentServer.pods.priorityClassName ?? null,
    volumes: [...structures(spec.volumes), ...scratch.map(({ name }) => ({ name, emptyDir: scratchSize }))],
    volumeMounts: [...structures(spec.volume_mounts), ...scratch],
    initContainers: [...(spec.init_containers ?? []), ...sidecars.filter(isNative)].map(containerValues),
    sidecars: sidecars.filter((sidecar) => !isNative(sidecar)).map(containerValues),
    annotations: spec.annotations ?? {},
  };
}

/** Kubernetes knows `restartPolicy: Always` on init containers only: that is what makes one a sidecar. */
function isNative(sidecar: Container): boolean {
  return sidecar.restartPolicy === 'Always';
}

/** Beyond it the pod is evicted instead of filling the node's disk. */
const scratchSize = { sizeLimit: '2Gi' };

/** With a root that cannot be written to, what libraries and HOME need: /tmp, unless the user mounts something there. */
function scratchOf({ pods }: AgentServer, spec: ResourceSpec): readonly { name: string; mountPath: string }[] {
  const isMounted = spec.volume_mounts?.some(({ mountPath }) => mountPath.replace(/\/+$/, '') === '/tmp');
  return pods.readOnlyRootFilesystem && !isMounted ? [{ name: 'towpath-tmp', mountPath: '/tmp' }] : [];
}

/** Also for Postgres and Redis, whose images may come from a registry of the user's. */
function pullSecrets({ pods }: AgentServer, spec: ResourceSpec): readonly Structure[] {
  const names = [...pods.imagePullSecrets, ...(spec.image_pull_secrets ?? []).map(({ name }) => name)];
  return [...new Set(names)].map((name) => ({ name }));
}

/** A tag may be moved, so it is asked for each time; a digest is always the same. */
function pullPolicy({ pods }: AgentServer, image: string): string {
  return pods.imagePullPolicy ?? (parseImageReference(image)?.digest == null ? 'Always' : 'IfNotPresent');
}

/** Their tags move seldom, and a registry that is away must not keep a database from starting again. */
export function pullPolicyOfStore({ pods }: AgentServer): string {
  return pods.imagePullPolicy ?? 'IfNotPresent';
}

export function placementOf({ pods }: AgentServer): Structure {
  const { nodeSelector, tolerations, affinity, ndots } = pods;
  const filled = (value: object): boolean => Object.keys(value).length > 0;
  return {
    ...(filled(nodeSelector) ? { nodeSelector } : {}),
    ...(filled(tolerations) ? { tolerations: tolerations.map((each) => withoutNull(each)) } : {}),
    ...(filled(affinity) ? { affinity } : {}),
    ...(ndots === undefined ? {} : { dnsConfig: { options: [{ name: 'ndots', value: String(ndots) }] } }),
  };
}

/** What a container does not say about its rights is the least; what it asks for is for the policy to judge. */
function containerValues(container: Container): Structure {
  const least = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
  const securityContext = { ...least, ...(withoutNull(container.securityContext ?? {}) as Structure) };
  return { ...(withoutNull(container) as Structure), securityContext };
}

/** The `restricted` level, but for an image that works only as root. */
function podSecurity(user: AgentServer['runAsUser']): Structure {
  const seccompProfile = { type: 'RuntimeDefault' };
  if (user === 0) return { seccompProfile };
  if (user === 'cluster') return { runAsNonRoot: true, seccompProfile };
  return { fsGroup: user, runAsGroup: user, runAsNonRoot: true, runAsUser: user, seccompProfile };
}

/** Of Postgres and Redis: 999 is their user in the Debian images, and Postgres refuses to run as root anyway. */
export function storeSecurity({ runAsUser }: AgentServer): Structure {
  return podSecurity(runAsUser === 'cluster' ? runAsUser : 999);
}

function structures(list: ResourceSpec['volumes'] | ResourceSpec['volume_mounts']) {
  return (list ?? []).map((entry) => withoutNull(entry) as Structure);
}

/** Null means absent, at every depth, as it does in Kubernetes. */
function withoutNull(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNull);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([, entry]) => entry !== null && entry !== undefined);
  return Object.fromEntries(kept.map(([key, entry]) => [key, withoutNull(entry)]));
}
