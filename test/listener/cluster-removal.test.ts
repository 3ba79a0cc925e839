/** Removals in a cluster: gone from git is not gone, and the end comes once, with the claims that stay. */
import { afterEach, describe, expect, it } from 'vitest';
import { repoPath } from '../../src/domain/file-tree.ts';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import { type ClusterWorld, type ClusterWorldOptions, clusterWorld } from '../support/cluster-world.ts';
import { until } from '../support/until.ts';

let world: ClusterWorld;
afterEach(() => world.stop());

const openDeployed = async (options: ClusterWorldOptions = {}): Promise<DeploymentId> => {
  world = await clusterWorld(options);
  const id = world.plane.create('chat', { secrets: { TOKEN: 'planted' } });
  world.engine.work();
  world.start();
  await world.hear(id, 'healthy succeeded');
  world.engine.rest();
  return id;
};
const words = (id: DeploymentId) => world.removals(id).map(({ outcome, reason }) => `${outcome} ${reason}`);
const heard = (id: DeploymentId, line: string) => until(line, () => words(id).at(-1)?.startsWith(line));
const labelsOf = (id: DeploymentId) => ({
  'towpath.dev/deployment-id': id,
  'towpath.dev/listener-id': world.plane.listenerId,
});
const secrets = () => world.kubernetes.all().filter(({ kind }) => kind === 'Secret');

describe.each(['argo-cd', 'flux', 'other'] as const)('beside %s', (engine) => {
  it('tells what is left, deletes our Secrets last, names the claims that stay, and ends once', async () => {
    const id = await openDeployed({ engine });
    const metadata = { name: 'data-chat-0', namespace: 'team-a', labels: labelsOf(id) };
    world.kubernetes.put({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata });
    const name = world.nameOf(id);

    world.plane.remove(id);
    await heard(id, 'progressing AwaitingPrune');
    const waiting = world.removals(id).at(-1);
    const kept = secrets().length;
    world.engine.sync();
    await heard(id, 'succeeded Removed');
    await world.rest();

    expect(waiting?.message).toContain(`deployments.apps/${name}`);
    expect(waiting?.commit).toBe(world.remote.head);
    expect([kept, secrets().length]).toEqual([2, 0]);
    expect(world.removals(id).at(-1)?.retained).toEqual(['data-chat-0']);
    expect(world.removals(id).at(-1)?.message).toContain('data-chat-0');
    expect(words(id).filter((line) => line.startsWith('succeeded'))).toHaveLength(1);
    expect(world.remote.files().has(`flux/${name}.yaml`)).toBe(false);
  });
});

it('does not end while the Application is still there, whatever else is gone', async () => {
  const id = await openDeployed();
  const application = world.kubernetes.all().find(({ kind }) => kind === 'Application');
  if (!application) throw new Error('There is no Application');
  world.kubernetes.patch(application, { metadata: { finalizers: ['resources-finalizer.argocd.argoproj.io'] } });

  world.plane.remove(id);
  await heard(id, 'progressing AwaitingPrune');
  world.engine.sync();
  await until('the finalizer to be told of', () => world.removals(id).at(-1)?.message.includes('held by'));
  await world.rest();

  expect(words(id).join()).not.toContain('succeeded');
  world.kubernetes.patch(application, { metadata: { finalizers: null } });
  await heard(id, 'succeeded');
});

it('ends a removal that happened while the listener was down', async () => {
  const id = await openDeployed();
  await world.running?.stop();
  world.plane.remove(id);
  const folder = `deployments/${world.nameOf(id)}`;
  world.remote.commit('Remove by hand', [{ kind: 'delete-folder', path: repoPath(folder) }]);
  world.engine.sync();

  await world.restart();

  await heard(id, 'succeeded Removed');
});

it('goes on with a removal after a restart, and says nothing twice', async () => {
  const id = await openDeployed();
  world.plane.remove(id);
  await heard(id, 'progressing AwaitingPrune');

  await world.restart();
  await heard(id, 'progressing AwaitingPrune');
  world.engine.sync();
  await heard(id, 'succeeded');

  expect(world.remote.log().filter(({ subject }) => subject.startsWith('remove'))).toHaveLength(1);
});

