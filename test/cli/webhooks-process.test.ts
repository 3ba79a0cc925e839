/** `towpath listen` as a process, which looks at its repository once an hour: a webhook lets it look at once. */
import { createHmac } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTowpath } from '../support/command-line.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import { type ServedControlPlane, serveControlPlane } from '../support/served-control-plane.ts';
import { temporaryFolder } from '../support/temp.ts';
import { until } from '../support/until.ts';

const secret = 'planted-webhook-secret';
let plane: ServedControlPlane;
let git: GitServer;
let looks = 0;

beforeAll(async () => {
  plane = await serveControlPlane({ towpathCalls: true });
  git = await startGitServer({
    authorize: async () => {
      looks += 1;
      return 'allow';
    },
  });
});

afterAll(async () => {
  await plane.stop();
  await git.close();
});

it('looks at its repository whenever a forge tells of a push, says nothing secret, and stops when it is told to', async () => {
  await (await git.repository('team-a')).seed({ 'README.md': 'hello\n' });
  const listener = startTowpath(['listen', '--config', await configured(), '--json']);
  const ended = new Promise<number | null>((done) => listener.on('close', done));
  let said = '';
  listener.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const hook = await until('the webhooks', () => /"url":"([^"]+\/webhook)"/.exec(said)?.[1]);
  await until('the first look', () => looks > 0 && said.includes('"Listening"'));

  // The very first pass may still be under way; the second webhook can only have woken one itself.
  for (const _ of [1, 2]) {
    const before = looks;
    await until('a webhook that wakes', async () => (await push(hook)) === 204);
    await until('another look', () => looks > before);
  }
  const strangers = await fetch(hook, { method: 'POST', body: '{}' });
  listener.kill('SIGTERM');

  expect(strangers.status).toBe(401);
  expect(await ended).toBe(0);
  expect(said).not.toContain(secret);
});

async function push(hook: string): Promise<number> {
  const body = JSON.stringify({ ref: 'refs/heads/main', repository: { clone_url: `${git.url}/team-a.git` } });
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  const headers = { 'x-gitea-event': 'push', 'x-gitea-signature': signature };
  return (await fetch(hook, { method: 'POST', body, headers })).status;
}

async function configured(): Promise<string> {
  const folder = await temporaryFolder('webhooks-process');
  const tenant = await plane.tenant('team-a');
  await writeFile(join(folder, 'api-key'), await plane.listenerKey(tenant));
  await writeFile(join(folder, 'secret'), secret);
  await writeFile(join(folder, 'password'), 'x');
  const path = join(folder, 'towpath.yaml');
  const configuration = {
    controlPlane: { url: plane.url, apiKeyFile: 'api-key' },
    listener: { id: tenant.listenerId },
    webhooks: { port: 0, secretFile: 'secret' },
    git: { interval: '1h' },
    namespaces: {
      'team-a': { repository: `${git.url}/team-a.git`, engine: 'none', credentials: { passwordFile: 'password' } },
    },
  };
  await writeFile(path, JSON.stringify(configuration));
  return path;
}
