/** What the documentation names is there, what it shows parses, and its tables say what the code says. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configurationReference, markdownRow } from '../.github/scripts/configuration-reference.ts';
import { configurationJsonSchema } from '../src/cli/configuration/json-schema.ts';
import { checkConfiguration } from '../src/cli/configuration/load.ts';
import { exitCodes, towpath } from '../src/cli/program.ts';

const root = resolve(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const documents = [
  'README.md',
  'AGENTS.md',
  '.github/ARCHITECTURE.md',
  '.github/CONTRIBUTING.md',
  ...markdownIn('.github/decisions'),
  ...markdownIn('examples'),
];
const scripts = (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts;

const pages = documents.map(readPage);

describe('a page', () => {
  it.each(pages.filter(({ paths }) => paths.length > 0))('$document names only paths that are there', ({ paths }) => {
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it.each(pages.filter((page) => page.npmScripts.length > 0))(
    '$document names only npm scripts that are there',
    ({ npmScripts }) => {
      expect(npmScripts.filter((name) => !(name in scripts))).toEqual([]);
    },
  );

  it.each(pages.filter(({ commands }) => commands.length > 0))(
    '$document shows only commands and options that are there',
    ({ commands }) => {
      expect(commands.flatMap(wrongUses)).toEqual([]);
    },
  );

  it.each(pages.filter(({ json }) => json.length > 0))('$document shows only JSON that parses', ({ json }) => {
    for (const block of json) expect(() => JSON.parse(block)).not.toThrow();
  });

  it.each(pages.filter(({ yaml }) => yaml.length > 0))(
    '$document shows only YAML that parses, and configurations that are valid',
    ({ document, yaml }) => {
      for (const block of yaml) {
        expect(() => parse(block)).not.toThrow();
        if (!block.startsWith('# towpath.yaml')) continue;
        expect(checkConfiguration(block, document)).toMatchObject({ kind: 'valid' });
      }
    },
  );
});

function readPage(document: string) {
  const text = read(document);
  const code = codeIn(text);
  const named = code.flatMap(
    (one) => one.match(/^(?:\.ci|\.github|bin|examples|scripts|src|templates|test)\/[\w./-]*$/) ?? [],
  );
  const linked = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) =>
    join(dirname(document), match[1] ?? ''),
  );
  const npmScripts = [...text.matchAll(/\bnpm (?:run (?:-s )?([\w:-]+)|(start|test)\b)/g)].flatMap(
    (match) => match[1] ?? match[2] ?? [],
  );
  const lines = [...code, ...blocksIn(text, /sh|text/).flatMap((block) => block.split('\n'))];
  const commands = lines.filter((line) => /\btowpath\b/.test(line));
  return {
    document,
    paths: [...named, ...linked],
    npmScripts,
    commands,
    json: blocksIn(text, /json/),
    yaml: blocksIn(text, /ya?ml/),
  };
}

describe('the command line’s own help', () => {
  const commands = allCommands(towpath());

  it.each(commands.map((command) => [pathOf(command), command] as const))(
    'shows only what is there: %s',
    (_, command) => {
      const lines = helpOf(command)
        .split('\n')
        .filter((line) => /^\s+(?:\$ |#)/.test(line));

      expect(lines.flatMap(wrongUses)).toEqual([]);
    },
  );

  it('has the exit codes that the README has', () => {
    const codes = [...read('README.md').matchAll(/^\| ([0-9]) +\|/gm)].map((match) => Number(match[1]));

    expect(codes).toEqual(Object.values(exitCodes));
  });

  it('lists the commands that the README lists', () => {
    const listed = [...read('README.md').matchAll(/^\| `(towpath [a-z -]+)` +\|/gm)].map((match) => match[1]);

    expect(listed).toEqual(commands.filter((command) => command.parent).map(pathOf));
  });
});

describe('the configuration’s reference', () => {
  it('is the schema’s, option by option', () => {
    const table = read('README.md')
      .split('\n')
      .filter((line) => /^\| `[a-zA-Z]+(?:\.[^ ]+)?` +\|/.test(line));

    expect(table.map(cells)).toEqual(configurationReference().map(markdownRow).map(cells));
  });

  it('leaves no option unexplained', () => {
    expect(configurationReference().filter((row) => row.description === '')).toEqual([]);
  });

  it('is what towpath.schema.json says', () => {
    expect(JSON.parse(read('src/cli/configuration/towpath.schema.json'))).toEqual(
      JSON.parse(JSON.stringify(configurationJsonSchema())),
    );
  });
});

/** What a line of the form `towpath … --option` gets wrong. */
function wrongUses(line: string): string[] {
  // To others it is the name of a release, a namespace, an image.
  if (/^\s*(?:helm|kubectl|docker) /.test(line)) return [];
  return [...line.matchAll(/(?:^|[\s$|`(])towpath (?:-- )?([^|#`)]*)/g)].flatMap((match) =>
    wrongUse(match[1] ?? '', line),
  );
}

function wrongUse(words: string, line: string): string[] {
  let command = towpath();
  for (const word of words.trim().split(/\s+/)) {
    const child = command.commands.find((one) => one.name() === word);
    if (!child && command.commands.length > 0 && /^[a-z-]+$/.test(word) && !word.startsWith('-') && !command.parent) {
      return word === 'help' ? [] : isProse(line) ? [] : [`no command "${word}" in: ${line}`];
    }
    if (!child) break;
    command = child;
  }
  const known = [command, ...(command.parent ? [command.parent] : [])].flatMap((one) =>
    one.options.flatMap((option) => [option.long, option.short]),
  );
  const used = words.match(/(?<=^|\s)--?[a-z][a-z-]*/g) ?? [];
  return used
    .filter((option) => !known.includes(option) && !['--help', '-h'].includes(option))
    .map((option) => `no option ${option} in: ${line}`);
}

/** `src/cli` and sentences speak of Towpath too; a command line begins with it. */
function isProse(line: string): boolean {
  return !/^\s*(?:\$ |npm run -s |[A-Z_]+=\S+ )?towpath /.test(line);
}

function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

function codeIn(text: string): string[] {
  return [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? '');
}

function blocksIn(text: string, language: RegExp): string[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```/gm)]
    .filter((match) => new RegExp(`^(?:${language.source})$`).test(match[1] ?? ''))
    .map((match) => match[2] ?? '');
}

function cells(row: string): string[] {
  return row.split('|').map((cell) => cell.trim());
}

function markdownIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file));
}
