/** Whatever the order of events, the tree in the repository equals what is wanted, and each revision has one commit. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { blobId } from '../../src/core/blob-id.ts';
import { contentDigest, parseProvenance } from '../../src/core/provenance.ts';
import { repoPath } from '../../src/domain/file-tree.ts';
import { type DeploymentId, DeploymentName } from '../../src/domain/identifiers.ts';
import { resourceName } from '../../src/domain/resource-name.ts';
import type { RunningListener } from '../../src/listener/listener.ts';
import { listen } from '../support/listener-world.ts';
import { type MemoryRemote, memoryRemote, memoryRepository } from '../support/memory-repository.ts';
import { type ScriptedControlPlane, startScriptedControlPlane } from '../support/scripted-control-plane.ts';
import { until } from '../support/until.ts';

type Event =
  | { readonly kind: 'create' | 'update' | 'remove'; readonly which: number }
  | { readonly kind: 'restart' | 'settle' | 'lose a push' | 'lose reports' | 'restore the database' }
  | { readonly kind: 'competitor'; readonly times: number };

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('create' as const, 'update' as const), which: fc.nat(4) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), which: fc.nat(4) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('competitor' as const), times: fc.integer({ min: 1, max: 3 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'restart' as const,
        'settle' as const,
        'lose a push' as const,
        'lose reports' as const,
        'restore the database' as const,
      ),
    }),
  },
);

it('converges', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 3, maxLength: 14 }), async (events) => {
      const world = await startWorld();
      try {
        for (const each of events) await world.play(each);
        await world.settle();
        world.check();
      } finally {
        await world.stop();
      }
    }),
    { numRuns: 25, endOnFailure: true },
  );
}, 120_000);

interface World {
  readonly plane: ScriptedControlPlane;
  readonly remote: MemoryRemote;
  readonly ids: DeploymentId[];
  readonly theirs: Set<string>;
  running: RunningListener;
}

async function startWorld() {
  const plane = await startScriptedControlPlane();
  const remote = memoryRemote();
  const start = () => listen({ plane, repository: memoryRepository(remote), namespace: { deletion: { max: 1000 } } });
  const world: World = { plane, remote, ids: [], theirs: new Set(), running: start() };
  return {
    play: (each: Event) => play(world, each, start),
    settle: () => settle(world),
    check: () => check(world),
    stop: async () => {
      await world.running.stop();
      await plane.stop();
    },
  };
}

async function play(world: World, event: Event, start: () => RunningListener): Promise<void> {
  const { plane, remote, ids } = world;
  const compete = (): void => {
    const path = `theirs/${world.theirs.size}`;
    world.theirs.add(path);
    remote.commit('theirs', [{ kind: 'write', path: repoPath(path), content: 'theirs\n' }]);
  };
  switch (event.kind) {
    case 'create':
      ids.push(plane.create(`app-${ids.length}`));
      return;
    case 'update':
    case 'remove': {
      const id = ids[event.which];
      if (!id || !plane.wanted().has(id) || plane.wanted().get(id)?.removed) return;
      if (event.kind === 'remove') plane.remove(id);
      else plane.update(id, { image: `registry.example/agents/chat:${Math.random().toString(36).slice(2)}` });
      return;
    }
    case 'competitor':
      for (let time = 0; time < event.times; time++) compete();
      return;
    case 'lose a push':
      remote.beforePublish = () => {
        remote.beforePublish = null;
        compete();
      };
      return;
    case 'lose reports':
      plane.script = (request, response) => {
        if (!request.url?.endsWith('/reports')) return false;
        plane.script = null;
        response.writeHead(503).end();
        return true;
      };
      return;
    case 'restore the database':
      return plane.restore();
    case 'restart':
      await world.running.stop();
      world.running = start();
      return;
    case 'settle':
      return settle(world);
    default:
      return event satisfies never;
  }
}

/** Every wanted revision is reported as pushed, and every removal as done. */
async function settle({ plane }: World): Promise<void> {
  await until('rest', () =>
    [...plane.wanted().values()].every(({ id, removed }) => !removed && plane.lastReport(id)?.outcome === 'succeeded'),
  );
}

function check({ plane, remote, theirs }: World): void {
  const wanted = [...plane.wanted().values()];
  const folders = new Map(
    wanted.map((each) => [`deployments/${resourceName(DeploymentName.parse(each.name), each.id)}`, each]),
  );
  const files = remote.files();
  const outside = [...files.keys()].filter((path) => !path.startsWith('deployments/'));
  const inside = [...files.keys()].filter((path) => path.startsWith('deployments/'));
  expect(outside.filter((path) => path !== 'README.md').toSorted()).toEqual([...theirs].toSorted());
  expect(new Set(inside.map((path) => path.split('/').slice(0, 2).join('/')))).toEqual(new Set(folders.keys()));
  for (const [path, each] of folders) {
    const held = [...files].filter(([file]) => file.startsWith(`${path}/`));
    const content = contentDigest(
      held.map(([file, text]) => ({ path: file.slice(path.length + 1), id: blobId(text) })),
    );
    expect(parseProvenance(files.get(`${path}/PROVENANCE`) ?? '')).toMatchObject({
      revisionId: each.revision,
      content,
    });
    expect(files.get(`${path}/api.deployment.yaml`)).toContain(`image: ${each.image}\n`);
  }
  const revisions = remote.log().flatMap((commit) => /^Revision-Id: (.*)$/m.exec(commit.message)?.[1] ?? []);
  expect(new Set(revisions).size).toBe(revisions.length);
  for (const each of wanted) {
    const commit = remote.commits.get(plane.lastReport(each.id)?.commit as never);
    expect(commit?.message).toContain(`Revision-Id: ${each.revision}\n`);
  }
}
