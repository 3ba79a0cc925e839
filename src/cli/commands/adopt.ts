/** `towpath adopt`: takes a folder over that this listener did not write. */
import { Command } from 'commander';
import type { OperateOptions } from '../operating/operated.ts';
import { withOperateOptions } from '../operating/options.ts';
import { examples } from '../options.ts';

export interface AdoptOptions extends OperateOptions {
  readonly from?: string;
}

const help = `
For a folder that lies where a deployment of this name belongs and that nobody or another listener
wrote; with --from for one that lies elsewhere, which is moved. What is wanted is written into it,
with a PROVENANCE of this listener, in one commit; files that are not among that go. Before, it
shows the difference and asks, and says which objects an engine would delete or make anew.
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
