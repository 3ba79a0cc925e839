/** What watches over a listener: metrics, traces and health, each only where it is configured. */
import { noTelemetry } from '../../adapters/telemetry/none.ts';
import { prometheusTelemetry } from '../../adapters/telemetry/prometheus.ts';
import { severalTelemetry } from '../../adapters/telemetry/several.ts';
import { openTracing } from '../../adapters/telemetry/tracing.ts';
import type { Configuration } from '../../domain/configuration.ts';
import type { LeaderState } from '../../listener/leader/leader.ts';
import type { Log, Telemetry } from '../../ports.ts';
import { type Health, startMonitoring } from '../server/monitoring.ts';
import { version } from '../version.ts';

export interface Monitored extends AsyncDisposable {
  readonly telemetry: Telemetry;
  /** What the election says, or that this process works alone. */
  note(state: LeaderState): void;
}

/** A leadership that is lost ends within seconds; one that does not end in this time never will. */
const longestLeavingMs = 120_000;

export async function openMonitoring(configuration: Configuration, log: Log): Promise<Monitored> {
  await using stack = new AsyncDisposableStack();
  const health = createHealth();
  const telemetries: Partial<Telemetry>[] = [];
  if (configuration.tracing !== undefined) {
    const { endpoint } = configuration.tracing;
    const tracing = await openTracing({ endpoint, version: version(), listener: configuration.listener.id, log });
    stack.defer(() => tracing.close());
    telemetries.push(tracing);
  }
  if (configuration.monitoring !== undefined) {
    const { host, port } = configuration.monitoring;
    const prometheus = prometheusTelemetry({ version: version() });
    telemetries.push(prometheus);
    const named = { host: 'monitoring.host', port: 'monitoring.port' };
    const server = await startMonitoring({ host, port, named, metrics: prometheus.metrics, health: health.read });
    stack.defer(() => server.close());
    log.info('Serving metrics and health', { url: server.url });
  }
  const parts = stack.move();
  return {
    telemetry: telemetries.length === 0 ? noTelemetry : severalTelemetry(...telemetries),
    note: health.note,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

function createHealth(): { readonly note: (state: LeaderState) => void; readonly read: () => Health } {
  let state: LeaderState | null = null;
  let since = performance.now();
  return {
    note: (next) => {
      if (next.kind !== state?.kind) since = performance.now();
      state = next;
    },
    read: () => {
      switch (state?.kind) {
        case undefined:
          return { dead: [], unready: ['It has not begun yet'] };
        case 'leading':
        case 'standing-by':
          return { dead: [], unready: [] };
        case 'blind':
          return { dead: [], unready: [state.message] };
        case 'leaving':
          return performance.now() - since > longestLeavingMs
            ? { dead: ['It lost the leadership, and its work does not end'], unready: [] }
            : { dead: [], unready: ['It lost the leadership, and its work ends'] };
        default:
          return state satisfies never;
      }
    },
  };
}
