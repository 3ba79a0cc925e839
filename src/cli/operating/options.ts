/** The options that every command shares which commits to a repository. */
import { type Command, Option } from 'commander';
import { parseAuthor } from './operator.ts';

export function withOperateOptions(command: Command): Command {
  return command
    .option('-n, --namespace <name>', 'the namespace; needed where the configuration names several')
    .option('-c, --config <file>', 'the listener’s configuration', 'towpath.yaml')
    .addOption(
      new Option(
        '--author <author>',
        '"Name <email>" of who runs it; else $GIT_AUTHOR_NAME and $GIT_AUTHOR_EMAIL',
      ).argParser(parseAuthor),
    )
    .option('-y, --yes', 'do not ask')
    .option('--json', 'print what was done as JSON');
}
