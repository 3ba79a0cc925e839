/** What people do to pull requests of a running listener: approve, merge, push, reopen, and all that at the wrong moment. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { runTowpath } from '../support/command-line.ts';
import { temporaryFolder } from '../support/temp.ts';
import { eventually } from './harness/eventually.ts';
import { describing, gitPush } from './support/gate.ts';
import { type ReviewSite, reviewTest } from './support/review-site.ts';

const it = reviewTest();

/** A deployment that waits for review, and its pull request. */
async function proposed(site: ReviewSite, name = 'chat') {
  const id = await site.create(name, '1.0.0');
  await site.told(id, 'InReview');
  return { id, pull: await site.people.openOf(name) };
}

const headOf = async (site: ReviewSite, branch: string): Promise<string> =>
  (await eventually(`the branch ${branch}`, () => site.people.branch(branch))).id;

describe.concurrent('fast-forward', () => {
  it('puts the very commit that was approved onto the base, and shows why its pull request is closed', async ({
    open,
  }) => {
    const site = await open({ publication: { merge: 'fast-forward' } });
    const { id, pull } = await proposed(site);

    await site.people.approve(pull);

    const deployed = await site.reaches(id, 'DEPLOYED');
    expect(await headOf(site, 'main')).toBe(pull.head.sha);
    expect(deployed.towpath.commit).toBe(pull.head.sha);
    const closed = await site.people.pull(pull.number);
    expect(closed.state).toBe('closed');
    expect(closed.merged || closed.body.includes(`merged by fast-forward as ${pull.head.sha.slice(0, 12)}`)).toBe(true);
    expect(await site.people.pulls()).toHaveLength(1);
  });

  it('makes a merge commit where the base has moved, whose second parent is what was approved', async ({ open }) => {
    const site = await open({ publication: { merge: 'fast-forward' } });
    const { id, pull } = await proposed(site);
    const moved = await site.people.commitOn('main', 'NOTE.md');

    await site.people.approve(pull);

    await site.reaches(id, 'DEPLOYED');
    const head = await headOf(site, 'main');
    expect(await site.people.parentsOf(head)).toEqual([moved, pull.head.sha]);
    expect((await site.people.branch('main'))?.message).toMatch(/^merge\(chat\): .*approved by reviewer/s);
    expect((await site.people.pull(pull.number)).state).toBe('closed');
  });

  it('says that the base lets it in no commit, and goes on once it does', async ({ open }) => {
    const site = await open({
      publication: { merge: 'fast-forward' },
      prepare: (repository) => repository.protect({ enable_push: false }),
    });
    const { id, pull } = await proposed(site);
    await site.people.approve(pull);

    const told = await site.told(id, 'MergeDenied');

    expect(told).toMatchObject({ status: 'AWAITING_DEPLOY', towpath: { pull_request: pull.html_url } });
    expect(told.status_message).toMatch(/protected branch main.*allow the listener’s account to push there/);
    const rule = { enable_push: true, enable_push_whitelist: true, push_whitelist_usernames: ['bot'] };
    await site.gitea.request('PATCH', `${site.repository.path}/branch_protections/main`, rule);
    await site.reaches(id, 'DEPLOYED');
    expect(await headOf(site, 'main')).toBe(pull.head.sha);
  });
});

describe.concurrent('at the same moment', () => {
  it.for([
    ['and deletes its branch', true],
    ['and leaves its branch', false],
  ] as const)(
    'a person merges the older revision %s: the newer one gets a pull request of its own',
    async ([, deletes], { open }) => {
      const site = await open();
      const { id, pull } = await proposed(site);

      const merged = site.gate.before(gitPush, () => site.people.merge(pull, 'squash', deletes));
      await site.update(id, '1.1.0');
      await merged;

      const next = await eventually('the second', async () =>
        (await site.people.pulls('open')).find(({ number }) => number !== pull.number),
      );
      await site.told(id, 'InReview');
      expect(next.title).toContain('1.1.0');
      expect(await site.people.ahead(next.head.label)).toBe(1);
      await site.people.merge(next);
      await site.reaches(id, 'DEPLOYED');
      const all = await site.people.pulls();
      expect(all.map(({ merged: isMerged }) => isMerged)).toEqual([true, true]);
    },
  );

  it('a person merges the newer one before its text is written: it is deployed, and proposed no more', async ({
    open,
  }) => {
    const site = await open();
    const { id, pull } = await proposed(site);

    const merged = site.gate.before(describing, () => site.people.merge(pull, 'merge'));
    await site.update(id, '1.1.0');
    await merged;

    const deployed = await site.reaches(id, 'DEPLOYED');
    expect(deployed.towpath.commit).not.toBe(pull.head.sha);
    expect((await site.people.pulls()).map(({ number, merged: isMerged }) => [number, isMerged])).toEqual([
      [pull.number, true],
    ]);
  });

  it('a person pushes to our branch while we do: nothing of his is overwritten, and he is named', async ({ open }) => {
    const site = await open();
    const { id, pull } = await proposed(site);

    let theirs = '';
    const pushed = site.gate.before(gitPush, async () => {
      theirs = await site.people.commitOn(pull.head.label, 'NOTE.md');
    });
    await site.update(id, '1.1.0');
    await pushed;

    const told = await site.told(id, 'EditedInReview');
    expect(told.status_message).toContain('reviewer');
    expect(told.towpath.pull_request).toBe(pull.html_url);
    await lookAgain(site);
    expect(await headOf(site, pull.head.label)).toBe(theirs);
    expect(await site.people.pulls()).toHaveLength(3);
  });
});

