/** What LangChain's operator is told of a deployment, in the words of its LGP object. */
import { isOperated } from '../template/set.ts';
import type { EnvironmentVariable } from './environment.ts';
import type { Facts } from './facts.ts';
import { commonLabels, type Labels, sharedLabels } from './labels.ts';
import { placementOf, type Structure } from './pod.ts';
import type { Resources } from './resources.ts';
import { hasExternalDatabase, hasExternalRedis } from './server.ts';

export interface AgentValues {
  readonly name: string;
  /** Of the LGP itself, and of the pods of the server: with the revision and the user's own. */
  readonly labels: Labels;
  /** For everything that the operator makes. */
  readonly sharedLabels: Labels;
  readonly environment: readonly EnvironmentVariable[];
  readonly resources: Resources;
  readonly jobsPerWorker: number;
  /** Of API and queue alike; null where an autoscaler owns it. */
  readonly replicas: number | null;
  readonly autoscaling: AgentAutoscaling | null;
  readonly queue: { readonly resources: Resources } | null;
  /** Null where Postgres runs outside. */
  readonly database: AgentDatabase | null;
  readonly redis: { readonly resources: Resources } | null;
  /** Where pods run, as far as an LGP can say it. */
  readonly placement: Structure;
  /** Whether the operator opens a way in; which one is its own configuration. */
  readonly ingress: boolean;
}

interface AgentAutoscaling {
  readonly type: 'HPA' | 'KEDA';
  readonly min: number;
  readonly max: number;
  /** Null without a queue. */
  readonly queue: { readonly min: number; readonly max: number } | null;
}

interface AgentDatabase {
  readonly secretName: string;
  readonly storageGi: number;
  readonly maxConnections: number;
  readonly resources: Resources;
}

/** Null where no operator is asked. */
export function agentValues(facts: Facts): AgentValues | null {
  const { input, sizes, server, extraLabels } = facts;
  if (!isOperated(input.namespace)) return null;
  const autoscaling = autoscalingOf(facts);
  return {
    name: input.resourceName,
    labels: { ...commonLabels(input, 'agent'), ...extraLabels },
    sharedLabels: sharedLabels(input),
    environment: server.apiEnvironment,
    resources: sizes.api,
    jobsPerWorker: server.jobsPerWorker,
    replicas: autoscaling ? null : sizes.apiScale.min,
    autoscaling,
    queue: input.agentServer.queue ? { resources: sizes.queue } : null,
    database: databaseOf(facts),
    redis: hasExternalRedis(input) ? null : { resources: sizes.redis },
    placement: placementOf(input.agentServer),
    ingress: input.namespace.route.kind !== 'none',
  };
}

/** An LGP has one switch and one fixed number for API and queue: what differs between them needs the autoscaler. */
function autoscalingOf({ input, sizes }: Facts): AgentAutoscaling | null {
  const { autoscaler, queue } = input.agentServer;
  const { apiScale, queueScale } = sizes;
  const scales = queue ? [apiScale, queueScale] : [apiScale];
  const isFixed = scales.every(({ min, max }) => min === max && min === apiScale.min);
  if (autoscaler === 'none' || isFixed) return null;
  return { type: autoscaler === 'keda' ? 'KEDA' : 'HPA', ...apiScale, queue: queue ? queueScale : null };
}

function databaseOf({ input, sizes }: Facts): AgentDatabase | null {
  if (hasExternalDatabase(input)) return null;
  return {
    secretName: input.secrets.database ?? '',
    storageGi: sizes.databaseStorageGi,
    maxConnections: sizes.databaseConnections,
    resources: sizes.postgres,
  };
}
