/** Replicas that contend for one Lease in virtual time, over a network that delays, loses and refuses. */
import type { LeaseTimings } from '../../src/core/lease-decision.ts';
import { TowpathError } from '../../src/domain/failure.ts';
import { type HeldLeadership, type LeaderState, lead } from '../../src/listener/leader/leader.ts';
import type { LeaseStore } from '../../src/ports.ts';
import { type MemoryLease, memoryLease } from './memory-lease.ts';
import { type MemoryLog, memoryLog } from './memory-log.ts';
import { type VirtualProcess, type VirtualTime, virtualProcess, virtualTime } from './virtual-time.ts';

export const goTimings = { leaseDuration: 15_000, renewDeadline: 10_000, retryPeriod: 2_000 };

/** What becomes of one request. */
export interface Fate {
  readonly thereMs: number;
  readonly backMs: number;
  /** refused: it does nothing; lost: it is done, but the answer never says so; conflict: it is said to have come late. */
  readonly kind: 'answered' | 'refused' | 'lost' | 'conflict';
}

export const quickly: Fate = { thereMs: 5, backMs: 5, kind: 'answered' };

export interface Replica {
  readonly name: string;
  readonly process: VirtualProcess;
  readonly log: MemoryLog;
  /** Every leadership that it ever got. */
  readonly reigns: HeldLeadership[];
  readonly states: LeaderState[];
  /** What telemetry was told last. */
  readonly isLeading: boolean;
  /** Whether it believes to lead at this moment. */
  holds(): boolean;
  stop(): void;
  /** Resolves when `lead` has ended. */
  readonly ended: Promise<void>;
}

interface ReplicaSettings {
  readonly rate?: number;
  readonly wallMs?: number;
  readonly fate?: () => Fate;
  readonly random?: () => number;
  readonly timings?: LeaseTimings;
  /** What it does while it leads; until it is told to end, where nothing is said. */
  readonly work?: (leadership: HeldLeadership, process: VirtualProcess) => Promise<void>;
}

interface LeaseWorld {
  readonly time: VirtualTime;
  readonly lease: MemoryLease;
  start(name: string, settings?: ReplicaSettings): Replica;
}

export function leaseWorld(): LeaseWorld {
  const time = virtualTime();
  const lease = memoryLease();
  return { time, lease, start: (name, settings = {}) => startReplica(time, lease, name, settings) };
}

function startReplica(time: VirtualTime, lease: LeaseStore, name: string, settings: ReplicaSettings): Replica {
  const { fate = () => quickly, work = untilTold, random = () => 0.5, timings = goTimings, ...clocks } = settings;
  const process = virtualProcess(time, clocks);
  const log = memoryLog();
  const stopping = new AbortController();
  const reigns: HeldLeadership[] = [];
  const states: LeaderState[] = [];
  let isLeading = false;
  const ended = lead({
    lease: overNetwork(time, lease, process, fate),
    identity: name,
    timings,
    clock: process.clock,
    monotonic: process.monotonic,
    log,
    telemetry: {
      leading: (value) => {
        isLeading = value;
      },
    },
    signal: stopping.signal,
    random,
    onState: (state) => states.push(state),
    run: (leadership) => {
      reigns.push(leadership);
      return work(leadership, process);
    },
  });
  ended.catch(() => undefined);
  return {
    name,
    process,
    log,
    reigns,
    states,
    get isLeading() {
      return isLeading;
    },
    holds: () => reigns.at(-1)?.isHeld() ?? false,
    stop: () => stopping.abort(),
    ended,
  };
}

export function untilTold({ signal }: Pick<HeldLeadership, 'signal'>): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function overNetwork(time: VirtualTime, lease: LeaseStore, process: VirtualProcess, fate: () => Fate): LeaseStore {
  const ask = <T>(request: () => Promise<T>): Promise<T | null> => {
    const { thereMs, backMs, kind } = fate();
    return new Promise((resolve, reject) => {
      const arrive = async (): Promise<void> => {
        const answer = kind === 'answered' || kind === 'lost' ? await request() : null;
        process.after(backMs, () => (kind === 'refused' || kind === 'lost' ? reject(away()) : resolve(answer)));
      };
      // On its way a request is out of the process's hands: to stop the process does not stop it.
      time.after(thereMs, () => void arrive());
    });
  };
  return { read: () => ask(() => lease.read()), write: (record, previous) => ask(() => lease.write(record, previous)) };
}

function away(): TowpathError {
  return new TowpathError('transient', 'ApiServerUnreachable', 'Cannot reach the API server: it is away');
}
