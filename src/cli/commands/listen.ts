/** `towpath listen`: the listener, beside a GitOps engine. */
import { setFlagsFromString } from 'node:v8';
import { Command } from 'commander';
import type { ListenOptions } from '../listen/run.ts';
import { examples, withLogOptions } from '../options.ts';

const help = `
Takes what the control plane wants over HTTPS long polls, renders it, commits it to the
repository of its namespace, and reports back. Against a LangSmith, which has no call for
reports, it mirrors: status then goes to <listener.dataFolder>/status.json and to the log.
${examples(`
  $ towpath validate towpath.yaml
  $ towpath plan --config towpath.yaml
  $ towpath listen --config towpath.yaml
`)}`;

export function listenCommand(): Command {
  return withLogOptions(
    new Command('listen')
      .description('run a listener: from the control plane into git')
      .option('-c, --config <file>', 'the listener’s configuration', 'towpath.yaml')
      .addHelpText('after', help),
  ).action(async (options: ListenOptions) => {
    // A listener waits most of its life: with 1,000 deployments watched, it then takes 170 MB instead of 400.
    setFlagsFromString('--optimize-for-size');
    const { runListen } = await import('../listen/run.ts');
    await runListen(options);
  });
}
