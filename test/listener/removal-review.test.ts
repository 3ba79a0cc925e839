/** A removal under review, on real git and the stand-in for GitLab: whatever people do, gone means that nothing is left. */
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { httpControlPlane } from '../../src/adapters/control-plane/http.ts';
import { gitlabForge } from '../../src/adapters/forge/gitlab/forge.ts';
import { forgeHttp } from '../../src/adapters/forge/http/http.ts';
import { GitRepository } from '../../src/adapters/repository/repository.ts';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import { HttpTransport } from '../../src/git/http-transport.ts';
import type { Renderer } from '../../src/listener/context.ts';
import type { Tenant } from '../support/control-plane.ts';
import type { ServedRepository } from '../support/forge-server-pulls.ts';
import { type GitlabServer, startGitlabServer } from '../support/gitlab-server.ts';
import { listenTo } from '../support/listener-world.ts';
import { nativeGit } from '../support/native-git.ts';
import { realRenderer } from '../support/real-renderer.ts';
import { type ServedControlPlane, serveControlPlane } from '../support/served-control-plane.ts';
import { temporaryFolder } from '../support/temp.ts';
import { until } from '../support/until.ts';

let served: ServedControlPlane;
let server: GitlabServer;
let renderer: Renderer;
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  [served, server, renderer] = await Promise.all([
    serveControlPlane({ towpathCalls: true }),
    startGitlabServer(),
    realRenderer(),
  ]);
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});
afterAll(async () => {
  await served.stop();
  await server.close();
});

interface World {
  readonly tenant: Tenant;
  readonly project: ServedRepository;
  readonly id: DeploymentId;
  readonly folder: string;
  /** What the control plane says; null: the deployment is gone. */
  said(): Promise<string | null>;
  /** Wakes the listener until it says so. */
  told(words: RegExp): Promise<string>;
  restart(): Promise<void>;
  gone(): Promise<unknown>;
  /** As Jane, of the newest merge request. */
  change(body: object, action?: '/merge'): Promise<void>;
}

let made = 0;

/** Deployed by a merge request that Jane has merged, and then deleted; its removal waits for her. */
async function removing(): Promise<World> {
  made += 1;
  const path = `acme/environments-${made}`;
  const project = await server.repository(path, { towpath: 'write', jane: 'write' });
  await project.git.seed({ 'README.md': 'hello\n' });
  const [token, janes] = [server.token('towpath'), server.token('jane')];
  const tenant = await served.tenant('team-a');
  const apiKey = await served.listenerKey(tenant);
  const start = () => {
    const credentials = async () => ({ kind: 'basic' as const, username: 'oauth2', password: token });
    const transport = new HttpTransport({ url: project.git.url, credentials });
    const repository = new GitRepository({ branch: 'main', transport });
    const http = forgeHttp({ apiUrl: server.apiUrl, token: async () => token });
    const forge = gitlabForge({ http, repository: path, base: 'main' });
    return listenTo({
      controlPlane: httpControlPlane({ url: served.url, apiKey }, tenant.listenerId),
      ...{ listenerId: tenant.listenerId, url: served.url, repository, renderer },
      namespace: { credentials: { passwordFile: '/nowhere' }, publication: { mode: 'proposed', forge: 'gitlab' } },
      parts: { review: { forge, branches: repository, words: { title: null, body: null } } },
    });
  };
  let running = start();
  stops.push(() => running.stop());
  const { id } = await tenant.deploy('chat');
  const said = async () => {
    const { status, body } = await tenant.call('GET', `/v2/deployments/${id}`);
    return status === 404 ? null : (body.latest_revision_status_message ?? '');
  };
  const world: Omit<World, 'folder'> = {
    ...{ tenant, project, id, said },
    told: (words) =>
      until(`${words}`, async () => {
        running.wake();
        const text = (await said()) ?? 'it is gone';
        return words.test(text) || text === 'it is gone' ? text : null;
      }),
    gone: () =>
      until('the end', async () => {
        running.wake();
        return (await said()) === null;
      }),
    restart: async () => {
      await running.stop();
      running = start();
    },
    change: async (body, action) => {
      const where = `${server.apiUrl}/projects/${project.id}/merge_requests/${project.pulls.length}${action ?? ''}`;
      const headers = { 'private-token': janes, 'content-type': 'application/json' };
      const answer = await fetch(where, { method: 'PUT', headers, body: JSON.stringify(body) });
      expect(answer.status).toBe(200);
    },
  };
  await world.told(/waits for review/);
  await world.change({}, '/merge');
  await world.told(/Pushed as/);
  const [file = ''] = Object.keys(await project.git.tree()).filter((each) => each.startsWith('deployments/'));
  await tenant.call('DELETE', `/v2/deployments/${id}`);
  await world.told(/waits for review: merging it into main.* removes the deployment/);
  return { ...world, folder: file.split('/').slice(0, 2).join('/') };
}

