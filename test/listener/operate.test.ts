/** What a command does when somebody else acts at the same moment, and what it writes before a person has agreed. */
import { afterEach, expect, it } from 'vitest';
import { clusterSecretSealer } from '../../src/adapters/secret-sealer/cluster.ts';
import { TowpathError } from '../../src/domain/failure.ts';
import { repoPath } from '../../src/domain/file-tree.ts';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import { releaseHistory } from '../../src/listener/operate/history.ts';
import { listHolds } from '../../src/listener/operate/holds.ts';
import { lookAround, operate } from '../../src/listener/operate/operate.ts';
import { releaseDeletions, releaseDeployment } from '../../src/listener/operate/release.ts';
import { clusterWorld } from '../support/cluster-world.ts';
import { listen } from '../support/listener-world.ts';
import { type MemoryRemote, memoryRemote, memoryRepository } from '../support/memory-repository.ts';
import { agreed, operationOf } from '../support/operation.ts';
import { type ScriptedControlPlane, startScriptedControlPlane } from '../support/scripted-control-plane.ts';
import { until } from '../support/until.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

interface World {
  readonly plane: ScriptedControlPlane;
  readonly remote: MemoryRemote;
  readonly ids: readonly DeploymentId[];
  folderOf(name: string): string;
}

/** Deployments that a listener has laid down, and that it left. */
async function laidDown(...names: readonly string[]): Promise<World> {
  const plane = await startScriptedControlPlane();
  stops.push(plane.stop);
  const remote = memoryRemote();
  const running = listen({ plane, repository: memoryRepository(remote) });
  const ids = names.map((name) => plane.create(name));
  for (const id of ids) await until('success', () => plane.lastReport(id)?.outcome === 'succeeded');
  await running.stop();
  const folderOf = (name: string) =>
    [...remote.files().keys()]
      .find((path) => path.startsWith(`deployments/${name}-`))
      ?.split('/')
      .slice(0, 2)
      .join('/') ?? '';
  return { plane, remote, ids, folderOf };
}

const edit = (remote: MemoryRemote, folder: string, content: string) =>
  remote.commit('Tune it', [{ kind: 'write', path: repoPath(`${folder}/extra.yaml`), content }]);

it('releases on the new head where somebody pushed elsewhere meanwhile, without asking again', async () => {
  const { plane, remote, folderOf } = await laidDown('chat');
  edit(remote, folderOf('chat'), 'a: 1\n');
  let asked = 0;
  remote.beforePublish = () => {
    remote.beforePublish = null;
    remote.commit('Elsewhere', [{ kind: 'write', path: repoPath('notes.txt'), content: 'n\n' }]);
  };

  const operation = operationOf({ plane, repository: memoryRepository(remote) });
  const confirm = async () => {
    asked += 1;
    return true;
  };
  const operated = await operate(operation, releaseDeployment(operation, 'chat', confirm));

  expect(operated).toMatchObject({ kind: 'done', sent: [{ kind: 'pushed', commit: remote.head }] });
  expect(
    remote
      .log()
      .slice(0, 3)
      .map(({ subject }) => subject.replace(/:.*/, '')),
  ).toEqual(['restore(chat)', 'Elsewhere', 'Tune it']);
  expect(asked).toBe(1);
});

it('asks again where what it would overwrite has changed since, and stops at a no', async () => {
  const { plane, remote, folderOf } = await laidDown('chat');
  const folder = folderOf('chat');
  edit(remote, folder, 'a: 1\n');
  const answers = [true, false];
  remote.beforePublish = () => {
    remote.beforePublish = null;
    edit(remote, folder, 'a: 2\n');
  };

  const operation = operationOf({ plane, repository: memoryRepository(remote) });
  const operated = await operate(
    operation,
    releaseDeployment(operation, 'chat', async () => answers.shift() ?? true),
  );

  expect(operated).toMatchObject({ kind: 'declined', sent: [] });
  expect(answers).toEqual([]);
  expect(remote.files().get(`${folder}/extra.yaml`)).toBe('a: 2\n');
});

it('gives up with a sentence where the branch moves each time', async () => {
  const { plane, remote, folderOf } = await laidDown('chat');
  edit(remote, folderOf('chat'), 'a: 1\n');
  let moves = 0;
  remote.beforePublish = () => {
    moves += 1;
    remote.commit('Elsewhere', [{ kind: 'write', path: repoPath('notes.txt'), content: `${moves}\n` }]);
  };

  const operation = operationOf({ plane, repository: memoryRepository(remote) });
  const failure = operate(operation, releaseDeployment(operation, 'chat', agreed));

  await expect(failure).rejects.toThrow(/somebody else was faster each time; run it again/);
  await expect(failure).rejects.toBeInstanceOf(TowpathError);
});

