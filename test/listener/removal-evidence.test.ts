/** A deployment is gone only when nothing that could be its folder is left: what people do in a clone, and then DELETE. */
import { chmod, cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { httpControlPlane } from '../../src/adapters/control-plane/http.ts';
import { GitRepository } from '../../src/adapters/repository/repository.ts';
import { reasonOf } from '../../src/core/holds.ts';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import { HttpTransport } from '../../src/git/http-transport.ts';
import type { Renderer } from '../../src/listener/context.ts';
import { listHolds } from '../../src/listener/operate/holds.ts';
import { lookAround } from '../../src/listener/operate/operate.ts';
import type { Tenant } from '../support/control-plane.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import { listenTo } from '../support/listener-world.ts';
import { nativeGit } from '../support/native-git.ts';
import { operationOf } from '../support/operation.ts';
import { realRenderer } from '../support/real-renderer.ts';
import { type ServedControlPlane, serveControlPlane } from '../support/served-control-plane.ts';
import { temporaryFolder } from '../support/temp.ts';
import type { TestRepository } from '../support/test-repository.ts';
import { until } from '../support/until.ts';

let served: ServedControlPlane;
let server: GitServer;
let renderer: Renderer;
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  [served, server, renderer] = await Promise.all([
    serveControlPlane({ towpathCalls: true }),
    startGitServer(),
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

interface Deployed {
  readonly tenant: Tenant;
  readonly remote: TestRepository;
  readonly id: DeploymentId;
  readonly revisionId: string;
  readonly folder: string;
  /** Another process, which knows only what the control plane remembers. */
  restart(): Promise<void>;
  wake(): void;
  holds(): Promise<readonly string[]>;
  message(): Promise<string>;
}

let made = 0;

async function deployed(): Promise<Deployed> {
  made += 1;
  const [tenant, remote] = await Promise.all([served.tenant('team-a'), server.repository(`removal-${made}`)]);
  const apiKey = await served.listenerKey(tenant);
  const { listenerId } = tenant;
  const repository = () => new GitRepository({ branch: 'main', transport: new HttpTransport({ url: remote.url }) });
  const start = () => {
    const controlPlane = httpControlPlane({ url: served.url, apiKey }, listenerId);
    return listenTo({ controlPlane, listenerId, url: served.url, repository: repository(), renderer });
  };
  let running = start();
  stops.push(() => running.stop());
  const { id, revisionId } = await tenant.deploy('chat');
  const revision = async () => (await tenant.call('GET', `/v2/deployments/${id}/revisions/${revisionId}`)).body;
  await until('DEPLOYED', async () => (await revision()).status === 'DEPLOYED');
  const [path = ''] = Object.keys(await remote.tree()).filter((each) => each.startsWith('deployments/'));
  return {
    ...{ tenant, remote, id, revisionId },
    folder: path.split('/').slice(0, 2).join('/'),
    wake: () => running.wake(),
    restart: async () => {
      await running.stop();
      running = start();
    },
    message: async () => (await revision()).status_message,
    holds: async () => {
      const plane = { url: served.url, listenerId };
      const operation = operationOf({ plane, apiKey, repository: repository(), parts: { renderer } });
      return (await listHolds(await lookAround(operation))).map((hold) => `${hold.kind} ${reasonOf(hold)}`);
    },
  };
}

/** What a person does in a clone, committed and pushed; answers the commit. */
async function inClone({ remote }: Deployed, change: (clone: string) => Promise<unknown>): Promise<string> {
  const clone = await temporaryFolder('clone');
  await nativeGit(['clone', '--quiet', remote.url, clone]);
  await change(clone);
  await nativeGit(['-C', clone, 'add', '--all']);
  await nativeGit(['-C', clone, 'commit', '--quiet', '--message', 'Tidy up']);
  await nativeGit(['-C', clone, 'push', '--quiet', 'origin', 'HEAD:main']);
  return (await nativeGit(['-C', clone, 'rev-parse', 'HEAD'])).trim();
}

const rewrite = async (path: string, change: (text: string) => string) =>
  writeFile(path, change(await readFile(path, 'utf8')));
const provenance = (clone: string, folder: string) => join(clone, folder, 'PROVENANCE');

async function deleted({ tenant, id }: Deployed): Promise<void> {
  expect((await tenant.call('DELETE', `/v2/deployments/${id}`)).status).toBeLessThan(300);
}

const isGone = async ({ tenant, id }: Deployed) => (await tenant.call('GET', `/v2/deployments/${id}`)).status === 404;

async function audited({ tenant, id }: Deployed): Promise<readonly { action: string; detail: unknown }[]> {
  const { body } = await tenant.call('GET', '/towpath/v1/audit?limit=100');
  return body.entries
    .filter((entry: { target: { id: string } }) => entry.target.id === id)
    .map(({ action, detail }: { action: string; detail: unknown }) => ({ action, detail }));
}

type Change = (clone: string, folder: string) => Promise<unknown>;

describe('a deployment whose folder still says what it is', () => {
  it.each<[string, Change]>([
    [
      'PROVENANCE has line ends of Windows',
      (clone, folder) => rewrite(provenance(clone, folder), (text) => text.replaceAll('\n', '\r\n')),
    ],
    [
      'PROVENANCE begins with a byte-order mark',
      (clone, folder) => rewrite(provenance(clone, folder), (text) => `\uFEFF${text}`),
    ],
    [
      'lines of PROVENANCE end with blanks',
      (clone, folder) => rewrite(provenance(clone, folder), (text) => `${text.replaceAll('\n', ' \t\n')}\n \n`),
    ],
    [
      'PROVENANCE lost its last line end',
      (clone, folder) => rewrite(provenance(clone, folder), (text) => text.trimEnd()),
    ],
    [
      'all of its files may be executed',
      async (clone, folder) => {
        for (const file of await readdir(join(clone, folder))) await chmod(join(clone, folder, file), 0o755);
      },
    ],
    [
      'the folder has another case',
      (clone, folder) => rename(join(clone, folder), join(clone, 'deployments', folder.slice(12).toUpperCase())),
    ],
    ['the folder was renamed', (clone, folder) => rename(join(clone, folder), join(clone, 'deployments/old-chat'))],
    [
      'the folder was copied',
      (clone, folder) => cp(join(clone, folder), join(clone, 'deployments/chat-copy'), { recursive: true }),
    ],
  ])('goes with all of it where %s', async (_name, change) => {
    const world = await deployed();
    await inClone(world, (clone) => change(clone, world.folder));
    await world.restart();

    await deleted(world);
    await until('the end', () => isGone(world));

    expect(Object.keys(await world.remote.tree())).toEqual(['README.md']);
    expect((await audited(world)).map(({ action }) => action)).toContain('deployment.gone');
  });
});

describe('a deployment whose folder does not say any more what it is', () => {
  const truncate: Change = (clone, folder) =>
    rewrite(provenance(clone, folder), (text) => text.slice(0, text.length / 2));
  const conflicting: Change = (clone, folder) =>
    rewrite(provenance(clone, folder), (text) =>
      text.replace(/^(Image: .*)$/m, '<<<<<<< HEAD\n$1\n=======\n$1-next\n>>>>>>> theirs'),
    );
  const moveAway = async (clone: string, folder: string): Promise<string> => {
    await rename(join(clone, folder), join(clone, 'deployments/old-chat'));
    return 'deployments/old-chat';
  };
  it.each<[string, string, Change]>([
    ['PROVENANCE was deleted', 'has no PROVENANCE', (clone, folder) => rm(provenance(clone, folder))],
    ['PROVENANCE was cut short', 'has a PROVENANCE that cannot be read', truncate],
    [
      'PROVENANCE names another listener',
      'has a PROVENANCE that names another listener',
      (clone, folder) =>
        rewrite(provenance(clone, folder), (text) =>
          text.replace(/^Listener-Id: .*$/m, `Listener-Id: ${crypto.randomUUID()}`),
        ),
    ],
    [
      'PROVENANCE names another deployment',
      'has a PROVENANCE that names another deployment',
      (clone, folder) =>
        rewrite(provenance(clone, folder), (text) =>
          text.replace(/^Deployment-Id: .*$/m, `Deployment-Id: ${crypto.randomUUID()}`),
        ),
    ],
    [
      'the folder was renamed and its PROVENANCE deleted',
      'deployments/old-chat has no readable PROVENANCE, but its manifests bear the label of this deployment',
      async (clone, folder) => rm(provenance(clone, await moveAway(clone, folder))),
    ],
    [
      'PROVENANCE was emptied',
      'has a PROVENANCE that cannot be read',
      (clone, folder) => rewrite(provenance(clone, folder), () => ''),
    ],
    ['PROVENANCE has the marks of a conflict', 'has a PROVENANCE that cannot be read', conflicting],
    [
      'PROVENANCE is another word for it',
      'has no PROVENANCE',
      (clone, folder) => rename(provenance(clone, folder), join(clone, folder, 'Provenance')),
    ],
    [
      'PROVENANCE became a link',
      'has a PROVENANCE that cannot be read',
      async (clone, folder) => {
        await rename(provenance(clone, folder), join(clone, 'provenance-of-chat'));
        await symlink('../../provenance-of-chat', provenance(clone, folder));
      },
    ],
    [
      'the folder lies deeper, and lost its PROVENANCE',
      'deployments/team has no readable PROVENANCE, but its manifests bear the label of this deployment',
      async (clone, folder) => {
        await mkdir(join(clone, 'deployments/team'));
        await rename(join(clone, folder), join(clone, 'deployments/team/chat'));
        await rm(join(clone, 'deployments/team/chat/PROVENANCE'));
      },
    ],
    [
      'the folder is called as a shard would be',
      'deployments/ab/PROVENANCE has no readable PROVENANCE, but its manifests bear the label of this deployment',
      (clone, folder) => rename(join(clone, folder), join(clone, 'deployments/ab')),
    ],
    [
      'its files lie right under deployments/',
      'deployments/api.deployment.yaml has no readable PROVENANCE, but its manifests bear the label of this deployment',
      async (clone, folder) => {
        await rm(provenance(clone, folder));
        for (const file of await readdir(join(clone, folder))) {
          await rename(join(clone, folder, file), join(clone, 'deployments', file));
        }
      },
    ],
    [
      'the folder was renamed and its PROVENANCE cut short',
      'deployments/old-chat has no readable PROVENANCE, but its manifests bear the label of this deployment',
      async (clone, folder) => truncate(clone, await moveAway(clone, folder)),
    ],
  ])('is held where %s, and goes once a person takes that away', async (_name, why, change) => {
    const world = await deployed();
    const edit = await inClone(world, (clone) => change(clone, world.folder));
    world.wake();
    await until('what the pass says', async () => /what is there|removed in git/.test(await world.message()));
    await world.restart();

    await deleted(world);
    const held = await until('the hold', async () => {
      const { status, body } = await world.tenant.call('GET', `/v2/deployments/${world.id}`);
      return status === 200 && body.latest_revision_status_message.startsWith('Cannot end the removal') && body;
    });
    const holds = (await world.holds()).filter((hold) => hold.startsWith('foreign-removal'));
    const kept = Object.keys(await world.remote.tree()).filter((path) => path.startsWith('deployments/'));

    expect(held).toMatchObject({ status: 'AWAITING_DELETE' });
    expect(held.latest_revision_status_message).toContain(why);
    expect(held.latest_revision_status_message).toContain(
      `; last changed by Ada <ada@example.com> in ${edit.slice(0, 12)}`,
    );
    expect(holds).toEqual([expect.stringMatching(/^foreign-removal should be removed, but deployments\//)]);
    expect(holds[0]).toContain(why);
    expect(kept.length).toBeGreaterThan(3);
    expect(await audited(world)).toContainEqual({
      action: 'deployment.removal-held',
      detail: { reason: 'ForeignFolder', message: held.latest_revision_status_message },
    });

    await inClone(world, (clone) => rm(join(clone, 'deployments'), { recursive: true }));
    world.wake();
    await until('the end', () => isGone(world));
    expect(await world.holds()).toEqual([]);
  });

  it('loses the folder that is its own, and is held for another that could be', async () => {
    const world = await deployed();
    await inClone(world, async (clone) => {
      await cp(join(clone, world.folder), join(clone, 'deployments/backup'), { recursive: true });
      await rm(provenance(clone, 'deployments/backup'));
    });

    await deleted(world);
    await until('the hold', async () => (await world.holds()).some((hold) => hold.includes('deployments/backup')));
    await until(
      'its own to go',
      async () => !Object.keys(await world.remote.tree()).some((path) => path.startsWith(world.folder)),
    );
    await until('what is said', async () => {
      const { body } = await world.tenant.call('GET', `/v2/deployments/${world.id}`);
      return body.latest_revision_status_message?.startsWith('Cannot end the removal: deployments/backup');
    });

    expect(await isGone(world)).toBe(false);
  });

  it('is held where its manifests were put into the folder of another deployment', async () => {
    const world = await deployed();
    await world.tenant.deploy('other');
    const folders = async () =>
      new Set(Object.keys(await world.remote.tree()).flatMap((path) => /^deployments\/[^/]+/.exec(path) ?? []));
    await until('the other folder', async () => (await folders()).size === 2);
    const [other = ''] = [...(await folders())].filter((folder) => folder !== world.folder);
    await inClone(world, async (clone) => {
      await rm(provenance(clone, world.folder));
      await rename(join(clone, world.folder), join(clone, other, 'chat'));
    });

    await deleted(world);
    const held = await until('the hold', async () => {
      const { status, body } = await world.tenant.call('GET', `/v2/deployments/${world.id}`);
      return status === 404 ? 'gone' : /Cannot end/.test(body.latest_revision_status_message ?? '') && body;
    });

    expect(held).toMatchObject({
      latest_revision_status_message: expect.stringContaining(
        `${other} holds manifests that bear the label of this deployment, though PROVENANCE there names another one`,
      ),
    });
  });
});
