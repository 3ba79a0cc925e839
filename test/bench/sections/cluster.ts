/** A revision's way through a real cluster beside a plain git push, and what watching a thousand deployments costs. */
import { measureOverhead } from '../cluster/overhead.ts';
import { measureScale } from '../cluster/scale.ts';
import { openWorld } from '../cluster/world.ts';
import type { BenchOptions, Section, Table } from '../section.ts';

export const section: Section = { title: 'In a cluster', run };

async function run({ quick, save }: BenchOptions): Promise<readonly Table[]> {
  await using stack = new AsyncDisposableStack();
  const world = await openWorld(stack);
  const tables: Table[] = [];
  const done = async (table: Table): Promise<void> => {
    tables.push(table);
    await save(tables);
  };
  for (const engine of ['flux', 'argo-cd'] as const) await done(await measureOverhead(world, engine, quick ? 3 : 20));
  const scale = quick ? { counts: [10, 50], seconds: 60 } : { counts: [100, 1_000], seconds: 120 };
  await done(await measureScale(world, scale, (table) => save([...tables, table])));
  return tables;
}
