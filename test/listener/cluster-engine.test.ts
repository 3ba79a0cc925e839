/** What is asked of the engine: to look after a push, again while it has not, and to let go of an old commit. */
import { afterEach, describe, expect, it } from 'vitest';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import { type ClusterWorld, type ClusterWorldOptions, clusterWorld } from '../support/cluster-world.ts';
import { until } from '../support/until.ts';

let world: ClusterWorld;
afterEach(() => world.stop());

const open = async (options: ClusterWorldOptions = {}): Promise<DeploymentId> => {
  world = await clusterWorld(options);
  const id = world.plane.create('chat');
  world.start();
  await world.hear(id, 'committed progressing');
  return id;
};
const calls = (what: string): readonly string[] => world.cluster.calls.filter((call) => call.startsWith(what));

describe('a refresh', () => {
  it('is asked for after a push, again while the engine has not looked, and not after it has', async () => {
    const id = await open();
    await until('several requests', () => calls('refresh').length >= 3);

    world.engine.sync();
    await world.hear(id, 'synced progressing');
    await world.rest();
    const before = calls('refresh').length;
    await world.rest();

    expect(new Set(calls('refresh'))).toEqual(new Set([`refresh deployments/${world.nameOf(id)}`]));
    expect(calls('refresh')).toHaveLength(before);
  });

  it('is asked for at once after each push', async () => {
    const id = await open({ setup: { timings: { refreshMs: { first: 600_000, most: 600_000 } } } });
    await until('the request', () => calls('refresh').length === 1);

    world.plane.update(id);

    await until('another request', () => calls('refresh').length === 2);
  });

  it('is asked for after a restart where the engine has not looked yet', async () => {
    const id = await open();

    await world.restart();

    await until('a request', () => calls('refresh').length > 0);
    expect(world.last(id)?.stage).toBe('committed');
  });

  it('is asked for in few calls for many that were pushed together', async () => {
    world = await clusterWorld({ setup: { timings: { refreshMs: { first: 600_000, most: 600_000 } } } });
    const ids = Array.from({ length: 50 }, (_, index) => world.plane.create(`chat-${index}`));
    world.start();

    for (const id of ids) await world.hear(id, 'committed progressing');
    const asked = () => new Set(calls('refresh').flatMap((call) => call.split(' ').slice(1)));
    await until('requests for all', () => asked().size === 50);

    expect(calls('refresh').length).toBeLessThan(10);
  });

  it('ends with a hold: nobody asks the engine about what is not ours to change', async () => {
    const id = await open();
    world.remote.commit('Tune it', [
      { kind: 'write', path: `deployments/${world.nameOf(id)}/api.service.yaml` as never, content: 'by hand\n' },
    ]);
    world.look();
    await world.hear(id, 'committed failed EditedInGit');
    await world.rest();
    const before = calls('refresh').length;

    await world.rest();

    expect(calls('refresh')).toHaveLength(before);
  });
});

/** Argo CD goes on retrying the commit that the branch held before. */
async function stuck(id: DeploymentId): Promise<void> {
  world.engine.sync();
  await world.hear(id, 'synced progressing');
  const old = world.remote.head;
  const application = world.kubernetes.all().find(({ kind }) => kind === 'Application');
  if (!application) throw new Error('There is no Application');
  world.kubernetes.patch(application, {
    status: {
      sync: { status: 'OutOfSync', revision: old },
      operationState: { phase: 'Running', retryCount: 3, message: 'refused', syncResult: { revision: old } },
    },
  });
}

