/** `towpath help`: the help of a command, or a word about one that is not there. */
import { Command } from 'commander';
import { nearestWord } from '../../core/nearest-word.ts';

/** Instead of commander's own, which shows the top help for whatever it does not know. */
export function helpCommand(program: Command): Command {
  return new Command('help')
    .description('show help of a command')
    .argument('[command...]', 'such as hold, or hold release; all of them by default')
    .action((words: readonly string[], _: unknown, self: Command) => {
      let found = program;
      for (const word of words) {
        const next = found.commands.find((command) => command.name() === word);
        if (!next) return self.error(unknown(word, found), { code: 'commander.unknownCommand' });
        found = next;
      }
      return found.help();
    });
}

function unknown(word: string, within: Command): string {
  const known = within.commands.map((command) => command.name());
  const meant = nearestWord(word, known);
  const hint = meant ? `(Did you mean ${meant}?)` : known.length > 0 ? `Commands: ${known.join(', ')}` : '';
  const place = within.parent ? ` of ${within.name()}` : '';
  return `error: unknown command '${word}'${place}\n${hint}`.trimEnd();
}
