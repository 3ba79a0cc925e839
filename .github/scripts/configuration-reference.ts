/** Writes the README's table of options and the JSON Schema anew: `node .github/scripts/configuration-reference.ts`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { configurationJsonSchema, type JsonSchema } from '../../src/cli/configuration/json-schema.ts';

interface ReferenceRow {
  readonly path: string;
  /** As it would stand in YAML; empty where there is none. */
  readonly default: string;
  readonly description: string;
}

/** Every option that can be written, in the order of the schema; variants of one thing share their rows. */
export function configurationReference(): readonly ReferenceRow[] {
  const rows = new Map<string, Found>();
  for (const row of rowsOf('', configurationJsonSchema(), undefined)) {
    const known = rows.get(row.path) ?? { ...row, choices: [] };
    rows.set(row.path, { ...known, choices: [...new Set([...known.choices, ...row.choices])] });
  }
  return [...rows.values()].map(({ path, default: value, description, choices }) => ({
    path,
    default: value,
    description: [choices.join(', '), description].filter((part) => part !== '').join('; '),
  }));
}

interface Found extends ReferenceRow {
  readonly choices: readonly string[];
}

interface Schema extends JsonSchema {
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly type?: unknown;
}

function rowsOf(path: string, schema: Schema, inherited: unknown): readonly Found[] {
  const value = schema.default ?? inherited;
  const variants = schema.anyOf ?? schema.oneOf;
  // A number or a word: one option, with one default.
  const isScalar = (variants as readonly Schema[] | undefined)?.every(
    ({ type }) => type === 'integer' || type === 'string',
  );
  if (variants && isScalar && value !== undefined) {
    return [
      { path, default: text(value), description: schema.description ?? '', choices: variants.flatMap(choicesOf) },
    ];
  }
  if (variants) return [...ownRow(path, schema), ...variants.flatMap((variant) => rowsOf(path, variant, value))];
  const named = Object.entries(schema.properties ?? {}).flatMap(([name, inner]) =>
    rowsOf(join(path, name), inner, (value as Record<string, unknown> | undefined)?.[name]),
  );
  if (named.length > 0) return [...ownRow(path, schema), ...named];
  const additional = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
  if (additional?.properties) return [...ownRow(path, schema), ...rowsOf(join(path, '<name>'), additional, undefined)];
  return [{ path, default: text(value), description: schema.description ?? '', choices: choicesOf(schema) }];
}

/** A map has a row of its own only where there is something to say about it. */
function ownRow(path: string, { description }: Schema): readonly Found[] {
  return description && path !== '' ? [{ path, default: '', description, choices: [] }] : [];
}

function text(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function choicesOf(schema: Schema): readonly string[] {
  return (schema.enum ?? (schema.const === undefined ? [] : [schema.const])).map(String);
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** One row as Markdown; a name in angle brackets must not pass for a tag. */
export function markdownRow({ path, default: value, description }: ReferenceRow): string {
  const shown = value === '' ? '' : `\`${value}\``;
  return `| \`${path}\` | ${shown} | ${description.replaceAll('<', '\\<')} |`;
}

/** The table as the README holds it, its columns aligned. */
function markdownTable(): string {
  const rows = [['Option', 'Default', 'Meaning'], ...configurationReference().map((row) => cellsOf(markdownRow(row)))];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...rest] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rest.map(line)].join('\n');
}

function cellsOf(row: string): string[] {
  return row.slice(2, -2).split(' | ');
}

function rewrite(file: string, change: (text: string) => string): void {
  const path = new URL(`../../${file}`, import.meta.url);
  writeFileSync(path, change(readFileSync(path, 'utf8')));
}

if (import.meta.main) {
  rewrite('README.md', (text) =>
    text.replace(/^\| Option +\| Default +\|[^\n]*\n(?:\|[^\n]*\n)+/m, () => `${markdownTable()}\n`),
  );
  rewrite('src/cli/configuration/towpath.schema.json', () => `${JSON.stringify(configurationJsonSchema(), null, 2)}\n`);
}
