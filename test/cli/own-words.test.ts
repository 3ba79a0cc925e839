/** Every option, every file and every argument with the usual mistakes: what is said of them is always in our own words. */
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command, Option } from 'commander';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { configurationReference } from '../../.github/scripts/configuration-reference.ts';
import { checkConfiguration } from '../../src/cli/configuration/load.ts';
import { failureText } from '../../src/cli/failure-text.ts';
import { towpath } from '../../src/cli/program.ts';
import { configurationFindings } from '../../src/cli/validate/configuration.ts';
import { foreignIn } from '../support/foreign-words.ts';
import { temporaryFolder } from '../support/temp.ts';

const base = {
  controlPlane: { url: 'https://a.example', apiKeyFile: 'api-key' },
  listener: { id: '0b6c8f0e-64f5-4f6c-9b68-0b3a2f0f7a11' },
  namespaces: { a: { repository: 'https://git.example/a.git' } },
};

type Tree = Record<string, unknown>;

/** The configuration with one value put at a path of the reference. */
function withOption(option: string, value: unknown): Tree {
  const whole = structuredClone(base) as Tree;
  const path = option.replace('<name>', 'a').split('.');
  const around = path.slice(0, -1).reduce<Tree>((place, name) => {
    place[name] = typeof place[name] === 'object' && place[name] !== null ? place[name] : {};
    return place[name] as Tree;
  }, whole);
  around[path.at(-1) ?? ''] = value;
  return whole;
}

const mistakes: readonly unknown[] = [
  '',
  ' ',
  'x y',
  'undefined',
  '../x',
  '\u0000',
  '\ufeffx',
  'ü'.repeat(3000),
  'https://',
  'http://a b/',
  5,
  -1,
  1.5,
  1e30,
  Number.NaN,
  true,
  null,
  [],
  [null],
  [5],
  {},
  { a: { b: 1 } },
];

describe('every option of the configuration', () => {
  it.each(configurationReference().map(({ path }) => path))('%s', (option) => {
    for (const mistake of mistakes) {
      const checked = checkConfiguration(stringify(withOption(option, mistake)), 'towpath.yaml');
      const said = checked.kind === 'invalid' ? checked.findings.map(({ message }) => message) : [];
      expect(said.flatMap(foreignIn), JSON.stringify({ mistake, said })).toEqual([]);
    }
  });

  it.each([
    '\t- a',
    'a: [1',
    'a: {b',
    'a: 1\na: 2',
    '"a',
    'a: *none',
    '&a [*a]',
    'a: !!nope 1',
    '%YAML 9\n---\na',
    '- 1',
    '5',
    'a: b: c',
    '? [a]: b',
    'a\n  b: c',
    'a: |\n b\n  c\nd',
    '---\na: 1\n---\nb: 2',
    '@x',
    '\u0000\u0001',
    '{"a": 1,,}',
  ])('and text that is no YAML: %j', (text) => {
    const checked = checkConfiguration(text, 'towpath.yaml');
    const said = checked.kind === 'invalid' ? checked.findings.map(({ message }) => message) : [];

    expect(said).not.toEqual([]);
    expect(said.flatMap(foreignIn)).toEqual([]);
    for (const message of said.filter((one) => one.startsWith('not valid YAML'))) expect(message).toMatch(/; |: /);
  });
});

describe('every file of the configuration', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await temporaryFolder('files');
    await writeMistakes(folder);
  });

  const options = configurationReference()
    .map(({ path }) => path)
    .filter((option) => /File$|kubeconfig$|templates$/.test(option));

  it.each(options)('%s', async (option) => {
    for (const file of fileMistakes) {
      const path = join(folder, `${option.replaceAll(/[<>]/g, '')}-${file}.yaml`);
      await writeFile(path, stringify(withRest(option, `./${file}`)));
      const said = (await configurationFindings({ path, files: true })).map(({ message }) => message);
      expect(said.flatMap(foreignIn), JSON.stringify({ file, said })).toEqual([]);
    }
  });
});

/** What must stand beside an option so that its file is looked at. */
function withRest(option: string, value: string): Tree {
  const whole = withOption(option, value) as { namespaces: { a: Tree }; git?: { signing?: Tree }; webhooks?: Tree };
  const { a } = whole.namespaces;
  if (whole.webhooks) Object.assign(whole.webhooks, { port: 0 });
  if (whole.git?.signing) Object.assign(whole.git.signing, { kind: 'ssh', keyFile: value });
  if (option.includes('.publication.'))
    Object.assign(a['publication'] as Tree, { mode: 'proposed', forge: 'gitea', tokenFile: 'hex' });
  if (option.endsWith('certificateFile')) Object.assign(a['secrets'] as Tree, { mode: 'sealed-secrets' });
  if (option.endsWith('recipientsFile')) Object.assign(a['secrets'] as Tree, { mode: 'sops' });
  if (option.includes('.ssh')) {
    const rest = { sshKeyFile: value, sshKnownHostsFile: value };
    whole.namespaces = { a: { repository: 'ssh://git@git.example/a.git', credentials: rest } };
  }
  return whole as unknown as Tree;
}

