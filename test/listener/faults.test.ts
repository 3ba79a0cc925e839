/** What faults of the git server and bad repositories do to the loop, on real git over real HTTP. */
import { rm, writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { GitRepository } from '../../src/adapters/repository/repository.ts';
import { DeploymentId, DeploymentName } from '../../src/domain/identifiers.ts';
import { folderOf, resourceName } from '../../src/domain/resource-name.ts';
import { HttpTransport } from '../../src/git/http-transport.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import { type ListenerSetup, listen } from '../support/listener-world.ts';
import { type ScriptedControlPlane, startScriptedControlPlane } from '../support/scripted-control-plane.ts';
import type { TestRepository } from '../support/test-repository.ts';
import { until } from '../support/until.ts';

let server: GitServer;
let allowed = true;
const stops: (() => Promise<unknown>)[] = [];
let count = 0;

beforeAll(async () => {
  server = await startGitServer({
    authorize: async () => (allowed ? ('allow' as const) : ('unauthenticated' as const)),
  });
});
afterAll(() => server.close());
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  allowed = true;
});

async function world(files: Readonly<Record<string, string>> | null = { 'README.md': 'mine\n' }) {
  const remote = await server.repository(`faults-${count++}`);
  if (files) await remote.seed(files);
  const plane = await startScriptedControlPlane();
  stops.push(plane.stop);
  return { remote, plane };
}

function start(plane: ScriptedControlPlane, remote: TestRepository, more: Partial<ListenerSetup> = {}) {
  const repository = new GitRepository({ branch: 'main', transport: new HttpTransport({ url: remote.url }) });
  const running = listen({ plane, repository, ...more });
  stops.push(running.stop);
  return running;
}

const succeeded = (plane: ScriptedControlPlane, id: DeploymentId) =>
  until('success', () => plane.lastReport(id)?.outcome === 'succeeded' && plane.lastReport(id));

const failed = (plane: ScriptedControlPlane, id: DeploymentId) =>
  until('failure', () => plane.lastReport(id)?.outcome === 'failed' && plane.lastReport(id));

async function deploys(remote: TestRepository): Promise<readonly string[]> {
  return (await remote.log()).map((commit) => commit.subject).filter((subject) => subject.startsWith('deploy('));
}

describe('cut connections', () => {
  it.each([
    ['the answer to the push is lost', { kind: 'lose-answer' as const }],
    ['the answer is cut short', { kind: 'cut-answer' as const, afterBytes: 9 }],
    ['the push is cut short', { kind: 'cut-request' as const, afterBytes: 100 }],
    ['a proxy answers 503 instead', { kind: 'status' as const, status: 503 }],
    ['a captive portal answers', { kind: 'garbage' as const }],
    ['discovery is cut', { kind: 'cut-answer' as const, afterBytes: 5, on: { path: /git-upload-pack$/ } }],
  ])('commit each revision once when %s', async (_name, fault) => {
    const { remote, plane } = await world();
    server.inject(fault);
    const id = plane.create('chat');

    start(plane, remote, { git: { interval: '200ms' } });
    const report = await succeeded(plane, id);

    expect(await deploys(remote)).toHaveLength(1);
    expect(report.commit).toBe(await remote.head());
    await remote.fsck();
  });
});

describe('a competitor on the same branch', () => {
  it('costs neither side a commit', async () => {
    const { remote, plane } = await world();
    let theirs = 0;
    const compete = (): void =>
      server.inject({
        kind: 'before',
        run: async () => {
          theirs += 1;
          await remote.seed({ [`theirs/${theirs}`]: 'x\n' }, { message: 'theirs' });
          if (theirs < 12) compete();
        },
      });
    compete();
    const ids = ['a', 'b', 'c'].map((name) => plane.create(name));

    start(plane, remote);
    for (const id of ids) await succeeded(plane, id);

    expect((await deploys(remote)).toSorted().map((subject) => subject.slice(0, 9))).toEqual([
      'deploy(a)',
      'deploy(b)',
      'deploy(c)',
    ]);
    expect(Object.keys(await remote.tree()).filter((path) => path.startsWith('theirs/'))).toHaveLength(theirs);
    await remote.fsck();
  });
});

