/** Deployments by pull request: a real Gitea, real processes of ours, and engines that apply what was merged. */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runTowpath } from '../support/command-line.ts';
import type { ControlPlaneProcess } from '../support/control-plane-process.ts';
import { temporaryFolder } from '../support/temp.ts';
import { administrator, eventually, uniqueName } from './harness/fixtures.ts';
import { type Gitea, startGitea } from './harness/gitea.ts';
import type { GiteaRepository } from './harness/gitea-client.ts';
import type { KubernetesObject } from './harness/kubernetes.ts';
import { freePorts } from './harness/ports.ts';
import type { ListenerProcess } from './support/listener-process.ts';
import { openSite, type Site, startPlane } from './support/site.ts';

interface Pull {
  readonly number: number;
  readonly state: string;
  readonly merged: boolean;
  readonly title: string;
  readonly body: string;
  readonly html_url: string;
  readonly labels: readonly { readonly name: string }[];
  readonly head: { readonly ref: string; readonly sha: string };
}

const client = administrator();
let gitea: Gitea;
let plane: ControlPlaneProcess;

beforeAll(async () => {
  [gitea, plane] = await Promise.all([startGitea(), startPlane()]);
}, 900_000);
afterAll(() => gitea?.stop());

/** Open ones of a deployment, whose branch begins with its name. */
async function pullsOf(repository: GiteaRepository, name: string, state = 'all'): Promise<readonly Pull[]> {
  const all = (await gitea.request('GET', `${repository.path}/pulls?state=${state}&limit=50`)) as readonly Pull[];
  return all.filter(({ head, title }) => head.ref.includes(`/${name}-`) || title.includes(`(${name})`));
}

const openPull = (repository: GiteaRepository, name: string): Promise<Pull> =>
  eventually('an open pull request', async () => (await pullsOf(repository, name, 'open'))[0]);

async function merge(repository: GiteaRepository, { number, head }: Pull, method: string): Promise<void> {
  const { reviewer } = gitea.users;
  const approval = { event: 'APPROVED', body: 'Fine', commit_id: head.sha };
  await gitea.request('POST', `${repository.path}/pulls/${number}/reviews`, approval, reviewer);
  // Right after a push Gitea has not yet found out whether it can be merged.
  await eventually('the merge', async () => {
    await gitea.request('POST', `${repository.path}/pulls/${number}/merge`, { Do: method }, reviewer);
    return true;
  });
}

const close = (repository: GiteaRepository, { number }: Pull): Promise<unknown> =>
  gitea.request('PATCH', `${repository.path}/pulls/${number}`, { state: 'closed' }, gitea.users.reviewer);

const reason = (site: Site, id: string, wanted: string) =>
  eventually(`the reason ${wanted}`, async () => {
    const latest = await site.latest(id);
    return latest.towpath.reason === wanted && latest;
  });

const workloads = (site: Site, id: string) =>
  client.list<KubernetesObject>('apps/v1', 'Deployment', {
    namespace: site.namespace,
    labels: `towpath.dev/deployment-id=${id}`,
  });

