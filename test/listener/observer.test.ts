/** A revision's way through a cluster, as the control plane hears of it: each thing once, whenever the listener is restarted. */
import { afterEach, describe, expect, it } from 'vitest';
import { repoPath } from '../../src/domain/file-tree.ts';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import { type ClusterWorld, type ClusterWorldOptions, clusterWorld } from '../support/cluster-world.ts';
import { until } from '../support/until.ts';

let world: ClusterWorld;
afterEach(() => world.stop());

/** With an outage the cluster cannot be seen from the start, so that nothing is judged before. */
const open = async (options: ClusterWorldOptions = {}, outage: string | null = null): Promise<DeploymentId> => {
  world = await clusterWorld(options);
  world.cluster.outage = outage;
  const id = world.plane.create('chat');
  world.start();
  return id;
};
const committed = (id: DeploymentId) => world.hear(id, 'committed progressing');
/** On a busy machine a short deadline is over before the engine comes, and more is said before this. */
const overdue = async (id: DeploymentId) => {
  await until('the commit', () => times(id, 'committed progressing') > 0);
  world.engine.sync();
  return world.hear(id, 'healthy failed');
};
const applied = async (id: DeploymentId) => {
  await world.hear(id, 'committed progressing');
  world.engine.sync();
  return world.hear(id, 'synced progressing');
};
const deployed = async (id: DeploymentId) => {
  await applied(id);
  world.engine.roll(world.nameOf(id), 'running');
  return world.hear(id, 'healthy succeeded');
};
const times = (id: DeploymentId, words: string): number =>
  world.told(id).filter((line) => line.startsWith(words)).length;

describe.each(['argo-cd', 'flux', 'other'] as const)('beside %s', (engine) => {
  it('tells each stage once, with the commit', async () => {
    const id = await open({ engine });

    const report = await deployed(id);
    await world.rest();

    expect(report.commit).toBe(world.remote.head);
    const stages = ['rendered progressing', 'committed progressing Pushed', 'synced progressing', 'healthy succeeded'];
    for (const stage of stages) expect(times(id, stage), stage).toBe(1);
    expect(new Set(world.told(id)).size).toBe(world.told(id).length);
    expect(
      world.plane.reports.flatMap((one) => (one.kind === 'revision' && one.stage !== 'rendered' ? one.commit : [])),
    ).not.toContain(null);
  });
});

it('counts as deployed once it is pushed where nothing watches a cluster', async () => {
  const id = await open({ setup: { parts: { engine: null, cluster: null } } });

  await world.hear(id, 'committed succeeded Pushed');

  expect(world.cluster.calls.filter((call) => !call.startsWith('applySecret'))).toEqual([]);
});

describe('a restart', () => {
  it.each([
    ['committed', committed],
    ['synced', applied],
    ['healthy', deployed],
  ] as const)('says nothing twice of a revision that is %s, and goes on from there', async (_stage, reach) => {
    const id = await open();
    await reach(id);
    await world.rest();
    const before = world.told(id);

    await world.restart();
    await world.rest();

    expect(world.told(id)).toEqual(before);
    world.engine.sync();
    world.engine.roll(world.nameOf(id), 'running');
    await world.hear(id, 'healthy succeeded');
    expect(world.remote.log()).toHaveLength(1);
  });

  it('leaves a failure a failure until the revision runs', async () => {
    const id = await open({ setup: { namespace: { rollout: { deadline: '200ms', stuckAfter: '10m' } } } });
    await overdue(id);
    await world.rest();
    const before = world.told(id);

    await world.restart({ namespace: { rollout: { deadline: '10m', stuckAfter: '10m' } } });
    await world.rest();

    expect(world.told(id)).toEqual(before);
    world.engine.roll(world.nameOf(id), 'running');
    await world.hear(id, 'healthy succeeded');
  });

  it('says nothing of what it has not listed yet', async () => {
    const id = await open();
    await deployed(id);
    const before = world.told(id);
    let list = (): void => undefined;
    const listing = new Promise<void>((done) => {
      list = done;
    });

    await world.restart({}, (cluster) => {
      cluster.before = (question) => (question === 'start' ? listing : Promise.resolve());
    });
    await world.rest();

    expect(world.told(id)).toEqual(before);
    list();
    await world.rest();
    expect(world.told(id)).toEqual(before);
  });
});

