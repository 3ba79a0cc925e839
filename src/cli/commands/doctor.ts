/** `towpath doctor`: checks a whole set-up, and says what is wrong and how to mend it. */
import { Command } from 'commander';
import type { DoctorOptions } from '../doctor/doctor-options.ts';
import { examples } from '../options.ts';

const help = `
Asks the control plane, the repositories, the cluster and the GitOps engine what a listener will ask them,
and changes nothing. Rights are those of whoever runs it: in the listener's pod they are the listener's; elsewhere
--as asks for its service account, which takes the right to impersonate.

Exit code 1 means that something failed; a warning is no failure.
${examples(`
  $ towpath doctor --config towpath.yaml
  $ towpath doctor --config towpath.yaml --as system:serviceaccount:towpath:towpath-listener
  $ towpath doctor --config towpath.yaml --json | jq '.checks[] | select(.verdict != "ok")'
`)}`;

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('check a set-up end to end, and say how to mend it')
    .option('-c, --config <file>', 'the listener’s configuration', 'towpath.yaml')
    .option('--json', 'print the checks as JSON')
    .option('--kubeconfig <file>', 'instead of what the configuration names')
    .option('--context <name>', 'context of the kubeconfig')
    .option('--as <user>', 'whose rights in the cluster to check')
    .addHelpText('after', help)
    .action(async (options: DoctorOptions) => {
      const { doctor } = await import('../doctor/run.ts');
      process.exitCode = await doctor(options);
    });
}
