/** The process of one contender: does what it is told over IPC and says how long that took. */

import type { Action, Contender, ContenderWorld } from './contender.ts';
import { PeakMemory } from './peak-memory.ts';

export type Order =
  | { readonly do: 'open'; readonly world: ContenderWorld }
  | { readonly do: 'changes'; readonly first: number; readonly count: number; readonly memory: boolean }
  | { readonly do: 'cold-start'; readonly world: ContenderWorld; readonly memory: boolean }
  | { readonly do: 'idle'; readonly memory: boolean }
  | { readonly do: 'close' };

export interface Answer {
  readonly ms: number;
  /** Of this process, or of the git processes that it started where memory was asked for. */
  readonly peakMb: number;
  readonly error?: string;
}

const contenders: Readonly<Record<string, () => Promise<Contender>>> = {
  own: async () => (await import('./contender-own.ts')).ownContender(),
  'native fast-import': async () => (await import('./contender-native.ts')).nativeContender('fast-import'),
  'native plumbing': async () => (await import('./contender-native.ts')).nativeContender('plumbing'),
  'isomorphic-git': async () => (await import('./contender-isomorphic.ts')).isomorphicContender(),
};

const name = process.argv[2] ?? '';
const make = contenders[name];
if (!make) throw new Error(`no contender ${name}`);
const contender = await make();

process.on('disconnect', () => process.exit(0));
process.on('message', (order: Order) => {
  void obey(order)
    .catch((error: unknown): Answer => ({ ms: Number.NaN, peakMb: 0, error: String(error) }))
    .then((answer) => process.send?.(answer));
});
process.send?.({ ms: 0, peakMb: 0 } satisfies Answer);

async function obey(order: Order): Promise<Answer> {
  switch (order.do) {
    case 'open':
      await contender.open(order.world);
      return { ms: 0, peakMb: ownPeak() };
    case 'changes':
      return await timed(await contender.changes(order.first, order.count), order.memory);
    case 'cold-start':
      return await timed(await contender.coldStart(order.world), order.memory);
    case 'idle':
      return await timed(await contender.idle(), order.memory);
    case 'close':
      await contender.close();
      return { ms: 0, peakMb: ownPeak() };
    default:
      return order satisfies never;
  }
}

async function timed(action: Action, memory: boolean): Promise<Answer> {
  const peak = memory && name.startsWith('native') ? new PeakMemory() : null;
  const started = performance.now();
  await action();
  const ms = performance.now() - started;
  return { ms, peakMb: peak ? peak.stop() : ownPeak() };
}

function ownPeak(): number {
  return process.resourceUsage().maxRSS / 1024;
}
