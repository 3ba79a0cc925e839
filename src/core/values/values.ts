/**
 * What templates see. One pure function from a specification and the effective configuration to plain data; every
 * rule about names, labels, sizes, environment and routes lives here or in the `values-*` files, none in a template.
 * A part that a deployment does not have is null, so that `{{#if queue}}` reads as it means.
 */
import { TowpathError } from '../../domain/failure.ts';
import { describeFinding, type Finding } from '../../domain/finding.ts';
import { type ImageReference, parseImageReference } from '../../domain/image-reference.ts';
import type { RenderInput } from '../template/set.ts';
import { type AgentValues, agentValues } from './agent.ts';
import { checkAgent } from './agent-limits.ts';
import { type ScalingValues, scalingOf } from './autoscaler.ts';
import type { EnvironmentVariable } from './environment.ts';
import type { Facts } from './facts.ts';
import { claimLabels, commonLabels, type Labels, revisionLabels, selectorLabels } from './labels.ts';
import { type PodValues, podValues, pullPolicyOfStore, type Structure, storeSecurity } from './pod.ts';
import { type Resources, sizesOf } from './resources.ts';
import { type RouteValues, routeValues } from './route.ts';
import { hasExternalDatabase, hasExternalRedis, serverPort, serverValues } from './server.ts';

export interface Values {
  /** The resource name: the first part of every object's name. */
  readonly name: string;
  readonly namespace: string;
  readonly deployment: { readonly name: string; readonly id: string };
  readonly image: string;
  readonly port: number;
  /** The whole as an operator takes it, which then makes what follows; null with every set but `lgp`. */
  readonly agent: AgentValues | null;
  readonly pod: PodValues & { readonly terminationGracePeriodSeconds: number };
  readonly api: WorkloadValues & { readonly probePath: string };
  readonly queue: WorkloadValues | null;
  readonly postgres: PostgresValues | null;
  readonly redis: RedisValues | null;
  readonly route: (RouteValues & { readonly labels: Labels }) | null;
  /** Who may reach Postgres and Redis; null where neither is ours. */
  readonly network: NetworkValues | null;
  /** Null where the deployment names a ServiceAccount of the user's. */
  readonly serviceAccount: { readonly name: string; readonly labels: Labels } | null;
}

interface WorkloadValues extends ScalingValues {
  readonly name: string;
  /** For the Service, the autoscaler and the disruption budget. */
  readonly labels: Labels;
  /** For the Deployment and its pod template: the same, the revision and the user's own. */
  readonly workloadLabels: Labels;
  readonly selector: Labels;
  readonly resources: Resources;
  readonly environment: readonly EnvironmentVariable[];
  /** True from two pods up. */
  readonly disruptionBudget: boolean;
  /** How its pods are spread; empty: as the cluster does by itself. */
  readonly topologySpreadConstraints: readonly Structure[];
}

interface PostgresValues {
  readonly name: string;
  readonly labels: Labels;
  readonly selector: Labels;
  readonly image: string;
  readonly secretName: string;
  readonly resources: Resources;
  readonly storage: string;
  readonly storageClassName: string | null;
  readonly claimLabels: Labels;
  /** `Retain` or `Delete`: what becomes of the data when the deployment is deleted. */
  readonly whenDeleted: string;
  readonly maxConnections: number;
  readonly imagePullPolicy: string;
  readonly securityContext: Structure;
}

interface RedisValues {
  readonly name: string;
  readonly labels: Labels;
  readonly selector: Labels;
  readonly image: string;
  readonly resources: Resources;
  readonly imagePullPolicy: string;
  readonly securityContext: Structure;
}

interface NetworkValues {
  readonly name: string;
  readonly labels: Labels;
  /** Where KEDA's operator runs; null where it has nothing to ask our database. */
  readonly kedaNamespace: string | null;
}

/** Throws one terminal TowpathError that names everything that is wrong. */
export function valuesOf(input: RenderInput): Values {
  const findings: Finding[] = [];
  const image = imageOf(input, findings);
  const sizes = sizesOf(input.specification.resourceSpec, findings);
  const opened = routeValues(input.namespace, input.resourceName);
  const server = serverValues(input, { route: opened, sizes }, findings);
  const scaling = scalingOf(input, sizes, server, findings);
  const extraLabels = { ...revisionLabels(input, image), ...input.specification.resourceSpec.labels };
  checkLabels(input, image, findings);
  checkRoute(input, findings);
  checkAgent(input, sizes, findings);
  if (findings.length > 0) throw invalidSpecification(input, findings);

  const facts = { input, sizes, server, extraLabels };
  const api = workloadValues(facts, 'api', scaling.api);
  const postgres = postgresValues(facts);
  const redis = redisValues(facts);
  const worker = input.agentServer.queue ? scaling.queue : scaling.api;
  const pod = podValues(input);
  return {
    ...identity(input),
    agent: agentValues(facts),
    pod: { ...pod, terminationGracePeriodSeconds: server.terminationGracePeriodSeconds },
    api: { ...api, probePath: `${opened?.prefix ?? ''}/ok` },
    queue: input.agentServer.queue ? workloadValues(facts, 'queue', scaling.queue) : null,
    postgres,
    redis,
    route: opened && { ...opened, labels: commonLabels(input, 'route') },
    network: postgres || redis ? networkValues(input, worker.scaledObject !== null && postgres !== null) : null,
    serviceAccount: pod.ownServiceAccount
      ? { name: input.resourceName, labels: commonLabels(input, 'serviceaccount') }
      : null,
  };
}

