/** What the command line says of itself: each command's own options, plain defaults, and a word about what is not there. */
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { towpath } from '../../src/cli/program.ts';
import { runTowpath } from '../support/command-line.ts';

describe('help', () => {
  it.each([
    [['nosuch'], "unknown command 'nosuch'"],
    [['rendr'], 'Did you mean render?'],
    [['hold', 'releas'], 'Did you mean release?'],
    [['validate', 'more'], "unknown command 'more' of validate"],
  ])('of %j says that there is none', async (words, wanted) => {
    const { code, stdout, stderr } = await runTowpath(['help', ...words]);

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(wanted);
  });

  it.each([[[]], [['hold']], [['hold', 'release']], [['control-plane', 'rotate-key']]])(
    'of %j is its own',
    async (words) => {
      const [asked, own] = [await runTowpath(['help', ...words]), await runTowpath([...words, '--help'])];

      expect(asked).toEqual(own);
      expect(asked.code).toBe(0);
    },
  );

  it('shows no default that nobody could write', () => {
    for (const command of everyCommand(towpath())) {
      expect(command.helpInformation()).not.toMatch(/\(default: (?:\[|\{|undefined|null|false|"")/);
    }
  });

  it('of rotate-key lists what it takes, and it takes nothing else', async () => {
    const { stdout } = await runTowpath(['control-plane', 'rotate-key', '--help']);
    const refused = await runTowpath(['control-plane', 'rotate-key', '--port', '1']);

    expect([...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map((match) => match[1])).toEqual([
      '--database-url',
      '--data',
      '--encryption-key-file',
      '--old-encryption-key-file',
      '--json',
      '--help',
    ]);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("unknown option '--port'") });
  });
});

function everyCommand(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}
