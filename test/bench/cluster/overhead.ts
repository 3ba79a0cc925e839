/** What Towpath adds to an engine's own time: revisions by Towpath and by plain `git push`, in turn on one cluster. */
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../e2e/harness/eventually.ts';
import { type Landings, watchLandings } from '../loop/landings.ts';
import { median, progress, rounded, type Table } from '../section.ts';
import { type Contender, startContender } from './contender.ts';
import { readMetrics } from './figures.ts';
import { type Accepted, type EngineName, firstTag, type Installation, install } from './installation.ts';
import { type Rollouts, watchRollouts } from './rollouts.ts';
import type { World } from './world.ts';

/** Milliseconds, each from the one before it unless said otherwise. */
interface Ours {
  readonly accepted: number;
  readonly landed: number;
  /** From the commit on the branch, as is `current`. */
  readonly applied: number;
  readonly current: number;
  readonly deployed: number;
}

interface Pair {
  /** From the commit on the branch. */
  readonly plain: { readonly applied: number; readonly current: number };
  readonly ours: Ours;
}

const goalMs = 1_000;
/**
 * Lets old pods go before the next revision comes. By chance, because minReadySeconds is counted in whole seconds of the
 * clock: who always came at the same part of a second would always win or lose the same part of one.
 */
const rest = (): Promise<void> => sleep(1_500 + Math.random() * 1_000);

export async function measureOverhead(world: World, engine: EngineName, pairs: number): Promise<Table> {
  progress(`${engine}: ${pairs} revisions each by Towpath and by plain git push`);
  const towpath = await install(world, engine);
  const first = await towpath.create('chat');
  await reached(towpath, first.id);
  const model = { place: towpath.place, revisionId: first.revisionId, tag: firstTag };
  const plain = await startContender(world, engine, model);
  const landings = watchLandings(world.cluster.git.root, [towpath.place.name, plain.namespace]);
  world.atEnd(() => landings.stop());
  const ourRollouts = await watchRollouts(world, towpath.place.name);
  const plainRollouts = await watchRollouts(world, plain.namespace);
  await plainRollouts.of(plain.firstRevisionId);
  const measured: Pair[] = [];
  let before = await readMetrics(towpath.listener.metricsUrl);
  // The first pair is not counted: it makes connections, and compiles what runs later.
  for (let number = 0; number <= pairs; number += 1) {
    if (number === 1) before = await readMetrics(towpath.listener.metricsUrl);
    const tag = `build-${number + 1}`;
    const plainTimes = await measurePlain(plain, landings, plainRollouts, tag);
    await rest();
    const ours = await measureOurs(towpath, landings, ourRollouts, { id: first.id, tag });
    await rest();
    if (number > 0) measured.push({ plain: plainTimes, ours });
    const found = `plain ${rounded(plainTimes.current)} ms, Towpath ${rounded(ours.current + ours.deployed)} ms`;
    progress(`${engine} ${number}: ${found}`);
  }
  const steps = stepsOf(before, await readMetrics(towpath.listener.metricsUrl));
  return overheadTable(engine, measured, steps);
}

async function measurePlain(
  plain: Contender,
  landings: Landings,
  rollouts: Rollouts,
  tag: string,
): Promise<Pair['plain']> {
  const revisionId = await plain.push(tag);
  const { applied, current } = await rollouts.of(revisionId);
  const landed = landedAt(landings, revisionId);
  return { applied: applied - landed, current: current - landed };
}

async function measureOurs(
  towpath: Installation,
  landings: Landings,
  rollouts: Rollouts,
  { id, tag }: { readonly id: string; readonly tag: string },
): Promise<Ours> {
  const asked = performance.now();
  const { revisionId }: Accepted = await towpath.update(id, tag);
  const accepted = performance.now();
  const { applied, current } = await rollouts.of(revisionId);
  // Nobody knows of it earlier, and asking all the time would slow down what is measured.
  while ((await towpath.status(id)) !== 'DEPLOYED') await sleep(20);
  const deployed = performance.now();
  const landed = landedAt(landings, revisionId);
  return {
    accepted: accepted - asked,
    landed: landed - accepted,
    applied: applied - landed,
    current: current - landed,
    deployed: deployed - current,
  };
}

function landedAt(landings: Landings, revisionId: string): number {
  const at = landings.read().get(revisionId);
  if (at === undefined) throw new Error(`Cannot tell when revision ${revisionId} landed: no commit names it`);
  return at;
}

async function reached({ status }: Installation, id: string): Promise<void> {
  await eventually('the first revision to be DEPLOYED', async () => (await status(id)) === 'DEPLOYED', 180_000);
}

const stepNames = ['desired_to_committed', 'committed_to_synced', 'synced_to_healthy'] as const;

/** Means of the revisions since `before`, by the listener's own metrics. */
function stepsOf(before: Awaited<ReturnType<typeof readMetrics>>, after: typeof before): readonly string[] {
  return stepNames.map((name) => {
    const since = (part: string): number =>
      after(`towpath_${name}_seconds_${part}`) - before(`towpath_${name}_seconds_${part}`);
    return `${name.replaceAll('_', ' ')} ${rounded(since('sum') / since('count'))} s (${since('count')} revisions)`;
  });
}

function overheadTable(engine: EngineName, pairs: readonly Pair[], steps: readonly string[]): Table {
  const added = pairs.map(({ plain, ours }) => ours.current + ours.deployed - plain.current);
  const row = (what: string, values: readonly number[]) => [
    what,
    rounded(median(values)),
    rounded(Math.min(...values)),
    rounded(Math.max(...values)),
  ];
  const of = (part: keyof Ours): readonly number[] => pairs.map(({ ours }) => ours[part]);
  const whole = pairs.map(({ ours }) => ours.current + ours.deployed);
  return {
    title: `From the commit on the branch to DEPLOYED with ${engine}, beside a plain git push`,
    columns: ['ms', 'median', 'least', 'most'],
    rows: [
      row(
        'plain git push: commit on the branch to both Deployments Current',
        pairs.map(({ plain }) => plain.current),
      ),
      row('Towpath: commit on the branch to DEPLOYED', whole),
      row('Towpath adds (of each pair)', added),
      row('of it: both Deployments Current to DEPLOYED', of('deployed')),
      row('Towpath: commit on the branch to both Deployments Current', of('current')),
      row(
        'plain git push: commit on the branch to both Deployments applied',
        pairs.map(({ plain }) => plain.applied),
      ),
      row('Towpath: commit on the branch to both Deployments applied', of('applied')),
      row('before that: the API call', of('accepted')),
      row('before that: API’s answer to commit on the branch', of('landed')),
    ],
    notes: [
      `${pairs.length} pairs, in turn, on one cluster; both with the engine asked to look right after the push; the same manifests with minReadySeconds 5, of which API and queue change their image and their revision label.`,
      `The listener’s own metrics, means: ${steps.join(', ')}.`,
    ],
    goals: [
      {
        goal: `${engine}: Towpath adds at most 1 s from push to DEPLOYED to the engine’s own time`,
        met: median(added) <= goalMs,
        found: `${rounded(median(added))} ms (median of ${pairs.length} pairs; the engine’s own time is ${rounded(median(pairs.map(({ plain }) => plain.current)))} ms)`,
      },
    ],
  };
}
