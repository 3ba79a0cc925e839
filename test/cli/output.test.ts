/** Every command ends quietly where nobody reads its output any more, and says so where there is no room for it. */
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { access, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { towpath } from '../../src/cli/program.ts';
import { projectFolder } from '../support/command-line.ts';
import { emptyDatabase } from '../support/database.ts';
import { eventually } from '../support/dev-process.ts';
import { temporaryFolder } from '../support/temp.ts';

const deployment = 'examples/direct/deployment.yaml';

describe('a command whose reader is gone', () => {
  it('ends quietly, whichever it is', async () => {
    const helps = pathsOf(towpath()).map((words) => [...words, '--help']);
    const work = [
      ['render', deployment],
      ['render', deployment, '--json'],
      ['validate', '--schema'],
    ];

    for (const words of [...helps, ...work]) {
      expect({ words, ...(await runInto('stdout', await closedPipe(), words)) }).toEqual({ words, code: 0, other: '' });
    }
  });

  it('keeps its exit code, and fails as quietly', async () => {
    const invalid = await runInto('stdout', await closedPipe(), ['validate', 'package.json']);
    const unknown = await runInto('stderr', await closedPipe(), ['frobnicate']);

    expect(invalid).toEqual({ code: 1, other: '' });
    expect(unknown).toEqual({ code: 1, other: '' });
  });

  it('goes on serving, and stops as ever', async () => {
    const data = join(await temporaryFolder('unread'), 'data');
    await emptyDatabase(join(data, 'database'));
    const [out, err] = [await closedPipe(), await closedPipe()];
    const child = start(['dev', '--data', data, '--port', '0'], ['ignore', out, err]);
    const ended = new Promise<number | null>((done) => child.on('exit', done));
    await eventually('towpath dev is ready', () =>
      access(join(data, 'dev.json')).then(
        () => true,
        () => null,
      ),
    );

    child.kill('SIGTERM');

    expect(await ended).toBe(0);
  });
});

it('says that the disk is full, and does not pass for done', async () => {
  for (const words of [['--help'], ['render', deployment]]) {
    expect(await runInto('stdout', openSync('/dev/full', 'w'), words)).toEqual({
      code: 1,
      other: 'Cannot write to standard output: the disk is full\n',
    });
  }
});

/** The words of each command, of those that only hold others too. */
function pathsOf(command: Command, before: readonly string[] = []): readonly (readonly string[])[] {
  return [before, ...command.commands.flatMap((child) => pathsOf(child, [...before, child.name()]))];
}

/** A pipe that had a reader once, so that the first write meets EPIPE whatever the timing. */
async function closedPipe(): Promise<number> {
  const path = join(await mkdtemp(join(await temporaryFolder('pipe'), 'x-')), 'pipe');
  execFileSync('mkfifo', [path]);
  const both = openSync(path, constants.O_RDWR);
  const writing = openSync(path, constants.O_WRONLY);
  closeSync(both);
  return writing;
}

function start(words: readonly string[], stdio: ('ignore' | 'pipe' | number)[]) {
  const child = spawn(process.execPath, ['src/cli/towpath.cjs', ...words], { cwd: projectFolder, stdio });
  for (const stream of stdio) if (typeof stream === 'number') closeSync(stream);
  return child;
}

/** One of its streams goes into `descriptor`; what the other one says comes back. */
async function runInto(stream: 'stdout' | 'stderr', descriptor: number, words: readonly string[]) {
  const child = start(words, [
    'ignore',
    ...(stream === 'stdout' ? [descriptor, 'pipe' as const] : ['pipe' as const, descriptor]),
  ]);
  const other = (stream === 'stdout' ? child.stderr : child.stdout)?.setEncoding('utf8').toArray();
  const code = await new Promise<number | null>((done) => child.on('close', done));
  return { code, other: (await other)?.join('') ?? '' };
}
