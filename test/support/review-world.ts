/** A lane under review in memory: a repository, its forge, and people who act on both. */
import type { NamespaceParts } from '../../src/listener/context.ts';
import type { RunningListener } from '../../src/listener/listener.ts';
import { type ListenerSetup, listen } from './listener-world.ts';
import { memoryBranches } from './memory-branches.ts';
import { memoryForge } from './memory-forge.ts';
import type { MemoryForge, MemoryForgeOptions, MemoryPullRequest } from './memory-forge-state.ts';
import { type MemoryRemote, memoryRemote, memoryRepository } from './memory-repository.ts';
import type { ScriptedControlPlane } from './scripted-control-plane.ts';

export interface ReviewWorld {
  readonly remote: MemoryRemote;
  readonly forge: MemoryForge;
  readonly parts: Pick<NamespaceParts, 'review'>;
  /** Open ones, oldest first. */
  open(): readonly MemoryPullRequest[];
  all(): readonly MemoryPullRequest[];
  start(plane: ScriptedControlPlane, more?: Partial<ListenerSetup>): RunningListener;
}

/** A repository with a README, and a forge that knows Jane and Joe. */
export function reviewWorld(
  options: Partial<MemoryForgeOptions> = {},
  remote: MemoryRemote = memoryRemote(),
): ReviewWorld {
  remote.commit('Begin', [{ kind: 'write', path: 'README.md' as never, content: 'hello\n' }]);
  const forge = memoryForge({
    branches: {
      tipOf: (branch) => remote.branches.get(branch) ?? null,
      baseHead: () => remote.head,
      isOnBase: (commit) => remote.log().some(({ id }) => id === commit),
      merge: (...given) => remote.mergeBranch(...given),
      removeBranch: (branch) => void remote.branches.delete(branch),
    },
    ...options,
  });
  const parts = {
    review: { forge: forge.forge, branches: memoryBranches(remote), words: { title: null, body: null } },
  };
  const all = () => [...forge.pullRequests.values()];
  return {
    remote,
    forge,
    parts,
    all,
    open: () => all().filter(({ state }) => state === 'open'),
    start: (plane, { namespace, ...more } = {}) =>
      listen({
        plane,
        repository: memoryRepository(remote),
        ...more,
        parts: { ...parts, ...more.parts },
        namespace: {
          credentials: { passwordFile: '/nowhere' },
          publication: { mode: 'proposed', forge: 'gitea' },
          ...namespace,
        },
      }),
  };
}
