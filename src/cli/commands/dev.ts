/** `towpath dev`: the whole loop on one machine, in one process, on one port. */
import { Command } from 'commander';
import type { DevOptions } from '../dev/run.ts';
import { examples, port, withLogOptions } from '../options.ts';

const help = `
Starts a control plane, a listener and a git server with one repository a namespace
(default and team-a) in one process on one port. There is no cluster: a revision counts
as DEPLOYED once it is pushed, and Secrets are referred to by name only.

Everything lives in the data folder; delete the folder to begin again. Once it is ready,
<data>/dev.json tells programs the URL, the key, the listener and the repositories; with
--json it is also the one line on standard output.
${examples(`
  $ towpath dev
  $ towpath dev --port 9000 --data /tmp/towpath --no-sample
  $ towpath dev --port 0             a free port; read it from dev.json
`)}`;

export function devCommand(): Command {
  return withLogOptions(
    new Command('dev')
      .description('start everything on this machine: control plane, listener and git server')
      .option('-p, --port <number>', 'port of the API and of git, on 127.0.0.1', port, 8700)
      .option('-d, --data <folder>', 'where the database, the repositories and the keys are kept', '.towpath')
      .option('--no-sample', 'do not deploy the sample agent on the first start')
      .addHelpText('after', help),
  ).action(async (options: DevOptions) => {
    const { runDev } = await import('../dev/run.ts');
    await runDev(options);
  });
}
