/** The whole loop: from a change in the control plane to its commit on the git server, under steady load and in a burst. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Landings, watchLandings } from '../loop/landings.ts';
import { type BenchProcess, gitPassword, type ListenerOrder, startProcess } from '../loop/process.ts';
import { type BenchOptions, progress, rounded, type Section, type Table } from '../section.ts';

export const section: Section = { title: 'The loop', run };

const namespaces = Array.from({ length: 10 }, (_, index) => `team-${index}`);
const changesASecond = 20;
const connections = 8;
const deadlineMs = 180_000;

/** What the control plane says when it is ready. */
interface Door {
  readonly url: string;
  readonly apiKey: string;
  readonly listenerId: string;
}

interface World extends Door {
  readonly landings: Landings;
  readonly processes: Readonly<Record<string, BenchProcess<unknown>>>;
}

async function run({ quick, save }: BenchOptions): Promise<readonly Table[]> {
  const folder = mkdtempSync(join(tmpdir(), 'towpath-bench-loop-'));
  const started: BenchProcess<unknown>[] = [];
  const start = async <Said>(program: string, ...args: readonly string[]): Promise<BenchProcess<Said>> => {
    const one = await startProcess<Said>(program, args);
    started.push(one);
    return one;
  };
  try {
    const git = await start<{ url: string }>('git-server.ts', folder, ...namespaces);
    const controlPlane = await start<Door>('control-plane.ts', folder, ...namespaces);
    const order: ListenerOrder = {
      folder,
      controlPlaneUrl: controlPlane.said.url,
      listenerId: controlPlane.said.listenerId,
      git: { username: 'towpath', password: gitPassword },
      namespaces: Object.fromEntries(namespaces.map((name) => [name, { repository: `${git.said.url}/${name}.git` }])),
    };
    const listener = await start('listener.ts', JSON.stringify(order));
    const landings = watchLandings(join(folder, 'repositories'), namespaces);
    const processes = { 'control plane': controlPlane, listener, 'git server': git };
    const world = { ...controlPlane.said, landings, processes };
    await warmUp(world);
    const burst = await measureBurst(world, quick ? 100 : 1000);
    await save([burst.table]);
    const steady = await measureSteady(world, burst.deployments, quick ? 5 : 60);
    await landings.stop();
    return [burst.table, steady];
  } finally {
    for (const one of started) one.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The first deployments compile what runs later; nobody's p99 is about that. */
async function warmUp(world: World): Promise<void> {
  const first = await Promise.all(namespaces.map((namespace) => create(world, `warm-${namespace}`, namespace)));
  await allLanded(
    world,
    first.map((one) => one.revisionId),
  );
}

async function measureBurst(world: World, count: number) {
  progress(`a burst of ${count} creations`);
  const cpu = cpuMeter(world);
  const start = performance.now();
  const deployments: Created[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (next < count) {
        const number = next++;
        deployments.push(await create(world, `agent-${number}`, namespaces[number % namespaces.length] ?? ''));
      }
    }),
  );
  const accepted = performance.now() - start;
  const landed = await allLanded(
    world,
    deployments.map((one) => one.revisionId),
  );
  const committed = Math.max(...landed) - start;
  const found = `${rounded(committed / 1000)} s, of which the API took ${rounded(accepted / 1000)} s to accept them`;
  return { deployments, table: burstTable(count, accepted, committed, { found, cpu: cpu(count) }) };
}

function burstTable(count: number, accepted: number, committed: number, said: { found: string; cpu: string }): Table {
  return {
    title: `A burst of ${count} creations over ${namespaces.length} repositories`,
    columns: ['', 'seconds'],
    rows: [
      ['accepted by the API', rounded(accepted / 1000)],
      ['every commit on the server', rounded(committed / 1000)],
    ],
    notes: [
      `${connections} connections; four processes: the control plane on PGlite, the listener, the git server (\`git http-backend\` behind node:http), the client.`,
      said.cpu,
    ],
    goals: [
      { goal: `a burst of ${count} creations: all committed within 10 s`, met: committed <= 10_000, found: said.found },
    ],
  };
}