describe('a repository that cannot be used', () => {
  it('says that the credentials are wrong, and goes on once they are right', async () => {
    const { remote, plane } = await world();
    allowed = false;
    const id = plane.create('chat');

    start(plane, remote, { git: { interval: '100ms' } });
    const report = await failed(plane, id);
    expect(report.message).toMatch(/^Cannot .*faults-.*(credential|password|token)/i);
    expect(plane.reports).toContainEqual(
      expect.objectContaining({ kind: 'lane', outcome: 'failed', reason: report.reason }),
    );

    allowed = true;
    await succeeded(plane, id);
    expect(plane.reports.findLast((each) => each.kind === 'lane')).toMatchObject({ outcome: 'ok' });
  });

  it('says that the branch is missing, and lays nothing down elsewhere', async () => {
    const { remote, plane } = await world(null);
    await remote.seed({ a: '1' }, { branch: 'trunk' });
    const id = plane.create('chat');

    start(plane, remote, { git: { interval: '100ms' } });
    const report = await failed(plane, id);
    expect(report).toMatchObject({ reason: 'MissingBranch', message: expect.stringContaining('branch "main"') });
    expect(await remote.tree('trunk')).toEqual({ a: '1' });

    await remote.git('branch', 'main', 'trunk');
    await succeeded(plane, id);
  });

  it.each([
    ['a folder', 'flat', (path: string) => `${path}/app.yaml`],
    ['a file where its folder belongs', 'flat', (path: string) => path],
    ['a file where its shard belongs', 'sharded', (path: string) => path.slice(0, path.lastIndexOf('/'))],
  ] as const)('leaves %s alone that is not ours, and holds up nobody for it', async (_name, layout, pathOf) => {
    const id = DeploymentId.parse('22222222-2222-4222-8222-222222222222');
    const theirs = pathOf(folderOf(layout, resourceName(DeploymentName.parse('chat'), id), id));
    const { remote, plane } = await world({ [theirs]: 'mine\n' });
    plane.create('chat', { id });
    const other = plane.create('other');

    start(plane, remote, { namespace: { layout } });
    const report = await failed(plane, id);
    await succeeded(plane, other);

    expect(report).toMatchObject({ reason: 'ForeignFolder', message: expect.stringContaining('move it away in git') });
    expect(await remote.tree()).toMatchObject({ [theirs]: 'mine\n' });
    expect((await deploys(remote)).map((subject) => subject.slice(0, 13))).toEqual(['deploy(other)']);
    await remote.fsck();
  });

  it('overwrites no file that is called like the folder of all deployments', async () => {
    const { remote, plane } = await world({ deployments: 'mine\n' });
    const id = plane.create('chat');

    start(plane, remote, { git: { interval: '100ms' } });
    expect(await failed(plane, id)).toMatchObject({ reason: 'ForeignFile' });
    expect(await remote.tree()).toEqual({ deployments: 'mine\n' });

    await remote.seed({ deployments: null, notes: 'mine\n' });
    await succeeded(plane, id);
  });

  it('lays an empty repository down anew, also when it was emptied', async () => {
    const { remote, plane } = await world(null);
    const id = plane.create('chat');
    const running = start(plane, remote);
    await succeeded(plane, id);
    expect(Object.keys(await remote.tree())).toContain('README.md');

    await remote.git('update-ref', '-d', 'refs/heads/main');
    running.wake();
    await until('a new head', () => remote.head());

    expect(await deploys(remote)).toHaveLength(1);
    await remote.fsck();
  });

  it('names the lock that a crash left on the server, and goes on when it is gone', async () => {
    const { remote, plane } = await world();
    await writeFile(`${remote.path}/refs/heads/main.lock`, '');
    const id = plane.create('chat');

    const running = start(plane, remote);
    const report = await failed(plane, id);
    expect(report).toMatchObject({ reason: 'PushDenied', message: expect.stringContaining('lock') });
    const pushes = server.requests.filter(
      (each) => each.method === 'POST' && each.path.endsWith(`/${remote.name}.git/git-receive-pack`),
    );
    expect(pushes.length).toBeLessThanOrEqual(3);

    await rm(`${remote.path}/refs/heads/main.lock`);
    running.wake();
    await succeeded(plane, id);
    expect(await deploys(remote)).toHaveLength(1);
  });

  it('stops where history was rewritten, until it is put back', async () => {
    const { remote, plane } = await world();
    const id = plane.create('chat');
    const first = start(plane, remote);
    await succeeded(plane, id);
    await first.stop();
    const ours = await remote.head();
    await remote.git('update-ref', 'refs/heads/main', `${ours}~1`);
    await remote.seed({ other: 'line\n' }, { message: 'another history' });
    const other = plane.create('other');

    start(plane, remote, { git: { interval: '100ms' } });
    const report = await failed(plane, other);
    expect(report).toMatchObject({
      reason: 'HistoryRewritten',
      message: expect.stringContaining(ours?.slice(0, 12) ?? ''),
    });
    expect((await remote.log())[0]?.subject).toBe('another history');
    expect(plane.reports.findLast((each) => each.kind === 'lane')).toMatchObject({ outcome: 'held' });

    await remote.git('update-ref', 'refs/heads/main', ours ?? '');
    await succeeded(plane, other);
  });
});

