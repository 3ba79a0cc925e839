/** `towpath adopt`: takes a folder over that this listener did not write. */
import { Command } from 'commander';
import type { AdoptOptions } from '../adopt/run.ts';
import { withOperateOptions } from '../operating/options.ts';
import { examples } from '../options.ts';

const help = `
For a folder that lies where the deployment belongs, but that this listener did
not write; with --from for one that lies elsewhere, which is moved. What is
wanted is written into it, with a PROVENANCE of this listener, in one commit;
files that are not among that go.

It shows the difference, says which objects an engine would delete or make anew,
and asks. In mode proposed it opens a pull request; closed, that rejects the
revision.
${examples(`
  $ towpath adopt chat --namespace team-a
  $ towpath adopt chat --namespace team-a --from apps/chat
`)}`;

export function adoptCommand(): Command {
  return withOperateOptions(new Command('adopt'))
    .description('take over a folder that this listener did not write')
    .argument('<deployment>', 'its name in the control plane')
    .option('--from <path>', 'where the folder lies, from the repository’s root')
    .addHelpText('after', help)
    .action(async (deployment: string, options: AdoptOptions) => {
      const { adoptFolder } = await import('../adopt/run.ts');
      process.exitCode = await adoptFolder(deployment, options);
    });
}
