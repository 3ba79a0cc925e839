/** What the server in API and queue is told by Towpath: ports, databases, traces, licence, who may call. */
import type { AgentServer } from '../../domain/configuration-agent-server.ts';
import type { Finding } from '../../domain/finding.ts';
import type { NamespaceName } from '../../domain/identifiers.ts';
import type { ResourceName } from '../../domain/resource-name.ts';
import { isOperated, type RenderInput } from '../template/set.ts';
import {
  type EnvironmentVariable,
  externalNames,
  fromSecretKey,
  mergeEnvironment,
  type SecretKeyReference,
  secretOf,
  usersEnvironment,
} from './environment.ts';
import type { Sizes } from './resources.ts';
import type { RouteValues } from './route.ts';

export const serverPort = 8000;
const redisPort = 6379;
/** The server's own defaults, said aloud because the autoscaler and the pod's grace period depend on them. */
const defaults = { jobsPerWorker: 10, longestShutdownGraceSeconds: 3600 } as const;

type Demand = Pick<RenderInput, 'specification' | 'agentServer'>;
type Users = Parameters<typeof secretOf>[0];

export interface ServerValues {
  readonly apiEnvironment: readonly EnvironmentVariable[];
  readonly queueEnvironment: readonly EnvironmentVariable[];
  /** How many runs one queue pod works on: what an autoscaler aims at. */
  readonly jobsPerWorker: number;
  /** How long a pod may take to end: longer than what the server takes to finish its runs. */
  readonly terminationGracePeriodSeconds: number;
  /** Where the client keeps the URI of a database or Redis of his own; null with ours in the cluster. */
  readonly externalDatabase: SecretKeyReference | null;
  readonly externalRedis: SecretKeyReference | null;
}

/** Whether Postgres runs outside: said by the configuration, or by a client who brings POSTGRES_URI_CUSTOM. */
export function hasExternalDatabase({ specification, agentServer }: Demand): boolean {
  return agentServer.database.kind === 'external' || isNamed(specification, externalNames.database);
}

export function hasExternalRedis({ specification, agentServer }: Demand): boolean {
  return agentServer.redis.kind === 'external' || isNamed(specification, externalNames.redis);
}

interface Known {
  readonly route: RouteValues | null;
  readonly sizes: Sizes;
}

export function serverValues(input: RenderInput, { route, sizes }: Known, findings: Finding[]): ServerValues {
  const users = usersEnvironment(input, findings);
  const shared = [...identity(input), ...databases(input, users, findings), ...access(input, route)];
  const configured = input.agentServer.pods.shutdownGrace / 1000;
  const grace = wholeNumber(input, 'BG_JOB_SHUTDOWN_GRACE_PERIOD_SECS', configured, findings);
  if (grace > defaults.longestShutdownGraceSeconds) {
    findings.push(environmentFinding('BG_JOB_SHUTDOWN_GRACE_PERIOD_SECS', 'the server allows at most 3600'));
  }
  const giveWay = defaultsOf(input, {
    grace,
    route,
    pool: hasExternalDatabase(input) ? null : poolSize(input.agentServer, sizes),
  });
  // With a queue of its own the API takes no runs, whatever users say about workers.
  const withoutJobs = users.filter(({ variable }) => variable.name !== 'N_JOBS_PER_WORKER');
  const noJobs = { name: 'N_JOBS_PER_WORKER', value: '0' };
  const isAgent = isOperated(input.namespace);
  // An LGP has one environment for API and queue, and a field of its own for the jobs.
  const worker = mergeEnvironment(shared, giveWay, isAgent ? withoutJobs : users, findings);
  const splits = input.agentServer.queue && !isAgent;
  return {
    apiEnvironment: splits ? mergeEnvironment([...shared, noJobs], giveWay, withoutJobs, []) : worker,
    queueEnvironment: worker,
    jobsPerWorker: wholeNumber(input, 'N_JOBS_PER_WORKER', defaults.jobsPerWorker, findings),
    terminationGracePeriodSeconds: grace + 30,
    externalDatabase: secretOf(users, externalNames.database),
    externalRedis: secretOf(users, externalNames.redis),
  };
}

