/** The loop over real HTTP and a memory repository: what the listener does with what is wanted. */
import { afterEach, describe, expect, it } from 'vitest';
import { httpControlPlane } from '../../src/adapters/control-plane/http.ts';
import { namedSecretSealer } from '../../src/adapters/secret-sealer/named.ts';
import { noTelemetry } from '../../src/adapters/telemetry/none.ts';
import { parseProvenance } from '../../src/core/provenance.ts';
import type { Namespace } from '../../src/domain/configuration-namespace.ts';
import { TowpathError } from '../../src/domain/failure.ts';
import { repoPath } from '../../src/domain/file-tree.ts';
import { type DeploymentId, DeploymentName, NamespaceName } from '../../src/domain/identifiers.ts';
import { resourceName } from '../../src/domain/resource-name.ts';
import type { NamespaceParts } from '../../src/listener/context.ts';
import { startListener } from '../../src/listener/listener.ts';
import type { Repository } from '../../src/ports.ts';
import {
  configurationFor,
  hurried,
  type ListenerSetup,
  listen,
  secretKey,
  systemClock,
  teamA,
} from '../support/listener-world.ts';
import { memoryLog } from '../support/memory-log.ts';
import { type MemoryRemote, memoryRemote, memoryRepository } from '../support/memory-repository.ts';
import { plainRenderer } from '../support/plain-renderer.ts';
import { type ScriptedControlPlane, startScriptedControlPlane } from '../support/scripted-control-plane.ts';
import { until } from '../support/until.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function makePlane(): Promise<ScriptedControlPlane> {
  const plane = await startScriptedControlPlane();
  stops.push(plane.stop);
  return plane;
}

function start(plane: ScriptedControlPlane, remote: MemoryRemote, more: Partial<ListenerSetup> = {}) {
  const running = listen({ plane, repository: memoryRepository(remote), ...more });
  stops.push(running.stop);
  return running;
}

const succeeded = (plane: ScriptedControlPlane, id: DeploymentId) =>
  until('success', () => plane.lastReport(id)?.outcome === 'succeeded' && plane.lastReport(id));

const folderOf = (remote: MemoryRemote, name: string) =>
  [...remote.files().keys()]
    .find((path) => path.startsWith(`deployments/${name}-`))
    ?.split('/')
    .slice(0, 2)
    .join('/') ?? '';