it('speaks of the new revision only, where one is superseded while it rolls out', async () => {
  const id = await open();
  await applied(id);
  const first = world.last(id)?.revisionId;

  const second = world.plane.update(id, { image: 'registry.example/agents/chat:2.0.0' });
  await committed(id);
  const since = world.plane.reports.length;
  world.engine.roll(world.nameOf(id), 'running');
  await world.rest();

  expect(world.last(id)?.outcome).toBe('progressing');
  expect(JSON.stringify(world.plane.reports.slice(since))).not.toContain(first);
  await deployed(id);
  expect(world.last(id)?.revisionId).toBe(second);
});

it('goes on telling of an interrupted revision that was committed', async () => {
  const id = await open();
  await committed(id);
  const { revision } = world.plane.wanted().get(id) ?? {};

  world.plane.update(id, { interrupted: true, ...(revision ? { revision } : {}) });
  await deployed(id);

  expect(world.remote.log()).toHaveLength(1);
});

describe('a hold', () => {
  const file = (id: DeploymentId) => repoPath(`deployments/${world.nameOf(id)}/api.service.yaml`);
  const edit = (id: DeploymentId, content: string) => {
    world.remote.commit('Tune it', [{ kind: 'write', path: file(id), content }]);
    world.look();
  };

  it('is not overwritten by healthy pods, survives a restart, and ends when the edit is undone', async () => {
    const id = await open();
    await applied(id);
    const before = world.remote.files().get(file(id)) ?? '';
    edit(id, 'by hand\n');
    await world.hear(id, 'committed failed EditedInGit');

    world.engine.sync();
    world.engine.roll(world.nameOf(id), 'running');
    await world.rest();
    await world.restart();
    await world.rest();

    expect(world.told(id).at(-1)).toBe('committed failed EditedInGit');
    expect(times(id, 'committed failed EditedInGit')).toBe(1);
    edit(id, before);
    await world.hear(id, 'healthy succeeded');
    await world.rest();
    expect(times(id, 'healthy succeeded')).toBe(1);
  });

  it('is not overwritten by a look that began before it', async () => {
    const id = await open();
    await applied(id);
    let answer = (): void => undefined;
    const asked = new Promise<void>((done) => {
      world.cluster.before = (question) => {
        if (question !== 'events') return Promise.resolve();
        done();
        return new Promise((go) => {
          answer = go;
        });
      };
    });
    puzzle(id);
    await asked;

    edit(id, 'by hand\n');
    await world.hear(id, 'committed failed EditedInGit');
    answer();
    await world.rest();

    expect(world.told(id).at(-1)).toBe('committed failed EditedInGit');
  });

  it('costs no looks while it lasts', async () => {
    const id = await open();
    await applied(id);
    edit(id, 'by hand\n');
    await world.hear(id, 'committed failed EditedInGit');
    await world.rest();
    const before = world.cluster.calls.length;

    await world.rest();

    expect(world.cluster.calls.slice(before)).toEqual([]);
  });
});

/** A pod that only an event explains. */
function puzzle(id: DeploymentId): void {
  const wanted = world.plane.wanted().get(id);
  const labels = {
    'towpath.dev/deployment-id': id,
    'towpath.dev/listener-id': world.plane.listenerId,
    'towpath.dev/revision-id': wanted?.revision ?? '',
  };
  const long = new Date(Date.now() - 60_000).toISOString();
  world.kubernetes.put({
    ...{
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'chat-pod', namespace: 'team-a', labels, creationTimestamp: long },
    },
    spec: { nodeName: 'node', containers: [{ name: 'api' }] },
    status: {
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'True', lastTransitionTime: long }],
      containerStatuses: [
        { name: 'api', ready: false, restartCount: 0, state: { waiting: { reason: 'ContainerCreating' } } },
      ],
    },
  });
  const { apiVersion, kind, metadata } = world.kubernetes.put({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'chat-pod', namespace: 'team-a' },
  });
  world.kubernetes.put({
    ...{ apiVersion: 'v1', kind: 'Event', metadata: { name: 'told', namespace: 'team-a' } },
    involvedObject: { apiVersion, kind, uid: metadata.uid },
    ...{ type: 'Warning', reason: 'FailedMount', message: 'MountVolume.SetUp failed', lastTimestamp: long },
  });
}

