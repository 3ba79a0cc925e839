/** What goes wrong between a listener and its forge: killed processes, revoked tokens, rules, and people who are faster. */
import { describe, expect } from 'vitest';
import type { DeploymentId, DeploymentName } from '../../src/domain/identifiers.ts';
import { resourceName } from '../../src/domain/resource-name.ts';
import { eventually } from './harness/eventually.ts';
import { botScopes } from './harness/gitea-client.ts';
import { gitPush, opening } from './support/gate.ts';
import { type ReviewSite, reviewTest } from './support/review-site.ts';

const it = reviewTest();

const names = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `agent-${index + 1}`);

/** Creates them all at once; answers their ids. */
const createAll = (site: ReviewSite, count: number): Promise<readonly string[]> =>
  Promise.all(names(count).map((name) => site.create(name, '1.0.0')));

/** All wait for review, each with one pull request of its own that holds the base and one commit. */
async function expectOneEach(site: ReviewSite, ids: readonly string[]): Promise<void> {
  const links = await Promise.all(ids.map(async (id) => (await site.told(id, 'InReview')).towpath.pull_request));
  const pulls = await site.people.pulls('all');
  expect(pulls.map(({ html_url }) => html_url).sort()).toEqual(links.toSorted());
  expect(pulls.filter(({ state }) => state !== 'open')).toEqual([]);
  expect(new Set(pulls.map(({ head }) => head.label)).size).toBe(ids.length);
  for (const { head } of pulls) expect([head.label, await site.people.ahead(head.label)]).toEqual([head.label, 1]);
}

describe('killed in the middle of a burst', () => {
  it('a listener goes on where the last one was, and opens nothing twice', async ({ open }) => {
    const site = await open({ listen: false });
    const ids = await createAll(site, 20);

    for (const [moment, nth] of [
      [gitPush, 1],
      [opening, 1],
      [opening, 6],
      [opening, 9],
    ] as const) {
      const killed = site.gate.before(moment, () => site.end('SIGKILL'), nth);
      await site.start();
      await killed;
    }
    await site.start();

    await expectOneEach(site, ids);
  });

  it('a forge that comes back is told the rest, and nothing twice', async ({ open }) => {
    const site = await open({ listen: false });
    const ids = await createAll(site, 20);
    const killed = site.gate.before(opening, site.gitea.kill, 7);
    await site.start();
    await killed;
    await site.gitea.start();
    const again = site.gate.before(opening, site.gitea.kill, 3);
    await again;
    await site.gitea.start();

    await expectOneEach(site, ids);
  });
});

it('two processes that ask for one thing at the same moment leave one pull request open', async ({ open }) => {
  const site = await open();
  site.gate.double(opening);

  const id = await site.create('agent', '1.0.0');
  const closed = await eventually('the closing', async () => (await site.people.pulls('closed'))[0]);
  const [left, ...others] = await site.people.pulls('open');
  await eventually(
    'its address',
    async () => (await site.told(id, 'InReview')).towpath.pull_request === left?.html_url,
  );

  expect(others).toEqual([]);
  expect(closed.merged).toBe(false);
  expect(closed.body).toContain(`opened twice, by two processes at once: #${left?.number}`);
});