/** What Jane does in a clone, on the base or on the branch of the merge request. */
async function inClone(
  { project }: World,
  branch: string,
  change: (clone: string, git: (...args: string[]) => Promise<string>) => Promise<unknown>,
): Promise<void> {
  const clone = await temporaryFolder('clone');
  await nativeGit(['clone', '--quiet', '--branch', branch, project.git.path, clone]);
  const git = (...args: string[]) => nativeGit(['-C', clone, ...args]);
  await change(clone, git);
  await git('add', '--all');
  await git('commit', '--quiet', '--message', 'Think of it');
  await git('push', '--quiet', 'origin', `HEAD:${branch}`);
}

const branchOf = ({ project }: World): string => project.pulls.at(-1)?.head ?? '';
const manifests = async ({ project, folder }: World) =>
  Object.keys(await project.git.tree()).filter((path) => path.startsWith(folder));

describe('is over', () => {
  it.each([
    ['merged', {}],
    ['squashed', { squash: true }],
  ])('once it is %s, though another process sees that', async (_how, body) => {
    const world = await removing();
    await world.change(body, '/merge');
    await world.restart();

    await world.gone();

    expect(Object.keys(await world.project.git.tree())).toEqual(['README.md']);
    const branches = () => world.project.git.git('for-each-ref', '--format=%(refname)');
    await until('its branch to go', async () => (await branches()).trim() === 'refs/heads/main');
  });

  it('once it is opened again and merged, after a person had closed it', async () => {
    const world = await removing();
    await world.change({ state_event: 'close' });
    expect(await world.told(/rejected by/)).toContain('open it again to remove the deployment after all');
    await world.restart();
    await world.change({ state_event: 'reopen' });
    expect(await world.told(/waits for review/)).toContain('removes the deployment');
    await world.change({}, '/merge');

    await world.gone();

    expect(await manifests(world)).toEqual([]);
  });

  it('once the folder is gone under the name that a person gave it meanwhile', async () => {
    const world = await removing();
    await inClone(world, 'main', (clone) => rename(join(clone, world.folder), join(clone, 'deployments/old-chat')));
    const before = world.project.pulls.at(-1)?.headCommit;
    await until('the branch to follow', async () => {
      await world.told(/waits for review/);
      return world.project.pulls.at(-1)?.headCommit !== before;
    });
    await world.change({ squash: true }, '/merge');

    await world.gone();

    expect(Object.keys(await world.project.git.tree())).toEqual(['README.md']);
  });
});

describe('goes on', () => {
  it.each([
    ['merged', {}],
    ['squashed', { squash: true }],
  ])('where a person kept a manifest on its branch, and it was %s', async (_how, body) => {
    const world = await removing();
    await inClone(world, branchOf(world), (_clone, git) =>
      git('checkout', '--quiet', 'origin/main', '--', `${world.folder}/api.deployment.yaml`),
    );
    expect(await world.told(/holds a commit by/)).toContain('Ada');
    await world.change(body, '/merge');
    await world.restart();

    const text = await world.told(/^Cannot end the removal/);

    expect(text).toMatch(/chat-[0-9a-f]{10} has no PROVENANCE; last changed by (?:Ada|jane) </);
    expect(await manifests(world)).toEqual([`${world.folder}/api.deployment.yaml`]);
    await inClone(world, 'main', (clone) => rm(join(clone, world.folder), { recursive: true }));
    await world.gone();
  });

  it('where the folder stopped saying whose it is, and its merge request is closed for that', async () => {
    const world = await removing();
    await inClone(world, 'main', (clone) => rm(join(clone, world.folder, 'PROVENANCE')));
    await world.restart();

    const text = await world.told(/^Cannot end the removal/);
    await until('the merge request to be closed', () => world.project.pulls.at(-1)?.state === 'closed');

    expect(text).toContain(`${world.folder} has no PROVENANCE`);
    expect(await manifests(world)).not.toEqual([]);
  });

  it('where somebody edited the folder on the base', async () => {
    const world = await removing();
    await inClone(world, 'main', (clone) => writeFile(join(clone, world.folder, 'notes.txt'), 'keep it\n'));
    await world.restart();

    expect(await world.told(/^Cannot remove/)).toContain('was edited in git by Ada');
    expect(await manifests(world)).toContain(`${world.folder}/notes.txt`);
  });

  it('where the merge was reverted before anybody looked', async () => {
    const world = await removing();
    const merged = async () => {
      await world.change({ squash: true }, '/merge');
      await inClone(world, 'main', (_clone, git) => git('revert', '--no-commit', 'HEAD'));
    };
    await Promise.all([world.restart(), merged()]);

    const said = await world.told(/removed|reverted|waits|merged/);

    expect(said).not.toBe('it is gone');
    expect(await manifests(world)).not.toEqual([]);
  });
});