it('reads events where something puzzles, and holds up nobody else meanwhile', async () => {
  const id = await open();
  await applied(id);
  let answer = (): void => undefined;
  const answered = new Promise<void>((done) => {
    answer = done;
  });
  world.cluster.before = (question) => (question === 'events' ? answered : Promise.resolve());
  puzzle(id);
  await until('the events to be asked for', () => world.cluster.calls.some((call) => call.startsWith('events')));

  await deployed(world.plane.create('mail'));
  const meanwhile = world.last(id)?.reason;
  answer();

  expect(meanwhile).toBe('LessAvailable');
  await until('the event to be told of', () => world.last(id)?.message.includes('MountVolume.SetUp failed'));
});

it('corrects a failure when the revision runs after all, and tells it once more', async () => {
  const id = await open({ setup: { namespace: { rollout: { deadline: '150ms', stuckAfter: '10m' } } } });
  const failure = await overdue(id);

  world.engine.roll(world.nameOf(id), 'running');
  await world.hear(id, 'healthy succeeded');

  expect(failure.message).toMatch(/^Not healthy within/);
  expect(failure.commit).toBe(world.remote.head);
});

it('tells that the engine did not come in time', async () => {
  const id = await open({ setup: { namespace: { rollout: { deadline: '150ms', stuckAfter: '10m' } } } });

  const failure = await world.hear(id, 'synced failed');

  expect(failure.message).toMatch(/^Not synced within/);
});

it('tells that it fell ill after it was deployed, which fails it no more, and that it recovered', async () => {
  const id = await open({ setup: { namespace: { rollout: { deadline: '100ms', stuckAfter: '100ms' } } } });
  world.engine.work();
  await world.hear(id, 'healthy succeeded');
  world.engine.rest();

  world.engine.roll(world.nameOf(id), 'starting');
  await world.hear(id, 'healthy progressing');
  await world.restart();
  await new Promise((done) => setTimeout(done, 200));
  await world.rest();
  expect(world.told(id).at(-1)).toMatch(/^healthy progressing/);
  world.engine.roll(world.nameOf(id), 'running');

  await until('its recovery', () => times(id, 'healthy succeeded') === 2);
});

describe('a cluster that cannot be seen', () => {
  const setup = { namespace: { rollout: { deadline: '300ms', stuckAfter: '300ms' } } };

  it('is told once, fails nobody by the clock, and is forgotten when it answers', async () => {
    const id = await open({ setup }, 'Cannot list pods: the API server does not answer');
    const blind = await world.hear(id, 'committed progressing ClusterUnreachable');

    await new Promise((done) => setTimeout(done, 400));
    expect(world.told(id).at(-1)).toBe('committed progressing ClusterUnreachable');
    expect(times(id, 'committed progressing ClusterUnreachable')).toBe(1);
    world.engine.sync();
    world.engine.roll(world.nameOf(id), 'running');
    world.cluster.outage = null;

    await world.hear(id, 'healthy succeeded');
    expect(blind.message).toBe('Cannot see the cluster: Cannot list pods: the API server does not answer');
    expect(times(id, 'healthy failed') + times(id, 'synced failed')).toBe(0);
  });

  it('takes nothing back from a revision that runs', async () => {
    const id = await open({ setup });
    world.engine.work();
    await world.hear(id, 'healthy succeeded');
    await world.rest();
    const before = world.told(id);
    world.cluster.outage = 'down';

    await world.rest();
    await world.restart();
    world.cluster.outage = 'down';
    await world.rest();

    expect(world.told(id)).toEqual(before);
  });

  it('does not count for the deadline, which still comes', async () => {
    const id = await open({ setup: { namespace: { rollout: { deadline: '1s', stuckAfter: '10m' } } } }, 'down');
    await world.hear(id, 'committed progressing ClusterUnreachable');
    await new Promise((done) => setTimeout(done, 1_100));
    world.cluster.outage = null;

    await world.hear(id, 'synced failed');
    expect(world.told(id).slice(-3)).toEqual([
      'committed progressing ClusterUnreachable',
      'committed progressing ApplicationMissing',
      'synced failed ApplicationMissing',
    ]);
  });
});
