/** Secrets in the cluster: there before the commit is, made again for what the branch holds, collected when nothing needs them. */
import { afterEach, describe, expect, it } from 'vitest';
import { repoPath } from '../../src/domain/file-tree.ts';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import { type ClusterWorld, type ClusterWorldOptions, clusterWorld } from '../support/cluster-world.ts';
import { reviewWorld } from '../support/review-world.ts';
import { until } from '../support/until.ts';

let world: ClusterWorld;
afterEach(() => world.stop());

/** The Secrets are looked after at nearly each look. */
const often = { fullComparisonMs: 20, pollSeconds: 1 };
const open = async (options: ClusterWorldOptions = {}): Promise<DeploymentId> => {
  world = await clusterWorld(options);
  const id = world.plane.create('chat', { secrets: { TOKEN: 'planted-one' } });
  world.engine.work();
  world.start();
  await world.hear(id, 'healthy succeeded');
  return id;
};
const names = (): readonly string[] =>
  world.kubernetes
    .all()
    .flatMap(({ kind, metadata }) => (kind === 'Secret' ? [metadata.name] : []))
    .sort();
const environment = (): string => names().find((name) => name.includes('-env-')) ?? '';
const secret = (name: string) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'team-a' } });
const dataOf = (name: string) => (world.kubernetes.find(secret(name)) as { data?: unknown } | undefined)?.data;
/** Older than any commit that may still be on its way. */
const age = (name: string) =>
  world.kubernetes.patch(secret(name), {
    metadata: { creationTimestamp: new Date(Date.now() - 3_600_000).toISOString() },
  });
const looked = async () => {
  const before = world.cluster.calls.length;
  await until('a whole round', () => {
    world.look();
    return world.cluster.calls.slice(before).filter((call) => call === 'referredSecrets').length >= 2;
  });
};

it('makes a Secret before the commit that needs it is pushed', async () => {
  world = await clusterWorld();
  let there: readonly string[] = [];
  world.remote.beforePublish = () => {
    there = names();
  };
  const id = world.plane.create('chat', { secrets: { TOKEN: 'planted-one' } });

  world.start();
  await world.hear(id, 'committed progressing');

  expect(there).toEqual([
    `${world.nameOf(id)}-database`,
    expect.stringMatching(/^chat-[0-9a-f]{10}-env-[0-9a-f]{10}$/),
  ]);
});

it('makes one again that somebody deleted, with the same values, and tells no value', async () => {
  const id = await open({ setup: { timings: often } });
  const [name, database] = [environment(), `${world.nameOf(id)}-database`];
  const [data, password] = [dataOf(name), dataOf(database)];

  world.kubernetes.remove(secret(name));
  world.kubernetes.remove(secret(database));

  await until('both to be there again', () => {
    world.look();
    return dataOf(name) !== undefined && dataOf(database) !== undefined;
  });
  expect([dataOf(name), dataOf(database)]).toEqual([data, password]);
  const said = [
    ...world.log.lines,
    JSON.stringify(world.plane.reports),
    [...world.remote.files().values()].join(),
  ].join();
  expect(said).not.toMatch(/planted/);
  expect(said).toContain('Made a Secret again');
});

it('makes one again at once where a pod waits for it', async () => {
  const id = await open();
  const name = environment();
  world.kubernetes.remove(secret(name));
  const labels = { ...world.kubernetes.all().find(({ kind }) => kind === 'Deployment')?.metadata.labels };
  world.engine.rest();
  world.engine.roll(world.nameOf(id), 'starting');

  world.kubernetes.put({
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'chat-pod', namespace: 'team-a', labels } },
    spec: { nodeName: 'node', containers: [{ name: 'api' }] },
    status: {
      phase: 'Pending',
      containerStatuses: [
        {
          name: 'api',
          ready: false,
          restartCount: 0,
          state: { waiting: { reason: 'CreateContainerConfigError', message: 'secret not found' } },
        },
      ],
    },
  });

  await until('it to be there again', () => dataOf(name));
});

it('makes the one of the revision that a revert brought back', async () => {
  const id = await open({ setup: { timings: often } });
  const first = environment();
  const files = [...world.remote.files()];
  world.plane.update(id, { secrets: { TOKEN: 'planted-two' } });
  await world.hear(id, 'healthy succeeded');
  world.kubernetes.remove(secret(first));
  world.plane.script = answersSecrets({ TOKEN: 'planted-one' });

  world.remote.commit(
    'Revert it',
    files.map(([path, content]) => ({ kind: 'write', path: repoPath(path), content })),
  );
  world.look();
  await world.hear(id, 'committed failed RevertedInGit');

  await until('the older one to be there', () => {
    world.look();
    return dataOf(first);
  });
});

