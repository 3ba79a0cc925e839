/** `towpath render`: the manifests of one deployment, without touching git. */
import { Command } from 'commander';
import { examples } from '../options.ts';
import type { RenderOptions } from '../render/render-options.ts';

const help = `
The argument is a deployment file (the body of POST /v2/deployments or a full specification, as
YAML or JSON) or the id of a deployment in the control plane that the configuration names.
Without --config a deployment file is rendered with every default.
${examples(`
  $ towpath render deployment.yaml
  $ towpath render deployment.yaml --config towpath.yaml --output rendered/
  $ towpath render 3f2a6c1e-… --config towpath.yaml | kubectl diff -f -
`)}`;

export function renderCommand(): Command {
  return new Command('render')
    .description('render a deployment’s manifests to standard output or a folder')
    .argument('<deployment>', 'a deployment file, or a live deployment’s id')
    .option('-c, --config <file>', 'the listener’s configuration')
    .option('-n, --namespace <name>', 'namespace to render for, where the file names none')
    .option('-o, --output <folder>', 'write the files there instead')
    .option('--json', 'print {"files": {"<path>": "<content>"}}')
    .addHelpText('after', help)
    .action(async (deployment: string, options: RenderOptions) => {
      const { render } = await import('../render/run.ts');
      await render(deployment, options);
    });
}
