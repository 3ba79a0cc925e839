/** Telemetry as OpenTelemetry traces, one a revision; its packages are loaded only where somebody asks for them. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Tracer } from '@opentelemetry/api';
import type { SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace';
import type { NamespaceName, RevisionId } from '../../domain/identifiers.ts';
import type { Log, RevisionStep, Telemetry } from '../../ports.ts';

interface TracingOptions {
  /** Spans go to `<endpoint>/v1/traces`. */
  readonly endpoint: string;
  readonly version: string;
  /** The listener's id: which of several listeners did it. */
  readonly listener: string;
  readonly log: Log;
}

interface TracingTelemetry extends Pick<Telemetry, 'step' | 'failure'> {
  /** Sends what is left, but waits only a moment for a collector that does not answer. */
  close(): Promise<void>;
}

/** One attempt with its repetitions; a collector that is away for longer loses spans, and nothing else is lost. */
const exportTimeoutMs = 3_000;

/**
 * The trace's id is the revision's, so that spans of several processes, and of one that was killed, come together: what
 * is known of a revision is found by its id without dashes.
 */
export async function openTracing(options: TracingOptions): Promise<TracingTelemetry> {
  const traceIds: string[] = [];
  const provider = await openProvider(options, () => traceIds.shift());
  const tracer = provider.getTracer('towpath', options.version);
  const start = (about: SpanSubject, name: string, at: Date, attributes: Readonly<Record<string, string>> = {}) => {
    traceIds.splice(0, traceIds.length, traceIdOf(about.revisionId));
    return startSpan(tracer, about, name, at, attributes);
  };
  return {
    step: (step) => start(step, step.name, step.from).end(step.to),
    failure(namespace, stage, reason, about) {
      if (about === undefined) return;
      const now = new Date();
      const attributes = { 'towpath.stage': stage, 'towpath.reason': reason };
      const span = start({ ...about, namespace }, `failed-${stage}`, now, attributes);
      span.setStatus({ code: statusError, message: reason }).end(now);
    },
    close: () => closeInTime(provider),
  };
}

type SpanSubject = Pick<RevisionStep, 'deploymentId' | 'revisionId'> & { readonly namespace: NamespaceName };

/** SpanStatusCode.ERROR: an enum of a package that is not loaded here. */
const statusError = 2;

function startSpan(
  tracer: Tracer,
  { namespace, deploymentId, revisionId }: SpanSubject,
  name: string,
  startTime: Date,
  more: Readonly<Record<string, string>>,
) {
  const attributes = {
    'towpath.namespace': namespace,
    'towpath.deployment.id': deploymentId,
    'towpath.revision.id': revisionId,
    ...more,
  };
  return tracer.startSpan(name, { root: true, startTime, attributes });
}

function traceIdOf(revisionId: RevisionId): string {
  return revisionId.replaceAll('-', '').toLowerCase();
}

async function openProvider(options: TracingOptions, nextTraceId: () => string | undefined): Promise<TracerProvider> {
  const [sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const { endpoint, version, listener, log } = options;
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`;
  const exporter = complaining(new OTLPTraceExporter({ url, timeoutMillis: exportTimeoutMs }), url, log);
  const random = new sdk.RandomIdGenerator();
  return new sdk.TracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'towpath-listener',
      'service.version': version,
      'service.instance.id': listener,
    }),
    sampler: new sdk.AlwaysOnSampler(),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter, scheduledDelayMillis: 2_000 })],
    idGenerator: {
      generateTraceId: () => nextTraceId() ?? random.generateTraceId(),
      generateSpanId: () => random.generateSpanId(),
    },
  });
}

/** Says once that the collector does not answer, and once that it does again. */
function complaining(exporter: SpanExporter, url: string, log: Log): SpanExporter {
  const { host } = new URL(url);
  let isAway = false;
  return {
    shutdown: () => exporter.shutdown(),
    export(spans, done) {
      exporter.export(spans, (result) => {
        const { error } = result;
        if (error && !isAway)
          log.warn('Cannot send traces: spans are lost meanwhile', { collector: host, error: error.message });
        if (!error && isAway) log.info('Traces are sent again', { collector: host });
        isAway = error !== undefined;
        done(result);
      });
    },
  };
}

async function closeInTime(provider: TracerProvider): Promise<void> {
  const closed = provider.shutdown().catch(() => undefined);
  await Promise.race([closed, delay(exportTimeoutMs + 1_000, undefined, { ref: false })]);
}
