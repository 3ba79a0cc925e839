/** The real `langgraph` and `langgraphjs` command lines against a real `towpath dev`. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, creationBody, type DevProcess, eventually, git, startDevProcess } from '../support/dev-process.ts';
import { temporaryFolder } from '../support/temp.ts';
import { planted, runClient, writeProject } from './client.ts';
import { langgraph, langgraphjs } from './install.ts';

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const image = (digit: string): string => `registry.example/agents/chat:1.0.0@${digest(digit)}`;

let dev: DevProcess;
let data: string;
let project: string;

beforeAll(async () => {
  data = join(await temporaryFolder('clients'), 'data');
  project = await temporaryFolder('project');
  await writeProject(project);
  dev = await startDevProcess(data, ['--no-sample']);
});

afterAll(async () => {
  await dev.end('SIGTERM');
});

const python = (words: readonly string[], key?: string) =>
  runClient(langgraph, ['deploy', ...words], { cwd: project, file: dev.file, ...(key ? { key } : {}) });
const javascript = (words: readonly string[]) =>
  runClient(langgraphjs, ['deploy', ...words, '--host-url', dev.file.url], { cwd: project, file: dev.file });
const through = (listenerId: string) => ['--listener-id', listenerId, '--k8s-namespace', 'team-a', '--no-input'];

describe('langgraph 0.4.40 (PyPI)', () => {
  let id: string;

  it('deploys, and waits until the revision is deployed', async () => {
    const secret = ['--image-pull-secret', 'regcred'];
    const words = ['--name', 'chat', '--image-uri', image('a'), ...secret, '--json', ...through(dev.file.listenerId)];

    const { code, stdout } = await python(words);

    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>);
    expect(events.at(-1)).toMatchObject({ event: 'result', status: 'succeeded' });
    expect(code).toBe(0);
    id = events.at(-1)?.['deployment_id'] ?? '';
    const password = Buffer.from(`anybody:${dev.file.apiKey}`).toString('base64');
    const headers = { Authorization: `Basic ${password}` };
    const page = await fetch(events.at(-1)?.['status_url'] ?? '', { headers });
    expect({ status: page.status, text: await page.text() }).toEqual({
      status: 200,
      text: expect.stringContaining('DEPLOYED'),
    });
  });

  it('lists deployments and listeners', async () => {
    const [deployments, listeners] = await Promise.all([
      python(['list', '--json']),
      python(['listeners', 'list', '--json']),
    ]);

    expect(JSON.parse(deployments.stdout)).toEqual([{ id, name: 'chat' }]);
    expect(JSON.parse(listeners.stdout)).toMatchObject([{ id: dev.file.listenerId }]);
  });

  it('updates, and lists both revisions', async () => {
    const updated = await python(['--name', 'chat', '--image-uri', image('b'), '--no-input']);
    const { stdout } = await python(['revisions', 'list', id]);

    expect(updated).toMatchObject({ code: 0, stdout: expect.stringContaining('Deployment successful!') });
    // The client itself calls a deployed revision REPLACED once there is a newer one.
    expect(stdout).toMatch(/ DEPLOYED .*\n.* REPLACED /);
    expect(await subjects()).toEqual([
      expect.stringMatching(/^deploy\(chat\): revision 2 \([0-9a-f]{8}\), chat:1\.0\.0@b{12}$/),
      expect.stringMatching(/^deploy\(chat\): revision 1 \([0-9a-f]{8}\), chat:1\.0\.0@a{12}$/),
    ]);
  });

  it('shows the log of what happened, by id and by name, and no secret', async () => {
    const logs = await Promise.all([python(['logs', '--deployment-id', id]), python(['logs', '--name', 'chat'])]);

    for (const { code, stdout } of logs) {
      expect(code).toBe(0);
      expect(stdout).toMatch(/DEPLOYED: .*Pushed as [0-9a-f]{12}/);
      expect(stdout).toContain('A cluster needs Secret');
      expect(stdout).not.toContain(planted);
    }
  });

  it.each([
    ['an image without a digest', ['--image-uri', 'registry.example/agents/chat:1.0.0'], /must pin a digest/],
    ['no listener', ['--image-uri', image('c')], /deploys through a listener .* Re-run with --listener-id/s],
  ])('explains what is missing: %s', async (_, words, wanted) => {
    const { code, stderr } = await python(['--name', 'other', '--no-input', ...words]);

    expect(code).toBe(2);
    expect(stderr).toMatch(wanted);
  });

  it('prints which listeners there are when it is given another one', async () => {
    const stranger = '11111111-2222-4333-8444-555555555555';

    const { code, stderr } = await python(['--name', 'other', '--image-uri', image('c'), ...through(stranger)]);

    expect(code).toBe(2);
    expect(stderr).toContain(`Listener ${stranger} was not found`);
    expect(stderr).toContain(`${dev.file.listenerId}  cluster towpath-dev  namespaces: default, team-a`);
  });

  it('is told that its key is wrong', async () => {
    const { code, stderr } = await python(['list'], 'wrong-key');

    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('401') });
  });

  it('deletes, until there is nothing left of it', async () => {
    const deleted = await python(['delete', '--force', id]);
    await eventually('404', async () =>
      (await call(dev.file, 'GET', `/v2/deployments/${id}`)).status === 404 ? true : null,
    );

    const after = await python(['revisions', 'list', id]);

    expect(deleted.code).toBe(0);
    expect({ code: after.code, stderr: after.stderr }).toEqual({ code: 1, stderr: expect.stringContaining('404') });
    expect((await subjects())[0]).toMatch(/^remove\(chat\)/);
  });
});

describe('@langchain/langgraph-cli 1.5.1 (npm)', () => {
  let id: string;

  beforeAll(async () => {
    const body = creationBody(dev.file.listenerId, { name: 'from-elsewhere', image: image('d') });
    id = (await call(dev.file, 'POST', '/v2/deployments', body)).body.id;
    await eventually('DEPLOYED', async () =>
      (await call(dev.file, 'GET', `/v2/deployments/${id}`)).body.latest_revision_status === 'DEPLOYED' ? true : null,
    );
  });

  it('lists deployments and revisions', async () => {
    const [deployments, revisions] = await Promise.all([javascript(['list']), javascript(['revisions', 'list', id])]);

    expect(deployments.stdout).toMatch(new RegExp(`${id} +from-elsewhere`));
    expect(revisions.stdout).toContain('DEPLOYED');
  });

  it('shows the log', async () => {
    const { code, stdout } = await javascript(['logs', '--deployment-id', id]);

    expect(code).toBe(0);
    expect(stdout).toMatch(/Pushed as [0-9a-f]{12}/);
  });

  it('is told to bring an image when it wants one built', async () => {
    const { code, stdout, stderr } = await javascript(['--name', 'built', '--no-input', '--remote']);

    expect(code).not.toBe(0);
    expect(stdout + stderr).toContain('external_docker');
    expect(stdout + stderr).toContain('--image-uri');
  });

  it('deletes', async () => {
    const { code } = await javascript(['delete', '--force', id]);

    expect(code).toBe(0);
    await eventually('404', async () =>
      (await call(dev.file, 'GET', `/v2/deployments/${id}`)).status === 404 ? true : null,
    );
  });
});

/** Of team-a, newest first. */
async function subjects(): Promise<string[]> {
  return (await git(['-C', join(data, 'repositories/team-a.git'), 'log', '--format=%s', 'main'])).trim().split('\n');
}
