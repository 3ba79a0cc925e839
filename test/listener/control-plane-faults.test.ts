/** What a control plane that fails, lies or forgets does to the loop, on real git: nothing lost, nothing removed. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { GitRepository } from '../../src/adapters/repository/repository.ts';
import { namedSecretSealer } from '../../src/adapters/secret-sealer/named.ts';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import { HttpTransport } from '../../src/git/http-transport.ts';
import type { SecretSealer } from '../../src/ports.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import { type ListenerSetup, listen } from '../support/listener-world.ts';
import {
  type Script,
  type ScriptedControlPlane,
  startScriptedControlPlane,
} from '../support/scripted-control-plane.ts';
import type { TestRepository } from '../support/test-repository.ts';
import { until } from '../support/until.ts';

let plane: ScriptedControlPlane;
let server: GitServer;
let remote: TestRepository;
let count = 0;
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  server = await startGitServer();
});
afterAll(() => server.close());
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  await remote.fsck();
});

async function start(more: Partial<ListenerSetup> = {}) {
  plane = await startScriptedControlPlane();
  remote = await server.repository(`plane-${count++}`);
  const running = listen({ plane, repository: repository(), ...more });
  stops.push(plane.stop, running.stop);
  return running;
}

const repository = () => new GitRepository({ branch: 'main', transport: new HttpTransport({ url: remote.url }) });

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

    expect(report.commit).toBe(await remote.head());
    expect(await remote.log()).toHaveLength(1);
    expect(running.log.lines.join('\n')).toMatch(/Cannot (ask|read|report)/);
  });

  it('lets a specification that never comes hold up nobody', async () => {
    await start({ timings: { prepareMs: 100 } });
    const stuck = plane.create('stuck');
    plane.script = (request) => request.url?.includes(stuck) === true;
    const id = plane.create('chat');

    await succeeded(id);
    plane.create('other');
    await until('the other commit', async () => (await remote.log()).length === 2);

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
    const files = await remote.tree();

    for (const id of ids) plane.vanish(id);
    plane.restore();
    const lane = await until('the orphans', () =>
      plane.reports.findLast((report) => report.kind === 'lane' && report.orphans.length === 2),
    );

    expect(lane).toMatchObject({ reason: 'OrphanFolders' });
    expect(await remote.tree()).toEqual(files);
  });

  it('hears of orphans even where it wants nothing at all', async () => {
    const first = await start();
    const id = plane.create('chat');
    await succeeded(id);
    await first.stop();
    plane.vanish(id);

    stops.push(listen({ plane, repository: repository() }).stop);

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
    expect((await succeeded(id)).commit).toBe(await remote.head());
    expect(await remote.log()).toHaveLength(1);
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
    await until('the commit', () => remote.head());
    await running.stop();
    plane.script = null;
    const commit = await remote.head();
    await remote.seed({ 'NOTES.md': 'Somebody else' });

    stops.push(listen({ plane, repository: repository() }).stop);

    const report = await succeeded(id);
    expect(report.commit).toBe(commit);
    expect(report.message).toMatch(/A cluster needs Secret "chat-[0-9a-f]{10}-env-[0-9a-f]{10}" in namespace team-a/);
    expect((await remote.log()).filter((each) => each.subject.startsWith('deploy('))).toHaveLength(1);
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

    expect((await remote.log()).map((commit) => commit.subject.slice(0, 12))).toEqual(['deploy(other', 'deploy(chat)']);
  });

  it('publishes nothing for a revision that is interrupted while it is prepared', async () => {
    let id: DeploymentId | null = null;
    const asked = () => plane.requests.filter((request) => request.includes('/desired')).length;
    const sealer: SecretSealer = {
      fileOf: () => null,
      seal: async (secret) => {
        if (id !== null && secret.name.includes('-env-')) {
          // A question is asked once the last answer has been taken in; twice, since one may be on its way already.
          for (const _ of [1, 2]) {
            const before = asked();
            plane.update(id, { ...plane.wanted().get(id), interrupted: true });
            await until('the next question', () => asked() > before);
          }
        }
        return namedSecretSealer().seal(secret);
      },
    };
    await start({ parts: { sealer } });
    id = plane.create('chat', { secrets: { TOKEN: 'a-token-of-chat' } });
    await until('the interruption', () => id !== null && plane.wanted().get(id)?.interrupted);

    await succeeded(plane.create('other'));

    expect((await remote.log()).map((commit) => commit.subject.slice(0, 12))).toEqual(['deploy(other']);
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