/** Round and round over the deployments, so that no change overtakes the one before it. */
async function measureSteady(world: World, deployments: readonly Created[], seconds: number): Promise<Table> {
  progress(`${changesASecond} changes a second for ${seconds} s`);
  const asked = new Map<string, number>();
  const cpu = cpuMeter(world);
  const start = performance.now();
  const changes: Promise<void>[] = [];
  for (let number = 0; number < seconds * changesASecond; number += 1) {
    const due = start + (number * 1000) / changesASecond;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    const { id } = deployments[number % deployments.length] ?? { id: '' };
    // From when it was due: a server that is late with the last answer gets no discount.
    changes.push(change(world, id, number).then((revisionId) => void asked.set(revisionId, due)));
  }
  await Promise.all(changes);
  await allLanded(world, [...asked.keys()]);
  const landed = world.landings.read();
  const latencies = [...asked].map(([id, at]) => (landed.get(id) ?? Number.NaN) - at).sort((a, b) => a - b);
  return steadyTable(latencies, cpu(latencies.length));
}

function steadyTable(latencies: readonly number[], cpu: string): Table {
  const at = (share: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? Number.NaN;
  const p99 = at(0.99);
  return {
    title: `From a change in the control plane to its commit on the server, ${changesASecond} changes a second`,
    columns: ['changes', 'median ms', '95 % ms', '99 % ms', 'longest ms'],
    rows: [[latencies.length, rounded(at(0.5)), rounded(at(0.95)), rounded(p99), rounded(at(1))]],
    notes: [
      `${namespaces.length} repositories; measured from when the change was due to be sent to when the branch holds its commit.`,
      cpu,
    ],
    goals: [
      {
        goal: `99th percentile under ${changesASecond} changes a second over ${namespaces.length} repositories: under one second`,
        met: p99 < 1000,
        found: `${rounded(p99)} ms`,
      },
    ],
  };
}

interface Created {
  readonly id: string;
  readonly revisionId: string;
}

async function create(world: World, name: string, namespace: string): Promise<Created> {
  const deployment = await call(world, 'POST', '/v2/deployments', {
    name,
    source: 'external_docker',
    source_config: {
      listener_id: world.listenerId,
      listener_config: { k8s_namespace: namespace },
      resource_spec: { min_scale: 1, max_scale: 1 },
    },
    source_revision_config: { image_uri: 'registry.example/agents/chat:1.0.0' },
    secrets: [{ name: 'TOKEN', value: `secret of ${name}` }],
  });
  return { id: deployment.id, revisionId: deployment.latest_revision_id };
}

async function change(world: World, id: string, number: number): Promise<string> {
  const image = { image_uri: `registry.example/agents/chat:2.0.${number}` };
  const { latest_revision_id } = await call(world, 'PATCH', `/v2/deployments/${id}`, { source_revision_config: image });
  return latest_revision_id;
}

async function call(
  { url, apiKey }: World,
  method: string,
  path: string,
  body: object,
): Promise<{ id: string; latest_revision_id: string }> {
  const headers = { 'x-api-key': apiKey, 'content-type': 'application/json' };
  const answer = await fetch(`${url}${path}`, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as { id: string; latest_revision_id: string };
}

/** Answers when each of them landed. */
async function allLanded({ landings }: World, revisionIds: readonly string[]): Promise<number[]> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const landed = landings.read();
    const missing = revisionIds.filter((id) => !landed.has(id));
    if (missing.length === 0) return revisionIds.map((id) => landed.get(id) ?? Number.NaN);
    if (performance.now() > deadline) throw new Error(`${missing.length} of ${revisionIds.length} never landed`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** How much processor time a change costs, and where: beside other work the clock says little. */
function cpuMeter({ processes }: World) {
  const read = () => Object.entries(processes).map(([name, one]) => ({ name, ms: one.cpuMs() }));
  const before = read();
  return (count: number): string => {
    const spent = read().map(({ name, ms }, index) => ({ name, ms: (ms - (before[index]?.ms ?? 0)) / count }));
    const parts = spent.map(({ name, ms }) => `${name} ${rounded(ms)} ms`).join(', ');
    return `Processor time of one: ${parts} (the processes of git included).`;
  };
}