it('removes what the policy lets go, and names what it refuses', async () => {
  const { plane, remote, ids, folderOf } = await laidDown('one', 'two');
  for (const id of ids) plane.remove(id);
  remote.policy = (message) => (message.startsWith('remove(two)') ? 'two is protected' : null);

  const operation = operationOf({ plane, repository: memoryRepository(remote), namespace: { deletion: { max: 1 } } });
  const operated = await operate(operation, releaseDeletions(operation, agreed));

  expect(operated.sent.map(({ draft }) => draft.path)).toHaveLength(1);
  expect(operated.refused).toEqual([expect.objectContaining({ message: expect.stringContaining('two is protected') })]);
  expect([folderOf('one'), folderOf('two')]).toEqual(['', expect.stringMatching(/^deployments\/two-/)]);
});

it('writes no Secret before a person has agreed, and then writes it before the commit', async () => {
  const world = await clusterWorld();
  stops.push(world.stop);
  world.engine.work();
  const id = world.plane.create('chat', { secrets: { TOKEN: 'planted-one' } });
  world.start();
  await world.hear(id, 'healthy succeeded');
  await world.running?.stop();
  const secrets = () => world.kubernetes.all().filter(({ kind }) => kind === 'Secret');
  for (const secret of secrets()) world.kubernetes.remove(secret as never);
  edit(world.remote, `deployments/${world.nameOf(id)}`, 'a: 1\n');
  const seen: number[] = [];
  world.remote.beforePublish = () => seen.push(secrets().length);

  const parts = { engine: 'argo-cd' as const, cluster: world.cluster, sealer: clusterSecretSealer(world.cluster) };
  const operation = operationOf({ plane: world.plane, repository: memoryRepository(world.remote), parts });
  const declined = await operate(
    operation,
    releaseDeployment(operation, 'chat', async () => false),
  );
  const before = secrets().length;
  const done = await operate(operation, releaseDeployment(operation, 'chat', agreed));

  expect([declined.kind, before]).toEqual(['declined', 0]);
  expect([done.kind, seen]).toEqual(['done', [2]]);
});

it('accepts a history for what was pushed and never reported, too', async () => {
  const { plane, remote, ids } = await laidDown('chat');
  const reported = remote.head;
  const pushed = remote.commit('remove(other)', [{ kind: 'write', path: repoPath('notes.txt'), content: 'n\n' }]);
  remote.head = null;
  remote.commit('Begin anew', [{ kind: 'write', path: repoPath('notes.txt'), content: 'anew\n' }]);

  const operation = operationOf({ plane, repository: memoryRepository(remote) });
  const operated = await operate(operation, releaseHistory(operation, pushed, agreed));
  const running = listen({ plane, repository: memoryRepository(remote) });
  stops.push(running.stop);
  const revision = plane.update(ids[0] as DeploymentId);
  await until('the next revision', () => plane.lastReport(ids[0] as DeploymentId)?.outcome === 'succeeded');

  expect(operated.kind).toBe('done');
  const accepted = remote.files().get('ACCEPTED-HISTORY') ?? '';
  expect(accepted).toContain(`${pushed} `);
  expect(accepted).toContain(`${reported} `);
  expect(plane.lastReport(ids[0] as DeploymentId)?.revisionId).toBe(revision);
});

it('lists a folder that a revert brought back as an orphan, with who did that', async () => {
  const { plane, remote, ids, folderOf } = await laidDown('chat', 'kept');
  const files = [...remote.files()].filter(([path]) => path.startsWith(folderOf('chat')));
  plane.vanish(ids[0] as DeploymentId);

  const before = await listHolds(await lookAround(operationOf({ plane, repository: memoryRepository(remote) })));
  remote.commit('Put it back', [
    { kind: 'write', path: repoPath(`${folderOf('chat')}/extra.yaml`), content: 'a: 1\n' },
  ]);
  const after = await listHolds(await lookAround(operationOf({ plane, repository: memoryRepository(remote) })));

  expect(files.length).toBeGreaterThan(0);
  expect(before).toEqual([expect.objectContaining({ kind: 'orphan', path: folderOf('chat') })]);
  expect(after).toEqual([
    expect.objectContaining({ kind: 'orphan', changes: [expect.objectContaining({ subject: 'Put it back' })] }),
  ]);
});