/** The control plane keeps the values of each revision; the scripted one only the newest. */
function answersSecrets(values: Readonly<Record<string, string>>): ClusterWorld['plane']['script'] {
  return (request, response) => {
    if (!request.url?.endsWith('/secrets')) return false;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ secretsVersion: 'v', values }));
    return true;
  };
}

it('says that one cannot be made again where the values are others by now, and makes no wrong one', async () => {
  await open({ setup: { timings: often } });
  const name = environment();
  world.plane.script = answersSecrets({ TOKEN: 'planted-other' });

  world.kubernetes.remove(secret(name));
  await until('the warning', () => {
    world.look();
    return world.log.lines.some((line) => line.includes('cannot be made again'));
  });

  expect(names().filter((one) => one.includes('-env-'))).toEqual([]);
});

describe('what nothing refers to', () => {
  const replace = async (options: ClusterWorldOptions = {}): Promise<string> => {
    const id = await open({ ...options, setup: { timings: often, ...options.setup } });
    const first = environment();
    world.plane.update(id, { secrets: { TOKEN: 'planted-two-longer' } });
    await world.hear(id, 'healthy succeeded');
    return first;
  };

  it('is collected once it is old, and nothing else is', async () => {
    const first = await replace();
    const kept = names().filter((name) => name !== first);
    await looked();
    expect(names()).toContain(first);

    for (const name of names()) age(name);

    await until('it to be gone', () => {
      world.look();
      return !names().includes(first);
    });
    await looked();
    expect(names()).toEqual(kept);
  });

  it('stays as long as pods may still be started with it', async () => {
    const first = await replace();
    const [, listenerId] = ['towpath.dev/listener-id', world.plane.listenerId];
    const metadata = { name: 'chat-old', namespace: 'team-a', labels: { 'towpath.dev/listener-id': listenerId } };
    const spec = { template: { spec: { containers: [{ envFrom: [{ secretRef: { name: first } }] }] } } };
    world.kubernetes.put({ apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata, spec });
    for (const name of names()) age(name);

    await looked();

    expect(names()).toContain(first);
  });

  it('stays where another replica leads', async () => {
    let isHeld = true;
    const first = await replace({ setup: { leadership: { term: 1, isHeld: () => isHeld, raiseTerm: async () => 2 } } });
    isHeld = false;
    for (const name of names()) age(name);

    await looked();

    expect(names()).toContain(first);
  });

  it('stays where a folder refers to it that the control plane does not know', async () => {
    const id = await open({ setup: { timings: often } });
    const before = names();
    world.plane.vanish(id);
    world.plane.restore();
    await until('the orphan to be told', () =>
      world.plane.reports.some((one) => one.kind === 'lane' && one.orphans.length > 0),
    );
    for (const { kind, metadata, apiVersion } of world.kubernetes.all()) {
      if (kind === 'Deployment') world.kubernetes.remove({ kind, metadata, apiVersion });
    }
    for (const name of names()) age(name);

    await looked();

    expect(names()).toEqual(before);
  });

  it('stays until the whole listing was seen', async () => {
    const first = await replace();
    await world.running?.stop();
    for (const name of names()) age(name);
    world.plane.script = (request, response) => {
      if (!request.url?.includes('/desired')) return false;
      response.writeHead(503, { 'content-type': 'application/json' });
      response.end('{}');
      return true;
    };

    await world.restart();
    world.look();
    await until(
      'the control plane to be asked',
      () => world.plane.requests.filter((each) => each.includes('/desired')).length > 3,
    );

    expect(world.cluster.calls.filter((call) => call.startsWith('deleteSecret'))).toEqual([]);
    expect(names()).toContain(first);
    world.plane.script = null;
    await until('it to be gone', () => {
      world.look();
      return !names().includes(first);
    });
  });
});

it('keeps those that only an open pull request refers to: it may be merged any moment', async () => {
  world = await clusterWorld({ setup: { timings: often } });
  const { parts } = reviewWorld({}, world.remote);
  const namespace = {
    credentials: { passwordFile: '/nowhere' },
    publication: { mode: 'proposed', forge: 'gitea' },
  };
  const id = world.plane.create('chat', { secrets: { TOKEN: 'planted-one' } });
  world.start({ parts, namespace });
  await world.hear(id, 'in-review progressing');
  const made = names();
  for (const name of made) age(name);

  await looked();

  expect(made).toHaveLength(2);
  expect(names()).toEqual(made);
});
