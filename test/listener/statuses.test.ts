/** What the API says of a revision after each thing that people do: a status and words that belong together. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { httpControlPlane } from '../../src/adapters/control-plane/http.ts';
import { TowpathError } from '../../src/domain/failure.ts';
import { repoPath } from '../../src/domain/file-tree.ts';
import type { Renderer } from '../../src/listener/context.ts';
import type { Repository } from '../../src/ports.ts';
import type { Tenant } from '../support/control-plane.ts';
import { type ListenToSetup, listenTo } from '../support/listener-world.ts';
import { memoryRemote, memoryRepository } from '../support/memory-repository.ts';
import { plainRenderer } from '../support/plain-renderer.ts';
import { reviewWorld } from '../support/review-world.ts';
import { type ServedControlPlane, serveControlPlane } from '../support/served-control-plane.ts';
import { until } from '../support/until.ts';

let served: ServedControlPlane;
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  served = await serveControlPlane({ towpathCalls: true });
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});
afterAll(() => served.stop());

async function startFor(tenant: Tenant, setup: Pick<ListenToSetup, 'repository' | 'parts' | 'namespace' | 'renderer'>) {
  const { listenerId } = tenant;
  const controlPlane = httpControlPlane({ url: served.url, apiKey: await served.listenerKey(tenant) }, listenerId);
  const running = listenTo({ controlPlane, listenerId, url: served.url, ...setup });
  stops.push(running.stop);
  return running;
}

/** `[status, words]` once the reason is this one; the words of a deployment are those of its revision. */
const says = (tenant: Tenant, id: string, revisionId: string) => async (reason: string) =>
  until(reason, async () => {
    const { body } = await tenant.call('GET', `/v2/deployments/${id}/revisions/${revisionId}`);
    if (body.towpath.reason !== reason) return null;
    const { body: deployment } = await tenant.call('GET', `/v2/deployments/${id}`);
    // Asked twice: what is said may have changed in between.
    return deployment.latest_revision_status_message === body.status_message && [body.status, body.status_message];
  });

const path = (files: ReadonlyMap<string, string>, file: string) =>
  [...files.keys()].find((each) => each.startsWith('deployments/') && each.endsWith(`/${file}`)) ?? '';

const proposed = { credentials: { passwordFile: '/nowhere' }, publication: { mode: 'proposed', forge: 'gitea' } };

describe('under review', () => {
  const begin = async (publication: Readonly<Record<string, unknown>> = {}) => {
    const [tenant, world] = [await served.tenant('team-a'), reviewWorld()];
    const running = await startFor(tenant, {
      repository: memoryRepository(world.remote),
      parts: world.parts,
      namespace: { ...proposed, publication: { ...proposed.publication, ...publication } },
    });
    const { id, revisionId } = await tenant.deploy('chat');
    const told = says(tenant, id, revisionId);
    expect(await told('InReview')).toEqual(['AWAITING_DEPLOY', expect.stringContaining('waits for review')]);
    const [{ number, head } = { number: 0, head: '' }] = world.open();
    return { ...world, tenant, id, running, told, number, branch: head };
  };

  it('a pull request that is rejected, opened again, and merged', async () => {
    const { forge, running, told, number } = await begin();
    const next = async (reason: string) => {
      running.wake();
      return told(reason);
    };

    forge.people.close(number, 'Jane');
    expect(await next('Rejected')).toEqual(['DEPLOY_FAILED', expect.stringMatching(/rejected by Jane.*open it again/)]);
    forge.people.reopen(number);
    expect(await next('InReview')).toEqual(['AWAITING_DEPLOY', expect.stringContaining('waits for review')]);
    forge.people.close(number, 'Joe');
    expect(await next('Rejected')).toEqual(['DEPLOY_FAILED', expect.stringContaining('rejected by Joe')]);
    forge.people.reopen(number);
    await next('InReview');
    forge.people.merge(number);
    expect(await next('Pushed')).toEqual(['DEPLOYED', expect.stringContaining('Pushed as')]);
  });

  it('a draft that is opened again, where the listener merges itself', async () => {
    const { forge, running, told, number } = await begin({ merge: 'fast-forward' });
    forge.people.close(number, 'Jane');
    running.wake();
    await told('Rejected');

    forge.people.edit(number, { draft: true });
    forge.people.reopen(number);
    running.wake();

    expect(await told('InReview')).toEqual(['AWAITING_DEPLOY', expect.stringContaining('waits for review')]);
  });

  it('a branch that a person edits, squashes and does not delete, and the next revision', async () => {
    const { tenant, id, remote, forge, running, told, number, branch } = await begin({ deleteBranch: false });
    const manifest = path(remote.files(remote.branches.get(branch)), 'api.deployment.yaml');
    remote.commitOn(branch, 'Use less memory', [{ kind: 'write', path: repoPath(manifest), content: 'memory: 1Gi\n' }]);
    forge.people.merge(number, 'squash');
    running.wake();
    await told('Pushed');

    const config = { image_uri: 'registry.example/agents/chat:2.0.0' };
    const { body } = await tenant.call('PATCH', `/v2/deployments/${id}`, { source_revision_config: config });
    const said = await says(tenant, id, body.latest_revision_id)('InReview');

    expect(said).toEqual(['AWAITING_DEPLOY', expect.stringContaining('waits for review')]);
    expect(remote.branches.has(branch)).toBe(true);
  });

  it.each(['merge', 'squash', 'rebase'] as const)('a branch that a person edits and merges by %s', async (method) => {
    const { remote, forge, running, told, number, branch } = await begin();
    const tip = remote.branches.get(branch);
    const manifest = path(remote.files(tip), 'api.deployment.yaml');
    remote.commitOn(branch, 'Use less memory', [{ kind: 'write', path: repoPath(manifest), content: 'memory: 1Gi\n' }]);
    running.wake();
    expect(await told('EditedInReview')).toEqual(['AWAITING_DEPLOY', expect.stringContaining('Jane')]);

    forge.people.merge(number, method);
    running.wake();
    const merged = await told('Pushed');

    expect(merged).toEqual([
      'DEPLOYED',
      expect.stringContaining('It was merged with what a person changed on its branch'),
    ]);
    remote.commit('Use more again', [{ kind: 'write', path: repoPath(manifest), content: 'memory: 2Gi\n' }]);
    running.wake();
    expect(await told('EditedInGit')).toEqual(['DEPLOY_FAILED', expect.stringContaining('Use more again')]);
    expect(remote.files().get(manifest)).toBe('memory: 2Gi\n');
    expect(remote.branches.has(branch)).toBe(false);
  });
});