describe('an operation that retries an old commit', () => {
  it('is ended, once', async () => {
    const id = await open();
    await stuck(id);

    const phases: unknown[] = [];
    const unfollow = world.kubernetes.follow((_before, after) => {
      const { phase } = (after?.status?.['operationState'] ?? {}) as { phase?: string };
      if (phase !== undefined && phase !== phases.at(-1)) phases.push(phase);
    });
    world.plane.update(id);
    await until('its end', () => phases.includes('Terminating'));
    const before = calls('endOperation').length;
    await world.rest();
    unfollow();

    expect(phases.filter((phase) => phase === 'Terminating')).toHaveLength(1);
    expect(calls('endOperation')).toHaveLength(before);
  });

  it('is left to whoever leads', async () => {
    let isHeld = true;
    const leadership = { term: 1, isHeld: () => isHeld, raiseTerm: async () => 2 };
    const id = await open({ setup: { leadership } });
    await stuck(id);
    world.plane.update(id);
    await until('its end', () => calls('endOperation').length > 0);
    isHeld = false;
    const before = calls('endOperation').length;
    const application = world.kubernetes.all().find(({ kind }) => kind === 'Application');
    if (application)
      world.kubernetes.patch(application, { status: { operationState: { phase: 'Running', retryCount: 4 } } });

    await world.rest();

    expect(calls('endOperation')).toHaveLength(before);
  });
});

describe('a revision that the listener has not seen', () => {
  it('has the lane look at the branch, and holds our commit if it came after it', async () => {
    const id = await open();
    world.remote.commit('Note it', [{ kind: 'write', path: 'NOTES.md' as never, content: 'by hand\n' }]);

    world.engine.sync();

    const report = await world.hear(id, 'synced progressing');
    expect(report.commit).not.toBe(world.remote.head);
    await until('no doubt about the Application', () => !world.last(id)?.message.includes('has not looked'));
  });

  it('is older than all that it knows, where another look at the branch does not find it', async () => {
    const id = await open();
    world.engine.sync();
    await world.hear(id, 'synced progressing');
    const before = world.remote.requests.head;
    const application = world.kubernetes.all().find(({ kind }) => kind === 'Application');
    if (!application) throw new Error('There is no Application');
    const unknown = 'd'.repeat(40);

    world.plane.update(id);
    world.kubernetes.patch(application, {
      status: {
        sync: { status: 'OutOfSync', revision: unknown },
        operationState: { phase: 'Running', retryCount: 3, message: 'refused', syncResult: { revision: unknown } },
      },
    });

    await until('the operation to be ended', () => calls('endOperation').length > 0);
    expect(world.remote.requests.head).toBeGreaterThan(before);
  });
});

describe('the server behind the Service', () => {
  it('is asked once it runs, beside everything else, and what is wrong is told', async () => {
    const id = await open();
    world.cluster.probes = [{ kind: 'answered', status: 503 }];
    world.engine.work();

    await until('what is wrong', () => world.last(id)?.message.includes('/ok answers 503'));
    await world.rest();

    expect(world.told(id).filter((line) => line.startsWith('healthy succeeded'))).toHaveLength(2);
    await world.restart();
    world.cluster.probes = [{ kind: 'answered', status: 503 }];
    await world.rest();
    expect(world.told(id).filter((line) => line.startsWith('healthy succeeded'))).toHaveLength(2);
    world.cluster.probes = [{ kind: 'answered', status: 200 }];
    await until('that it is well', () => !world.last(id)?.message.includes('503'));
  });

  it('may be slow to know of its pods: that is not told', async () => {
    const id = await open();
    world.cluster.probes = [
      { kind: 'failed', message: 'no endpoints' },
      { kind: 'answered', status: 200 },
    ];
    world.engine.work();

    await until('two questions', () => calls('probe').length === 2);
    await world.rest();

    expect(world.told(id).filter((line) => line.startsWith('healthy succeeded'))).toHaveLength(1);
    expect(world.last(id)?.message).not.toContain('no endpoints');
  });

  it('holds up nobody by not answering', async () => {
    const id = await open();
    world.cluster.before = (question) => (question === 'probe' ? new Promise(() => undefined) : Promise.resolve());
    world.engine.work();
    await world.hear(id, 'healthy succeeded');

    const other = world.plane.create('mail');

    await world.hear(other, 'healthy succeeded');
  });
});