it('removes a folder once more that a revert brought back', async () => {
  const id = await openDeployed();
  const files = [...world.remote.files()];
  world.plane.remove(id);
  await heard(id, 'progressing AwaitingPrune');
  const first = world.removals(id).at(-1)?.commit;

  world.remote.commit(
    'Revert "remove(chat)"',
    files.map(([path, content]) => ({ kind: 'write', path: repoPath(path), content })),
  );
  world.look();
  await until(
    'another removal',
    () => world.remote.log().filter(({ subject }) => subject.startsWith('remove')).length === 2,
  );
  await until('the other commit to be told', () => world.removals(id).at(-1)?.commit !== first);
  world.engine.sync();

  await heard(id, 'succeeded');
  expect(world.removals(id).at(-1)?.commit).toBe(world.remote.head);
});

it('does not end for an empty cluster while a folder that a revert brought back may be its own', async () => {
  const id = await openDeployed();
  const files = [...world.remote.files()].filter(([path]) => !path.endsWith('/PROVENANCE'));
  world.plane.remove(id);
  await heard(id, 'progressing AwaitingPrune');

  world.remote.commit(
    'Revert "remove(chat)" in part',
    files.map(([path, content]) => ({ kind: 'write', path: repoPath(path), content })),
  );
  world.look();
  await heard(id, 'failed ForeignFolder');
  for (const object of world.kubernetes.all()) world.kubernetes.remove(object);
  await world.rest();

  expect(words(id).at(-1)).toBe('failed ForeignFolder');
  world.remote.commit('Away with it', [{ kind: 'delete-folder', path: repoPath(`deployments/${world.nameOf(id)}`) }]);
  world.look();
  await heard(id, 'succeeded Removed');
});

it('takes nothing that it cannot see for gone', async () => {
  const id = await openDeployed();
  world.plane.remove(id);
  await heard(id, 'progressing AwaitingPrune');
  world.cluster.outage = 'Cannot list applications: it is forbidden';
  world.engine.sync();

  await heard(id, 'progressing ClusterUnreachable');
  await world.rest();

  expect(words(id).filter((line) => line === 'progressing ClusterUnreachable')).toHaveLength(1);
  expect(words(id).at(-1)).toBe('progressing ClusterUnreachable');
  world.cluster.outage = null;
  await heard(id, 'succeeded');
});

it('names the right that it lacks to list what is left, once', async () => {
  const id = await openDeployed();
  world.cluster.before = (question) =>
    question === 'remaining' ? Promise.reject(new Error('it may not list ingresses')) : Promise.resolve();

  world.plane.remove(id);
  await heard(id, 'progressing ClusterUnreachable');
  await world.rest();

  expect(world.removals(id).at(-1)?.message).toContain('it may not list ingresses');
  expect(world.log.lines.filter((line) => line.includes('Cannot tell what is left'))).toHaveLength(1);
  world.cluster.before = null;
  world.engine.sync();
  await heard(id, 'succeeded');
});

it('lists what is left now and then only, while pods are still ending', async () => {
  const id = await openDeployed({ setup: { timings: { removalMs: { first: 10_000, most: 10_000 } } } });
  world.plane.remove(id);
  await heard(id, 'progressing AwaitingPrune');
  const asked = () => world.cluster.calls.filter((call) => call.startsWith('remaining')).length;
  const before = asked();

  await world.rest();

  expect(asked()).toBe(before);
});

it('forgets a deployment that the control plane gave up, and asks the engine no more about it', async () => {
  const id = await openDeployed({ setup: { timings: { fullComparisonMs: 50, pollSeconds: 1 } } });
  world.plane.remove(id);
  await heard(id, 'progressing AwaitingPrune');

  world.plane.vanish(id);
  world.plane.restore();
  await until(
    'orphans, or none, to be known',
    () => world.plane.requests.filter((each) => each.includes('/desired')).length > 3,
  );
  await world.rest();
  const before = world.cluster.calls.length;
  await world.rest();

  expect(world.cluster.calls.slice(before).filter((call) => /^(?:refresh|remaining)/.test(call))).toEqual([]);
});
