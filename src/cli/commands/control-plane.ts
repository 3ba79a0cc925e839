/** `towpath control-plane`: the API that clients and listeners talk to. */
import { Command, Option } from 'commander';
import type { ControlPlaneOptions } from '../control-plane/control-plane-options.ts';
import { examples, port, rate, withLogOptions } from '../options.ts';

const help = `
The first start makes an admin key and prints it once, unless TOWPATH_ADMIN_KEY sets one.
With it, workspaces, keys and listeners are made over the API: see <url>/docs.

Secret values are encrypted with the key in --encryption-key-file (32 bytes, raw or as 64 hex
digits) or TOWPATH_ENCRYPTION_KEY; without either, one is made in the data folder.

Without --database-url the database is embedded (PGlite): one process, up to 960 MB of memory
in the first seconds of a start.
Use Postgres in production; several processes may share one.
${examples(`
  $ towpath control-plane --data /var/lib/towpath
  $ TOWPATH_DATABASE_URL=postgres://… towpath control-plane --host 0.0.0.0 --tls-cert-file tls.crt --tls-key-file tls.key
  $ towpath control-plane rotate-key --help
`)}`;

const rotateHelp = `
Encrypts every stored secret value with the key of --encryption-key-file. Until it is done, the
control plane needs both keys; it may go on working meanwhile, unless its database is embedded.
${examples(`
  $ openssl rand -hex 32 > new.key
  $ towpath control-plane --encryption-key-file new.key --old-encryption-key-file old.key      # every process
  $ towpath control-plane rotate-key --encryption-key-file new.key --old-encryption-key-file old.key
  $ towpath control-plane --encryption-key-file new.key                                        # old.key may go
`)}`;

export function controlPlaneCommand(): Command {
  return withLogOptions(withDatabaseOptions(new Command('control-plane')))
    .description('serve the control plane API: LangSmith’s deployment calls and our own')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('-p, --port <number>', 'port to listen on', port, 8700)
    .option('--tls-cert-file <file>', 'serve HTTPS with this certificate (PEM)')
    .option('--tls-key-file <file>', 'the certificate’s private key (PEM)')
    .option('--monitoring-port <number>', 'serve /metrics, /healthz and /readyz there, without a key', port)
    .option('--monitoring-host <address>', 'address of the monitoring port (default: that of --host)')
    .option('--requests-per-second <number>', 'how often one key may ask, in the long run; 0: no limit', rate, 100)
    .option('--no-extension', 'leave out /towpath/v1, as LangSmith does: for tests of mirror mode')
    .addHelpText('after', help)
    .action(async (options: ControlPlaneOptions) => {
      const { runControlPlane } = await import('../control-plane/run.ts');
      await runControlPlane(options);
    })
    .addCommand(rotateKeyCommand());
}

/** The command around it reads its options, too, so that they are found with it; the others are none of its own. */
function rotateKeyCommand(): Command {
  return withDatabaseOptions(new Command('rotate-key'))
    .description('encrypt all stored secret values with another key')
    .option('--json', 'print what was done as JSON')
    .addHelpText('after', rotateHelp)
    .action(async (_: unknown, command: Command) => {
      refuseForeign(command);
      const { rotateKey } = await import('../control-plane/rotate-key.ts');
      await rotateKey(command.optsWithGlobals<ControlPlaneOptions>());
    });
}

function withDatabaseOptions(command: Command): Command {
  return command
    .addOption(new Option('--database-url <url>', 'Postgres to use').env('TOWPATH_DATABASE_URL'))
    .option('-d, --data <folder>', 'folder of the embedded database and of its keys', '.towpath-control-plane')
    .option('--encryption-key-file <file>', 'key that secret values are encrypted with')
    .option('--old-encryption-key-file <file...>', 'keys that may still be needed to read them');
}

function refuseForeign(command: Command): void {
  const around = command.parent;
  const own = new Set(command.options.map((option) => option.attributeName()));
  const foreign = around?.options.find((option) => {
    const name = option.attributeName();
    return !own.has(name) && around.getOptionValueSource(name) === 'cli';
  });
  if (foreign?.long) command.error(`error: unknown option '${foreign.long}'`, { code: 'commander.unknownOption' });
}
