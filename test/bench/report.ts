/** Puts the sections' tables into bench/results.json, and makes bench/results.md of all that is in it. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, loadavg, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import type { Cell, Goal, Table } from './section.ts';

const folder = resolve(import.meta.dirname, '../../bench');

interface SectionResult {
  readonly name: string;
  readonly title: string;
  readonly quick: boolean;
  readonly tables: readonly Table[];
}

interface StoredResult extends SectionResult {
  readonly at: string;
  readonly machine: string;
}

export async function writeResults(result: SectionResult): Promise<void> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'results.json');
  const earlier = await readStored(file);
  const stored: StoredResult = { ...result, at: new Date().toISOString(), machine: machine() };
  const all = [...earlier.filter((one) => one.name !== result.name), stored].sort((a, b) =>
    a.name.localeCompare(b.name),
  );
  await writeFile(file, `${JSON.stringify({ sections: all }, null, 2)}\n`);
  await writeFile(join(folder, 'results.md'), markdown(all));
}

async function readStored(file: string): Promise<readonly StoredResult[]> {
  const text = await readFile(file, 'utf8').catch(() => '{"sections":[]}');
  return (JSON.parse(text) as { sections: readonly StoredResult[] }).sections;
}

function machine(): string {
  const [first] = cpus();
  const memory = Math.round(totalmem() / 1024 ** 3);
  // More than the number of processors means that others were at work: then only the ratios say anything.
  const load = loadavg()[1]?.toFixed(1);
  return `${cpus().length} × ${first?.model.trim() || process.arch}, ${memory} GB, ${process.platform}, Node ${process.version}, load average ${load}`;
}

function markdown(all: readonly StoredResult[]): string {
  const parts = ['# What was measured', '', 'Made by `npm run bench`; the raw numbers are in `results.json`.'];
  for (const section of all) {
    const quick = section.quick ? ' **Quick run: not to be quoted.**' : '';
    parts.push(
      '',
      `## ${section.title}`,
      '',
      `${section.at.slice(0, 16).replace('T', ' ')} UTC, ${section.machine}.${quick}`,
    );
    parts.push(...goalsOf(section.tables.flatMap(({ goals }) => goals)));
    for (const table of section.tables) parts.push(...tableOf(table));
  }
  return `${parts.join('\n')}\n`;
}

function goalsOf(goals: readonly Goal[]): string[] {
  if (goals.length === 0) return [];
  const rows = goals.map(({ goal, met, found }) => `| ${goal} | ${met ? 'yes' : '**no**'} | ${found} |`);
  return ['', '| Goal | Met | Found |', '|---|---|---|', ...rows];
}

function tableOf({ title, columns, rows, notes }: Table): string[] {
  return [
    '',
    `### ${title}`,
    '',
    `| ${columns.join(' | ')} |`,
    `|${columns.map((_, index) => (index === 0 ? '---' : '---:')).join('|')}|`,
    ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`),
    ...notes.flatMap((note) => ['', note]),
  ];
}

function cell(value: Cell): string {
  if (value === null) return '–';
  return typeof value === 'number' ? value.toLocaleString('en-US', { maximumFractionDigits: 2 }) : value;
}
