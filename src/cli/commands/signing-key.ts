/** `towpath signing-key`: the public part of the key that signs commits, for forges and engines. */
import { Command } from 'commander';
import { examples } from '../options.ts';
import type { SigningKeyOptions } from '../signing-key/run.ts';

const help = `
One line of OpenSSH, or an armoured OpenPGP block: what a forge, Argo CD or Flux
must know to verify Towpath's commits. Its ids, which they name it by, are said on
standard error. The private part stays where it is.
${examples(`
  $ towpath signing-key --config towpath.yaml > signing-key.asc
  $ towpath signing-key --config towpath.yaml --json | jq -r .signingKeyId
`)}`;

export function signingKeyCommand(): Command {
  return new Command('signing-key')
    .description('print the public part of the key that signs commits')
    .option('-c, --config <file>', 'the listener’s configuration', 'towpath.yaml')
    .option('--json', 'print it as JSON, with its ids')
    .addHelpText('after', help)
    .action(async (options: SigningKeyOptions) => {
      const { printSigningKey } = await import('../signing-key/run.ts');
      await printSigningKey(options);
    });
}
