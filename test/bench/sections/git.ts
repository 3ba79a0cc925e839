/** Git: commit and push, cold start and a pass with nothing to do, against native git and isomorphic-git. */
import { type ContenderName, type Measurement, measure, type Plan, type Scenario } from '../git/measure.ts';
import { type BenchOptions, type Cell, type Goal, median, rounded, type Section, type Table } from '../section.ts';

export const section: Section = { title: 'Git: own engine, native git, isomorphic-git', run };

const scenarios: readonly (readonly [Scenario, string])[] = [
  ['one change', 'One changed deployment: one commit and its push'],
  ['many changes', 'Many deployments changed at once: one commit each, one push'],
  ['cold start', 'Cold start until the first push can happen, every PROVENANCE read'],
  ['nothing to do', 'A pass with nothing to do'],
];

async function run({ quick, save }: BenchOptions): Promise<readonly Table[]> {
  const found: Measurement[] = [];
  for (const plan of plans(quick)) {
    found.push(...(await measure(plan)));
    await save(tablesOf(found));
  }
  return tablesOf(found);
}

function tablesOf(found: readonly Measurement[]): Table[] {
  return [0, 50].flatMap((roundTripMs) =>
    scenarios.flatMap(([scenario, title]) => {
      const measured = found.filter((one) => one.scenario === scenario && one.roundTripMs === roundTripMs);
      return measured.length > 0 ? [tableOf(scenario, title, roundTripMs, measured)] : [];
    }),
  );
}

function plans(quick: boolean): Plan[] {
  if (quick) {
    return [
      plan({ count: 100, layout: 'flat', runs: 3, many: 50 }),
      plan({ count: 1_000, layout: 'sharded', runs: 3, many: 50 }),
    ];
  }
  const all = { runs: 5, many: 1_000 } as const;
  return [
    plan({ ...all, count: 10_000, layout: 'sharded' }),
    plan({ ...all, count: 10_000, layout: 'flat' }),
    plan({ ...all, count: 1_000, layout: 'flat' }),
    plan({ ...all, count: 100, layout: 'flat' }),
    plan({ ...all, runs: 3, count: 10_000, layout: 'sharded', roundTripMs: 50 }),
    plan({ ...all, runs: 3, count: 10_000, layout: 'flat', roundTripMs: 50 }),
  ];
}

function plan(size: Omit<Plan, 'roundTripMs' | 'runsOf'> & { roundTripMs?: number }): Plan {
  const roundTripMs = size.roundTripMs ?? 0;
  return { ...size, roundTripMs, runsOf: (contender, scenario) => runsOf(contender, scenario, size) };
}

/**
 * isomorphic-git takes seconds where the others take milliseconds, plumbing needs twelve processes a commit, and
 * native git half a minute for 1,000 trees of 10,000 entries.
 */
function runsOf(
  contender: ContenderName,
  scenario: Scenario,
  { count, layout, runs }: Omit<Plan, 'roundTripMs' | 'runsOf'>,
): number {
  const large = count >= 10_000;
  if (contender === 'native plumbing') return scenario === 'one change' || scenario === 'nothing to do' ? runs : 0;
  if (contender !== 'isomorphic-git') return large && layout === 'flat' && scenario === 'many changes' ? 2 : runs;
  if (scenario === 'many changes') return large && layout === 'flat' ? 0 : 1;
  if (!large) return runs;
  return scenario === 'cold start' ? 1 : Math.min(runs, 3);
}

function tableOf(scenario: Scenario, title: string, roundTripMs: number, measured: readonly Measurement[]): Table {
  const sizes = [...new Set(measured.map(({ size }) => `${size.count} ${size.layout}`))].sort((a, b) =>
    a.localeCompare(b, 'en', { numeric: true }),
  );
  const rows = sizes.map((label) =>
    sizeRow(
      label,
      measured.filter(({ size }) => `${size.count} ${size.layout}` === label),
    ),
  );
  return {
    title: roundTripMs > 0 ? `${title}, ${roundTripMs} ms of round-trip time added` : title,
    columns: [
      'deployments',
      'native ms',
      'isomorphic ms',
      'ours ms',
      'ours ÷ native',
      'ours ÷ isomorphic',
      'native KB sent / got',
      'isomorphic KB sent / got',
      'ours KB sent / got',
      'requests native / ours',
      'peak MB native / isomorphic / ours',
    ],
    rows: rows.map(({ cells }) => cells),
    notes: [...notesOf(scenario, measured), ...(scenario === 'one change' && roundTripMs > 0 ? [farAway] : [])],
    goals: rows.flatMap((row) => goalsOf(scenario, row, roundTripMs)),
  };
}

interface SizeRow {
  readonly label: string;
  readonly cells: readonly Cell[];
  readonly own: Measurement;
  readonly native: Measurement;
  readonly isomorphic: Measurement | undefined;
}

