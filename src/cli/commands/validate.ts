/** `towpath validate`: every problem of a configuration or of rendered manifests, at once. */
import { Command } from 'commander';
import { examples } from '../options.ts';
import type { ValidateOptions } from '../validate/run.ts';

const help = `
A file is checked as a configuration, with the files that it names and with what it would render;
a folder as rendered manifests, object by object, against strict Kubernetes schemas. Nothing is
contacted. Exit code 1 means that there are problems.

To have an editor check towpath.yaml while you type, write the schema to a file and put this first:
  # yaml-language-server: $schema=towpath.schema.json
${examples(`
  $ towpath validate towpath.yaml
  $ towpath validate --no-files towpath.yaml
  $ towpath validate rendered/
  $ towpath validate --schema > towpath.schema.json
`)}`;

export function validateCommand(): Command {
  return new Command('validate')
    .description('check a configuration file or a folder of rendered manifests')
    .argument('[path]', 'towpath.yaml, or a folder')
    .option('--schema', 'print the JSON Schema of the configuration')
    .option('--no-files', 'do not look at the files that the configuration names: they lie elsewhere')
    .option('--json', 'print the findings as JSON')
    .addHelpText('after', help)
    .action(async (path: string | undefined, options: ValidateOptions) => {
      const { validate } = await import('../validate/run.ts');
      process.exitCode = await validate(path, options);
    });
}
