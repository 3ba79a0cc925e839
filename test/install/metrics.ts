/** The metrics that dashboard and alert rules may ask for, with the labels of each: what the programs themselves serve. */
import { listenerMetrics } from '../../src/adapters/telemetry/prometheus.ts';
import type { MetricDefinition } from '../../src/adapters/telemetry/prometheus-measures.ts';
import { controlPlaneMetrics } from '../../src/cli/control-plane/monitoring.ts';

export const metrics: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries<MetricDefinition>({ ...listenerMetrics, ...controlPlaneMetrics }).flatMap(seriesOf),
);

/** As Prometheus stores it: a histogram is three series. */
function seriesOf([name, { kind, labels }]: [string, MetricDefinition]): [string, readonly string[]][] {
  if (kind !== 'histogram') return [[name, labels]];
  return [
    [`${name}_bucket`, [...labels, 'le']],
    [`${name}_count`, labels],
    [`${name}_sum`, labels],
  ];
}
