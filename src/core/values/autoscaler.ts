/** Who decides how many pods there are: a fixed number, the HorizontalPodAutoscaler, or KEDA. */
import type { Finding } from '../../domain/finding.ts';
import type { RenderInput } from '../template/set.ts';
import type { Scale, Sizes } from './resources.ts';
import { type ServerValues, storesUri } from './server.ts';

export interface ScalingValues {
  /** Null where an autoscaler owns it. */
  readonly replicas: number | null;
  /** At most one of the two is not null. */
  readonly horizontalPodAutoscaler: Scale | null;
  readonly scaledObject: ScaledObjectValues | null;
}

interface ScaledObjectValues extends Scale {
  /** Set for the pods that work on runs: KEDA asks the database how many there are. */
  readonly pendingRuns: PendingRunsValues | null;
}

interface PendingRunsValues {
  /** Counts those that wait and those that are worked on: a pod that is busy must not be taken away. */
  readonly query: string;
  /** Runs per pod, as text: KEDA's trigger takes nothing else. */
  readonly target: string;
  /** Null where the Secret holds the whole connection string. */
  readonly host: string | null;
  /** What KEDA reads from a Secret, and where it is. */
  readonly parameter: 'password' | 'connection';
  readonly secretName: string;
  readonly secretKey: string;
}

interface Scaling {
  readonly api: ScalingValues;
  readonly queue: ScalingValues;
}

export function scalingOf(input: RenderInput, sizes: Sizes, server: ServerValues, findings: Finding[]): Scaling {
  const kind = input.agentServer.autoscaler;
  const { apiScale, queueScale } = sizes;
  if (apiScale.min === 0) findings.push(finding('min_scale', 'nothing could wake the API up again from 0 pods; say 1'));
  if (input.agentServer.queue && queueScale.min === 0 && kind !== 'keda') {
    findings.push(finding('queue_min_scale', 'only agentServer.autoscaler: keda can wake the queue up from 0; say 1'));
  }
  return {
    api: scaling(kind, apiScale, input.agentServer.queue ? null : pendingRuns(input, server)),
    queue: scaling(kind, queueScale, pendingRuns(input, server)),
  };
}

function scaling(
  kind: RenderInput['agentServer']['autoscaler'],
  scale: Scale,
  pendingRuns: PendingRunsValues | null,
): ScalingValues {
  const fixed = { replicas: scale.min, horizontalPodAutoscaler: null, scaledObject: null };
  if (kind === 'none' || scale.min === scale.max) return fixed;
  if (kind === 'hpa') return { ...fixed, replicas: null, horizontalPodAutoscaler: scale };
  return { ...fixed, replicas: null, scaledObject: { ...scale, pendingRuns } };
}

function pendingRuns(input: RenderInput, server: ServerValues): PendingRunsValues {
  const query = "SELECT COUNT(*) FROM run WHERE status IN ('pending', 'running')";
  const asked = { query, target: String(server.jobsPerWorker) };
  const stored = storesUri(input) ? { name: input.secrets.database ?? '', key: 'POSTGRES_URI' } : null;
  const whole = server.externalDatabase ?? stored;
  if (whole) return { ...asked, host: null, parameter: 'connection', secretName: whole.name, secretKey: whole.key };
  // KEDA runs in a namespace of its own, so the name says in which one the Service is.
  const host = `${input.resourceName}-postgres.${input.specification.deployment.namespace}.svc`;
  const secretName = input.secrets.database ?? '';
  return { ...asked, host, parameter: 'password', secretName, secretKey: 'POSTGRES_PASSWORD' };
}

function finding(field: string, message: string): Finding {
  return { path: `resource_spec.${field}`, line: null, pointer: null, message };
}
