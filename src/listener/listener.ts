/** The listener: one intake, one reporter, and a lane for each repository it writes. Holds nothing that a kill could lose. */
import { configurationDigest } from '../core/inputs-digest.ts';
import type { Configuration } from '../domain/configuration.ts';
import type { NamespaceName } from '../domain/identifiers.ts';
import type { LastReport, Report, RevisionReport } from '../domain/report.ts';
import type { Clock, ControlPlane, Log, Telemetry } from '../ports.ts';
import type { LaneContext, NamespaceParts } from './context.ts';
import { createDesiredState, type DesiredState } from './desired-state.ts';
import { runIntake } from './intake.ts';
import { type Lane, startLane } from './lane.ts';
import { type Leadership, soleLeadership } from './leader/leadership.ts';
import { startObserver } from './observe/observer.ts';
import type { Observer } from './observe/observer-port.ts';
import { type Reporter, startReporter } from './reporter.ts';
import { defaultTimings, type Timings } from './timings.ts';

export interface ListenerPorts {
  readonly controlPlane: ControlPlane;
  /** One for each namespace of the configuration. */
  readonly namespaces: ReadonlyMap<NamespaceName, NamespaceParts>;
  readonly clock: Clock;
  readonly log: Log;
  readonly telemetry: Telemetry;
}

interface ListenerOptions {
  readonly towpathVersion: string;
  /** Absent: nobody else is expected. */
  readonly leadership?: Leadership;
  readonly timings?: Partial<Timings>;
}

export interface RunningListener {
  /** A webhook or a person says that something changed; without a name, look at every repository. */
  wake(namespace?: NamespaceName): void;
  /** Lets the running passes end, for a while; closes the repositories; brings the last reports. */
  stop(): Promise<void>;
  /** Resolves once it has stopped. */
  readonly done: Promise<void>;
}

/** Returns at once; no failure ends it. */
export function startListener(
  ports: ListenerPorts,
  configuration: Configuration,
  options: ListenerOptions,
): RunningListener {
  const { clock, log, telemetry } = ports;
  const { leadership = soleLeadership } = options;
  const timings = { ...defaultTimings, ...options.timings };
  const stopping = new AbortController();
  const desired = createDesiredState();
  const reporter = startReporter({ controlPlane: ports.controlPlane, clock, log, timings, leadership, telemetry });
  const say = (reports: readonly Report[]): void => {
    noteFailures(telemetry, desired, reports);
    desired.note(reports);
    reporter.say(reports);
  };
  const lanes = startLanes(ports, configuration, {
    desired,
    say,
    timings,
    leadership,
    signal: stopping.signal,
    towpathVersion: options.towpathVersion,
  });
  const served = new Set(lanes.keys());
  const wake = (namespaces: Iterable<NamespaceName>): void => {
    for (const namespace of namespaces) lanes.get(namespace)?.wake();
  };
  const intake = runIntake({
    ...{ controlPlane: ports.controlPlane, desired, served, clock, log, timings, say, wake },
    signal: stopping.signal,
    onListing: reporter.forget,
  });
  const resting = Promise.all([intake, ...[...lanes.values()].map((lane) => lane.done)]);
  const done = finish({ ...ports, resting, reporter, timings, signal: stopping.signal });
  return {
    wake: (namespace) => wake(namespace === undefined ? served : [namespace]),
    stop: () => {
      stopping.abort();
      return done;
    },
    done,
  };
}

interface Finishing extends Pick<ListenerPorts, 'namespaces' | 'clock'> {
  readonly resting: Promise<unknown>;
  readonly reporter: Reporter;
  readonly timings: Timings;
  readonly signal: AbortSignal;
}

async function finish({ namespaces, clock, resting, reporter, timings, signal }: Finishing): Promise<void> {
  await restedInTime(resting, clock, signal, timings.stopMs);
  // Ends requests that are still under way; a push that was cut off is found again at the next start.
  const closing = [...namespaces.values()].flatMap(({ repository, review, cluster }) => [
    repository.close(),
    review?.forge.dispose(),
    cluster?.close(),
  ]);
  await Promise.allSettled(closing);
  await resting;
  await reporter.stop(timings.stopMs);
}

