/** Asks a server that has become healthy for its `/ok`, beside everything else: nobody waits for the answer. */
import PQueue from 'p-queue';
import type { DeploymentId } from '../../domain/identifiers.ts';
import type { Clock, Cluster } from '../../ports.ts';
import type { Timings } from '../timings.ts';

export interface Prober {
  /** Asks until the server answers well, or nobody keeps it any more. */
  ask(id: DeploymentId, service: string, path: string): void;
  /** What is to be said of it; empty as long as nothing is wrong. */
  note(id: DeploymentId): string;
  /** What an earlier process said, until it is asked again. */
  remember(id: DeploymentId, note: string): void;
  forget(id: DeploymentId): void;
  /** Forgets all others. */
  keep(ids: ReadonlySet<DeploymentId>): void;
}

interface ProberOptions {
  readonly cluster: Pick<Cluster, 'probe'>;
  readonly clock: Clock;
  readonly timings: Pick<Timings, 'blindMs' | 'fullComparisonMs'>;
  readonly signal: AbortSignal;
  readonly onNews: (id: DeploymentId) => void;
}

interface Asked {
  readonly service: string;
  readonly path: string;
}

/** Right after the pods are ready, a Service may not know of them yet. */
const convincing = 3;

export function createProber(options: ProberOptions): Prober {
  const { timings, clock, signal, onNews } = options;
  const queue = new PQueue({ concurrency: 4 });
  const asked = new Map<DeploymentId, Asked>();
  const notes = new Map<DeploymentId, string>();
  const set = (id: DeploymentId, note: string): void => {
    if ((notes.get(id) ?? '') === note) return;
    if (note === '') notes.delete(id);
    else notes.set(id, note);
    onNews(id);
  };
  const follow = async (id: DeploymentId, one: Asked): Promise<void> => {
    for (let attempt = 1; asked.get(id) === one && !signal.aborted; attempt++) {
      const note = await queue.add(() => noteOf(options, one));
      if (asked.get(id) !== one || signal.aborted) return;
      if (note === '' || attempt >= convincing) set(id, note);
      if (note === '') return;
      const pause = Math.min(timings.fullComparisonMs, timings.blindMs * 2 ** Math.min(attempt - 1, 20));
      await clock.sleep(pause, signal).catch(() => undefined);
    }
  };
  const forget = (id: DeploymentId): void => {
    asked.delete(id);
    notes.delete(id);
  };
  return {
    ask: (id, service, path) => {
      const one = { service, path };
      asked.set(id, one);
      void follow(id, one);
    },
    note: (id) => notes.get(id) ?? '',
    remember: (id, note) => {
      if (note !== '') notes.set(id, note);
    },
    forget,
    keep: (ids) => {
      for (const id of new Set([...asked.keys(), ...notes.keys()])) if (!ids.has(id)) forget(id);
    },
  };
}

/** Advisory: the kubelet asks the same, from nearer; but a Service that leads nowhere shows only here. */
async function noteOf({ cluster }: ProberOptions, { service, path }: Asked): Promise<string> {
  const answer = await cluster.probe(service, path).catch(() => null);
  if (answer?.kind === 'answered' && answer.status !== 200) {
    return `${noteMark}${path} answers ${answer.status} when the API server asks Service ${service}`;
  }
  return answer?.kind === 'failed' ? `${noteMark}the API server cannot ask Service ${service}: ${answer.message}` : '';
}

/** Stands between what was seen and what the probe adds to it. */
export const noteMark = '; but ';
