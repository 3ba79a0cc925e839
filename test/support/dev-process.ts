/** A real `towpath dev` as a child process, and the few calls that tests make to it. */
import { type ChildProcess, execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { DevFile } from '../../src/cli/dev/dev-file.ts';
import { startTowpath } from './command-line.ts';

const run = promisify(execFile);
/** Whole processes start within it, however busy the machine is. */
const patienceMs = 180_000;

export interface DevProcess {
  readonly child: ChildProcess;
  readonly file: DevFile;
  /** All that it has written so far, both streams. */
  output(): string;
  /** Sends a signal and answers the exit code, null where the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Ready when it answers; fails with its output when it ends before that. */
export async function startDevProcess(
  data: string,
  words: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<DevProcess> {
  const child = startTowpath(['dev', '--data', data, '--port', '0', ...words], { env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  const isReady = (): boolean => /is ready/.test(output);
  await Promise.race([eventually('towpath dev is ready', async () => isReady() || null), ended]);
  if (!isReady()) throw new Error(`towpath dev ended with ${child.exitCode}:\n${output}`);
  return {
    child,
    file: JSON.parse(await readFile(join(data, 'dev.json'), 'utf8')) as DevFile,
    output: () => output,
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}

/** Asks until there is an answer that is not null. */
export async function eventually<Answer>(what: string, ask: () => Promise<Answer | null>): Promise<Answer> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (Date.now() > deadline) throw new Error(`Waited in vain: ${what}`);
    await delay(100);
  }
}

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the API says; tests look at the fields they mean
  readonly body: any;
}

export async function call(file: DevFile, method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${file.url}${path}`, {
    method,
    headers: { 'X-Api-Key': file.apiKey, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : JSON.parse(text) };
}

export interface NewDeployment {
  readonly name: string;
  readonly image: string;
  readonly namespace?: string;
  readonly secrets?: readonly { readonly name: string; readonly value: string }[];
  readonly resources?: Readonly<Record<string, unknown>>;
}

export function creationBody(listenerId: string, wanted: NewDeployment) {
  return {
    name: wanted.name,
    source: 'external_docker',
    source_config: {
      listener_id: listenerId,
      listener_config: { k8s_namespace: wanted.namespace ?? 'team-a' },
      resource_spec: wanted.resources ?? {},
    },
    source_revision_config: { image_uri: wanted.image },
    secrets: wanted.secrets ?? [],
  };
}

/** The id of the deployment. */
export async function create(file: DevFile, wanted: NewDeployment): Promise<string> {
  const { status, body } = await call(file, 'POST', '/v2/deployments', creationBody(file.listenerId, wanted));
  if (status >= 300) throw new Error(`Cannot create ${wanted.name}: ${status} ${JSON.stringify(body)}`);
  return body.id;
}

/** Waits for the latest revision to come to this end; answers it. */
export async function waitForRevision(file: DevFile, deploymentId: string, status = 'DEPLOYED') {
  return eventually(`${deploymentId} is ${status}`, async () => {
    const { body } = await call(file, 'GET', `/v2/deployments/${deploymentId}/revisions?limit=1`);
    const [latest] = body.resources;
    if (latest?.status !== status && /FAILED|SKIPPED/.test(latest?.status)) {
      throw new Error(`Expected ${status}: ${JSON.stringify(latest)}`);
    }
    return latest?.status === status ? latest : null;
  });
}

/** Git as a user has it, but without his settings. */
export async function git(words: readonly string[]): Promise<string> {
  const env = { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: '/dev/null', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' };
  const { stdout } = await run('git', [...words], { env, maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}