function identity({ specification, agentServer }: RenderInput): EnvironmentVariable[] {
  const { deployment, revision } = specification;
  return [
    { name: 'PORT', value: String(serverPort) },
    { name: 'LANGSMITH_DEPLOYMENT_NAME', value: deployment.name },
    { name: 'LANGSMITH_HOST_PROJECT_ID', value: deployment.id },
    { name: 'LANGSMITH_HOST_PROJECT_NAME', value: deployment.name },
    { name: 'LANGSMITH_HOST_REVISION_ID', value: revision.id },
    { name: 'LANGSMITH_PROJECT', value: deployment.name },
    ...(agentServer.langsmith
      ? [
          { name: 'LANGSMITH_ENDPOINT', value: agentServer.langsmith.endpoint },
          secretVariable('LANGSMITH_API_KEY', agentServer.langsmith.apiKey),
        ]
      : []),
    ...(agentServer.licenseKey ? [secretVariable('LANGGRAPH_CLOUD_LICENSE_KEY', agentServer.licenseKey)] : []),
    ...(agentServer.controlPlaneApiKey
      ? [secretVariable('LANGSMITH_CONTROL_PLANE_API_KEY', agentServer.controlPlaneApiKey)]
      : []),
  ];
}

/** The password comes before the URI that refers to it: Kubernetes knows only variables that are already there. */
function databases(input: RenderInput, users: Users, findings: Finding[]): EnvironmentVariable[] {
  return [...database(input, users, findings), redis(input, users, findings)].filter((variable) => variable !== null);
}

function database(input: RenderInput, users: Users, findings: Finding[]) {
  if (hasExternalDatabase(input)) return [external('POSTGRES_URI', externalNames.database, users, findings)];
  if (input.secrets.database === null) {
    findings.push({ path: 'database', line: null, pointer: null, message: 'no Secret is named for its password' });
  }
  // Only the operator knows what it calls the Postgres that it makes.
  if (isOperated(input.namespace)) return [];
  const name = input.secrets.database ?? '';
  if (storesUri(input)) return [fromSecretKey('POSTGRES_URI', { name, key: 'POSTGRES_URI' })];
  return [
    fromSecretKey('POSTGRES_PASSWORD', { name, key: 'POSTGRES_PASSWORD' }),
    { name: 'POSTGRES_URI', value: databaseUri(input.resourceName, null, '$(POSTGRES_PASSWORD)') },
  ];
}

/** Whether the Secret holds the whole URI: a password of somebody else's has to be escaped in it. */
export function storesUri({ namespace }: Pick<RenderInput, 'namespace'>): boolean {
  return namespace.secrets.mode === 'external-secrets' && !isOperated(namespace);
}

/** `password` is already what a URI takes. With the namespace it leads there from everywhere in the cluster. */
export function databaseUri(name: ResourceName, namespace: NamespaceName | null, password: string): string {
  const host = `${name}-postgres${namespace === null ? '' : `.${namespace}.svc`}`;
  return `postgres://postgres:${password}@${host}:5432/postgres?sslmode=disable`;
}

function redis(input: RenderInput, users: Users, findings: Finding[]) {
  if (hasExternalRedis(input)) return external('REDIS_URI', externalNames.redis, users, findings);
  if (isOperated(input.namespace)) return null;
  return { name: 'REDIS_URI', value: `redis://${input.resourceName}-redis:${redisPort}/0` };
}

function external(name: string, custom: string, users: Users, findings: Finding[]) {
  const reference = secretOf(users, custom);
  if (reference) return fromSecretKey(name, reference);
  const message = `the configuration says that it is external: give ${custom} among secrets or secret_references`;
  findings.push({ path: 'secrets', line: null, pointer: null, message });
  return null;
}

function access({ specification, agentServer }: RenderInput, route: RouteValues | null): EnvironmentVariable[] {
  const mount = route && route.prefix !== '' ? [{ name: 'MOUNT_PREFIX', value: route.prefix }] : [];
  const { auth } = agentServer;
  if (auth?.kind !== 'langsmith') return mount;
  return [
    { name: 'LANGGRAPH_AUTH_TYPE', value: 'langsmith' },
    { name: 'LANGSMITH_AUTH_ENDPOINT', value: auth.endpoint },
    { name: 'LANGSMITH_TENANT_ID', value: auth.tenantId ?? specification.deployment.workspaceId },
    ...mount,
  ];
}

interface Defaults {
  readonly grace: number;
  readonly route: RouteValues | null;
  /** Null where the database is not ours. */
  readonly pool: number | null;
}

