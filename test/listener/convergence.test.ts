/** Whatever the order of events, the tree in the repository equals what is wanted, and each revision has one commit. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { GitRepository } from '../../src/adapters/repository/repository.ts';
import { blobId } from '../../src/core/blob-id.ts';
import { contentDigest, parseProvenance } from '../../src/core/provenance.ts';
import { repoPath } from '../../src/domain/file-tree.ts';
import { type DeploymentId, DeploymentName } from '../../src/domain/identifiers.ts';
import { resourceName } from '../../src/domain/resource-name.ts';
import { HttpTransport } from '../../src/git/http-transport.ts';
import type { RunningListener } from '../../src/listener/listener.ts';
import type { Repository } from '../../src/ports.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import { listen } from '../support/listener-world.ts';
import { memoryRemote, memoryRepository } from '../support/memory-repository.ts';
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

/** A repository as this test sees it: what is in it, and what others do to it. */
interface Remote {
  open(): Repository;
  files(): Promise<ReadonlyMap<string, string>>;
  commits(): Promise<readonly { readonly id: string; readonly message: string }[]>;
  /** Somebody else writes a file. */
  compete(path: string): Promise<void>;
  /** Before the next push that is made. */
  beforeNextPush(run: () => Promise<void>): void;
  sound(): Promise<void>;
}

let server: GitServer;
let count = 0;

beforeAll(async () => {
  server = await startGitServer();
});
afterAll(() => server.close());

it.each([
  ['in memory', inMemory, 25],
  ['on real git', onRealGit, 20],
] as const)('converges %s', async (_where, makeRemote, numRuns) => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 3, maxLength: 14 }), async (events) => {
      const world = await startWorld(await makeRemote());
      try {
        for (const each of events) await world.play(each);
        await world.settle();
        await world.check();
      } finally {
        await world.stop();
      }
    }),
    { numRuns, endOnFailure: true },
  );
});

interface World {
  readonly plane: ScriptedControlPlane;
  readonly remote: Remote;
  readonly ids: DeploymentId[];
  readonly theirs: Set<string>;
  running: RunningListener;
}

async function inMemory(): Promise<Remote> {
  const remote = memoryRemote();
  const compete = async (path: string): Promise<void> => {
    remote.commit('theirs', [{ kind: 'write', path: repoPath(path), content: 'theirs\n' }]);
  };
  return {
    open: () => memoryRepository(remote),
    files: async () => remote.files(),
    commits: async () => remote.log().map(({ id, message }) => ({ id, message })),
    compete,
    beforeNextPush: (run) => {
      remote.beforePublish = () => {
        remote.beforePublish = null;
        void run();
      };
    },
    sound: async () => undefined,
  };
}

async function onRealGit(): Promise<Remote> {
  const remote = await server.repository(`convergence-${count++}`);
  return {
    open: () => new GitRepository({ branch: 'main', transport: new HttpTransport({ url: remote.url }) }),
    files: async () => new Map(Object.entries(await remote.tree())),
    commits: async () => (await remote.log()).map(({ id, body }) => ({ id, message: `${body}\n` })),
    // The listener may be faster, and then the competitor tries again, as anybody would.
    compete: async (path) => {
      await until('the other commit', () => remote.seed({ [path]: 'theirs\n' }).catch(() => null));
    },
    beforeNextPush: (run) => server.inject({ kind: 'before', run }),
    sound: () => remote.fsck(),
  };
}

async function startWorld(remote: Remote) {
  const plane = await startScriptedControlPlane();
  const start = () => listen({ plane, repository: remote.open(), namespace: { deletion: { max: 1000 } } });
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
  const path = (): string => {
    const next = `theirs/${world.theirs.size}`;
    world.theirs.add(next);
    return next;
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
      for (let time = 0; time < event.times; time++) await remote.compete(path());
      return;
    case 'lose a push':
      remote.beforeNextPush(() => remote.compete(path()));
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

async function check({ plane, remote, theirs }: World): Promise<void> {
  const wanted = [...plane.wanted().values()];
  const folders = new Map(
    wanted.map((each) => [`deployments/${resourceName(DeploymentName.parse(each.name), each.id)}`, each]),
  );
  const files = await remote.files();
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
  const commits = await remote.commits();
  const revisions = commits.flatMap((commit) => /^Revision-Id: (.*)$/m.exec(commit.message)?.[1] ?? []);
  expect(new Set(revisions).size).toBe(revisions.length);
  for (const each of wanted) {
    const commit = commits.find(({ id }) => id === plane.lastReport(each.id)?.commit);
    expect(commit?.message).toContain(`Revision-Id: ${each.revision}\n`);
  }
  await remote.sound();
}
