/** A listener with everything around it: a scripted control plane over HTTP, and a repository that a test chooses. */
import { httpControlPlane } from '../../src/adapters/control-plane/http.ts';
import { namedSecretSealer } from '../../src/adapters/secret-sealer/named.ts';
import { systemClock as machineClock } from '../../src/adapters/system-clock.ts';
import { noTelemetry } from '../../src/adapters/telemetry/none.ts';
import { parseSecretKey } from '../../src/core/secrets/secret-names.ts';
import { Configuration } from '../../src/domain/configuration.ts';
import { type ListenerId, NamespaceName } from '../../src/domain/identifiers.ts';
import type { NamespaceParts, Renderer } from '../../src/listener/context.ts';
import { type Leadership, soleLeadership } from '../../src/listener/leader/leadership.ts';
import { type RunningListener, startListener } from '../../src/listener/listener.ts';
import type { Timings } from '../../src/listener/timings.ts';
import type { Clock, ControlPlane, Repository, Telemetry } from '../../src/ports.ts';
import { type MemoryLog, memoryLog } from './memory-log.ts';
import { plainRenderer } from './plain-renderer.ts';
import type { ScriptedControlPlane } from './scripted-control-plane.ts';

export const secretKey = parseSecretKey(Buffer.alloc(32, 7), 'the test key');
export const teamA = NamespaceName.parse('team-a');

/** Everything that waits, waits short. */
export const hurried: Timings = {
  pollSeconds: 5,
  fullComparisonMs: 60_000,
  retryMs: { first: 20, most: 200 },
  prepareMs: 2_000,
  headTrustedMs: 5_000,
  reportGapMs: 5,
  observeGapMs: 2,
  refreshMs: { first: 20, most: 200 },
  removalMs: { first: 10, most: 100 },
  blindMs: 50,
  movedMs: { first: 1, most: 20, attempts: 8 },
  mergedMs: 0,
  openingMs: 0,
  deniedMs: { first: 30, most: 200 },
  deafMs: 60_000,
  stopMs: 2_000,
};

export const systemClock: Clock = machineClock();

export interface ListenerSetup {
  readonly plane: ScriptedControlPlane;
  readonly repository: Repository;
  readonly renderer?: Renderer;
  readonly namespace?: Readonly<Record<string, unknown>>;
  readonly agentServer?: Readonly<Record<string, unknown>>;
  readonly git?: Readonly<Record<string, unknown>>;
  readonly timings?: Partial<Timings>;
  readonly parts?: Partial<NamespaceParts>;
  readonly log?: MemoryLog;
  readonly leadership?: Leadership;
  readonly telemetry?: Telemetry;
  readonly clock?: Clock;
}

export interface ListenToSetup extends Omit<ListenerSetup, 'plane'> {
  readonly controlPlane: ControlPlane;
  readonly listenerId: ListenerId;
  readonly url: string;
}

export function configurationFor(
  setup: Pick<ListenerSetup, 'namespace' | 'agentServer' | 'git'> & {
    readonly plane: Pick<ListenToSetup, 'url' | 'listenerId'>;
  },
): Configuration {
  return Configuration.parse({
    controlPlane: { url: setup.plane.url, apiKeyEnv: 'TOWPATH_API_KEY' },
    listener: { id: setup.plane.listenerId },
    git: { interval: '60s', ...setup.git },
    namespaces: { 'team-a': { repository: 'https://git.example/team-a.git', ...setup.namespace } },
    agentServer: setup.agentServer ?? {},
  });
}

export function listen({ plane, ...setup }: ListenerSetup): RunningListener & { readonly log: MemoryLog } {
  const { url, listenerId } = plane;
  const controlPlane = httpControlPlane({ url, apiKey: 'listener-key' }, listenerId);
  return listenTo({ ...setup, controlPlane, listenerId, url });
}

export function listenTo(setup: ListenToSetup): RunningListener & { readonly log: MemoryLog } {
  const {
    controlPlane,
    log = memoryLog(),
    clock = systemClock,
    leadership = soleLeadership,
    telemetry = noTelemetry,
  } = setup;
  const parts: NamespaceParts = {
    repository: setup.repository,
    sealer: namedSecretSealer(),
    renderer: setup.renderer ?? plainRenderer(),
    secretKey,
    engine: null,
    cluster: null,
    review: null,
    ...setup.parts,
  };
  const running = startListener(
    { controlPlane, namespaces: new Map([[teamA, parts]]), clock, log, telemetry },
    configurationFor({ ...setup, plane: setup }),
    { towpathVersion: '0.1.0', leadership, timings: { ...hurried, ...setup.timings } },
  );
  return { ...running, log };
}
