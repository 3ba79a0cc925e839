/** What can be said on the command line. Commands load what they need when they run, so that help is instant. */
import { Command } from 'commander';
import pc from 'picocolors';
import { adoptCommand } from './commands/adopt.ts';
import { bootstrapCommand } from './commands/bootstrap.ts';
import { controlPlaneCommand } from './commands/control-plane.ts';
import { devCommand } from './commands/dev.ts';
import { doctorCommand } from './commands/doctor.ts';
import { helpCommand } from './commands/help.ts';
import { holdCommand } from './commands/hold.ts';
import { listenCommand } from './commands/listen.ts';
import { planCommand } from './commands/plan.ts';
import { pullRequestCommand } from './commands/pr.ts';
import { renderCommand } from './commands/render.ts';
import { secretsCommand } from './commands/secrets.ts';
import { signingKeyCommand } from './commands/signing-key.ts';
import { validateCommand } from './commands/validate.ts';
import { version } from './version.ts';

/** Exit codes, as the README lists them. */
export const exitCodes = { done: 0, failed: 1, changes: 2 } as const;

const afterHelp = `
${pc.bold('Start here')}
  $ towpath dev                      everything on this machine: control plane, listener, git server
  $ towpath dev --help               what it starts, and how to deploy to it

${pc.bold('In production')}
  $ TOWPATH_DATABASE_URL=postgres://… towpath control-plane
  $ towpath listen --config towpath.yaml

${pc.bold('Exit codes')}
  0  done
  1  failed, or the command line is wrong; standard error says why
  2  towpath plan only: there are changes

Results go to standard output, logs and errors to standard error. TOWPATH_DEBUG=1 adds stack traces.`;

export function towpath(): Command {
  const program = new Command('towpath')
    .description('Walks beside your GitOps engine: desired Agent Server deployments from a control plane into git.')
    .version(version(), '-v, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .addHelpText('after', afterHelp);
  const commands = [
    devCommand(),
    controlPlaneCommand(),
    listenCommand(),
    renderCommand(),
    planCommand(),
    validateCommand(),
    bootstrapCommand(),
    doctorCommand(),
    signingKeyCommand(),
    pullRequestCommand(),
    holdCommand(),
    adoptCommand(),
    secretsCommand(),
    helpCommand(program),
  ];
  for (const command of commands) program.addCommand(command);
  everyCommand(program, (command) => {
    command
      .helpCommand(false)
      .exitOverride()
      .showHelpAfterError(`Run "${pathOf(command)} --help" to see what it takes`);
    command.configureHelp({ ...command.configureHelp(), styleTitle: (title) => pc.bold(title) });
  });
  return program;
}

function everyCommand(command: Command, change: (command: Command) => void): void {
  change(command);
  for (const child of command.commands) everyCommand(child, change);
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}
