/** `towpath hold`: what waits for a person, and letting it go on. */
import { Command, InvalidArgumentError } from 'commander';
import type { HoldListOptions } from '../hold/list.ts';
import type { HoldReleaseOptions } from '../hold/release.ts';
import { withOperateOptions } from '../operating/options.ts';
import { examples } from '../options.ts';

const listHelp = `
Reads the control plane, the repositories and the forge, whether or not a
listener runs, and writes to none: changes that people made in git, folders that
are somebody else's, removals that are held, a rewritten history, rejected pull
requests, folders that nobody wants any more. With each stands the command that
lets it go on, and what that does; or the pull request that would.
What only waits for review is shown by towpath pr list.

Exit code 1 means that a repository could not be read.
${examples(`
  $ towpath hold list
  $ towpath hold list --namespace team-a
  $ towpath hold list --json | jq '.namespaces[].holds[].kind'
`)}`;

const releaseHelp = `
<what> is one of
  a deployment   its name, id or folder: what is wanted is laid down again over
                 what a person changed in git, or a held removal is done
  deletions      removes all that deletion.max holds back
  history        accepts a branch that no longer holds a commit of ours

It shows what it would do and asks. It is a pass of its own: it needs the
listener's configuration and credentials, and works beside a listener that runs.
In mode proposed it opens pull requests; a history is always accepted by a push.
The author of its commits is who runs it.
${examples(`
  $ towpath hold release chat --namespace team-a
  $ towpath hold release deletions --namespace team-a --yes
  $ towpath hold release history --namespace team-a --commit 8f0c…
`)}`;

export function holdCommand(): Command {
  return new Command('hold')
    .description('what waits for a person, and letting it go on')
    .addCommand(listCommand())
    .addCommand(releaseCommand());
}

function listCommand(): Command {
  return new Command('list')
    .description('show everything that waits for a person')
    .option('-n, --namespace <name>', 'only this one; all that the configuration names by default')
    .option('-c, --config <file>', 'the listener’s configuration', 'towpath.yaml')
    .option('--json', 'print it as JSON')
    .addHelpText('after', listHelp)
    .action(async (options: HoldListOptions) => {
      const { holdList } = await import('../hold/list.ts');
      process.exitCode = await holdList(options);
    });
}

function releaseCommand(): Command {
  return withOperateOptions(new Command('release'))
    .description('let something go on that is held')
    .argument('<what>', 'a deployment, deletions, or history')
    .option('--commit <commit>', 'with history: our commit, as the listener’s message names it', wholeCommit)
    .addHelpText('after', releaseHelp)
    .action(async (what: string, options: HoldReleaseOptions) => {
      const { holdRelease } = await import('../hold/release.ts');
      process.exitCode = await holdRelease(what, options);
    });
}

function wholeCommit(text: string): string {
  if (/^[0-9a-f]{40}$/.test(text)) return text;
  throw new InvalidArgumentError('Expected all 40 hex digits of a commit.');
}
