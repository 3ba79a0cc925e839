/** `towpath plan`: what a pass would do, without doing it. */
import { Command } from 'commander';
import { examples } from '../options.ts';
import type { PlanOptions } from '../plan/run.ts';

const help = `
Reads the control plane and the repositories, and writes to neither. Besides the commits that
a pass would make it shows what is held because a person edited it, what is outdated (an upgrade
or another configuration would render it differently) and folders that nobody wants any more.

Exit code 2 means that there are changes, 0 that there are none (what is held waits for a person),
1 that it failed. What is longer than the terminal is shown by $TOWPATH_PAGER, $PAGER or less.
${examples(`
  $ towpath plan --config towpath.yaml
  $ towpath plan --config towpath.yaml team-a
  $ towpath plan --stat
  $ towpath plan --config towpath.yaml --json | jq '.namespaces[].commits[].subject'
`)}`;

export function planCommand(): Command {
  return new Command('plan')
    .description('show what the listener would commit, as a diff')
    .argument('[namespaces...]', 'only these; all that the configuration names by default')
    .option('-c, --config <file>', 'the listener’s configuration', 'towpath.yaml')
    .option('--stat', 'show how many lines change in which files, instead of the lines')
    .option('--no-pager', 'print all of it at once, also on a terminal')
    .option('--json', 'print the plan as JSON')
    .addHelpText('after', help)
    .action(async (namespaces: readonly string[], options: PlanOptions) => {
      const { plan } = await import('../plan/run.ts');
      process.exitCode = await plan(namespaces, options);
    });
}
