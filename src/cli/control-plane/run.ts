/** Runs `towpath control-plane` until it is told to stop. */
import { getRequestListener } from '@hono/node-server';
import { openControlPlane } from '../../control-plane/control-plane.ts';
import { TowpathError } from '../../domain/failure.ts';
import type { Log } from '../../ports.ts';
import { openLog } from '../log.ts';
import { logSettings } from '../options.ts';
import { endInTime } from '../server/ending.ts';
import { type ServerLimits, type ServerSettings, startServer } from '../server/http-server.ts';
import { startMonitoring } from '../server/monitoring.ts';
import { isFirstProcess, stopSignal } from '../stop-signal.ts';
import { version } from '../version.ts';
import type { ControlPlaneOptions } from './control-plane-options.ts';
import { controlPlaneHealth, controlPlaneMonitor } from './monitoring.ts';
import { openingOf } from './opening.ts';

/** A long poll for each listener, and what people and programs ask; half a request is worth no more than a minute. */
const limits: ServerLimits = { requestMs: 60_000, headersMs: 15_000, connections: 2_000 };

export async function runControlPlane(options: ControlPlaneOptions): Promise<void> {
  const log = openLog(logSettings(options, options.databaseUrl ? [options.databaseUrl] : []));
  const closing = await serve(options, log);
  const closed = endInTime(log);
  await closing.disposeAsync();
  closed();
}

/** Answers, once it is to stop, what is to be closed. */
async function serve(options: ControlPlaneOptions, log: Log): Promise<AsyncDisposableStack> {
  let stopping = isFirstProcess ? stopSignal() : null;
  const { host, port } = options;
  const tls = tlsFiles(options);
  await using stack = new AsyncDisposableStack();
  const monitor = options.monitoringPort === undefined ? null : controlPlaneMonitor();
  const controlPlane = await openControlPlane({
    ...(await openingOf(options)),
    adminKey: process.env['TOWPATH_ADMIN_KEY'],
    towpathCalls: options.extension,
    requestsPerSecond: options.requestsPerSecond === 0 ? undefined : options.requestsPerSecond,
    log,
    ...(monitor ? { onAnswer: monitor.onAnswer } : {}),
  });
  stack.defer(() => controlPlane.close());
  // Before this there is nothing to stop, and making a database takes seconds.
  stopping ??= stopSignal();
  // Before anything else can fail, a port in use say: nobody could ever read it again.
  if (controlPlane.newAdminKey !== null) showAdminKey(controlPlane.newAdminKey);
  if (monitor) {
    const { services } = controlPlane;
    const { url, close } = await startMonitoring({
      ...monitoringAddress(options),
      metrics: () => monitor.metrics(services),
      health: (question) => controlPlaneHealth(services, question),
    });
    stack.defer(close);
    log.info('Metrics and health are served', { monitoring: url });
  }
  const server = await startServer({ host, port, tls, limits }, getRequestListener(controlPlane.app.fetch));
  stack.defer(() => server.close());
  // Long polls would hold the server up for a minute; they end first.
  stack.defer(() => controlPlane.stop());
  if (tls === undefined && !isLoopback(host)) log.warn(plainHttp, { url: server.url });
  log.info('Control plane is ready', { url: server.url, version: version() });
  await stopping.stopped;
  log.info('Stopping: requests under way end first, a second signal does not wait for them');
  return stack.move();
}

const plainHttp =
  'Serving plain HTTP beyond this machine: keys and secret values can be read on their way; name --tls-cert-file and --tls-key-file, unless a proxy with TLS stands before it';

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}

/** On standard output, and never in the log: shown once, as only its hash is kept. */
function showAdminKey(key: string): void {
  process.stdout.write(`Admin key, shown this once: ${key}\n`);
}

/** Without TLS and without a key, so it has a port of its own that need not be open to the world. */
function monitoringAddress({ host, monitoringHost, monitoringPort }: ControlPlaneOptions) {
  const named = { host: '--monitoring-host', port: '--monitoring-port' };
  return { host: monitoringHost ?? host, port: monitoringPort ?? 0, named };
}

function tlsFiles({ tlsCertFile, tlsKeyFile }: ControlPlaneOptions): ServerSettings['tls'] {
  if (tlsCertFile !== undefined && tlsKeyFile !== undefined) return { certFile: tlsCertFile, keyFile: tlsKeyFile };
  if (tlsCertFile === undefined && tlsKeyFile === undefined) return undefined;
  const message = 'Cannot serve HTTPS: --tls-cert-file and --tls-key-file belong together, name both';
  throw new TowpathError('terminal', 'IncompleteTls', message);
}
