/** Runs the contenders against one server, alternating, and checks that all of them wrote the same. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nativeGit } from '../../support/native-git.ts';
import { median, progress } from '../section.ts';
import { baseRepository, copyRepository, type Size } from './base-repository.ts';
import type { Answer, Order } from './child.ts';
import type { ContenderWorld } from './contender.ts';
import { type ContenderProcess, type ServerProcess, startContender, startServer } from './processes.ts';
import type { Traffic } from './server.ts';

const contenders = ['own', 'native fast-import', 'native plumbing', 'isomorphic-git'] as const;
export type ContenderName = (typeof contenders)[number];
export type Scenario = 'cold start' | 'nothing to do' | 'one change' | 'many changes';

export interface Measurement {
  readonly size: Size;
  readonly roundTripMs: number;
  readonly scenario: Scenario;
  readonly contender: ContenderName;
  /** Milliseconds of each run but the first, which warms up. */
  readonly runs: readonly number[];
  readonly medianMs: number;
  /** What its process took to start, which is not in the runs; null where it ran already. */
  readonly startMs: number | null;
  readonly requests: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly peakMb: number;
}

export interface Plan extends Size {
  readonly roundTripMs: number;
  readonly runs: number;
  /** Commits of the scenario "many changes". */
  readonly many: number;
  /** How often a contender runs a scenario; 0 leaves it out. */
  readonly runsOf: (contender: ContenderName, scenario: Scenario) => number;
}

interface Field {
  readonly plan: Plan;
  readonly server: ServerProcess;
  readonly folder: string;
  readonly worlds: ReadonlyMap<ContenderName, ContenderWorld>;
}

