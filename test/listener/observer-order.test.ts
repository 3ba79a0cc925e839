/** Whatever the order in which cluster, branch and listener change: in the end the same is said of every deployment. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { repoPath } from '../../src/domain/file-tree.ts';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import { type ClusterWorld, clusterWorld } from '../support/cluster-world.ts';
import { until } from '../support/until.ts';

const names = ['chat', 'mail', 'news'] as const;
type Event = { readonly kind: 'sync' | 'restart' | 'outage' | 'sight' | 'look' | 'note' } | OfOne;
interface OfOne {
  readonly kind: 'update' | 'running' | 'starting' | 'edit' | 'remove';
  readonly at: number;
}

const ofAll = fc.record({ kind: fc.constantFrom('sync', 'restart', 'outage', 'sight', 'look', 'note') });
const ofOne = fc.record({
  kind: fc.constantFrom('update', 'running', 'starting', 'edit', 'remove'),
  at: fc.integer({ min: 0, max: names.length - 1 }),
});
const events = fc.array(fc.oneof(ofAll, ofOne) as fc.Arbitrary<Event>, { minLength: 3, maxLength: 14 });

it('ends for every deployment in the same last report', async () => {
  await fc.assert(
    fc.asyncProperty(events, fc.constantFrom('argo-cd' as const, 'flux' as const), async (script, engine) => {
      const world = await clusterWorld({ engine });
      try {
        const ids = names.map((name) => world.plane.create(name));
        world.start();
        const removed = new Set<DeploymentId>();
        for (const event of script) await happen(world, ids, removed, event);

        calm(world, ids, removed);
        for (const id of ids) await over(world, id, removed);
        const before = ids.map((id) => lastWords(world, id));
        await world.rest();

        expect(ids.map((id) => lastWords(world, id))).toEqual(before);
      } finally {
        await world.stop();
      }
    }),
    { numRuns: 12, endOnFailure: true },
  );
});

async function happen(world: ClusterWorld, ids: readonly DeploymentId[], removed: Set<DeploymentId>, event: Event) {
  const id = 'at' in event ? ids[event.at] : undefined;
  switch (event.kind) {
    case 'sync':
      return world.engine.sync();
    case 'restart':
      return world.restart();
    case 'outage':
      world.cluster.outage = 'Cannot list pods: nobody answers';
      return;
    case 'sight':
      world.cluster.outage = null;
      return;
    case 'look':
      return world.look();
    case 'note':
      world.remote.commit('Note it', [
        { kind: 'write', path: repoPath('NOTES.md'), content: `${world.remote.head}\n` },
      ]);
      return;
    default:
      if (id !== undefined && !removed.has(id)) happenTo(world, id, removed, event.kind);
      // Sometimes the next thing happens before anybody noticed, sometimes not.
      if (event.at > 0) await new Promise((done) => setTimeout(done, 20));
  }
}

function happenTo(world: ClusterWorld, id: DeploymentId, removed: Set<DeploymentId>, kind: OfOne['kind']): void {
  const path = repoPath(`deployments/${world.nameOf(id)}/api.service.yaml`);
  switch (kind) {
    case 'update':
      world.plane.update(id);
      return;
    case 'running':
    case 'starting':
      world.engine.roll(world.nameOf(id), kind);
      return;
    case 'edit':
      if (world.remote.files().has(path))
        world.remote.commit('Edit it', [{ kind: 'write', path, content: 'by hand\n' }]);
      return;
    case 'remove':
      removed.add(id);
      world.plane.remove(id);
  }
}

/** The world stands still: everything can be seen, the engine works, and edited folders got a new revision. */
function calm(world: ClusterWorld, ids: readonly DeploymentId[], removed: ReadonlySet<DeploymentId>): void {
  world.cluster.outage = null;
  world.engine.work();
  for (const id of ids) {
    const folder = `deployments/${world.nameOf(id)}`;
    const isEdited = [...world.remote.files()].some(([path, text]) => path.startsWith(folder) && text === 'by hand\n');
    if (isEdited && !removed.has(id)) world.plane.update(id);
    // The removal of an edited folder is held until a person removes it, with what tells Flux to apply it.
    if (isEdited && removed.has(id)) removeByHand(world, id);
  }
}

function removeByHand(world: ClusterWorld, id: DeploymentId): void {
  const told = repoPath(`flux/${world.nameOf(id)}.yaml`);
  world.remote.commit('Remove it', [
    { kind: 'delete-folder', path: repoPath(`deployments/${world.nameOf(id)}`) },
    ...(world.remote.files().has(told) ? [{ kind: 'delete' as const, path: told }] : []),
  ]);
}

async function over(world: ClusterWorld, id: DeploymentId, removed: ReadonlySet<DeploymentId>): Promise<void> {
  try {
    await until('the end', () => isOver(world, id, removed));
  } catch (error) {
    const told = [...world.told(id), ...world.removals(id).map(({ message }) => message)];
    throw new Error(`It did not end: ${JSON.stringify(told)}; ${world.last(id)?.message}`, { cause: error });
  }
}

function lastWords(world: ClusterWorld, id: DeploymentId): string {
  const removal = world.removals(id).at(-1);
  if (removal) return `${removal.outcome} ${removal.reason}`;
  const last = world.last(id);
  return last ? `${last.stage} ${last.outcome} ${last.commit === null}` : 'nothing';
}

function isOver(world: ClusterWorld, id: DeploymentId, removed: ReadonlySet<DeploymentId>): boolean {
  world.look();
  return lastWords(world, id) === (removed.has(id) ? 'succeeded Removed' : 'healthy succeeded false');
}