describe('the way of one revision', () => {
  it('lays down a new deployment and says so', async () => {
    const plane = await makePlane();
    const remote = memoryRemote();
    const id = plane.create('chat', { secrets: { OPENAI_API_KEY: 'sk-planted-value' } });

    start(plane, remote);
    const report = await succeeded(plane, id);

    expect(report).toMatchObject({ stage: 'committed', reason: 'Pushed', commit: remote.head });
    expect(report.message).toContain('nothing watches a cluster (engine none)');
    expect(report.message).toMatch(/A cluster needs Secret "chat-[0-9a-f]{10}-env-[0-9a-f]{10}" .* OPENAI_API_KEY/);
    expect(plane.reports.filter((each) => each.kind === 'revision').map((each) => each.stage)).toEqual([
      'rendered',
      'committed',
    ]);
    const [commit] = remote.log();
    expect(commit?.message).toMatch(/^deploy\(chat\): revision [0-9a-f]{8}, chat:1\.0\.0\n\n/);
    expect(commit?.author).toEqual({ name: 'Ada', email: 'ada@example.com' });
    expect([...remote.files().keys()].filter((path) => !path.startsWith('deployments/'))).toEqual(['README.md']);
    const provenance = parseProvenance(remote.files().get(`${folderOf(remote, 'chat')}/PROVENANCE`) ?? '');
    expect(provenance).toMatchObject({
      deploymentId: id,
      change: 'deploy',
      revisionId: plane.wanted().get(id)?.revision,
    });
    expect(JSON.stringify([remote.log(), [...remote.files()], plane.reports])).not.toContain('sk-planted-value');
  });

  it('takes an update as one commit, and asks for secret values only when they changed', async () => {
    const plane = await makePlane();
    const remote = memoryRemote();
    const id = plane.create('chat', { secrets: { TOKEN: 'planted-token' } });
    start(plane, remote);
    await succeeded(plane, id);

    plane.update(id, { image: 'registry.example/agents/chat:2.0.0' });
    await succeeded(plane, id);

    expect(remote.log()).toHaveLength(2);
    expect(remote.log()[0]?.message).toContain(
      'Image: registry.example/agents/chat:1.0.0 -> registry.example/agents/chat:2.0.0',
    );
    expect(plane.requests.filter((request) => request.endsWith('/secrets'))).toHaveLength(1);
  });

  it('removes only what is said to be removed', async () => {
    const plane = await makePlane();
    const remote = memoryRemote();
    const [gone, vanished] = [plane.create('gone'), plane.create('vanished')];
    start(plane, remote);
    await succeeded(plane, gone);
    await succeeded(plane, vanished);

    plane.vanish(vanished);
    plane.remove(gone);
    await until('the removal', () =>
      plane.reports.some((report) => report.kind === 'removal' && report.outcome === 'succeeded'),
    );
    plane.restore();
    const lane = await until('the orphan', () =>
      plane.reports.findLast((report) => report.kind === 'lane' && report.orphans.length > 0),
    );

    expect(lane).toMatchObject({ outcome: 'ok', reason: 'OrphanFolders' });
    expect(folderOf(remote, 'gone')).toBe('');
    expect(folderOf(remote, 'vanished')).not.toBe('');
    expect(remote.log()[0]?.subject).toMatch(/^remove\(gone\): revision/);
  });

  it('finds its folders among shards whatever else a person has put there', async () => {
    const plane = await makePlane();
    const remote = memoryRemote();
    const id = plane.create('chat');
    start(plane, remote, { namespace: { layout: 'sharded' } });
    await succeeded(plane, id);
    const [shard] = [...remote.files().keys()].flatMap((path) => /^deployments\/[0-9a-f]{2}(?=\/)/.exec(path) ?? []);
    remote.commit('A note', [{ kind: 'write', path: repoPath(`${shard}/NOTES.md`), content: 'mine\n' }]);

    plane.remove(id);
    await until('the removal', () =>
      plane.reports.some((report) => report.kind === 'removal' && report.outcome === 'succeeded'),
    );

    expect([...remote.files().keys()]).toEqual(['README.md', `${shard}/NOTES.md`]);
  });

  it('lays its README down once, and leaves it to the readers of the repository', async () => {
    const plane = await makePlane();
    const [remote, described] = [memoryRemote(), memoryRemote()];
    described.commit('Mine', [{ kind: 'write', path: repoPath('README.md'), content: 'mine\n' }]);
    const id = plane.create('chat');
    start(plane, remote);
    await succeeded(plane, id);
    expect(remote.files().get('README.md')).toContain('team-a');

    remote.commit('No README', [{ kind: 'delete', path: repoPath('README.md') }]);
    plane.update(id);
    await succeeded(plane, id);
    const other = await makePlane();
    const second = other.create('chat');
    start(other, described);
    await succeeded(other, second);

    expect(remote.log()[0]?.subject).toMatch(/^deploy\(chat\)/);
    expect(remote.files().has('README.md')).toBe(false);
    expect(described.files().get('README.md')).toBe('mine\n');
  });

  it('asks once and renders nothing when nothing changed', async () => {
    const plane = await makePlane();
    const remote = memoryRemote();
    const id = plane.create('chat');
    const renderer = plainRenderer();
    const running = start(plane, remote, { renderer });
    await succeeded(plane, id);
    const before = { ...remote.requests, renderings: renderer.renderings };

    running.wake();
    await until('the look', () => remote.requests.head > before.head);

    expect({ ...remote.requests, renderings: renderer.renderings }).toEqual({ ...before, head: before.head + 1 });
  });

  it('goes on after a restart from what git and the control plane remember', async () => {
    const plane = await makePlane();
    const remote = memoryRemote();
    const id = plane.create('chat', { secrets: { TOKEN: 'planted-token' } });
    const first = start(plane, remote);
    await succeeded(plane, id);
    await first.stop();
    const renderer = plainRenderer();

    start(plane, remote, { renderer });
    const other = plane.create('other');
    await succeeded(plane, other);

    expect(renderer.renderings).toBe(1);
    expect(remote.log()).toHaveLength(2);
  });
});