function identity({ resourceName, specification }: RenderInput) {
  const { id, name, namespace } = specification.deployment;
  return { name: resourceName, namespace, deployment: { name, id }, image: specification.image, port: serverPort };
}

function workloadValues(facts: Facts, component: 'api' | 'queue', scaling: ScalingValues): WorkloadValues {
  const { input, sizes, server, extraLabels } = facts;
  const labels = commonLabels(input, component);
  return {
    ...scaling,
    // Clients in the cluster call the API's Service by the resource name itself, as with LangSmith's own operator.
    name: component === 'api' ? input.resourceName : `${input.resourceName}-${component}`,
    labels,
    workloadLabels: { ...labels, ...extraLabels },
    selector: selectorLabels(input, component),
    resources: sizes[component],
    environment: component === 'api' ? server.apiEnvironment : server.queueEnvironment,
    disruptionBudget: (scaling.replicas ?? sizes[`${component}Scale`].max) >= 2,
    topologySpreadConstraints: input.agentServer.pods.topologySpreadConstraints.map((spread) => ({
      ...spread,
      labelSelector: { matchLabels: selectorLabels(input, component) },
      // Old pods of a rollout do not count.
      matchLabelKeys: ['pod-template-hash'],
    })),
  };
}

function postgresValues({ input, sizes }: Facts): PostgresValues | null {
  const { database } = input.agentServer;
  if (hasExternalDatabase(input) || database.kind === 'external') return null;
  return {
    name: `${input.resourceName}-postgres`,
    labels: commonLabels(input, 'postgres'),
    selector: selectorLabels(input, 'postgres'),
    image: database.image,
    secretName: input.secrets.database ?? '',
    resources: sizes.postgres,
    storage: `${sizes.databaseStorageGi}Gi`,
    storageClassName: database.storageClassName ?? null,
    claimLabels: claimLabels(input),
    whenDeleted: input.namespace.deletion.data === 'delete' ? 'Delete' : 'Retain',
    maxConnections: sizes.databaseConnections,
    imagePullPolicy: pullPolicyOfStore(input.agentServer),
    securityContext: onVolume(storeSecurity(input.agentServer)),
  };
}

/** A large volume is not walked through at each start. */
function onVolume(security: Structure): Structure {
  return 'fsGroup' in security ? { ...security, fsGroupChangePolicy: 'OnRootMismatch' } : security;
}

function redisValues({ input, sizes }: Facts): RedisValues | null {
  const { redis } = input.agentServer;
  if (hasExternalRedis(input) || redis.kind === 'external') return null;
  return {
    name: `${input.resourceName}-redis`,
    labels: commonLabels(input, 'redis'),
    selector: selectorLabels(input, 'redis'),
    image: redis.image,
    resources: sizes.redis,
    imagePullPolicy: pullPolicyOfStore(input.agentServer),
    securityContext: storeSecurity(input.agentServer),
  };
}

function networkValues(input: RenderInput, kedaAsks: boolean): NetworkValues {
  return {
    name: input.resourceName,
    labels: commonLabels(input, 'network'),
    kedaNamespace: kedaAsks ? input.agentServer.kedaNamespace : null,
  };
}

function imageOf({ specification }: RenderInput, findings: Finding[]): ImageReference {
  const image = parseImageReference(specification.image);
  if (image) return image;
  findings.push(finding('image', 'is not an image reference: expected registry/path:tag or registry/path@sha256:…'));
  return { repository: '', tag: null, digest: null };
}

/** A user's label can add, never replace: what selects pods and what proves a revision is ours. */
function checkLabels(input: RenderInput, image: ImageReference, findings: Finding[]): void {
  const ours = { ...commonLabels(input, 'api'), ...revisionLabels(input, image) };
  for (const key of Object.keys(input.specification.resourceSpec.labels ?? {})) {
    if (Object.hasOwn(ours, key))
      findings.push(finding('resource_spec.labels', `"${key}" is Towpath's own; leave it out`));
  }
}

function checkRoute({ namespace, agentServer }: RenderInput, findings: Finding[]): void {
  if (namespace.route.kind === 'none' || agentServer.auth !== undefined) return;
  findings.push(finding('agentServer.auth', 'must be said once there is a route: an agent is never public by default'));
}

function finding(path: string, message: string): Finding {
  return { path, line: null, pointer: null, message };
}

function invalidSpecification({ specification }: RenderInput, findings: readonly Finding[]): TowpathError {
  const list = findings.map(describeFinding);
  const why = list.length === 1 ? ` ${list[0]}` : `\n${list.map((line) => `  ${line}`).join('\n')}`;
  const message = `Cannot render deployment "${specification.deployment.name}":${why}`;
  return new TowpathError('terminal', 'InvalidSpecification', message, { findings });
}
