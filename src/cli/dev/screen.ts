/** What `towpath dev` says on the terminal: where things are, and what to type next. */
import { join, relative, resolve } from 'node:path';
import pc from 'picocolors';
import { shellWord } from '../../core/shell-word.ts';
import { isRunByNpm } from '../start-folder.ts';
import type { DevFile } from './dev-file.ts';
import { sampleNamespace } from './sample.ts';

interface Ready {
  readonly file: DevFile;
  readonly version: string;
  readonly dataFolder: string;
  readonly tookMs: number;
  readonly firstStart: boolean;
  /** Whether a first start deploys the sample agent. */
  readonly sample: boolean;
}

/** The shape of a digest, and plainly none of a real image. */
const anyDigest = `sha256:${'0'.repeat(64)}`;

export function readyText({ file, version, dataFolder, tookMs, firstStart, sample }: Ready): string {
  const { url, apiKey, listenerId } = file;
  const took = `${firstStart ? 'first start, ' : ''}${(tookMs / 1000).toFixed(1)} s`;
  const sampled = sample ? `  ${pc.dim(`the first start deploys a sample agent into ${sampleNamespace}`)}` : '';
  const clones = Object.values(file.namespaces).map(({ repository }) => `  ${cloneLine(repository, apiKey)}`);
  return `
${pc.green(pc.bold(`Towpath ${version} is ready`))} ${pc.dim(`(${took})`)}

  ${pc.bold('API')}       ${url}  ${pc.dim(`docs: ${url}/docs`)}
  ${pc.bold('Key')}       ${apiKey}
  ${pc.bold('Listener')}  ${listenerId}  ${pc.dim(`namespaces: ${Object.keys(file.namespaces).join(', ')}`)}

${pc.bold('Deploy an agent')}  ${pc.dim('pip install langgraph-cli; beside your langgraph.json; with your image’s digest')}

  export LANGGRAPH_HOST_URL=${url}
  export LANGSMITH_API_KEY=${apiKey}
  langgraph deploy --name chat --no-input \\
    --image-uri registry.example/agents/chat:1.0.0@${anyDigest} \\
    --listener-id ${listenerId} --k8s-namespace team-a

${pc.bold('Read what it commits')}${sampled}

${clones.join('\n')}

${pc.bold('Beside it')}  ${pc.dim('in another terminal')}

  ${command('plan', dataFolder)}
  ${command('hold list', dataFolder)}

${pc.dim('There is no cluster here: a revision counts as DEPLOYED once it is pushed.')}
${pc.dim(`Everything is kept in ${shown(dataFolder)}. Ctrl-C stops.`)}

`;
}

/** Works when it is pasted: the key is the password, and any user name will do. */
function cloneLine(repository: string, key: string): string {
  const url = new URL(repository);
  url.username = 'towpath';
  url.password = key;
  return `git clone ${url.href}`;
}

/** As it works when it is pasted: through npm where npm has started us, with the configuration where it lies elsewhere. */
function command(words: string, dataFolder: string): string {
  const program = isRunByNpm() ? 'npm run -s towpath --' : 'towpath';
  const isFound = resolve(dataFolder) === resolve('.towpath');
  return `${program} ${words}${isFound ? '' : ` --config ${shellWord(join(shown(dataFolder), 'towpath.yaml'))}`}`;
}

function shown(folder: string): string {
  const near = relative(process.cwd(), folder);
  return near !== '' && !near.startsWith('..') ? near : folder;
}
