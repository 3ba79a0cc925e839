/** Telemetry as Prometheus metrics, in a registry of its own, with those of the process beside them. */
import type { RevisionStep, Telemetry } from '../../ports.ts';
import { counter, gauge, histogram, type MetricDefinitions, openMeasures } from './prometheus-measures.ts';

interface PrometheusTelemetry extends Telemetry {
  /** The text that Prometheus scrapes. */
  metrics(): Promise<string>;
}

/** From a quick push to an hour, which is how long a rollout may take. */
const waits = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600];
const passes = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
/** Up to a long poll and its answer. */
const requests = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/** Every metric of a listener; dashboards and alert rules are compared with these. */
export const listenerMetrics = {
  towpath_desired_to_committed_seconds: histogram('from being wanted to being pushed', ['namespace'], waits),
  towpath_committed_to_synced_seconds: histogram('from the push until the engine has applied it', ['namespace'], waits),
  towpath_synced_to_healthy_seconds: histogram('from applied to healthy', ['namespace'], waits),
  towpath_revision_failures_total: counter('revisions that were reported as failed', ['namespace', 'stage', 'reason']),
  towpath_passes_total: counter('passes over the branch of a namespace', ['namespace', 'outcome']),
  towpath_pass_duration_seconds: histogram('one pass', ['namespace'], passes),
  towpath_retries_total: counter('what was tried again, by the class of the failure', ['kind']),
  towpath_queue_length: gauge('deployments that wait for a pass, and reports for the control plane', ['queue']),
  towpath_watch_restarts_total: counter('watches that had to list anew', ['resource']),
  towpath_requests_total: counter('requests by peer and HTTP status; "error" where no answer came', ['peer', 'code']),
  towpath_request_duration_seconds: histogram('from sending a request to the head of its answer', ['peer'], requests),
  towpath_forge_budget_left: gauge('requests that may still go to the forge', ['namespace', 'budget']),
  towpath_forge_budget_limit: gauge('how many may go in all', ['namespace', 'budget']),
  towpath_open_pull_requests: gauge('pull requests of Towpath’s that wait for a person', ['namespace']),
  towpath_leader: gauge('1 while this replica leads', []),
  towpath_info: gauge('always 1; the label tells the version', ['version']),
} as const satisfies MetricDefinitions;

type ListenerMetric = keyof typeof listenerMetrics;

const stepMetrics = {
  'desired-to-committed': 'towpath_desired_to_committed_seconds',
  'committed-to-synced': 'towpath_committed_to_synced_seconds',
  'synced-to-healthy': 'towpath_synced_to_healthy_seconds',
} as const satisfies Record<RevisionStep['name'], ListenerMetric>;

export function prometheusTelemetry({ version }: { readonly version: string }): PrometheusTelemetry {
  const measures = openMeasures(listenerMetrics);
  measures.set('towpath_info', { version }, 1);
  measures.set('towpath_leader', {}, 0);
  return {
    metrics: measures.text,
    step: ({ name, namespace, from, to }) =>
      measures.observe(stepMetrics[name], { namespace }, to.getTime() - from.getTime()),
    failure: (namespace, stage, reason) =>
      measures.add('towpath_revision_failures_total', { namespace, stage, reason }),
    pass(namespace, outcome, durationMs) {
      measures.add('towpath_passes_total', { namespace, outcome });
      measures.observe('towpath_pass_duration_seconds', { namespace }, durationMs);
    },
    retry: (kind) => measures.add('towpath_retries_total', { kind }),
    queue: (queue, length) => measures.set('towpath_queue_length', { queue }, length),
    watchRestart: (resource) => measures.add('towpath_watch_restarts_total', { resource }),
    request(peer, code, durationMs) {
      measures.add('towpath_requests_total', { peer, code: String(code) });
      measures.observe('towpath_request_duration_seconds', { peer }, durationMs);
    },
    forgeBudget(namespace, { name: budget, left, limit }) {
      measures.set('towpath_forge_budget_left', { namespace, budget }, left);
      measures.set('towpath_forge_budget_limit', { namespace, budget }, limit);
    },
    reviews: (namespace, open) => measures.set('towpath_open_pull_requests', { namespace }, open),
    leading: (isLeader) => measures.set('towpath_leader', {}, isLeader ? 1 : 0),
  };
}
