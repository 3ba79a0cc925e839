/** `towpath pr`: the pull requests in which deployments wait for people. */
import { Command } from 'commander';
import { examples } from '../options.ts';
import type { PullRequestListOptions } from '../pr/list.ts';

const help = `
Reads the forge, the repositories and the control plane, whether or not a
listener runs, and writes to none: what waits for review, what is approved, in
conflict or a draft, what a person has edited, and what was rejected though it is
wanted still.

Exit code 1 means that a forge or a repository could not be read.
${examples(`
  $ towpath pr list
  $ towpath pr list --namespace team-a
  $ towpath pr list --json | jq -r '.namespaces[].pullRequests[].url'
`)}`;

export function pullRequestCommand(): Command {
  const list = new Command('list')
    .description('show the pull requests of each namespace')
    .option('-n, --namespace <name>', 'only this one; all that the configuration names by default')
    .option('-c, --config <file>', 'the listener’s configuration', 'towpath.yaml')
    .option('--json', 'print them as JSON')
    .addHelpText('after', help)
    .action(async (options: PullRequestListOptions) => {
      const { listPullRequests } = await import('../pr/list.ts');
      process.exitCode = await listPullRequests(options);
    });
  return new Command('pr').description('the pull requests in which deployments wait for people').addCommand(list);
}