describe('a pass with nothing to do', () => {
  it('is one request', async () => {
    const { remote, plane } = await world();
    const id = plane.create('chat');
    const running = start(plane, remote);
    await succeeded(plane, id);
    const before = (await quiet(remote)).length;

    running.wake();
    await until('the look', () => requestsTo(remote).length > before);

    expect(requestsTo(remote)).toHaveLength(before + 1);
  });
});

describe('a head that was known a moment ago', () => {
  it('is built on without another look', async () => {
    const { remote, plane } = await world();
    const first = plane.create('chat');
    start(plane, remote);
    await succeeded(plane, first);
    const before = (await quiet(remote)).length;

    await succeeded(plane, plane.create('other'));

    expect(requestsTo(remote)[before]).toMatchObject({
      method: 'POST',
      path: expect.stringContaining('git-receive-pack'),
    });
    expect(await deploys(remote)).toHaveLength(2);
  });

  it('is looked at again where somebody pushed since, and so is what nothing has to be pushed for', async () => {
    const { remote, plane } = await world();
    const first = plane.create('chat');
    start(plane, remote);
    await succeeded(plane, first);
    await quiet(remote);
    await remote.seed({ 'notes.txt': 'by hand\n' }, { message: 'by hand' });
    await succeeded(plane, plane.create('other'));
    await quiet(remote);
    const folder = folderOf('flat', resourceName(DeploymentName.parse('chat'), first), first);
    await remote.seed({ [`${folder}/api.deployment.yaml`]: 'kind: Edited\n' }, { message: 'edited' });
    // The same revision once more: nothing to push, yet a reason to look.
    const again = plane.wanted().get(first);
    if (again) plane.update(first, { revision: again.revision });

    await until('the hold', () => plane.lastReport(first)?.reason === 'EditedInGit');

    expect((await remote.log()).map(({ subject }) => subject)).toContain('by hand');
    expect(await deploys(remote)).toHaveLength(2);
    await remote.fsck();
  });
});

const requestsTo = (remote: TestRepository) =>
  server.requests.filter((each) => each.path.includes(`/${remote.name}.git`));

/** Answers all requests once no more come. */
function quiet(remote: TestRepository) {
  return until('the last request to be written down', async () => {
    const before = requestsTo(remote).length;
    await new Promise((done) => setTimeout(done, 30));
    return requestsTo(remote).length === before && requestsTo(remote);
  });
}

describe('two listeners on one repository', () => {
  it('write side by side, and each leaves the other’s folders alone', async () => {
    const { remote, plane } = await world();
    const other = await startScriptedControlPlane();
    stops.push(other.stop);
    const ids = ['a', 'b', 'c'].map((name) => [plane.create(name), other.create(name)] as const);

    start(plane, remote);
    start(other, remote);
    for (const [one, two] of ids) {
      await succeeded(plane, one);
      await succeeded(other, two);
      plane.update(one);
    }
    for (const [one] of ids) await succeeded(plane, one);
    other.remove(ids[0]?.[1] as DeploymentId);
    await until('the removal', async () => (await remote.log())[0]?.subject.startsWith('remove(a)'));

    const revisions = (await remote.log()).flatMap((commit) => /^Revision-Id: (.*)$/m.exec(commit.body)?.[1] ?? []);
    expect(new Set(revisions).size).toBe(revisions.length);
    expect(revisions).toHaveLength(9);
    const folders = Object.keys(await remote.tree()).filter((path) => path.endsWith('/PROVENANCE'));
    expect(folders).toHaveLength(5);
    const lanes = [...plane.reports, ...other.reports].filter((each) => each.kind === 'lane');
    expect(lanes.flatMap((lane) => lane.orphans)).toEqual([]);
    await remote.fsck();
  });
});

describe('a git server that falls silent', () => {
  it('keeps nobody from stopping', async () => {
    const { remote, plane } = await world();
    server.inject({ kind: 'silence', on: { path: new RegExp(`/${remote.name}.git/git-receive-pack$`) } });
    plane.create('chat');
    const running = start(plane, remote, { timings: { stopMs: 100 } });
    await until('the push', () => server.pendingFaults.length === 0);
    const began = Date.now();

    await running.stop();

    expect(Date.now() - began).toBeLessThan(60_000);
  });
});
