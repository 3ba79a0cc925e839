/** The metrics that dashboard and alert rules may ask for: what a listener serves, with the labels of each. */

export const metrics: Readonly<Record<string, readonly string[]>> = {
  ...histogram('towpath_desired_to_committed_seconds', 'namespace'),
  ...histogram('towpath_committed_to_synced_seconds', 'namespace'),
  ...histogram('towpath_synced_to_healthy_seconds', 'namespace'),
  towpath_revision_failures_total: ['namespace', 'stage', 'reason'],
  towpath_passes_total: ['namespace', 'outcome'],
  ...histogram('towpath_pass_duration_seconds', 'namespace'),
  towpath_retries_total: ['kind'],
  towpath_queue_length: ['queue'],
  towpath_watch_restarts_total: ['resource'],
  towpath_requests_total: ['peer', 'code'],
  ...histogram('towpath_request_duration_seconds', 'peer'),
  towpath_leader: [],
  towpath_info: ['version'],
};

function histogram(name: string, ...labels: readonly string[]): Readonly<Record<string, readonly string[]>> {
  return { [`${name}_bucket`]: [...labels, 'le'], [`${name}_count`]: labels, [`${name}_sum`]: labels };
}
