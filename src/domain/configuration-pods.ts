/** What the pods of every deployment get: where they run, how they start and how they end. */
import { z } from 'zod';
import type { Objection } from './configuration-rules.ts';
import { Duration } from './duration.ts';
import { ObjectName } from './identifiers.ts';

/** The longest that the server takes. */
const longestGraceMs = 3_600_000;

const Toleration = z.strictObject({
  key: z.string().min(1).max(317).optional().describe('absent: every taint'),
  operator: z.enum(['Exists', 'Equal']).default('Equal').describe('Exists takes no value'),
  value: z.string().max(63).optional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).optional().describe('absent: each of them'),
  tolerationSeconds: z.number().int().min(0).optional().describe('with NoExecute: for how long'),
});

const Spread = z.strictObject({
  topologyKey: z.string().min(1).max(317).describe('label of the nodes, such as topology.kubernetes.io/zone'),
  maxSkew: z.number().int().min(1).max(1000).default(1).describe('how many pods more one place may have'),
  whenUnsatisfiable: z
    .enum(['ScheduleAnyway', 'DoNotSchedule'])
    .default('ScheduleAnyway')
    .describe('DoNotSchedule: a pod that would break it waits'),
});

export const Pods = z.strictObject({
  nodeSelector: z.record(z.string(), z.string()).default({}).describe('labels that a node must have'),
  tolerations: z.array(Toleration).max(100).default([]).describe('taints that keep the pods off no node'),
  affinity: z.record(z.string(), z.json()).default({}).describe('as Kubernetes writes it in a pod'),
  topologySpreadConstraints: z
    .array(Spread)
    .max(20)
    .default([])
    .describe('of API and queue, each among its own pods; absent: the cluster’s own'),
  priorityClassName: ObjectName.optional().describe('absent: the cluster’s own'),
  ndots: z
    .number()
    .int()
    .min(1)
    .max(15)
    .optional()
    .describe(
      'of the resolver; 2 spares most look-ups of names outside the cluster; absent: the cluster’s own, mostly 5',
    ),
  imagePullSecrets: z
    .array(ObjectName)
    .max(20)
    .default([])
    .describe('Secrets for the registries of all images, those of Postgres and Redis too; beside resource_spec’s own'),
  imagePullPolicy: z
    .enum(['Always', 'IfNotPresent', 'Never'])
    .optional()
    .describe('of all images; absent: Always for a server without a digest, since its tag may move, else IfNotPresent'),
  shutdownGrace: Duration.prefault('3m')
    .refine((ms) => ms % 1000 === 0 && ms >= 1000 && ms <= longestGraceMs, 'expected whole seconds, 1s to 1h')
    .describe(
      'how long the server finishes its runs before it ends, at most 1h: BG_JOB_SHUTDOWN_GRACE_PERIOD_SECS, and 30s more for the pod; a run that takes longer begins anew, and fails at its third interruption',
    ),
  readOnlyRootFilesystem: z
    .boolean()
    .default(false)
    .describe(
      'of the server: only /tmp and resource_spec’s volumes can be written to; Postgres and Redis always are so',
    ),
});
export type Pods = z.infer<typeof Pods>;

/** What the operator of an LGP would pass over: it has no field for it. `asItComes`: what was left so is nobody's wish. */
export function lgpPodObjections(pods: Pods, asItComes: Pods, mend: string): Objection[] {
  const names = [
    'topologySpreadConstraints',
    'priorityClassName',
    'ndots',
    'imagePullPolicy',
    'shutdownGrace',
    'readOnlyRootFilesystem',
  ] as const;
  return names
    .filter((name) => JSON.stringify(pods[name]) !== JSON.stringify(asItComes[name]))
    .map((name) => ({ path: ['agentServer', 'pods', name], message: `an LGP has no field for it; ${mend}` }));
}
