/** Runs a client as its user would, in a folder with a small LangGraph project. */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DevFile } from '../../src/cli/dev/dev-file.ts';
import type { Finished } from '../support/command-line.ts';

export const planted = 'sk-planted-by-a-client-51c7';

/** What `langgraph deploy` wants to find around it. */
export async function writeProject(folder: string): Promise<void> {
  const settings = { dependencies: ['.'], graphs: { agent: './graph.py:graph' }, env: '.env' };
  await writeFile(join(folder, 'langgraph.json'), JSON.stringify(settings));
  await writeFile(join(folder, 'graph.py'), 'graph = None\n');
  await writeFile(join(folder, '.env'), `OPENAI_API_KEY=${planted}\nFEATURE=yes\n`);
}

interface ClientOptions {
  readonly cwd: string;
  readonly file: DevFile;
  readonly key?: string;
}

export async function runClient(program: string, words: readonly string[], options: ClientOptions): Promise<Finished> {
  const child = spawn(program, [...words], {
    cwd: options.cwd,
    env: {
      PATH: process.env['PATH'],
      HOME: options.cwd,
      LANGGRAPH_HOST_URL: options.file.url,
      LANGSMITH_API_KEY: options.key ?? options.file.apiKey,
      LANGGRAPH_CLI_NO_ANALYTICS: '1',
      NO_COLOR: '1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stdout = child.stdout.setEncoding('utf8').toArray();
  const stderr = child.stderr.setEncoding('utf8').toArray();
  const code = await new Promise<number | null>((done) => child.on('close', done));
  return { code, stdout: (await stdout).join(''), stderr: (await stderr).join('') };
}
