/** `towpath bootstrap`: what a GitOps engine needs beside Towpath, as manifests or straight into the cluster. */
import { Command, InvalidArgumentError } from 'commander';
import type { BootstrapArgoCdOptions, BootstrapFluxOptions } from '../bootstrap/bootstrap-options.ts';
import { examples } from '../options.ts';

const argoCdHelp = `
For each namespace an AppProject that allows its repository, its namespace and the kinds that its
templates emit, nothing else; and an ApplicationSet that makes one Application a deployment, named
like the deployment's folder, with prune, self-heal and retries.

Credentials are never read nor written: what has to be made for Argo CD, and how, is said on standard error.
With --gpg-key Argo CD applies only commits that one of these keys has signed, with --verify-signatures also those that
the key in git.signing has signed.
${examples(`
  $ towpath bootstrap argo-cd --config towpath.yaml | kubectl apply --server-side -f -
  $ towpath bootstrap argo-cd --config towpath.yaml team-a --output argo-cd/
  $ towpath bootstrap argo-cd --config towpath.yaml --apply
  $ towpath bootstrap argo-cd --config towpath.yaml --verify-signatures --gpg-key D56C4FCA57A46444
`)}`;

const fluxHelp = `
For each namespace a GitRepository and one root Kustomization over flux/, where the listener keeps a
Kustomization a deployment. Where flux.serviceAccountName is configured also that account, with the rights
on the kinds that the templates emit and on Kustomizations, nothing else. Needs Flux 2.5 or later.

Credentials are never read nor written: what has to be made for Flux, and how, is said on standard error.
With --verify-secret Flux takes only commits that a key in this Secret has signed; --verify-signatures makes the Secret,
of the public part of the key in git.signing.
${examples(`
  $ towpath bootstrap flux --config towpath.yaml | kubectl apply --server-side -f -
  $ towpath bootstrap flux --config towpath.yaml team-a --output flux/
  $ towpath bootstrap flux --config towpath.yaml --apply --verify-signatures
`)}`;

export function bootstrapCommand(): Command {
  return new Command('bootstrap')
    .description('write what Argo CD or Flux needs beside Towpath')
    .addCommand(argoCdCommand())
    .addCommand(fluxCommand());
}

function argoCdCommand(): Command {
  return withCommonOptions(new Command('argo-cd'))
    .description('an AppProject and an ApplicationSet a namespace')
    .option('--server <url>', 'the cluster, as Argo CD knows it', 'https://kubernetes.default.svc')
    .option('--gpg-key <id>', 'a key that may sign commits; may be said again', gpgKey)
    .option('--verify-signatures', 'apply only commits that the key in git.signing has signed')
    .option('--signature-keys', 'verify signatures the way that Argo CD before 3.5 understands')
    .addHelpText('after', argoCdHelp)
    .action(async (namespaces: readonly string[], options: BootstrapArgoCdOptions) => {
      const { bootstrapArgoCd } = await import('../bootstrap/run.ts');
      await bootstrapArgoCd(namespaces, options);
    });
}

function fluxCommand(): Command {
  return withCommonOptions(new Command('flux'))
    .description('a GitRepository and a root Kustomization a namespace')
    .option('--verify-signatures', 'take only commits that the key in git.signing has signed')
    .option('--verify-secret <name>', 'Secret with the public keys (.asc, .sshpub) that may sign commits')
    .addHelpText('after', fluxHelp)
    .action(async (namespaces: readonly string[], options: BootstrapFluxOptions) => {
      const { bootstrapFlux } = await import('../bootstrap/run.ts');
      await bootstrapFlux(namespaces, options);
    });
}

function withCommonOptions(command: Command): Command {
  return command
    .argument('[namespaces...]', 'only these; all that the configuration names by default')
    .option('-c, --config <file>', 'the listener’s configuration', 'towpath.yaml')
    .option('-o, --output <folder>', 'write one file an object there')
    .option('--apply', 'apply to the cluster, server-side, and say what changed')
    .option('--force-conflicts', 'with --apply: take fields over that somebody else manages')
    .option('--kubeconfig <file>', 'with --apply: instead of what the configuration names')
    .option('--context <name>', 'with --apply: context of the kubeconfig');
}

function gpgKey(text: string, earlier: readonly string[] = []): readonly string[] {
  if (!/^(?:[0-9A-Fa-f]{16}|[0-9A-Fa-f]{40})$/.test(text)) {
    throw new InvalidArgumentError('Expected the id of a GPG key: 16 or 40 hex digits.');
  }
  // Argo CD compares the last 16 digits, in capitals.
  return [...earlier, text.slice(-16).toUpperCase()];
}
