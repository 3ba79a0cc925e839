/** What a running listener costs: processor time and memory by the kernel, requests by its own metrics. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Listener } from './towpath.ts';
import type { World } from './world.ts';

export interface Cost {
  readonly seconds: number;
  /** Of one core. */
  readonly cpuPercent: number;
  /** Resident set in MB: the largest of those that were seen each second, and the largest ever. */
  readonly rssMb: number;
  readonly peakRssMb: number;
  /** Requests of the listener while it was measured. */
  readonly requests: Readonly<Record<'kubernetes' | 'git' | 'control-plane', number>>;
  /** Requests of everybody at the API server. */
  readonly apiServerRequests: number;
}

const ticksASecond = 100;

export async function measureCost(world: World, listener: Listener, seconds: number): Promise<Cost> {
  const before = await readAll(world, listener);
  let rssMb = 0;
  while (performance.now() - before.at < seconds * 1_000) {
    rssMb = Math.max(rssMb, memoryOf(listener.pid, 'VmRSS'));
    await sleep(1_000);
  }
  const ticks = ticksOf(listener.pid) - before.ticks;
  const elapsed = (performance.now() - before.at) / 1_000;
  const after = await readAll(world, listener);
  const asked = (peer: string) =>
    after.metrics(`towpath_requests_total{peer="${peer}"`) - before.metrics(`towpath_requests_total{peer="${peer}"`);
  return {
    seconds: elapsed,
    cpuPercent: (ticks / ticksASecond / elapsed) * 100,
    rssMb,
    peakRssMb: memoryOf(listener.pid, 'VmHWM'),
    requests: { kubernetes: asked('kubernetes'), git: asked('git'), 'control-plane': asked('control-plane') },
    apiServerRequests: after.apiServer('apiserver_request_total{') - before.apiServer('apiserver_request_total{'),
  };
}

/** Metrics are read before the clock starts: they cost the listener something, too. */
async function readAll({ http }: World, { pid, metricsUrl }: Listener) {
  const metrics = await readMetrics(metricsUrl);
  const call = { method: 'GET', path: '/metrics', accept: 'text/plain', purpose: 'read the metrics' } as const;
  const apiServer = sumsOf((await http.answer(call)).text);
  return { metrics, apiServer, ticks: ticksOf(pid), at: performance.now() };
}

/** The sum over all series whose text begins so. */
type Sums = (beginning: string) => number;

export async function readMetrics(url: string): Promise<Sums> {
  return sumsOf(await (await fetch(url)).text());
}

function sumsOf(text: string): Sums {
  const lines = text.split('\n').filter((line) => !line.startsWith('#'));
  return (beginning) =>
    lines
      .filter((line) => line.startsWith(beginning))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

/** User and system time of the process itself, fields 14 and 15. */
function ticksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

function memoryOf(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found?.[1]) / 1_024;
}
