/** Beside Flux a Kustomization a deployment lies in git; nobody else's engine needs one. */
import { afterEach, expect, it } from 'vitest';
import { configurationDigest } from '../../src/core/inputs-digest.ts';
import { repoPath } from '../../src/domain/file-tree.ts';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import { type ClusterWorld, clusterWorld } from '../support/cluster-world.ts';
import { configurationFor, teamA } from '../support/listener-world.ts';
import { until } from '../support/until.ts';

let world: ClusterWorld;
afterEach(() => world?.stop());

const open = async (): Promise<DeploymentId> => {
  world = await clusterWorld({ engine: 'flux' });
  const id = world.plane.create('chat');
  world.engine.work();
  world.start();
  await world.hear(id, 'healthy succeeded');
  return id;
};
const kustomization = (id: DeploymentId): string => `flux/${world.nameOf(id)}.yaml`;
const changesOf = (path: string): number => {
  const texts = world.remote.log().map(({ files }) => files.get(path));
  return texts.filter((text, index) => text !== texts[index + 1]).length;
};

it('writes the Kustomization and the README once, with the first deployment', async () => {
  const id = await open();

  world.plane.update(id, { image: 'registry.example/agents/chat:2.0.0' });
  await world.hear(id, 'healthy succeeded');
  const other = world.plane.create('mail');
  await world.hear(other, 'healthy succeeded');

  expect(changesOf(kustomization(id))).toBe(1);
  expect(changesOf('flux/README.md')).toBe(1);
  expect(world.remote.files().get(kustomization(other))).toContain(`deployments/${world.nameOf(other)}`);
});

it('takes it away with the deployment, and leaves the README', async () => {
  const id = await open();
  const path = kustomization(id);

  world.plane.remove(id);
  await until('the end', () => world.removals(id).at(-1)?.outcome === 'succeeded');

  expect([...world.remote.files().keys()].sort()).toEqual(['README.md', 'flux/README.md']);
  expect(world.remote.log()[0]?.files.has(path)).toBe(false);
});

it('points it at the folder where the layout moves that, in the same commit', async () => {
  const id = await open();
  const path = kustomization(id);

  await world.restart({ namespace: { layout: 'sharded', rerender: 'now' } });
  await until('the move', () =>
    [...world.remote.files().keys()].some((each) => /^deployments\/[0-9a-f]{2}\//.test(each)),
  );

  const folder = [...world.remote.files().keys()]
    .find((each) => each.endsWith('/PROVENANCE'))
    ?.replace('/PROVENANCE', '');
  expect(world.remote.files().get(path)).toContain(`path: "./${folder}"`);
  expect(world.remote.log()[0]?.files.get(path)).toBe(world.remote.files().get(path));
  expect(changesOf(path)).toBe(2);
  await world.hear(id, 'healthy succeeded');
});

it('holds nothing because somebody changed what lies beside the folder', async () => {
  const id = await open();

  world.remote.commit('Suspend it', [
    { kind: 'write', path: repoPath(kustomization(id)), content: 'suspended by hand\n' },
  ]);
  await world.rest();

  expect(world.last(id)?.outcome).toBe('succeeded');
  expect(world.remote.log()).toHaveLength(2);
});

it('writes none beside Argo CD', async () => {
  world = await clusterWorld({ engine: 'argo-cd' });
  const id = world.plane.create('chat');
  world.start();

  await world.hear(id, 'committed progressing');

  expect([...world.remote.files().keys()].filter((path) => path.startsWith('flux/'))).toEqual([]);
});

it('makes the same digest of an engine that was found as of one that was named', () => {
  const plane = { url: 'http://127.0.0.1:1', listenerId: '11111111-1111-4111-8111-111111111111' as never };
  const digest = (engine: string, found: 'flux' | 'argo-cd' | null, flux = {}): string => {
    const configuration = configurationFor({ plane, namespace: { engine, flux } });
    const namespace = configuration.namespaces[teamA];
    if (!namespace) throw new Error('There is no namespace');
    const { agentServer } = configuration;
    return configurationDigest({ namespace, agentServer, template: 'plain', keyId: null, engine: found });
  };

  expect(digest('auto', 'flux')).toBe(digest('flux', 'flux'));
  expect(digest('auto', 'argo-cd')).toBe(digest('argo-cd', 'argo-cd'));
  expect(digest('none', null)).toBe(digest('auto', 'argo-cd'));
  expect(digest('flux', 'flux', { interval: '5m' })).not.toBe(digest('flux', 'flux'));
  expect(digest('argo-cd', 'argo-cd', { interval: '5m' })).toBe(digest('argo-cd', 'argo-cd'));
});