function sizeRow(label: string, measured: readonly Measurement[]): SizeRow {
  const of = (name: ContenderName): Measurement | undefined => measured.find(({ contender }) => contender === name);
  const natives = measured.filter(({ contender }) => contender.startsWith('native'));
  const native = natives.toSorted((a, b) => a.medianMs - b.medianMs)[0];
  const own = of('own');
  const isomorphic = of('isomorphic-git');
  if (!own || !native) throw new Error(`nothing was measured for ${label}`);
  const kilobytes = (one: Measurement | undefined): Cell =>
    one ? `${rounded(one.bytesSent / 1000)} / ${rounded(one.bytesReceived / 1000)}` : null;
  const cells: Cell[] = [
    label,
    `${rounded(native.medianMs)} (${native.contender.replace('native ', '')})`,
    isomorphic ? rounded(isomorphic.medianMs) : null,
    rounded(own.medianMs),
    rounded(own.medianMs / native.medianMs),
    isomorphic ? rounded(own.medianMs / isomorphic.medianMs) : null,
    kilobytes(native),
    kilobytes(isomorphic),
    kilobytes(own),
    `${native.requests} / ${own.requests}`,
    [native, isomorphic, own].map((one) => (one ? Math.round(one.peakMb) : '–')).join(' / '),
  ];
  return { label, cells, own, native, isomorphic };
}

const farAway =
  'Far away, ours needs four round trips and native git three: the pauses between these runs let kept connections go, and a push that follows the question for the head at once opens a second one instead of waiting for the first. A listener that has pushed within the last five seconds has both open and does not ask for the head: one round trip.';

function notesOf(scenario: Scenario, measured: readonly Measurement[]): string[] {
  const common =
    'Medians over smart HTTP on the loopback, contenders in turn, each in its own process; all end with the same tree, which is checked after each run. Memory: ours and isomorphic-git with Node (about 60 MB), native git the sum of its processes.';
  switch (scenario) {
    case 'one change':
      return [
        common,
        'Ours asks for the head first, as each pass does; native git is given its mirror up to date and asks at the push. Native: the better of `git fast-import` and hash-object/mktree/commit-tree, and `git push`, in one shell.',
      ];
    case 'many changes':
      return [
        common,
        'Native: one `git fast-import` stream, then `git push`. isomorphic-git is left out at 10,000 flat, where it would write more than 200 MB of trees.',
      ];
    case 'cold start':
      return [
        common,
        'All end with the content of each PROVENANCE file in hand. Native: `git clone --bare --depth 1 --filter=blob:none`, `git ls-tree`, one `git fetch` of those blobs, `git cat-file --batch`. Ours holds trees and files in memory. isomorphic-git has no filter: it clones with depth 1 and reads them. Each run is a process of its own, after one run that brings the files of the server into memory.',
        startNote(measured),
      ];
    case 'nothing to do':
      return [
        common,
        'Native: `git ls-remote`. Rendering plays no part in it: the head is the one that was planned for.',
      ];
    default:
      return scenario satisfies never;
  }
}

/** A listener runs already when it reads a repository, git has to be started for it: so one start is counted. */
function startNote(measured: readonly Measurement[]): string {
  const starts = measured.flatMap(({ contender, startMs }) => (contender === 'own' ? (startMs ?? []) : []));
  return `Starting git is counted, four commands and the processes that they start; starting Node is not, as a listener does that once for all repositories: ${rounded(median(starts))} ms here, from source.`;
}

function goalsOf(scenario: Scenario, row: SizeRow, roundTripMs: number): Goal[] {
  const { label, own, native, isomorphic } = row;
  const where = `${label}${roundTripMs > 0 ? `, +${roundTripMs} ms` : ''}`;
  const large = own.size.count >= 10_000;
  const times = own.medianMs / native.medianMs;
  const atMost = (what: string, limit: number, found: number, detail: string): Goal => ({
    goal: `${what}, ${where}: at most ${limit}`,
    met: found <= limit,
    found: `${rounded(found)}${detail}${found <= limit ? '' : `, ${rounded((found / limit - 1) * 100)} % too much`}`,
  });
  const versus = ` (${rounded(own.medianMs)} ms against ${rounded(native.medianMs)} ms)`;
  if (scenario === 'nothing to do') return [atMost('requests of a pass with nothing to do', 1, own.requests, '')];
  if (!large) return [];
  const goals: Goal[] = [];
  if (scenario === 'one change') {
    goals.push(atMost('one change, times native git', 1, times, versus));
    if (isomorphic) {
      goals.push(atMost('one change, times isomorphic-git', 0.1, own.medianMs / isomorphic.medianMs, ''));
    }
  }
  if (scenario === 'many changes' && own.size.layout === 'sharded') {
    goals.push(atMost('1,000 changes, times native git', 1, times, versus));
    goals.push(atMost('1,000 changes, times its bytes', 2, own.bytesSent / native.bytesSent, ''));
  }
  if (scenario === 'cold start') {
    goals.push(atMost('cold start, times native git', 1, times, versus));
    goals.push(atMost('cold start, MB at its peak', 400, own.peakMb, ''));
  }
  return goals;
}