const fileMistakes = [
  'missing',
  'folder',
  'empty',
  'blank',
  'marked',
  'wide',
  'binary',
  'lines',
  'text',
  'circle',
  'below',
  'pem',
];

async function writeMistakes(folder: string): Promise<void> {
  await mkdir(join(folder, 'folder'));
  const texts: Readonly<Record<string, string | Buffer>> = {
    'api-key': 'key',
    hex: 'ab'.repeat(32),
    empty: '',
    blank: ' \r\n',
    marked: '\ufeffsecret\r\n',
    wide: Buffer.from('\ufeffsecret', 'utf16le'),
    binary: Buffer.from([0, 255, 1, 254, 128]),
    lines: 'one\ntwo\n',
    text: '{{#if',
    pem: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
  };
  for (const [name, text] of Object.entries(texts)) await writeFile(join(folder, name), text);
  await symlink('circle', join(folder, 'circle'));
}

describe('every option of every command', () => {
  let folder: string;
  let said: string;
  const before = process.exitCode;
  beforeAll(async () => {
    folder = await temporaryFolder('options');
    await writeMistakes(folder);
    const url = 'http://127.0.0.1:1';
    const nobody = {
      ...base,
      controlPlane: { url, apiKeyFile: 'api-key' },
      namespaces: { a: { repository: `${url}/a.git` } },
    };
    await writeFile(join(folder, 'towpath.yaml'), stringify(nobody));
    for (const stream of [process.stdout, process.stderr]) {
      vi.spyOn(stream, 'write').mockImplementation((text: unknown) => {
        said += String(text);
        return true;
      });
    }
  });
  afterAll(() => {
    vi.restoreAllMocks();
    process.exitCode = before;
  });

  const cases = commandsIn(towpath()).flatMap((command) =>
    command.options.filter((option) => option.required).map((option) => [pathOf(command), option] as const),
  );

  it.each(cases.map(([path, option]) => [`towpath ${path.join(' ')} ${option.long}`, path, option] as const))(
    '%s',
    async (_, path, option) => {
      for (const mistake of mistakesOf(option, folder)) {
        said = '';
        await towpath()
          .parseAsync([...path, ...argumentsOf(path), ...othersOf(path, option, folder), option.long ?? '', mistake], {
            from: 'user',
          })
          .catch((error: unknown) => {
            said += failureText(error, {});
          });
        expect(foreignIn(said), JSON.stringify({ mistake, said })).toEqual([]);
        expect(said, mistake).not.toBe('');
      }
    },
  );
});

function commandsIn(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(commandsIn)];
}

function pathOf(command: Command): readonly string[] {
  return command.parent ? [...pathOf(command.parent), command.name()] : [];
}

/** A server that starts is no mistake, so that each of its options is given what keeps it from starting. */
function mistakesOf(option: Option, folder: string): readonly string[] {
  const files = fileMistakes.map((file) => join(folder, file));
  if (/port/.test(option.long ?? '')) return ['', '-1', 'x', '70000', '1e3'];
  if (option.long === '--data') return [join(folder, 'text'), join(folder, 'text', 'below'), '\u0000'];
  if (/host/.test(option.long ?? '')) return ['no such host', '256.1.1.1', 'host.invalid'];
  if (option.long === '--database-url') return ['', 'x', 'mysql://a/b', 'postgres://', 'postgres://127.0.0.1:1/x'];
  if (option.long === '--log-level') return ['', 'loud'];
  // A folder of that name would be made, wherever the tests run.
  if (option.long === '--output') return [join(folder, 'text'), join(folder, 'text', 'below'), '\u0000'];
  return [...files, '', '\u0000', 'x y'];
}

function argumentsOf(path: readonly string[]): readonly string[] {
  return { render: ['none.yaml'], 'hold release': ['chat'], adopt: ['chat'] }[path.join(' ')] ?? [];
}

/** The configuration's control plane has no address that answers; what fails there has failed late enough. */
function othersOf(path: readonly string[], option: Option, folder: string): readonly string[] {
  const name = path.join(' ');
  const isServer = name === 'dev' || name.startsWith('control-plane');
  if (isServer) {
    const data = option.long === '--data' ? [] : ['--data', join(folder, 'text')];
    return name === 'control-plane rotate-key' || option.long === '--database-url' ? [] : data;
  }
  return name === 'validate' || option.long === '--config' ? [] : ['--config', join(folder, 'towpath.yaml')];
}

it('a file that holds words of a library is not quoted', async () => {
  // The table above is only as good as the words that it knows.
  const source = await readFile(join(dirname(import.meta.dirname), 'support/foreign-words.ts'), 'utf8');

  expect(source).toContain('sASSERTIONS');
  expect(foreignIn('error:1E08010C:DECODER routines::unsupported')).not.toEqual([]);
  expect(foreignIn('getaddrinfo ENOTFOUND a')).not.toEqual([]);
  expect(foreignIn('Aborted(). Build with -sASSERTIONS for more info.')).not.toEqual([]);
  expect(foreignIn('expected cluster, undefined, sops')).not.toEqual([]);
});
