import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { runTowpath, startTowpath } from '../support/command-line.ts';
import { temporaryFolder } from '../support/temp.ts';
import { type ScriptedCluster, scriptedCluster } from './doctor-cluster.ts';

const token = 'a-token-that-nobody-may-see';
let folder: string;
let cluster: ScriptedCluster;

beforeAll(async () => {
  folder = await temporaryFolder('listening');
  cluster = await scriptedCluster();
  await writeFile(join(folder, 'api-key'), 'a-key');
  await writeFile(join(folder, 'key'), 'ab'.repeat(32));
  await writeFile(join(folder, 'broken.kubeconfig'), `users:\n  - user: { token: ${token}\nclusters: []\n`);
  await writeFile(join(folder, 'dead.kubeconfig'), kubeconfigOf('https://127.0.0.1:1'));
});

afterAll(() => cluster.close());

describe('towpath listen, before it begins', () => {
  it.each([
    [
      'no pod and no kubeconfig',
      { engine: 'flux' },
      'Cannot watch namespace team-a: its engine is flux, but this is no',
    ],
    [
      'a kubeconfig that is not there',
      { kubeconfig: 'gone' },
      'gone": there is no such file; check cluster.kubeconfig',
    ],
    ['a kubeconfig that is no YAML', { kubeconfig: 'broken.kubeconfig' }, 'broken.kubeconfig": '],
    ['a context that is not there', { kubeconfig: 'dead.kubeconfig', context: 'b' }, 'it has no context "b"; check'],
    ['an API server that does not answer', { kubeconfig: 'dead.kubeconfig' }, '(ECONNREFUSED); check the network'],
    ['an election without a place', { engine: 'none', leaderElection: {} }, 'listener.leaderElection.namespace'],
  ])('says what is wrong with %s, and ends with exit code 1', async (_, changes, message) => {
    const { code, stderr } = await runTowpath(['listen', '--config', await configured(changes)]);

    expect(stderr).toContain(message);
    expect(stderr).not.toContain(token);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(code).toBe(1);
  });

  it('names the port for metrics that another program has', async () => {
    const other = createServer();
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    const { port } = other.address() as AddressInfo;

    const { code, stderr } = await runTowpath(['listen', '-c', await configured({ engine: 'none', port })]);

    other.close();
    expect(stderr).toContain(`Cannot listen on 127.0.0.1:${port}: another program listens there`);
    expect(stderr).toContain('monitoring.port');
    expect(code).toBe(1);
  });
});

describe('towpath listen, with a cluster that is in trouble', () => {
  it.each([
    ['does not answer', () => join(folder, 'dead.kubeconfig'), 'the connection failed (ECONNREFUSED)'],
    ['does not serve the engine’s kinds', () => cluster.kubeconfig, 'is its kind installed there?'],
  ])('goes on when it %s, says so, and ends when it is told to', async (_, kubeconfig, message) => {
    const config = await configured({ engine: 'argo-cd', kubeconfig: kubeconfig() });
    const listener = startTowpath(['listen', '--config', config, '--json']);
    const ended = new Promise<number | null>((done) => listener.on('close', done));
    let said = '';
    await new Promise<void>((done) => {
      listener.on('close', () => done());
      listener.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('Listening') && said.includes(message)) done();
      });
    });
    listener.kill('SIGTERM');

    expect(await ended).toBe(0);
    expect(said).toContain(message);
  });
});

interface Changes {
  readonly engine?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly leaderElection?: object;
  readonly port?: number;
}

async function configured({ engine = 'auto', kubeconfig, context, leaderElection, port }: Changes): Promise<string> {
  const path = join(folder, `${crypto.randomUUID()}.yaml`);
  const configuration = {
    controlPlane: { url: 'http://127.0.0.1:1', apiKeyFile: 'api-key' },
    listener: { id: '0b6c8f0e-64f5-4f6c-9b68-0b3a2f0f7a11', leaderElection },
    namespaces: { 'team-a': { repository: 'http://127.0.0.1:1/a.git', secrets: { keyFile: 'key' }, engine } },
    cluster: { kubeconfig, context },
    ...(port === undefined ? {} : { monitoring: { port } }),
  };
  await writeFile(path, stringify(JSON.parse(JSON.stringify(configuration))));
  return path;
}

function kubeconfigOf(server: string): string {
  return stringify({
    clusters: [{ name: 'a', cluster: { server } }],
    users: [{ name: 'a', user: { token } }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    'current-context': 'a',
  });
}
