/** `towpath hold` beside a listener whose changes are proposed, on a real Gitea: edits, reverts, rewritten histories. */
import { describe, expect } from 'vitest';
import { eventually } from './harness/eventually.ts';
import { baseClone } from './support/base-clone.ts';
import { gitPush, opening } from './support/gate.ts';
import {
  act,
  contents,
  deployed,
  holds,
  interrupted,
  lookAgain,
  proposedBy,
  run,
  told,
} from './support/operated-site.ts';
import { type ReviewSite, reviewTest } from './support/review-site.ts';
import { patienceMs } from './support/site-calls.ts';

const it = reviewTest();

/** A deployment whose folder a person has edited on the base, which the listener holds. */
async function edited(site: ReviewSite) {
  const id = await deployed(site, 'chat');
  const base = await baseClone(site);
  const [before, folder] = [await base.tree(), await base.folderOf('chat')];
  const commit = await base.commit({ [`${folder}/api.deployment.yaml`]: 'a: 1\n', [`${folder}/extra.yaml`]: 'b: 2\n' });
  await site.told(id, 'EditedInGit');
  return { id, base, before, folder, commit };
}

describe('a folder that a person edited on the base', () => {
  it('is listed, and restored by one pull request that the listener leaves to people', async ({ open }) => {
    const site = await open();
    const { id, base, before, folder, commit } = await edited(site);

    const listed = await run(site, 'hold', 'list');
    const wrong = await run(site, 'hold', 'release', 'chta', '--yes');
    const unasked = await run(site, 'hold', 'release', 'chat');
    const untouched = await site.people.pulls('open');
    const first = await act(site, 'hold', 'release', 'chat');
    const second = await run(site, 'hold', 'release', 'chat', '--yes');
    const pull = await site.people.openOf('chat');
    await lookAgain(site);
    const [held, ...others] = await holds(site);
    const shown = await run(site, 'hold', 'list');
    const reviews = (await told(site, 'pr', 'list')).namespaces[0].pullRequests;
    const opened = await site.people.pulls('open');
    await site.people.merge(pull);
    await site.reaches(id, 'DEPLOYED');

    expect(listed).toMatchObject({ code: 0, stderr: '' });
    expect(listed.stdout).toContain('edited in git by Ada');
    expect(listed.stdout).toContain(`towpath hold release chat --namespace ${site.namespace} --config `);
    expect([wrong.code, wrong.stdout]).toEqual([1, '']);
    expect(wrong.stderr).toBe(
      `Cannot release "chta": the control plane wants no such deployment in namespace ${site.namespace}; it has chat\n`,
    );
    expect(unasked.code).toBe(1);
    expect(unasked.stdout).toContain('-a: 1');
    expect(unasked.stderr).toContain('run it again with --yes');
    expect(untouched).toEqual([]);
    expect(first).toMatchObject({ outcome: 'done', refused: [], commits: [proposedBy(pull)] });
    expect(second).toMatchObject({ code: 0, stderr: '' });
    expect(second.stdout).toContain(`proposed by pull request #${pull.number}: ${pull.html_url}`);
    expect(second.stdout).toContain(`towpath pr list --namespace ${site.namespace}`);
    expect(opened.map(({ number }) => number)).toEqual([pull.number]);
    expect(pull.title).toMatch(/^restore\(chat\)/);
    expect(held).toMatchObject({ kind: 'edited', path: folder, changes: [{ id: commit }], release: { command: null } });
    expect(held.proposal).toEqual({ number: pull.number, url: pull.html_url, state: 'open', by: null });
    expect(others).toEqual([
      expect.objectContaining({ kind: 'rejected', deployment: expect.stringMatching(/^beside-/) }),
    ]);
    expect(shown.stdout).toContain(`merge or close pull request #${pull.number}: it lays down again`);
    expect(reviews).toContainEqual(
      expect.objectContaining({ number: pull.number, change: 'restore', state: 'waiting' }),
    );
    expect(contents(await base.tree())).toEqual(contents(before));
    expect((await holds(site)).filter(({ deployment }: { deployment: string }) => deployment === 'chat')).toEqual([]);
  });

  it('stays as it is where a person closes that, until the command is run once more', async ({ open }) => {
    const site = await open();
    const { id, base, commit } = await edited(site);
    await act(site, 'hold', 'release', 'chat');
    const pull = await site.people.openOf('chat');

    await site.people.close(pull);
    await lookAgain(site);

    const { towpath } = await site.latest(id);
    expect([towpath.outcome, towpath.reason]).toEqual(['failed', 'EditedInGit']);
    expect(await site.people.pulls('open')).toEqual([]);
    expect(await base.head()).toBe(commit);
    const [held] = await holds(site);
    expect(held.proposal).toEqual({ number: pull.number, url: pull.html_url, state: 'rejected', by: 'reviewer' });
    expect(held.reason).toContain(`pull request #${pull.number} was closed by reviewer`);
    await act(site, 'hold', 'release', 'chat');
    expect((await site.people.openOf('chat')).number).toBeGreaterThan(pull.number);
  });

  it('is restored while no listener runs, and the next one to start sees it deployed', async ({ open }) => {
    const site = await open();
    const id = await deployed(site, 'chat');
    const base = await baseClone(site);
    const older = await base.head();
    await site.update(id, '2.0.0');
    await eventually('its proposal', async () => (await site.people.openOf('chat')).title.includes('2.0.0'));
    await site.people.merge(await site.people.openOf('chat'), 'squash', true);
    await eventually('the second', async () => (await site.latest(id)).towpath.commit === (await base.head()));
    const newest = await base.tree();
    await base.revertTo(older);
    await site.told(id, 'RevertedInGit');
    await site.end('SIGTERM');

    const [held] = await holds(site);
    const first = await act(site, 'hold', 'release', 'chat');
    const second = await act(site, 'hold', 'release', id);
    const opened = await site.people.pulls('open');
    await site.people.merge(await site.people.openOf('chat'));
    await site.start();

    await site.reaches(id, 'DEPLOYED');
    expect(held).toMatchObject({ kind: 'reverted', deployment: 'chat', proposal: null });
    expect(opened.map(({ title }) => title.replace(/:.*/, ''))).toEqual([expect.stringMatching(/^restore\(chat\)/)]);
    expect(second.commits).toEqual(first.commits);
    expect(contents(await base.tree())).toEqual(contents(newest));
  });
});

