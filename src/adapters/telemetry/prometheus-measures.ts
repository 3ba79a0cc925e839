/** Metrics of a table of definitions, in a registry of their own; measuring never throws. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export interface MetricDefinition {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper ends in seconds; histograms only. */
  readonly buckets?: readonly number[];
}

export type MetricDefinitions = Readonly<Record<string, MetricDefinition>>;
type Labels = Readonly<Record<string, string>>;

interface Measures<Name extends string> {
  add(counter: Name, labels: Labels): void;
  set(gauge: Name, labels: Labels, value: number): void;
  observe(histogram: Name, labels: Labels, durationMs: number): void;
  /** What Prometheus scrapes, with the metrics of the process. */
  text(): Promise<string>;
}

export function openMeasures<Definitions extends MetricDefinitions>(
  definitions: Definitions,
): Measures<keyof Definitions & string> {
  const registry = new Registry();
  const { counters, gauges, histograms } = register(definitions, registry);
  // A sample each 100 ms: at the default of 10 ms measuring the event loop would be its busiest user.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 });
  return {
    add: (name, labels) => counters.get(name)?.inc(labels),
    set: (name, labels, value) => gauges.get(name)?.set(labels, finite(value)),
    // Clocks of two machines differ, and one may be set back.
    observe: (name, labels, durationMs) =>
      histograms.get(name)?.observe(labels, Math.max(0, finite(durationMs) / 1_000)),
    text: () => registry.metrics(),
  };
}

function register(definitions: MetricDefinitions, registry: Registry) {
  const counters = new Map<string, Counter>();
  const gauges = new Map<string, Gauge>();
  const histograms = new Map<string, Histogram>();
  for (const [name, { kind, help, labels, buckets = [] }] of Object.entries(definitions)) {
    const common = { name, help, labelNames: [...labels], registers: [registry] };
    if (kind === 'counter') counters.set(name, new Counter(common));
    else if (kind === 'gauge') gauges.set(name, new Gauge(common));
    else histograms.set(name, new Histogram({ ...common, buckets: [...buckets] }));
  }
  return { counters, gauges, histograms };
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}

export function histogram(help: string, labels: readonly string[], buckets: readonly number[]) {
  return { kind: 'histogram', help, labels, buckets } as const;
}

export function counter(help: string, labels: readonly string[]) {
  return { kind: 'counter', help, labels } as const;
}

export function gauge(help: string, labels: readonly string[]) {
  return { kind: 'gauge', help, labels } as const;
}