/** Resolves once all has come to rest, or `ms` after the signal was aborted. */
async function restedInTime(resting: Promise<unknown>, clock: Clock, signal: AbortSignal, ms: number): Promise<void> {
  const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  await Promise.race([resting, aborted]);
  // A timer that nobody waits for any more would keep the process alive.
  const rested = new AbortController();
  await Promise.race([resting.finally(() => rested.abort()), clock.sleep(ms, rested.signal).catch(() => undefined)]);
}

interface LaneSetup {
  readonly desired: DesiredState;
  readonly say: (reports: readonly Report[]) => void;
  readonly timings: Timings;
  readonly leadership: Leadership;
  readonly signal: AbortSignal;
  readonly towpathVersion: string;
}

function startLanes(
  ports: ListenerPorts,
  configuration: Configuration,
  setup: LaneSetup,
): ReadonlyMap<NamespaceName, Lane> {
  return new Map(
    [...ports.namespaces].map(([namespace, parts]) => {
      const alone = laneContext({ ...ports, ...setup }, configuration, namespace, parts);
      let wake = (): void => undefined;
      const observer = watch(alone, setup, () => wake());
      const context = { ...alone, observer };
      const { say, signal } = setup;
      const lane = startLane({ context, intervalMs: intervalOf(configuration, context), say, signal });
      wake = lane.wake;
      return [namespace, { ...lane, done: Promise.all([lane.done, observer?.done]).then(() => undefined) }];
    }),
  );
}

/** Under review the branch is looked at together with its pull requests: no forge is asked more often than it says. */
export function intervalOf({ git }: Configuration, { settings }: Pick<LaneContext, 'settings'>): number {
  const { publication } = settings;
  return publication.mode === 'proposed' ? publication.interval : git.interval;
}

function watch(context: LaneContext, { say, signal }: LaneSetup, lookAtBranch: () => void): Observer | null {
  const { cluster } = context;
  return cluster === null ? null : startObserver({ context: { ...context, cluster }, say, lookAtBranch, signal });
}

function noteFailures(telemetry: Telemetry, desired: DesiredState, reports: readonly Report[]): void {
  for (const report of reports) {
    if (report.kind !== 'revision' || report.outcome !== 'failed') continue;
    const known = desired.find(report.deploymentId);
    if (known && !isSameFailure(report, known.lastReport)) {
      telemetry.failure(known.namespace, report.stage, report.reason, report);
    }
  }
}

/** Told in other words, such as another count of restarts. */
function isSameFailure({ revisionId, stage, reason }: RevisionReport, last: LastReport | null): boolean {
  return last?.outcome === 'failed' && last.revisionId === revisionId && last.stage === stage && last.reason === reason;
}

/** What a lane, or a preview of one, works with. */
export function laneContext(
  shared: Pick<
    LaneContext,
    'controlPlane' | 'desired' | 'clock' | 'log' | 'telemetry' | 'leadership' | 'timings' | 'towpathVersion'
  >,
  configuration: Configuration,
  namespace: NamespaceName,
  parts: NamespaceParts,
): LaneContext {
  const settings = configuration.namespaces[namespace];
  if (!settings) throw new RangeError(`Cannot serve namespace ${namespace}: the configuration does not name it`);
  const { agentServer } = configuration;
  const { template } = parts.renderer;
  const { controlPlane, desired, clock, log, telemetry, leadership, timings, towpathVersion } = shared;
  return {
    ...parts,
    namespace,
    listenerId: configuration.listener.id,
    settings,
    agentServer,
    controlPlaneUrl: configuration.controlPlane.url,
    committer: configuration.git.committer,
    configuration: configurationDigest({
      namespace: settings,
      agentServer,
      template,
      keyId: parts.secretKey?.id ?? null,
      engine: parts.engine,
    }),
    controlPlane,
    desired,
    clock,
    log,
    telemetry,
    leadership,
    timings,
    towpathVersion,
    observer: null,
  };
}
