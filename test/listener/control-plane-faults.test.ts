/** What a control plane that fails, lies or forgets does to the loop: nothing lost, nothing removed. */
import { afterEach, describe, expect, it } from 'vitest';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import { type ListenerSetup, listen } from '../support/listener-world.ts';
import { type MemoryRemote, memoryRemote, memoryRepository } from '../support/memory-repository.ts';
import {
  type Script,
  type ScriptedControlPlane,
  startScriptedControlPlane,
} from '../support/scripted-control-plane.ts';
import { until } from '../support/until.ts';

let plane: ScriptedControlPlane;
let remote: MemoryRemote;
const stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function start(more: Partial<ListenerSetup> = {}) {
  plane = await startScriptedControlPlane();
  remote = memoryRemote();
  const running = listen({ plane, repository: memoryRepository(remote), ...more });
  stops.push(plane.stop, running.stop);
  return running;
}

const succeeded = (id: DeploymentId) =>
  until('success', () => plane.lastReport(id)?.outcome === 'succeeded' && plane.lastReport(id));

/** Answers the first `times` requests to a path in place of the control plane. */
function failing(path: RegExp, times: number, status: number, headers: Record<string, string>, body: string): Script {
  let left = times;
  return (request, response) => {
    if (left <= 0 || !path.test(request.url ?? '')) return false;
    left -= 1;
    response.writeHead(status, headers).end(body);
    return true;
  };
}

describe('a control plane that fails', () => {
  it.each([
    ['500 for the list', /desired/, 500, {}, 'oops'],
    ['garbage for the list', /desired/, 200, {}, '<html>'],
    ['JSON of another kind for the list', /desired/, 200, {}, '{"items":[{"kind":"present"}]}'],
    ['429 for the list', /desired/, 429, {}, ''],
    ['500 for the specification', /spec$/, 500, {}, ''],
    ['garbage for the specification', /spec$/, 200, {}, '[]'],
    ['502 for reports', /reports$/, 502, {}, ''],
    ['401 for reports', /reports$/, 401, {}, '{"detail":"no"}'],
  ] as const)('loses nothing with %s', async (_name, path, status, headers, body) => {
    const running = await start();
    const id = plane.create('chat');
    plane.script = failing(path, 3, status, headers, body);

    const report = await succeeded(id);

    expect(report.commit).toBe(remote.head);
    expect(remote.log()).toHaveLength(1);
    expect(running.log.lines.join('\n')).toMatch(/Cannot (ask|read|report)/);
  });

  it('lets a specification that never comes hold up nobody', async () => {
    await start({ timings: { prepareMs: 100 } });
    const stuck = plane.create('stuck');
    plane.script = (request) => request.url?.includes(stuck) === true;
    const id = plane.create('chat');

    await succeeded(id);
    plane.create('other');
    await until('the other commit', () => remote.log().length === 2);

    const asked = plane.requests.filter((request) => request.includes(stuck));
    expect(asked).toHaveLength(1);
  });

  it('waits as long as Retry-After says', async () => {
    await start();
    plane.script = failing(/desired/, 1, 429, { 'retry-after': '1' }, '');
    const id = plane.create('chat');
    const began = Date.now();

    await succeeded(id);

    expect(Date.now() - began).toBeGreaterThan(900);
  });

  it('removes nothing when the list comes back empty', async () => {
    await start();
    const ids = ['a', 'b'].map((name) => plane.create(name));
    for (const id of ids) await succeeded(id);
    const files = remote.files();

    for (const id of ids) plane.vanish(id);
    plane.restore();
    const lane = await until('the orphans', () =>
      plane.reports.findLast((report) => report.kind === 'lane' && report.orphans.length === 2),
    );

    expect(lane).toMatchObject({ reason: 'OrphanFolders' });
    expect(remote.files()).toEqual(files);
  });

  it('hears of orphans even where it wants nothing at all', async () => {
    const first = await start();
    const id = plane.create('chat');
    await succeeded(id);
    await first.stop();
    plane.vanish(id);

    stops.push(listen({ plane, repository: memoryRepository(remote) }).stop);

    await until('the orphan', () =>
      plane.reports.some((report) => report.kind === 'lane' && report.orphans.length === 1),
    );
  });

  it('hears again what it has forgotten', async () => {
    await start();
    const id = plane.create('chat');
    await succeeded(id);

    plane.forget(id);
    plane.restore();

    await until('the report', () => plane.lastReport(id));
    expect((await succeeded(id)).commit).toBe(remote.head);
    expect(remote.log()).toHaveLength(1);
  });
});

describe('a report that is lost with the process', () => {
  it('is found again in git, with its commit', async () => {
    const running = await start({ timings: { stopMs: 50 } });
    plane.script = (request, response) => {
      if (!request.url?.endsWith('/reports')) return false;
      response.writeHead(503).end();
      return true;
    };
    const id = plane.create('chat', { secrets: { TOKEN: 'planted-token' } });
    await until('the commit', () => remote.head);
    await running.stop();
    plane.script = null;
    const commit = remote.head;
    remote.commit('Somebody else', []);

    stops.push(listen({ plane, repository: memoryRepository(remote) }).stop);

    const report = await succeeded(id);
    expect(report.commit).toBe(commit);
    expect(report.message).toMatch(/A cluster needs Secret "chat-[0-9a-f]{10}-env-[0-9a-f]{10}" in namespace team-a/);
    expect(remote.log().filter((each) => each.subject.startsWith('deploy('))).toHaveLength(1);
  });
});

describe('changes of mind', () => {
  it('publishes nothing for an interrupted revision, and keeps what was committed', async () => {
    await start();
    const id = plane.create('chat');
    await succeeded(id);
    plane.update(id, { interrupted: true });
    const other = plane.create('other');
    await succeeded(other);

    expect(remote.log().map((commit) => commit.subject.slice(0, 12))).toEqual(['deploy(other', 'deploy(chat)']);
  });

  it('tells a deployment of a namespace that nobody serves', async () => {
    await start();
    const id = plane.create('stray', { namespace: 'nowhere' });

    const report = await until('the answer', () => plane.lastReport(id));

    expect(report).toMatchObject({ outcome: 'failed', reason: 'NamespaceNotServed' });
    expect(report.message).toContain('no repository for namespace nowhere');
  });

  it('tells also what is to be removed from a namespace that nobody serves any more', async () => {
    await start();
    const id = plane.create('stray', { namespace: 'nowhere' });
    plane.remove(id);

    const report = await until('the answer', () => plane.reports.find((each) => each.kind === 'removal'));

    expect(report).toMatchObject({ deploymentId: id, outcome: 'failed', reason: 'NamespaceNotServed' });
  });
});