describe.concurrent('what people must mend', () => {
  it('is a token that was revoked in the middle: said so, and gone on with once the file holds another', async ({
    open,
    gitea,
  }) => {
    const { bot } = gitea.users;
    const old = await gitea.makeToken(bot, botScopes);
    const site = await open({ token: old.value, listen: false });
    const ids = await createAll(site, 3);
    const revoked = site.gate.before(opening, () => gitea.revokeToken(bot, old.name), 2);
    await site.start();
    await revoked;

    const [told] = await Promise.all(ids.map((id) => site.told(id, 'ForgeUnauthorized', 'GitAuthentication')));

    expect(told?.status_message).toMatch(/renew it$|check the namespace's git credentials; they are read again/);
    expect(`${JSON.stringify(told)}${site.output()}`).not.toContain(old.value);
    await site.writeToken((await gitea.makeToken(bot, botScopes)).value);
    await expectOneEach(site, ids);
  });

  it('is a branch where a folder of branches should be: named, and gone on with once it is deleted', async ({
    open,
  }) => {
    const site = await open({ listen: false });
    await site.people.makeBranch('towpath');
    const id = await site.create('chat', '1.0.0');
    await site.start();

    const told = await site.told(id, 'PushDenied');

    expect(told.status).toBe('DEPLOY_FAILED');
    expect(told.status_message).toContain(
      'branch "towpath" is in the way, for git cannot hold both; delete or rename it',
    );
    await site.people.deleteBranch('towpath');
    await expectOneEach(site, [id]);
  });

  it('is a base that was renamed: named, and gone on with once the configuration says so', async ({ open }) => {
    const site = await open();
    const first = await site.create('chat', '1.0.0');
    await site.told(first, 'InReview');
    await site.gitea.request('PATCH', `${site.repository.path}/branches/main`, { name: 'trunk' });
    const second = await site.create('search', '1.0.0');

    const told = await site.told(second, 'MissingBranch');

    expect(told.status_message).toMatch(/branch "main" .* other branches \("trunk", "towpath\/chat-/);
    await site.end('SIGTERM');
    await site.configure({ branch: 'trunk' });
    await site.start();
    const [chat, search] = await Promise.all([site.people.openOf('chat'), site.people.openOf('search')]);
    expect([chat, search].map(({ base }) => base.label)).toEqual(['trunk', 'trunk']);
    await site.told(second, 'InReview');
    await site.people.merge(chat);
    await site.reaches(first, 'DEPLOYED');
    expect(await site.people.pulls()).toHaveLength(2);
  });

  it('is a repository that was archived: said so, and gone on with once it is not', async ({ open }) => {
    const site = await open();
    await site.people.change({ archived: true });
    const id = await site.create('chat', '1.0.0');

    const told = await site.told(id, 'ForgeArchived');

    expect(told.status_message).toMatch(/archived.*; take the repository out of the archive$/);
    await site.people.change({ archived: false });
    await expectOneEach(site, [id]);
  });
});

describe.concurrent('what hurts nobody', () => {
  it('is a tag that is called like the branch', async ({ open }) => {
    const site = await open({ listen: false });
    const id = await site.create('chat', '1.0.0');
    const tag = { tag_name: `towpath/${resourceName('chat' as DeploymentName, id as DeploymentId)}`, target: 'main' };
    await site.gitea.request('POST', `${site.repository.path}/tags`, tag);
    await site.start();

    await site.told(id, 'InReview');

    const pull = await site.people.openOf('chat');
    const branch = await site.people.branch(tag.tag_name);
    expect(pull.head).toMatchObject({ label: tag.tag_name, sha: branch?.id });
    expect(branch?.message).toMatch(/^deploy\(chat\)/);
    await site.people.merge(pull);
    await site.reaches(id, 'DEPLOYED');
  });

  it('is a repository that was renamed: git and the forge lead on to the new name', async ({ open }) => {
    const site = await open();
    const first = await site.create('chat', '1.0.0');
    await site.told(first, 'InReview');
    await site.people.change({ name: `${site.repository.name.split('/')[1]}-renamed` });

    const second = await site.create('search', '1.0.0');

    await site.told(second, 'InReview');
    expect(await site.people.pulls()).toHaveLength(2);
  });

  it('is a base that nobody may push to', async ({ open }) => {
    const site = await open({ prepare: (repository) => repository.protect({ enable_push: false }) });
    const id = await site.create('chat', '1.0.0');
    const waiting = await site.told(id, 'InReview');

    await site.people.merge(await site.people.openOf('chat'), 'rebase');

    await site.reaches(id, 'DEPLOYED');
    expect(waiting.status).toBe('AWAITING_DEPLOY');
    expect((await eventually('the base', () => site.people.branch('main'))).message).toMatch(/^deploy\(chat\)/);
  });
});