describe('a hand in git', () => {
  it('is held, named, and ended by the next revision', async () => {
    const plane = await makePlane();
    const remote = memoryRemote();
    const id = plane.create('chat');
    const running = start(plane, remote);
    await succeeded(plane, id);
    const file = repoPath(`${folderOf(remote, 'chat')}/api.service.yaml`);

    const edit = remote.commit('Tune it', [{ kind: 'write', path: file, content: 'edited\n' }]);
    running.wake();
    const held = await until('the hold', () => plane.lastReport(id)?.reason === 'EditedInGit' && plane.lastReport(id));

    expect(held.message).toContain(`by Jane <jane@example.com> in ${edit.slice(0, 12)} ("Tune it")`);
    expect(remote.files().get(file)).toBe('edited\n');
    plane.update(id);
    await succeeded(plane, id);
    expect(remote.files().get(file)).not.toBe('edited\n');
  });

  it('is held too when it takes the folder away, also across a restart', async () => {
    const plane = await makePlane();
    const remote = memoryRemote();
    const id = plane.create('chat');
    const first = start(plane, remote);
    await succeeded(plane, id);
    await first.stop();
    remote.commit('Clean up', [{ kind: 'delete-folder', path: repoPath(folderOf(remote, 'chat')) }]);

    start(plane, remote);
    const held = await until('the hold', () => plane.lastReport(id)?.reason === 'RemovedInGit' && plane.lastReport(id));

    expect(held.message).toContain('("Clean up")');
    expect(folderOf(remote, 'chat')).toBe('');
  });

  it('is overwritten where the configuration says restore', async () => {
    const plane = await makePlane();
    const remote = memoryRemote();
    const id = plane.create('chat');
    const running = start(plane, remote, { namespace: { drift: 'restore' } });
    await succeeded(plane, id);
    const file = repoPath(`${folderOf(remote, 'chat')}/api.service.yaml`);

    remote.commit('Tune it', [{ kind: 'write', path: file, content: 'edited\n' }]);
    running.wake();

    await until('the restore', () => remote.files().get(file) !== 'edited\n');
    expect(remote.log()[0]?.message).toMatch(
      /^restore\(chat\): revision .*[\s\S]*Change: restore\n[\s\S]*Of-Revision: /,
    );
  });

  it('never touches a folder that is not ours', async () => {
    const plane = await makePlane();
    const remote = memoryRemote();
    const id = plane.create('chat');
    const path = `deployments/${resourceName(DeploymentName.parse('chat'), id)}`;
    remote.commit('Mine', [{ kind: 'write', path: repoPath(`${path}/mine.yaml`), content: 'mine\n' }]);

    start(plane, remote);
    const report = await until('the refusal', () => plane.lastReport(id)?.outcome === 'failed' && plane.lastReport(id));

    expect(report.reason).toBe('ForeignFolder');
    expect([...remote.files().values()]).toEqual(['mine\n']);
  });
});

describe('one deployment’s failure', () => {
  it('is told with all findings, and holds up nobody', async () => {
    const plane = await makePlane();
    const remote = memoryRemote();
    const bad = plane.create('bad', { image: 'registry.example/forbidden:1' });
    const good = plane.create('good');

    start(plane, remote);
    await succeeded(plane, good);
    const report = await until(
      'the failure',
      () => plane.lastReport(bad)?.outcome === 'failed' && plane.lastReport(bad),
    );

    expect(report).toMatchObject({ stage: 'rendered', reason: 'InvalidManifest' });
    expect(report.message).toContain('2 problem(s)\napi.deployment.yaml:3 /spec/image: this image is forbidden\n');
    expect(remote.log()).toHaveLength(1);
  });
});

describe('a revision that failed by itself', () => {
  it('keeps its own reason while the whole repository fails', async () => {
    const plane = await makePlane();
    const remote = memoryRemote();
    const bad = plane.create('bad', { image: 'registry.example/forbidden:1' });
    start(plane, remote);
    await until('its failure', () => plane.lastReport(bad)?.reason === 'InvalidManifest');

    remote.denial = 'no pushes today';
    const good = plane.create('good');
    await until('the refusal', () => plane.lastReport(good)?.reason === 'PushDenied');

    expect(plane.lastReport(bad)?.reason).toBe('InvalidManifest');
  });
});