describe('with publication direct', () => {
  it('a repository that is missing, then away, then there', async () => {
    const [tenant, remote] = [await served.tenant('team-a'), memoryRemote()];
    const real = memoryRepository(remote);
    let failure: TowpathError | null = new TowpathError('terminal', 'MissingRepository', 'Cannot find it: make it');
    const repository: Repository = {
      ...real,
      head: () => (failure === null ? real.head() : Promise.reject(failure)),
    };
    const running = await startFor(tenant, { repository });
    const { id, revisionId } = await tenant.deploy('chat');
    const told = says(tenant, id, revisionId);

    expect(await told('MissingRepository')).toEqual(['DEPLOY_FAILED', 'Cannot find it: make it']);
    failure = new TowpathError('transient', 'Unreachable', 'Cannot reach it: it does not answer');
    running.wake();
    expect(await told('Unreachable')).toEqual(['AWAITING_DEPLOY', 'Cannot reach it: it does not answer']);
    failure = null;
    running.wake();
    expect(await told('Pushed')).toEqual(['DEPLOYED', expect.stringContaining('Pushed as')]);
  });

  it('a removal that a missing repository stops, then an outage, then nothing', async () => {
    const [tenant, remote] = [await served.tenant('team-a'), memoryRemote()];
    const real = memoryRepository(remote);
    let failure: TowpathError | null = null;
    const repository: Repository = {
      ...real,
      head: () => (failure === null ? real.head() : Promise.reject(failure)),
      publish: (...given) => (failure === null ? real.publish(...given) : Promise.reject(failure)),
    };
    const running = await startFor(tenant, { repository });
    const { id, revisionId } = await tenant.deploy('chat');
    await says(tenant, id, revisionId)('Pushed');
    const deployment = () => tenant.call('GET', `/v2/deployments/${id}`);
    const message = (text: string) =>
      until(text, async () => (await deployment()).body.latest_revision_status_message === text);

    failure = new TowpathError('terminal', 'MissingRepository', 'Cannot find it: make it');
    await tenant.call('DELETE', `/v2/deployments/${id}`);
    await message('Cannot find it: make it');
    failure = new TowpathError('transient', 'Unreachable', 'Cannot reach it: it does not answer');
    running.wake();
    await message('Cannot reach it: it does not answer');
    failure = null;
    running.wake();
    await until('the end', async () => (await deployment()).status === 404);
  });

  it('a folder that a person takes away and puts back', async () => {
    const [tenant, remote] = [await served.tenant('team-a'), memoryRemote()];
    const running = await startFor(tenant, { repository: memoryRepository(remote) });
    const { id, revisionId } = await tenant.deploy('chat');
    const told = says(tenant, id, revisionId);
    await told('Pushed');
    const before = [...remote.files()];
    const folder = path(remote.files(), 'PROVENANCE').replace('/PROVENANCE', '');

    remote.commit('Away', [{ kind: 'delete-folder', path: repoPath(folder) }]);
    running.wake();
    expect(await told('RemovedInGit')).toEqual(['DEPLOY_FAILED', expect.stringContaining('was removed in git')]);
    remote.commit(
      'Back',
      before.map(([file, content]) => ({ kind: 'write', path: repoPath(file), content })),
    );
    running.wake();
    expect(await told('Pushed')).toEqual(['DEPLOYED', expect.stringContaining('Pushed as')]);
  });

  it('a rendering anew that is refused, while the revision runs as it is', async () => {
    const [tenant, remote] = [await served.tenant('team-a'), memoryRemote()];
    const first = await startFor(tenant, { repository: memoryRepository(remote), renderer: plainRenderer('a') });
    const { id, revisionId } = await tenant.deploy('chat');
    const told = says(tenant, id, revisionId);
    const pushed = await told('Pushed');
    await first.stop();
    const next = plainRenderer('b');
    const finding = { path: 'api.yaml', line: 1, pointer: '/', message: 'it is refused' };
    const renderer: Renderer = { ...next, render: () => ({ kind: 'refused', findings: [finding] }) };

    const second = await startFor(tenant, {
      repository: memoryRepository(remote),
      renderer,
      namespace: { rerender: 'now' },
    });
    await until('the refusal', () => second.log.lines.some((line) => line.includes('it is refused')));
    const other = await tenant.deploy('other');
    await says(tenant, other.id, other.revisionId)('InvalidManifest');

    expect(pushed[0]).toBe('DEPLOYED');
    expect(await told('Pushed')).toEqual(pushed);
  });
});
