/** Towpath as users run it: compiled as it is published, in processes of their own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../../e2e/harness/eventually.ts';

const project = resolve(import.meta.dirname, '../../..');
const run = promisify(execFile);
/** What is no TypeScript and needed beside the compiled code. */
const companions = ['cli/towpath.cjs', 'control-plane/store/migrations'];

/** Answers the path of `towpath.cjs`. The checkout's own `dist` is left alone: somebody may be running it. */
export async function compileTowpath(folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const dist = join(folder, 'dist');
  await run(process.execPath, [
    join(project, 'node_modules/typescript/bin/tsc'),
    '-p',
    join(project, 'tsconfig.build.json'),
    '--outDir',
    dist,
  ]);
  for (const path of companions) cpSync(join(project, 'src', path), join(dist, path), { recursive: true });
  for (const path of ['node_modules', 'templates', 'package.json'])
    symlinkSync(join(project, path), join(folder, path));
  return join(dist, 'cli/towpath.cjs');
}

export async function runTowpath(towpath: string, words: readonly string[]): Promise<void> {
  await run(process.execPath, [towpath, ...words], { cwd: project });
}

export interface Listener {
  readonly pid: number;
  /** Where its metrics are. */
  readonly metricsUrl: string;
  end(): void;
}

export async function startListener(towpath: string, configuration: string, inspect: string): Promise<Listener> {
  const words = ['listen', '--json', '--config', configuration];
  const child = spawn(process.execPath, [...inspect.split(' ').filter(Boolean), towpath, ...words], {
    cwd: project,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = outputOf(child);
  const metricsUrl = await eventually('the listener to listen', () => {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}:\n${output()}`);
    const line = output()
      .split('\n')
      .find((one) => one.includes('Serving metrics and health'));
    return output().includes('"Listening"') && line && String((JSON.parse(line) as { url: string }).url);
  });
  return { pid: child.pid ?? 0, metricsUrl: `${metricsUrl}/metrics`, end: () => void child.kill('SIGTERM') };
}

/** Its beginning: of what comes later only warnings are shown. */
function outputOf(child: ChildProcess): () => string {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < 100_000) output += text;
      for (const line of text.split('\n'))
        if (/"level":"?(?:warn|error|40|50)/.test(line)) process.stderr.write(`${line}\n`);
    });
  }
  return () => output;
}