describe('the brake on removals', () => {
  it('holds all of too many, until a person releases it', async () => {
    const plane = await makePlane();
    const remote = memoryRemote();
    const ids = ['a', 'b', 'c'].map((name) => plane.create(name));
    const running = start(plane, remote, { namespace: { deletion: { max: 2 } } });
    for (const id of ids) await succeeded(plane, id);
    await running.stop();
    for (const id of ids) plane.remove(id);

    start(plane, remote, { namespace: { deletion: { max: 2 } } });
    const lane = await until('the hold', () =>
      plane.reports.findLast((report) => report.kind === 'lane' && report.outcome === 'held'),
    );

    expect(lane.message).toContain('deletion.max is 2');
    expect(remote.log().filter((commit) => commit.subject.startsWith('remove('))).toEqual([]);
  });

  it('counts what git shows, so that a restart resets nothing', async () => {
    const plane = await makePlane();
    const remote = memoryRemote();
    const ids = ['a', 'b', 'c'].map((name) => plane.create(name));
    const running = start(plane, remote, { namespace: { deletion: { max: 2 } } });
    for (const id of ids) await succeeded(plane, id);
    for (const id of ids.slice(0, 2)) plane.remove(id);
    await until(
      'two removals',
      () => remote.log().filter((commit) => commit.subject.startsWith('remove(')).length === 2,
    );
    await running.stop();
    plane.remove(ids[2] as DeploymentId);

    start(plane, remote, { namespace: { deletion: { max: 2 } } });
    await until('the hold', () => plane.reports.some((report) => report.kind === 'lane' && report.outcome === 'held'));

    expect(folderOf(remote, 'c')).not.toBe('');
  });
});

describe('a server that says no', () => {
  it('is not asked hotly, and its words are told', async () => {
    const plane = await makePlane();
    const remote = memoryRemote();
    remote.denial = 'GH006: Protected branch\u0007 update failed';
    const id = plane.create('chat');

    const running = start(plane, remote);
    const report = await until('the failure', () => plane.lastReport(id)?.outcome === 'failed' && plane.lastReport(id));
    expect(report).toMatchObject({ stage: 'committed', reason: 'PushDenied' });
    expect(report.message).toContain('"GH006: Protected branch update failed"');
    expect(remote.requests.publish).toBe(1);

    remote.denial = null;
    running.wake();
    await succeeded(plane, id);
    expect(remote.log()).toHaveLength(1);
  });

  it('waits for its turn where the head keeps moving, and fails nothing', async () => {
    const plane = await makePlane();
    const remote = memoryRemote();
    let pushes = 0;
    remote.beforePublish = () => {
      pushes += 1;
      if (pushes <= 12)
        remote.commit(`Competitor ${pushes}`, [{ kind: 'write', path: repoPath('other.txt'), content: `${pushes}\n` }]);
    };
    const id = plane.create('chat');

    start(plane, remote);
    await succeeded(plane, id);

    expect(plane.reports.filter((report) => report.kind === 'revision' && report.outcome === 'failed')).toEqual([]);
    expect(remote.log().filter((commit) => commit.subject.startsWith('deploy('))).toHaveLength(1);
    expect(remote.files().get('other.txt')).toBe('12\n');
  });
});

describe('a policy of the server', () => {
  it('holds up only the deployment that it refuses', async () => {
    const plane = await makePlane();
    const remote = memoryRemote();
    remote.policy = (message) => (message.startsWith('deploy(c)') ? 'GH013: no c here' : null);
    const ids = new Map(['a', 'b', 'c', 'd', 'e'].map((name) => [name, plane.create(name)]));

    start(plane, remote);
    const refused = ids.get('c') as DeploymentId;
    const report = await until(
      'the refusal',
      () => plane.lastReport(refused)?.outcome === 'failed' && plane.lastReport(refused),
    );
    for (const [name, id] of ids) if (name !== 'c') await succeeded(plane, id);

    expect(report).toMatchObject({ stage: 'committed', reason: 'PushRefusedByPolicy' });
    expect(report.message).toContain('GH013: no c here');
    remote.policy = null;
    await succeeded(plane, refused);
    expect(remote.log()).toHaveLength(5);
  });
});

describe('what was laid down from other inputs', () => {
  it.each([
    ['is left until its next revision', 'next-revision', 1],
    ['is made anew at once where the configuration says now', 'now', 2],
  ] as const)('%s', async (_name, rerender, commits) => {
    const plane = await makePlane();
    const remote = memoryRemote();
    const id = plane.create('chat');
    const first = start(plane, remote);
    await succeeded(plane, id);
    await first.stop();

    start(plane, remote, { renderer: plainRenderer('b'), namespace: { rerender } });
    const other = plane.create('other');
    await succeeded(plane, other);

    const changes = remote.log().filter((commit) => commit.subject.includes('(chat)'));
    expect(changes).toHaveLength(commits);
    if (commits === 2) expect(changes[0]?.message).toMatch(/^rerender\(chat\)[\s\S]*\nOf-Revision: /);
  });

  it('waits where a kustomize component is missing, and says which', async () => {
    const plane = await makePlane();
    const remote = memoryRemote();
    const id = plane.create('chat');

    const running = start(plane, remote, { namespace: { kustomize: { components: ['components/defaults'] } } });
    const report = await until(
      'the word',
      () => plane.lastReport(id)?.reason === 'MissingComponent' && plane.lastReport(id),
    );
    expect(report).toMatchObject({ outcome: 'progressing', message: expect.stringContaining('components/defaults') });

    remote.commit('Add it', [
      { kind: 'write', path: repoPath('components/defaults/kustomization.yaml'), content: 'kind: Component\n' },
    ]);
    running.wake();
    await succeeded(plane, id);
  });
});

