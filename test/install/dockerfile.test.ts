/** The Dockerfile, read and not run: what it copies is there, what it runs exists, and nothing else gets in. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageVersion, read, root } from './files.ts';

interface Instruction {
  readonly word: string;
  readonly rest: string;
}
/** What one FROM begins. */
interface Stage {
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

const text = read('Dockerfile');
const stages = stagesOf(instructionsOf(text));
const last = stages.at(-1);
const manifest = JSON.parse(read('package.json')) as {
  scripts: Readonly<Record<string, string>>;
  files: readonly string[];
  bin: Readonly<Record<string, string>>;
};

describe('the Dockerfile', () => {
  const copied = stages.flatMap((stage) => copiesOf(stage).filter((copy) => copy.from === undefined));

  it('copies only what is in the checkout', () => {
    expect(copied.length).toBeGreaterThan(4);
    expect(copied.flatMap((copy) => copy.sources).filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('is sent exactly what it copies, so that no key of a checkout gets into a layer', () => {
    const sent = read('.dockerignore')
      .split('\n')
      .filter((line) => line && !line.startsWith('#'));

    expect(sent[0]).toBe('*');
    expect(new Set(sent.slice(1))).toEqual(new Set(copied.flatMap((copy) => copy.sources).map((path) => `!${path}`)));
  });

  it('runs only scripts of the package', () => {
    const commands = stages.flatMap((stage) => stage.instructions.filter((one) => one.word === 'RUN'));

    expect(commands.map((one) => one.rest)).toEqual(['npm ci', 'npm run build', 'npm ci --omit=dev --omit=optional']);
    expect(manifest.scripts).toHaveProperty('build');
  });

  it('takes from earlier stages only, and from folders that they make', () => {
    const taken = last ? copiesOf(last).filter((copy) => copy.from !== undefined) : [];

    expect(taken).toEqual([
      { from: 'dependencies', sources: ['/towpath/node_modules'] },
      { from: 'build', sources: ['/towpath/dist'] },
    ]);
    expect(stages.map((stage) => stage.name)).toEqual(['build', 'dependencies', undefined]);
  });

  it('holds in the end what the package publishes', () => {
    const held = last
      ? copiesOf(last).flatMap((copy) => copy.sources.map((path) => path.replace('/towpath/', '')))
      : [];

    expect(held.sort()).toEqual([...manifest.files, 'node_modules', 'package.json'].sort());
  });

  it('starts the command of the package, as nobody', () => {
    const said = (word: string) => last?.instructions.find((one) => one.word === word)?.rest;

    expect(said('ENTRYPOINT')).toBe(`["/nodejs/bin/node", "/towpath/${manifest.bin['towpath']}"]`);
    expect(said('USER')).toBe('65532:65532');
    expect(read('templates/install/chart/templates/_pods.tpl')).toContain('runAsUser: 65532\n');
  });

  it('names the version and no secret', () => {
    expect(text).toContain(`org.opencontainers.image.version="${packageVersion}"`);
    expect(stages.flatMap((stage) => stage.instructions).filter((one) => one.word === 'ENV')).toEqual([
      { word: 'ENV', rest: 'NODE_ENV=production' },
    ]);
  });
});

function instructionsOf(dockerfile: string): readonly Instruction[] {
  return dockerfile
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ word: line.split(' ')[0] ?? '', rest: line.slice(line.indexOf(' ') + 1) }));
}

function stagesOf(instructions: readonly Instruction[]): readonly Stage[] {
  const starts = instructions.flatMap((one, index) => (one.word === 'FROM' ? [index] : []));
  return starts.map((start, index) => ({
    name: instructions[start]?.rest.split(' AS ')[1],
    instructions: instructions.slice(start, starts[index + 1]),
  }));
}

/** The last word of a COPY is where to. */
function copiesOf({
  instructions,
}: Stage): readonly { readonly from: string | undefined; readonly sources: string[] }[] {
  return instructions
    .filter((one) => one.word === 'COPY')
    .map(({ rest }) => {
      const words = rest.split(' ');
      const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
      return { from, sources: words.filter((word) => !word.startsWith('--')).slice(0, -1) };
    });
}
