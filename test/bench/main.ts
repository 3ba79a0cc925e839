/** `npm run bench`: every section, or those named with --only; writes bench/results.md and bench/results.json. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeResults } from './report.ts';
import { progress, type Section, type Table } from './section.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(`npm run bench -- [--only <section>]… [--quick]

Measures side by side and writes bench/results.md and bench/results.json.
--only    one section (repeatable): ${(await sectionNames()).join(', ')}; the other results stay as they are
--quick   small sizes and few runs: to see that it works, not to quote`);
} else {
  await bench();
}

async function bench(): Promise<void> {
  const all = await sectionNames();
  const unknown = values.only.filter((name) => !all.includes(name));
  if (unknown.length > 0) {
    console.error(`Cannot run the bench: there is no section ${unknown.join(', ')}; there are ${all.join(', ')}`);
    process.exitCode = 2;
    return;
  }
  for (const name of values.only.length > 0 ? values.only : all) {
    const { section } = (await import(`./sections/${name}.ts`)) as { section: Section };
    progress(`section ${name}: ${section.title}`);
    const save = (tables: readonly Table[]): Promise<void> =>
      writeResults({ name, title: section.title, quick: values.quick, tables });
    await save(await section.run({ quick: values.quick, save }));
  }
}

async function sectionNames(): Promise<string[]> {
  const files = await readdir(join(import.meta.dirname, 'sections'));
  return files.filter((file) => file.endsWith('.ts')).map((file) => file.slice(0, -'.ts'.length));
}