export async function measure(plan: Plan): Promise<Measurement[]> {
  const folder = await mkdtemp(join(tmpdir(), 'towpath-bench-run-'));
  try {
    const base = await baseRepository(plan);
    const root = join(folder, 'server');
    await mkdir(root);
    for (const name of contenders) await copyRepository(base, join(root, `${slug(name)}.git`));
    const server = await startServer(root, plan.roundTripMs);
    const field = { plan, server, folder, worlds: await makeWorlds(plan, server.url, folder, base) };
    try {
      return [...(await coldStarts(field)), ...(await idleAndOne(field)), ...(await many(field))];
    } finally {
      await server.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A process for each run: nothing is warm but the server's files, and nobody's memory is somebody else's. */
async function coldStarts(field: Field): Promise<Measurement[]> {
  return await alternate(field, participants(field.plan, 'cold start'), 'cold start', async (name, _run, take) => {
    const started = performance.now();
    const process = await startContender(name);
    const startMs = performance.now() - started;
    await take(process, (memory) => ({ do: 'cold-start', world: worldOf(field, name), memory }), startMs);
    await process.close();
  });
}

async function idleAndOne(field: Field): Promise<Measurement[]> {
  const open = await openAll(field, participants(field.plan, 'one change'));
  const idle = await alternateOpen(field, open, 'nothing to do', (_run, memory) => ({ do: 'idle', memory }));
  const one = await alternateOpen(field, open, 'one change', (run, memory) => ({
    do: 'changes',
    first: run,
    count: 1,
    memory,
  }));
  for (const process of open.values()) await process.close();
  return [...idle, ...one];
}

async function many(field: Field): Promise<Measurement[]> {
  const open = await openAll(field, participants(field.plan, 'many changes'));
  const results = await alternateOpen(field, open, 'many changes', (run, memory) => ({
    do: 'changes',
    first: 10_000 + run * field.plan.many,
    count: field.plan.many,
    memory,
  }));
  for (const process of open.values()) await process.close();
  return results;
}

/** In processes that stay. */
async function alternateOpen(
  field: Field,
  open: ReadonlyMap<ContenderName, ContenderProcess>,
  scenario: Scenario,
  orderOf: (run: number, memory: boolean) => Order,
): Promise<Measurement[]> {
  return await alternate(field, [...open.keys()], scenario, async (name, run, take) => {
    const process = open.get(name);
    if (process) await take(process, (memory) => orderOf(run, memory), null);
  });
}

type Take = (process: ContenderProcess, orderOf: (memory: boolean) => Order, startMs: number | null) => Promise<void>;

/**
 * Run by run, each contender in turn, another one first each time. The first run warms up, and native git runs once
 * more for its memory. Who runs only once is too slow for either.
 */
async function alternate(
  field: Field,
  all: readonly ContenderName[],
  scenario: Scenario,
  act: (name: ContenderName, run: number, take: Take) => Promise<void>,
): Promise<Measurement[]> {
  const recorders = new Map(all.map((name) => [name, new Recorder(field, scenario, name)]));
  const kinds = new Map(all.map((name) => [name, runKinds(name, field.plan.runsOf(name, scenario))]));
  const most = Math.max(...[...kinds.values()].map((one) => one.length));
  for (let run = 0; run < most; run++) {
    const names = all.filter((name) => run < (kinds.get(name)?.length ?? 0));
    for (const name of [...names.slice(run % names.length), ...names.slice(0, run % names.length)]) {
      const kind = kinds.get(name)?.[run];
      if (!kind) continue;
      await act(name, run, async (process, orderOf, startMs) => {
        await recorders.get(name)?.take(process, orderOf(kind === 'memory'), kind, startMs);
      });
    }
    await sameTrees(field, names);
  }
  return [...recorders.values()].map((recorder) => recorder.result());
}

type RunKind = 'warm-up' | 'timed' | 'memory';

function runKinds(name: ContenderName, runs: number): RunKind[] {
  if (runs === 1) return ['timed'];
  const timed = Array.from({ length: runs }, (): RunKind => 'timed');
  return ['warm-up', ...timed, ...(name.startsWith('native') ? (['memory'] as const) : [])];
}

class Recorder {
  readonly #field: Field;
  readonly #scenario: Scenario;
  readonly #contender: ContenderName;
  readonly #ms: number[] = [];
  readonly #startMs: number[] = [];
  readonly #traffic: Traffic[] = [];
  #peakMb = 0;

  constructor(field: Field, scenario: Scenario, contender: ContenderName) {
    this.#field = field;
    this.#scenario = scenario;
    this.#contender = contender;
  }

  async take(process: ContenderProcess, order: Order, kind: RunKind, startMs: number | null): Promise<void> {
    await this.#field.server.take();
    const answer: Answer | null = await process.obey(order);
    const traffic = await this.#field.server.take();
    if (answer === null) throw new Error(`${this.#contender} took too long at ${this.#scenario}`);
    // Native git tells only where it is watched; a process of our own tells its height so far at any time.
    const native = this.#contender.startsWith('native');
    if (!native || kind === 'memory') this.#peakMb = Math.max(this.#peakMb, answer.peakMb);
    if (kind !== 'timed') return;
    this.#ms.push(answer.ms);
    if (startMs !== null) this.#startMs.push(startMs);
    this.#traffic.push(traffic);
  }

  result(): Measurement {
    const { plan } = this.#field;
    const of = (key: keyof Traffic): number => median(this.#traffic.map((one) => one[key]));
    const measurement = {
      size: { count: plan.count, layout: plan.layout },
      roundTripMs: plan.roundTripMs,
      scenario: this.#scenario,
      contender: this.#contender,
      runs: this.#ms,
      medianMs: median(this.#ms),
      startMs: this.#startMs.length > 0 ? median(this.#startMs) : null,
      requests: of('requests'),
      bytesSent: of('bytesIn'),
      bytesReceived: of('bytesOut'),
      peakMb: this.#peakMb,
    };
    progress(
      `${plan.count} ${plan.layout} +${plan.roundTripMs} ms ${this.#scenario}: ${this.#contender} ${measurement.medianMs.toFixed(1)} ms`,
    );
    return measurement;
  }
}

function participants(plan: Plan, scenario: Scenario): ContenderName[] {
  return contenders.filter((name) => plan.runsOf(name, scenario) > 0);
}

async function openAll(
  field: Field,
  names: readonly ContenderName[],
): Promise<ReadonlyMap<ContenderName, ContenderProcess>> {
  const open = new Map<ContenderName, ContenderProcess>();
  for (const name of names) {
    const process = await startContender(name);
    await process.obey({ do: 'open', world: worldOf(field, name) });
    open.set(name, process);
  }
  return open;
}

async function makeWorlds(
  { count, layout }: Size,
  url: string,
  folder: string,
  base: string,
): Promise<Map<ContenderName, ContenderWorld>> {
  const worlds = new Map<ContenderName, ContenderWorld>();
  for (const name of contenders) {
    const mirror = join(folder, `mirror-${slug(name)}.git`);
    const scratch = join(folder, `scratch-${slug(name)}`);
    await mkdir(scratch);
    await copyRepository(base, mirror);
    worlds.set(name, { url: `${url}/${slug(name)}.git`, mirror, scratch, count, layout });
  }
  return worlds;
}

function worldOf({ worlds }: Field, name: ContenderName): ContenderWorld {
  const world = worlds.get(name);
  if (!world) throw new Error(`no world for ${name}`);
  return world;
}

/** A contender that was fast because it wrote something else would win nothing. */
async function sameTrees({ folder }: Field, names: readonly ContenderName[]): Promise<void> {
  const trees = new Set<string>();
  for (const name of names) {
    const path = join(folder, 'server', `${slug(name)}.git`);
    trees.add((await nativeGit(['-C', path, 'rev-parse', 'refs/heads/main^{tree}'])).trim());
  }
  if (trees.size > 1) throw new Error(`the contenders wrote different trees: ${names.join(', ')}`);
}

function slug(name: ContenderName): string {
  return name.replaceAll(' ', '-');
}