describe('a rewritten history', () => {
  it('is accepted by a commit on the base, and what is gone from there proposed anew', async ({ open }) => {
    const site = await open();
    const id = await deployed(site, 'chat');
    const base = await baseClone(site);
    const ours = await base.head();
    const head = await base.rewrite({ 'README.md': 'anew\n' });
    await site.update(id, '2.0.0');
    await site.told(id, 'HistoryRewritten');

    const [held, ...others] = await holds(site);
    const stopped = await run(site, 'hold', 'release', 'chat', '--yes');
    const accepted = await act(site, 'hold', 'release', 'history', '--commit', ours);
    const again = await run(site, 'hold', 'release', 'history', '--yes');
    await site.told(id, 'InReview');
    await site.people.merge(await site.people.openOf('chat'));
    await site.reaches(id, 'DEPLOYED');

    expect([held, others]).toEqual([expect.objectContaining({ kind: 'history', lost: ours, head }), []]);
    expect(held.release.command).toContain(
      `towpath hold release history --namespace ${site.namespace} --commit ${ours}`,
    );
    expect(stopped.stderr).toContain('no longer descends from our commit');
    expect(accepted).toMatchObject({ outcome: 'done', commits: [{ pullRequest: null, path: 'ACCEPTED-HISTORY' }] });
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing waits to be accepted') });
    expect((await base.tree())['ACCEPTED-HISTORY']).toContain(`${ours} ${head}`);
  });

  it('of a base that takes no push is accepted by the configuration, as the refusal says', async ({ open }) => {
    const site = await open();
    const id = await deployed(site, 'chat');
    const base = await baseClone(site);
    const head = await base.rewrite({ 'README.md': 'anew\n' });
    await site.repository.protect({ enable_push: false });

    const refused = await run(site, 'hold', 'release', 'history', '--yes');

    expect(refused.code).toBe(1);
    expect(`${refused.stdout}${refused.stderr}`).toContain(`acceptHistory: ${head}`);
    await site.end('SIGTERM');
    await site.configure({ acceptHistory: head });
    await site.start();
    // Only after a minute: right after a merge git may be behind the forge.
    const pull = await eventually('it anew', async () => (await site.people.pulls('open'))[0], patienceMs);
    await site.people.merge(pull, 'squash');
    const merged = await base.head();
    await eventually('its commit', async () => (await site.latest(id)).towpath.commit === merged);
    expect(await site.latest(id)).toMatchObject({ status: 'DEPLOYED', towpath: { outcome: 'succeeded' } });
    expect(await base.folderOf('chat')).toMatch(/^deployments\/chat-/);
  });
});

describe('Ctrl-C in the middle of a release', () => {
  it('between push and opening leaves a branch that the listener leaves alone, and the next run opens', async ({
    open,
  }) => {
    const site = await open();
    const { base, commit } = await edited(site);

    const signal = await interrupted(site, gitPush, ['hold', 'release', 'chat']);
    await lookAgain(site);
    const before = await site.people.pulls('open');
    await act(site, 'hold', 'release', 'chat');

    expect(signal).toBe('SIGINT');
    expect(before).toEqual([]);
    expect(await site.people.pulls('open')).toEqual([await site.people.openOf('chat')]);
    expect(await base.head()).toBe(commit);
  });

  it('while the forge opens, and run again at once, opens nothing twice', async ({ open }) => {
    const site = await open();
    await edited(site);
    const again = () => act(site, 'hold', 'release', 'chat');

    await interrupted(site, opening, ['hold', 'release', 'chat'], again);
    await lookAgain(site);

    const pull = await site.people.openOf('chat');
    expect((await site.people.pulls('open')).map(({ number }) => number)).toEqual([pull.number]);
    expect((await again()).commits).toEqual([proposedBy(pull)]);
  });
});