describe('with Argo CD, a protected branch and webhooks', () => {
  let repository: GiteaRepository;
  let site: Site;
  let listener: ListenerProcess;

  beforeAll(async () => {
    repository = await gitea.makeRepository();
    await repository.protect({ enable_push: false, required_approvals: 1 });
    const { webhooks } = await freePorts('webhooks');
    const secret = randomBytes(16).toString('hex');
    const secretFile = join(await temporaryFolder('webhook'), 'secret');
    await writeFile(secretFile, secret, { mode: 0o600 });
    await repository.addWebhook(`http://127.0.0.1:${webhooks}/webhook`, secret);
    const { name: username, token: password } = gitea.users.bot;
    site = await openSite({
      engine: 'argo-cd',
      plane,
      remote: { url: repository.cloneUrl, username, password },
      root: { webhooks: { port: webhooks, secretFile } },
      // So long that only webhooks can be the reason for what happens sooner.
      settings: {
        publication: {
          mode: 'proposed',
          forge: 'gitea',
          interval: '10m',
          labels: ['towpath'],
          reviewers: ['reviewer'],
        },
      },
    });
    listener = site.listener;
  });

  it('waits for review with a link, and is deployed once it is merged', async () => {
    const name = uniqueName('chat');
    const id = await site.create(name, '1.0.0');
    const waiting = await site.reaches(id, 'AWAITING_DEPLOY');
    const pull = await openPull(repository, name);
    const told = await reason(site, id, 'InReview');

    expect(waiting.towpath.commit).toBeNull();
    expect(told.towpath).toMatchObject({ stage: 'in-review', pull_request: pull.html_url });
    expect(pull.labels.map((label) => label.name)).toContain('towpath');
    expect(pull.body).toContain(`registry.example/agents/${name}`);
    expect(await workloads(site, id)).toEqual([]);

    await merge(repository, pull, 'merge');
    const deployed = await site.reaches(id, 'DEPLOYED');

    expect(deployed.towpath).toMatchObject({ stage: 'healthy', commit: expect.stringMatching(/^[0-9a-f]{40}$/) });
    await eventually('the branch to go', async () => {
      const branches = (await gitea.request('GET', `${repository.path}/branches`)) as readonly { name: string }[];
      return branches.every((branch) => branch.name !== pull.head.ref);
    });
    expect(await pullsOf(repository, name)).toHaveLength(1);
  });

  it('updates the open one in place, and deploys a squashed merge of the newest', async () => {
    const name = uniqueName('chat');
    const id = await site.create(name, '1.0.0');
    const first = await openPull(repository, name);
    await site.update(id, '1.1.0');
    const second = await eventually('the newer title', async () => {
      const [pull] = await pullsOf(repository, name, 'open');
      return pull?.title.includes('1.1.0') && pull.head.sha !== first.head.sha && pull;
    });

    await merge(repository, second, 'squash');
    await site.reaches(id, 'DEPLOYED');

    expect(second.number).toBe(first.number);
    expect(await pullsOf(repository, name)).toHaveLength(1);
    expect(JSON.stringify(await workloads(site, id))).toContain(`${name}:1.1.0`);
  });

  it('is rejected by a person by name, not proposed again by another process, and a newer revision is', async () => {
    const name = uniqueName('chat');
    const id = await site.create(name, '1.0.0');
    const pull = await openPull(repository, name);
    await reason(site, id, 'InReview');

    await close(repository, pull);
    const failed = await site.reaches(id, 'DEPLOY_FAILED');
    await listener.end('SIGKILL');
    listener = await site.startListener();
    await site.update(id, '1.1.0');
    const next = await eventually('the next one', async () => {
      const [open] = await pullsOf(repository, name, 'open');
      return open?.title.includes('1.1.0') && open;
    });

    expect(failed.status_message).toContain('rejected by reviewer');
    // An approval that comes before Towpath has asked its reviewer is taken back by the asking.
    await reason(site, id, 'InReview');
    await merge(repository, next, 'rebase');
    await site.reaches(id, 'DEPLOYED');
    expect((await pullsOf(repository, name)).map(({ state, merged }) => [state, merged])).toEqual([
      ['closed', true],
      ['closed', false],
    ]);
  });

  it('leaves a person’s commit on the branch alone, lists it, and says so', async () => {
    const name = uniqueName('chat');
    const id = await site.create(name, '1.0.0');
    const pull = await openPull(repository, name);
    await reason(site, id, 'InReview');
    const content = Buffer.from('a note\n').toString('base64');
    const note = { branch: pull.head.ref, content, message: 'Leave a note' };
    await gitea.request('POST', `${repository.path}/contents/NOTE.md`, note, gitea.users.reviewer);

    const told = await reason(site, id, 'EditedInReview');
    await site.update(id, '1.1.0');
    await eventually('the newer revision to wait', async () => {
      const latest = await site.latest(id);
      return latest.id !== told.id && latest.towpath.reason === 'EditedInReview';
    });

    expect(told.status_message).toContain('reviewer');
    const [still] = await pullsOf(repository, name, 'open');
    expect(still?.title).toContain('1.0.0');
    const listed = await runTowpath(['pr', 'list', '--config', site.configuration, '--json']);
    expect(JSON.parse(listed.stdout)).toEqual(expect.anything());
    expect(listed.stdout).toContain(pull.html_url);
  });

  it('removes by a pull request that says so; closed, the deployment stays; merged, it is gone', async () => {
    const name = uniqueName('chat');
    const id = await site.create(name, '1.0.0');
    await reason(site, id, 'InReview');
    await merge(repository, await openPull(repository, name), 'merge');
    await site.reaches(id, 'DEPLOYED');
    await site.remove(id);
    const removal = await eventually('the removal', async () => (await pullsOf(repository, name, 'open'))[0]);

    expect(removal.labels.map((label) => label.name)).toContain('deletes');
    await close(repository, removal);
    await eventually('the refusal', async () => {
      const { body } = await site.deployment(id);
      return (
        JSON.stringify(body).includes('rejected by reviewer') || (await logOf(id)).includes('rejected by reviewer')
      );
    });
    expect(await workloads(site, id)).not.toEqual([]);

    await gitea.request('PATCH', `${repository.path}/pulls/${removal.number}`, { state: 'open' }, gitea.users.reviewer);
    await merge(repository, removal, 'squash');
    await eventually('its end', async () => (await site.deployment(id)).status === 404);
    expect(await workloads(site, id)).toEqual([]);
  });

  async function logOf(id: string): Promise<string> {
    const { latest_revision_id } = (await site.deployment(id)).body as { latest_revision_id: string };
    const path = `/v1/projects/${id}/revisions/${latest_revision_id}/deploy_logs`;
    const answer = await plane.call('POST', path, site.tenant.workspaceKey, { limit: 100 });
    return JSON.stringify(answer.body);
  }
});
