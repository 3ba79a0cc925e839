/** What watching costs: one listener over many healthy deployments in which nothing happens. */
import { setTimeout as sleep } from 'node:timers/promises';
import { progress, rounded, type Table } from '../section.ts';
import { applyTree } from './applier.ts';
import { type Cost, measureCost } from './figures.ts';
import { type Installation, install } from './installation.ts';
import type { World } from './world.ts';

const goal = { cpuPercent: 2, rssMb: 200 };
const connections = 8;
const patienceMs = 1_800_000;
/** Until what arriving has cost is over, the collection of its garbage too. */
const restMs = 30_000;

interface Measured {
  readonly count: number;
  readonly cost: Cost;
}

export async function measureScale(
  world: World,
  { counts, seconds }: { readonly counts: readonly number[]; readonly seconds: number },
  save: (table: Table) => Promise<void>,
): Promise<Table> {
  const towpath = await install(world, 'other', process.env['TOWPATH_BENCH_NODE_OPTIONS']);
  const applied = new Set<string>();
  const measured: Measured[] = [];
  for (const count of [0, ...counts]) {
    await grow(world, towpath, { from: measured.at(-1)?.count ?? 0, to: count, applied });
    await sleep(restMs);
    progress(`measuring ${count} watched deployments for ${seconds} s`);
    measured.push({ count, cost: await measureCost(world, towpath.listener, seconds) });
    await save(scaleTable(measured));
  }
  return scaleTable(measured);
}

interface Growth {
  readonly from: number;
  readonly to: number;
  readonly applied: Set<string>;
}

/** Resolves once all of them are DEPLOYED. */
async function grow(world: World, towpath: Installation, { from, to, applied }: Growth): Promise<void> {
  let next = from;
  const create = async (): Promise<void> => {
    while (next < to) await towpath.create(`agent-${next++}`);
  };
  const creating = Promise.all(Array.from({ length: connections }, create));
  const deadline = performance.now() + patienceMs;
  for (let deployed = 0; deployed < to; ) {
    const objects = await applyTree(world, towpath.place, applied);
    const statuses = await towpath.statuses();
    deployed = statuses.get('DEPLOYED') ?? 0;
    progress(`${objects} objects applied; ${[...statuses].map(([status, count]) => `${count} ${status}`).join(', ')}`);
    if (performance.now() > deadline) throw new Error(`Only ${deployed} of ${to} deployments became DEPLOYED in time`);
    await sleep(2_000);
  }
  await creating;
}

function scaleTable(measured: readonly Measured[]): Table {
  const last = measured.at(-1);
  const found = last ? `${rounded(last.cost.cpuPercent)} %, ${rounded(last.cost.rssMb)} MB` : 'nothing';
  const count = last?.count ?? 0;
  return {
    title: 'What watching costs a listener in steady state',
    columns: [
      'deployments',
      'CPU, % of one core',
      'RSS MB',
      'RSS MB, peak since the start',
      'requests to Kubernetes',
      'to git',
      'to the control plane',
      'requests of everybody at the API server',
    ],
    rows: measured.map(({ count: deployments, cost }) => [
      deployments,
      rounded(cost.cpuPercent),
      rounded(cost.rssMb),
      rounded(cost.peakRssMb),
      cost.requests.kubernetes,
      cost.requests.git,
      cost.requests['control-plane'],
      cost.apiServerRequests,
    ]),
    notes: [
      `Each deployment is the full set: three Deployments, a StatefulSet, four pods; applied by the bench instead of an engine, without what nobody watches (Services and the like), and with no claim behind the StatefulSet. Watched for ${rounded(last?.cost.seconds ?? 0)} s in a real API server, with pods by KWOK; the listener is one process, compiled as it is published, and the control plane another.`,
    ],
    goals: [
      {
        goal: `${count} watched deployments in steady state: under 2 % of one core and 200 MB`,
        met: last !== undefined && last.cost.cpuPercent < goal.cpuPercent && last.cost.rssMb < goal.rssMb,
        found,
      },
    ],
  };
}
