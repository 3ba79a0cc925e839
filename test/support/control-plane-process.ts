/** A real `towpath control-plane` as a child process, with its admin's view of it. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startTowpath } from './command-line.ts';
import { emptyDatabase } from './database.ts';
import { eventually } from './dev-process.ts';
import { temporaryFolder } from './temp.ts';

export interface Tenant {
  readonly workspaceId: string;
  readonly listenerId: string;
  readonly workspaceKey: string;
  readonly listenerKey: string;
}

export interface ControlPlaneProcess {
  readonly url: string;
  call(method: string, path: string, key: string, body?: unknown): Promise<Answer>;
  /** A workspace with one listener and a key for each. */
  tenant(name: string, namespaces: readonly string[]): Promise<Tenant>;
  output(): string;
  end(signal: NodeJS.Signals): Promise<number | null>;
}

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the API says; tests look at the fields they mean
  readonly body: any;
}

/** On a new embedded database, unless the words name a Postgres. */
export async function startControlPlaneProcess(words: readonly string[] = []): Promise<ControlPlaneProcess> {
  const adminKey = randomBytes(32).toString('hex');
  const data = join(await temporaryFolder('control-plane'), 'data');
  if (!words.includes('--database-url')) await emptyDatabase(join(data, 'database'));
  const child = startTowpath(['control-plane', '--port', '0', '--data', data, '--json', ...words], {
    env: { TOWPATH_ADMIN_KEY: adminKey, TOWPATH_ENCRYPTION_KEY: randomBytes(32).toString('hex') },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  const ready = eventually('the control plane is ready', async () => {
    const line = output.split('\n').find((one) => one.includes('Control plane is ready'));
    return line ? String((JSON.parse(line) as { url: string }).url) : null;
  });
  const url = await Promise.race([ready, ended.then(() => null)]);
  if (url === null) throw new Error(`towpath control-plane ended with ${child.exitCode}:\n${output}`);
  const call = async (method: string, path: string, key: string, body?: unknown): Promise<Answer> => {
    const headers = { 'X-Api-Key': key, 'Content-Type': 'application/json' };
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const response = await fetch(`${url}${path}`, init);
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : JSON.parse(text) };
  };
  return {
    url,
    call,
    tenant: (name, namespaces) => makeTenant(call, adminKey, name, namespaces),
    output: () => output,
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}

async function makeTenant(
  call: ControlPlaneProcess['call'],
  adminKey: string,
  name: string,
  namespaces: readonly string[],
): Promise<Tenant> {
  const post = async (path: string, key: string, body: unknown) => {
    const answer = await call('POST', path, key, body);
    if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const { id: workspaceId } = await post('/towpath/v1/workspaces', adminKey, { name });
  const keyFor = (body: object) =>
    post('/towpath/v1/keys', adminKey, { workspace_id: workspaceId, name, ...body }).then(({ key }) => String(key));
  const workspaceKey = await keyFor({ kind: 'workspace' });
  const listener = { compute_type: 'k8s', compute_id: name, compute_config: { k8s_namespaces: namespaces } };
  const { id: listenerId } = await post('/v2/listeners', workspaceKey, listener);
  const listenerKey = await keyFor({ kind: 'listener', listener_id: listenerId });
  return { workspaceId, listenerId, workspaceKey, listenerKey };
}

/** The text of a file below the project. */
export function projectFile(path: string): Promise<string> {
  return readFile(join(import.meta.dirname, '../..', path), 'utf8');
}