/**
 * What gives way to users. An LGP cannot say what some go with: how long a pod may take, its user, what Postgres takes.
 * HOME: a user id without an entry in the image's passwd would have `/`, which is closed.
 */
function defaultsOf({ agentServer, namespace, specification }: RenderInput, known: Defaults): EnvironmentVariable[] {
  const { grace, pool, route } = known;
  const url = specification.deployment.customUrl ?? route?.url ?? null;
  const shared = [
    { name: 'LOG_JSON', value: 'true' },
    ...(url === null ? [] : [{ name: 'LANGGRAPH_API_URL', value: url }]),
    ...(agentServer.langsmith ? [{ name: 'LANGSMITH_TRACING', value: 'true' }] : []),
  ];
  if (isOperated(namespace)) return shared;
  return [
    { name: 'BG_JOB_SHUTDOWN_GRACE_PERIOD_SECS', value: String(grace) },
    ...(agentServer.runAsUser === 0 ? [] : [{ name: 'HOME', value: '/tmp' }]),
    ...(pool === null ? [] : [{ name: 'LANGGRAPH_POSTGRES_POOL_MAX_SIZE', value: String(pool) }]),
    ...shared,
  ];
}

/** For administrators, and for KEDA, which asks every half minute. */
const connectionsLeft = 10;

/**
 * The pools of all pods fit into what Postgres takes, those of a rollout's one more pod as well: the server's own default
 * is 150 a pod. What Postgres takes never follows from the scale, which would restart it.
 */
function poolSize({ queue }: AgentServer, { apiScale, queueScale, databaseConnections }: Sizes): number {
  const pods = apiScale.max + 1 + (queue ? queueScale.max + 1 : 0);
  return Math.max(1, Math.floor((databaseConnections - connectionsLeft) / pods));
}

/** Null where something is said by which the server knows its licence; it starts with none of them only in development. */
export function licenceNote({ specification, agentServer }: Demand): string | null {
  const isSaid = agentServer.licenseKey ?? agentServer.controlPlaneApiKey ?? agentServer.langsmith;
  if (isSaid !== undefined || isNamed(specification, 'LANGSMITH_API_KEY')) return null;
  return 'Neither a licence key nor a LangSmith key is configured, and the server does not start without one: see agentServer.licenseKey.';
}

/** What shapes the manifest too, Towpath must know: from the configuration, or from a secret whose value it may know. */
function wholeNumber(input: RenderInput, name: string, fallback: number, findings: Finding[]): number {
  const isSecret = isNamed(input.specification, name);
  const known = isSecret ? input.shaping?.[name] : undefined;
  if (isSecret && known === undefined && shapes(input, name)) {
    const message = `${name} shapes the manifests too, and its value is not known here: set it in agentServer.environment, or give it as a secret with a value of its own`;
    findings.push({ path: `secrets.${name}`, line: null, pointer: null, message });
  }
  const text = known ?? input.agentServer.environment[name];
  if (text === undefined) return fallback;
  if (/^[1-9][0-9]{0,5}$/.test(text)) return Number(text);
  const path = known === undefined ? `agentServer.environment.${name}` : `secrets.${name}`;
  findings.push({ path, line: null, pointer: null, message: 'expected a whole number above zero' });
  return fallback;
}

/** Secrets of a client whose values decide about manifests: numbers, which are no secrets and stand there. */
export const shapingNames: readonly string[] = ['BG_JOB_SHUTDOWN_GRACE_PERIOD_SECS', 'N_JOBS_PER_WORKER'];

/** An LGP says nothing of the grace, and the jobs of a worker are a field of it; otherwise KEDA aims at them. */
function shapes({ namespace, agentServer }: RenderInput, name: string): boolean {
  const isJobs = name === 'N_JOBS_PER_WORKER';
  return isOperated(namespace) ? isJobs : !isJobs || agentServer.autoscaler === 'keda';
}

function environmentFinding(name: string, message: string): Finding {
  return { path: `agentServer.environment.${name}`, line: null, pointer: null, message };
}

function isNamed({ secretNames, secretReferences }: RenderInput['specification'], name: string): boolean {
  return secretNames.includes(name) || secretReferences.some((reference) => reference.name === name);
}

function secretVariable(name: string, { secretName, key }: { secretName: string; key: string }): EnvironmentVariable {
  return fromSecretKey(name, { name: secretName, key });
}