/** Whole passes, each of which sees all that is there: what they propose is waited for. */
async function lookAgain(site: ReviewSite): Promise<void> {
  for (const name of ['search', 'sum']) await proposed(site, name);
}

describe.concurrent('with the forge’s own means', () => {
  it('merges by itself once a person has approved', async ({ open }) => {
    const site = await open({
      publication: { autoMerge: 'squash' },
      prepare: (repository) => repository.protect({ required_approvals: 1, enable_push: false }),
    });
    const { id, pull } = await proposed(site);
    expect(pull.state).toBe('open');

    await site.people.approve(pull);

    await site.reaches(id, 'DEPLOYED');
    expect(await site.people.pull(pull.number)).toMatchObject({ merged: true });
    expect((await site.people.branch('main'))?.message).toMatch(/deploy\(chat\)/);
  });

  it('opens a draft with labels, reviewers, title and body by template', async ({ open }) => {
    const folder = await temporaryFolder('templates');
    const [title, body] = [join(folder, 'title.hbs'), join(folder, 'body.hbs')];
    await writeFile(title, '{{namespace}}: {{deployment.name}} {{revision.short}}\n');
    await writeFile(body, '{{summary}}\n\n- [ ] Change window of {{namespace}} is open\n');
    const site = await open({
      publication: {
        ...{ draft: true, labels: ['towpath', 'needs-care'], reviewers: ['reviewer'] },
        ...{ titleTemplateFile: title, bodyTemplateFile: body },
      },
    });

    const { id, pull } = await proposed(site);

    const { id: revision } = await site.latest(id);
    expect(pull.draft).toBe(true);
    expect(pull.title).toBe(`WIP: ${site.namespace}: chat ${revision.slice(0, 8)}`);
    expect(pull.body).toContain(`- [ ] Change window of ${site.namespace} is open`);
    expect(pull.labels.map(({ name }) => name)).toEqual(expect.arrayContaining(['towpath', 'needs-care']));
    expect(pull.requested_reviewers?.map(({ login }) => login)).toEqual(['reviewer']);
  });

  it('leaves alone what a person has opened again after it was closed', async ({ open }) => {
    const site = await open({ publication: { deleteBranch: false } });
    const { id, pull } = await proposed(site);
    await site.remove(id);
    await eventually('its closing', async () => (await site.people.pull(pull.number)).state === 'closed');

    await site.people.reopen(pull);

    await lookAgain(site);
    const left = await site.people.pull(pull.number);
    expect(left).toMatchObject({ state: 'open', head: { sha: pull.head.sha } });
    expect(left.body).toContain('Closed by Towpath:');
    expect((await site.people.pulls()).map(({ number }) => number).sort()).toEqual([1, 2, 3]);
  });
});

describe('a removal of eleven', () => {
  it('waits for a command, and is then proposed as pull requests that say that they delete', async ({ open }) => {
    const site = await open();
    const names = Array.from({ length: 11 }, (_, index) => `agent-${index + 1}`);
    const ids = await Promise.all(names.map((name) => site.create(name, '1.0.0')));
    await Promise.all(ids.map((id) => site.told(id, 'InReview')));
    for (const pull of await site.people.pulls('open')) await site.people.merge(pull, 'squash', true);
    await Promise.all(ids.map((id) => site.reaches(id, 'DEPLOYED')));

    // All in one look: the first ones are within the limit.
    await site.end('SIGTERM');
    await Promise.all(ids.map((id) => site.remove(id)));
    await site.start();

    await Promise.all(
      ids.map((id) => eventually('the limit', async () => (await site.log(id)).includes('deletion.max is 10'))),
    );
    expect(await site.people.pulls('open')).toEqual([]);
    const words = [
      'hold',
      'release',
      'deletions',
      '--namespace',
      site.namespace,
      '--config',
      site.configuration,
      '--yes',
    ];
    const released = await runTowpath([...words, '--author', 'Ada <ada@example.invalid>']);
    expect(released).toMatchObject({ code: 0 });
    const removals = await site.people.pulls('open');
    expect(removals).toHaveLength(11);
    for (const { labels } of removals) expect(labels.map(({ name }) => name)).toContain('deletes');
    const [first] = removals;
    if (first === undefined) throw new Error('no removal is open');
    await site.people.merge(first);
    await eventually('its end', async () => {
      const left = await Promise.all(ids.map((id) => site.deployment(id)));
      return left.filter(({ status }) => status === 404).length === 1;
    });
    expect(await site.people.pulls('open')).toHaveLength(10);
  });
});