describe('another history', () => {
  const rewrite = (remote: MemoryRemote): void => {
    remote.head = null;
    remote.commit('Begin anew', [{ kind: 'write', path: repoPath('notes.txt'), content: 'anew\n' }]);
  };

  it('stops the lane, until the configuration accepts it', async () => {
    const plane = await makePlane();
    const remote = memoryRemote();
    const [id, other] = [plane.create('chat'), plane.create('other')];
    const first = start(plane, remote);
    await succeeded(plane, id);
    await succeeded(plane, other);
    await first.stop();
    rewrite(remote);
    plane.update(other);

    const second = start(plane, remote);
    const report = await until(
      'the stop',
      () => plane.lastReport(other)?.reason === 'HistoryRewritten' && plane.lastReport(other),
    );
    expect(report.message).toContain(`acceptHistory: ${remote.head}`);
    await second.stop();
    expect(remote.log()).toHaveLength(1);

    start(plane, remote, { namespace: { acceptHistory: remote.head } });
    await succeeded(plane, other);
    await until('both folders', () => folderOf(remote, 'chat') && folderOf(remote, 'other'));
    expect(remote.files().get('notes.txt')).toBe('anew\n');
  });
});

describe('a budget of pushes', () => {
  it('makes changes wait and go out together', async () => {
    const plane = await makePlane();
    const remote = memoryRemote();
    const id = plane.create('first');
    start(plane, remote, { namespace: { pushesPerMinute: 1 } });
    await succeeded(plane, id);

    for (const name of ['a', 'b', 'c']) plane.create(name);
    await until(
      'the revisions to be seen',
      () => plane.requests.filter((request) => request.endsWith('/spec')).length >= 4,
    );

    expect(remote.requests.publish).toBe(1);
    expect(plane.reports.filter((report) => report.outcome === 'failed')).toEqual([]);
  });
});

describe('one repository’s failure', () => {
  it('never holds up another repository', async () => {
    const plane = await makePlane();
    const remote = memoryRemote();
    const teamB = NamespaceName.parse('team-b');
    const broken: Repository = {
      ...memoryRepository(memoryRemote()),
      head: () =>
        Promise.reject(new TowpathError('terminal', 'AuthenticationFailed', 'Cannot read it: wrong password')),
    };
    const parts = (repository: Repository): NamespaceParts => ({
      ...{
        repository,
        secretKey,
        sealer: namedSecretSealer(),
        renderer: plainRenderer(),
        engine: null,
        cluster: null,
        review: null,
      },
    });
    const controlPlane = httpControlPlane({ url: plane.url, apiKey: 'key' }, plane.listenerId);
    const namespaces = new Map([
      [teamA, parts(memoryRepository(remote))],
      [teamB, parts(broken)],
    ]);
    const configuration = configurationFor({ plane });
    const [settings] = Object.values(configuration.namespaces);
    const stuck = plane.create('stuck', { namespace: 'team-b' });
    const id = plane.create('chat');

    const running = startListener(
      { controlPlane, namespaces, clock: systemClock, log: memoryLog(), telemetry: noTelemetry },
      { ...configuration, namespaces: { [teamA]: settings as Namespace, [teamB]: settings as Namespace } },
      { towpathVersion: '0.1.0', timings: hurried },
    );
    stops.push(running.stop);
    const report = await until(
      'the failure',
      () => plane.lastReport(stuck)?.outcome === 'failed' && plane.lastReport(stuck),
    );
    await succeeded(plane, id);

    expect(report).toMatchObject({ reason: 'AuthenticationFailed', message: 'Cannot read it: wrong password' });
    const lanes = plane.reports.filter((each) => each.kind === 'lane').map((lane) => [lane.namespace, lane.outcome]);
    expect(lanes).toEqual(
      expect.arrayContaining([
        ['team-a', 'ok'],
        ['team-b', 'failed'],
      ]),
    );
  });
});
