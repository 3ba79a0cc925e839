/** `towpath secrets`: what is sealed in git, when the key to it is turned. */
import { Command } from 'commander';
import type { OperateOptions } from '../operating/operated.ts';
import { withOperateOptions } from '../operating/options.ts';
import { examples } from '../options.ts';

const help = `
For the modes sealed-secrets and sops, after the controller's certificate or the
age recipients were turned: by itself nothing is sealed a second time. The values
are asked of the control plane, and what lies sealed in each folder is made anew;
everything else in it stays. One commit a deployment, one push; in mode proposed
one pull request a deployment, which is made anew when it is run again.
${examples(`
  $ towpath secrets reseal --namespace team-a
  $ towpath secrets reseal chat --namespace team-a --yes
`)}`;

export function secretsCommand(): Command {
  const reseal = withOperateOptions(new Command('reseal'))
    .description('seal what lies in git with the certificate or the recipients of today')
    .argument('[deployment]', 'only this one; all of the namespace by default')
    .addHelpText('after', help)
    .action(async (deployment: string | undefined, options: OperateOptions) => {
      const { resealSecrets } = await import('../reseal/run.ts');
      process.exitCode = await resealSecrets(deployment ?? null, options);
    });
  return new Command('secrets').description('secrets that lie sealed in git').addCommand(reseal);
}
