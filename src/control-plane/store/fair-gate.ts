/**
 * Hands out the connections of the database: callers in turn, none more than its share, and neither reading nor changing
 * can take them all. Whoever waits here holds none.
 */
import { Refusal } from '../refusal.ts';
import { callerNow } from './caller.ts';
import { stoppingRefusal, type Waiting, waitForTurn } from './waiting.ts';

export type Work = 'read' | 'change';

export interface Shares {
  readonly connections: number;
  /** Of one kind of work. */
  readonly ofOneKind: number;
  /** Of one kind of work of one caller. */
  readonly ofOneCaller: number;
}

export interface FairGate {
  run<Result>(work: Work, body: () => Promise<Result>): Promise<Result>;
  /** Refuses whoever waits, and whoever comes. */
  close(): void;
}

const patienceMs = 10_000;
const longestQueue = 1_000;

interface Lane {
  readonly key: string;
  readonly work: Work;
  running: number;
  readonly waiting: Waiting[];
}

export function fairGate(shares: Shares): FairGate {
  /** The order of the map is whose turn it is; who asks for nothing has no lane. */
  const lanes = new Map<string, Lane>();
  const running = { read: 0, change: 0 };
  let closed = false;
  const isFree = ({ work, running: own }: Lane): boolean =>
    running.read + running.change < shares.connections && running[work] < shares.ofOneKind && own < shares.ofOneCaller;
  const begin = (lane: Lane): void => {
    lane.running += 1;
    running[lane.work] += 1;
  };
  const serve = (lane: Lane): void => {
    while (lane.waiting.length > 0 && isFree(lane)) {
      if (!lane.waiting.shift()?.grant()) continue;
      begin(lane);
      lanes.delete(lane.key);
      lanes.set(lane.key, lane);
      return;
    }
  };
  const end = (lane: Lane): void => {
    lane.running -= 1;
    running[lane.work] -= 1;
    for (const each of [...lanes.values()]) serve(each);
    if (lane.running === 0 && lane.waiting.length === 0) lanes.delete(lane.key);
  };
  const enter = async (lane: Lane): Promise<void> => {
    if (isFree(lane)) return begin(lane);
    const waiting = waitForTurn(patienceMs, 'the database is busy');
    lane.waiting.push(waiting);
    await waiting.granted;
  };
  return {
    async run(work, body) {
      if (closed) throw stoppingRefusal();
      const lane = laneOf(lanes, work);
      if (lane.waiting.length >= longestQueue) throw tooMany();
      await enter(lane);
      try {
        return await body();
      } finally {
        end(lane);
      }
    },
    close() {
      closed = true;
      for (const { waiting } of lanes.values()) for (const each of waiting.splice(0)) each.refuse(stoppingRefusal());
    },
  };
}

function laneOf(lanes: Map<string, Lane>, work: Work): Lane {
  const key = `${work} ${callerNow().tenant}`;
  const lane = lanes.get(key) ?? { key, work, running: 0, waiting: [] };
  lanes.set(key, lane);
  return lane;
}

function tooMany(): Refusal {
  const message = 'Too many requests of this workspace wait for the database: send fewer at a time';
  return new Refusal(429, message, { retryAfterSeconds: 5 });
}
