/** No report takes away what an earlier one proved: a process that starts anew knows only what the last one said. */
import { afterEach, describe, expect, it } from 'vitest';
import { reasonOf } from '../../src/core/holds.ts';
import { TowpathError } from '../../src/domain/failure.ts';
import { repoPath } from '../../src/domain/file-tree.ts';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import { resourceName } from '../../src/domain/resource-name.ts';
import type { RunningListener } from '../../src/listener/listener.ts';
import { listHolds } from '../../src/listener/operate/holds.ts';
import { lookAround } from '../../src/listener/operate/operate.ts';
import { listen } from '../support/listener-world.ts';
import { type MemoryRemote, memoryRemote, memoryRepository } from '../support/memory-repository.ts';
import { operationOf } from '../support/operation.ts';
import { type ReviewWorld, reviewWorld } from '../support/review-world.ts';
import { type ScriptedControlPlane, startScriptedControlPlane } from '../support/scripted-control-plane.ts';
import { until } from '../support/until.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function makePlane(): Promise<ScriptedControlPlane> {
  const plane = await startScriptedControlPlane();
  stops.push(plane.stop);
  return plane;
}

const folderOf = (name: string, id: DeploymentId) => `deployments/${resourceName(name as never, id)}`;
const reason = (plane: ScriptedControlPlane, id: DeploymentId, word: string) =>
  until(word, () => plane.lastReport(id)?.reason === word && plane.lastReport(id));

function dropProvenance(remote: MemoryRemote, id: DeploymentId): void {
  remote.commit('Tidy up', [{ kind: 'delete', path: repoPath(`${folderOf('chat', id)}/PROVENANCE`) }]);
}

describe('with publication direct', () => {
  const start = (plane: ScriptedControlPlane, remote: MemoryRemote): RunningListener => {
    const running = listen({ plane, repository: memoryRepository(remote) });
    stops.push(running.stop);
    return running;
  };

  it('a folder that stops saying whose it is, and then goes, was taken away by a person', async () => {
    const [plane, remote] = [await makePlane(), memoryRemote()];
    const id = plane.create('chat');
    const running = start(plane, remote);
    await until('the commit', () => plane.lastReport(id)?.outcome === 'succeeded');
    const commit = remote.head;
    dropProvenance(remote, id);
    running.wake();
    const foreign = await reason(plane, id, 'ForeignFolder');
    await running.stop();

    remote.commit('Away with it', [{ kind: 'delete-folder', path: repoPath(folderOf('chat', id)) }]);
    start(plane, remote);
    const held = await reason(plane, id, 'RemovedInGit');

    expect(foreign).toMatchObject({ commit, lastCommit: commit });
    expect(foreign.message).toContain('has no PROVENANCE; last changed by Jane');
    expect(foreign.message).toContain('undo that in git');
    expect(held.message).toContain('Away with it');
  });

  it('a person who undoes that is heard, and all goes on', async () => {
    const [plane, remote] = [await makePlane(), memoryRemote()];
    const id = plane.create('chat');
    const running = start(plane, remote);
    await until('the commit', () => plane.lastReport(id)?.outcome === 'succeeded');
    const path = `${folderOf('chat', id)}/PROVENANCE`;
    const content = remote.files().get(path) ?? '';
    dropProvenance(remote, id);
    running.wake();
    await reason(plane, id, 'ForeignFolder');

    remote.commit('Put it back', [{ kind: 'write', path: repoPath(path), content }]);
    running.wake();

    await reason(plane, id, 'Pushed');
    expect(remote.log().filter(({ subject }) => subject.startsWith('deploy'))).toHaveLength(1);
  });
});

describe('a removal', () => {
  it('is held by manifests whose reading broke off at first', async () => {
    const [plane, remote] = [await makePlane(), memoryRemote()];
    const real = memoryRepository(remote);
    let failures = 0;
    const readBlobs: typeof real.readBlobs = (ids) => {
      failures -= 1;
      if (failures < 0) return real.readBlobs(ids);
      return Promise.reject(new TowpathError('transient', 'Unreachable', 'Cannot reach it: it does not answer'));
    };
    const id = plane.create('chat');
    const running = listen({ plane, repository: { ...real, readBlobs } });
    stops.push(running.stop);
    await until('the commit', () => plane.lastReport(id)?.outcome === 'succeeded');
    const label = `metadata: { labels: { towpath.dev/deployment-id: ${id} } }\n`;
    remote.commit('Call it otherwise', [
      { kind: 'delete-folder', path: repoPath(folderOf('chat', id)) },
      { kind: 'write', path: repoPath('deployments/old-chat/api.deployment.yaml'), content: label },
    ]);
    running.wake();
    await reason(plane, id, 'RemovedInGit');

    failures = 1;
    plane.remove(id);
    const said = await until('what is said', () => plane.reports.find(({ kind }) => kind === 'removal'));

    expect(failures).toBeLessThan(0);
    expect(said).toMatchObject({ outcome: 'failed', reason: 'ForeignFolder' });
  });
});

describe('under review', () => {
  const begin = async () => {
    const [world, plane] = [reviewWorld(), await makePlane()];
    const start = (): RunningListener => {
      const running = world.start(plane);
      stops.push(running.stop);
      return running;
    };
    return { world, plane, start };
  };
  const merged = async (world: ReviewWorld, plane: ScriptedControlPlane, running: RunningListener) => {
    const id = plane.create('chat');
    await reason(plane, id, 'InReview');
    world.forge.people.merge(world.open()[0]?.number ?? 0);
    running.wake();
    await reason(plane, id, 'Pushed');
    await until('the branch to go', () => world.remote.branches.size === 0);
    return id;
  };

  it('a rewritten history is noticed, though a later revision has waited for people since', async () => {
    const { world, plane, start } = await begin();
    const running = start();
    const id = await merged(world, plane, running);
    const lost = plane.lastReport(id)?.commit ?? '';
    plane.update(id, { image: 'registry.example/agents/chat:2.0.0' });
    const waiting = await reason(plane, id, 'InReview');
    await running.stop();
    world.remote.head = null;
    world.remote.commit('Begin anew', [{ kind: 'write', path: repoPath('README.md'), content: 'anew\n' }]);

    start();
    await until('the stop', () => plane.reports.findLast(({ kind }) => kind === 'lane')?.reason === 'HistoryRewritten');

    expect(waiting).toMatchObject({ commit: null, lastCommit: lost });
    expect(plane.reports.at(-1)?.message).toContain(lost.slice(0, 12));
  });

  it('a removal is held for a folder that does not say any more whose it is', async () => {
    const { world, plane, start } = await begin();
    const running = start();
    const id = await merged(world, plane, running);
    dropProvenance(world.remote, id);
    running.wake();
    await reason(plane, id, 'ForeignFolder');

    plane.remove(id);
    const held = await until('the hold', () => plane.reports.find(({ kind }) => kind === 'removal'));
    const operation = operationOf({
      plane,
      repository: memoryRepository(world.remote),
      parts: world.parts,
      namespace: { credentials: { passwordFile: '/nowhere' }, publication: { mode: 'proposed', forge: 'gitea' } },
    });
    const holds = await listHolds(await lookAround(operation));

    expect(held).toMatchObject({ outcome: 'failed', reason: 'ForeignFolder' });
    expect(holds.map(reasonOf)).toEqual([
      expect.stringContaining(`should be removed, but ${folderOf('chat', id)} has no PROVENANCE; last changed by Jane`),
    ]);
    expect(world.open()).toEqual([]);
  });
});
