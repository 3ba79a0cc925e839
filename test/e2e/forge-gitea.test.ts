/** Pull requests on a real Gitea: the contract of every forge, and what only a real one shows. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { giteaForge } from '../../src/adapters/forge/gitea/forge.ts';
import { forgeHttp } from '../../src/adapters/forge/http/http.ts';
import { GitRepository } from '../../src/adapters/repository/repository.ts';
import { giteaSquashTemplate } from '../../src/core/squash-template.ts';
import { HttpTransport } from '../../src/git/http-transport.ts';
import type { BranchDraft, Forge } from '../../src/ports.ts';
import { forgeContract } from '../contract/forge.ts';
import { heads, prefix, request } from '../contract/forge-requests.ts';
import { draft } from '../contract/repository.ts';
import { type GiteaForgeWorld, giteaForgeWorld } from '../support/gitea-forge-world.ts';
import { memoryLog } from '../support/memory-log.ts';
import { type Gitea, startGitea } from './harness/gitea.ts';
import { botScopes, type GiteaRepository, type GiteaUser } from './harness/gitea-client.ts';

let gitea: Gitea;
const closing: (() => Promise<void>)[] = [];
beforeAll(async () => {
  gitea = await startGitea((line) => console.log(line));
}, 900_000);
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(() => gitea?.stop());

forgeContract('Gitea', () => giteaForgeWorld(gitea), {
  pushedMerge: 'told',
  tellsProtection: true,
  requestsChanges: true,
  elsewhere: true,
});

async function world(options?: Parameters<typeof giteaForgeWorld>[1]): Promise<GiteaForgeWorld> {
  const made = await giteaForgeWorld(gitea, options);
  closing.push(made.close);
  return made;
}

/** Without the spoiler in between. */
function forgeOf(repository: GiteaRepository, user: GiteaUser, now?: () => Date): Forge {
  const http = forgeHttp({ apiUrl: `${gitea.url}/api/v1`, token: async () => user.token });
  closing.push(http.dispose);
  return giteaForge({ http, repository: repository.name, base: 'main', log: memoryLog(), now });
}

function gitOf(repository: GiteaRepository): GitRepository {
  const { name: username, token: password } = gitea.users.bot;
  const credentials = async () => ({ kind: 'basic' as const, username, password });
  const git = new GitRepository({
    branch: 'main',
    transport: new HttpTransport({ url: repository.cloneUrl, credentials }),
  });
  closing.push(() => git.close());
  return git;
}

function proposal(branch: string, file = branch): BranchDraft {
  return { branch, tip: null, draft: draft(`deploy(${branch}): one`, { [`deployments/${file}/x`]: `${branch}\n` }) };
}

describe('rules of the base', () => {
  it('merges by itself as soon as the rules are met, and not before', async () => {
    const { forge, branch, reviewer, repository } = await world();
    await repository.protect({ required_approvals: 1, enable_status_check: true, status_check_contexts: ['ci/*'] });
    const tip = await branch('towpath/a');
    const opened = await forge.create(request('towpath/a'));

    expect(await forge.autoMerge(opened, 'rebase', null)).toBeNull();
    expect(await forge.autoMerge(opened, 'rebase', null)).toBeNull();
    await reviewer.approve(opened.number);
    expect((await forge.read(opened.number))?.state).toBe('open');
    await gitea.request('POST', `${repository.path}/statuses/${tip}`, { context: 'ci/test', state: 'success' });

    await expect.poll(async () => (await forge.read(opened.number))?.state).toBe('merged');
  });

  it('counts no approval before the rules of the base are met', async () => {
    const { forge, branch, reviewer, check, repository } = await world();
    await repository.protect({ required_approvals: 2, enable_status_check: true, status_check_contexts: ['ci/*'] });
    const tip = await branch('towpath/a');
    const opened = await forge.create(request('towpath/a'));

    await reviewer.approve(opened.number);
    const unchecked = await forge.approval(opened);
    await check(tip, 'success');
    const tooFew = await forge.approval(opened);

    expect(unchecked).toEqual({ kind: 'pending', by: ['reviewer'], why: 'not run yet: ci/*' });
    expect(tooFew).toEqual({ kind: 'pending', by: ['reviewer'], why: '1 of 2 approvals' });
  });

  it('sees a check that fails on a later page of them', async () => {
    const { forge, branch, reviewer, repository } = await world();
    const tip = await branch('towpath/a');
    const opened = await forge.create(request('towpath/a'));
    await reviewer.approve(opened.number);
    for (const [context, state] of Object.entries({ a: 'failure', b: 'success', c: 'success', d: 'success' })) {
      await gitea.request('POST', `${repository.path}/statuses/${tip}`, { context, state });
    }

    // The world's pages hold two.
    expect(await forge.approval(opened)).toMatchObject({ kind: 'refused', why: 'failed: a' });
  });

  it('does not count the approval of somebody who may only read', async () => {
    const { forge, branch, repository } = await world();
    const reader = await gitea.makeUser(`reader-${Date.now()}`);
    await gitea.request('PUT', `${repository.path}/collaborators/${reader.name}`, { permission: 'read' });
    await branch('towpath/a');
    const opened = await forge.create(request('towpath/a'));

    await gitea.request('POST', `${repository.path}/pulls/${opened.number}/reviews`, { event: 'APPROVED' }, reader);

    expect(await forge.approval(opened)).toMatchObject({ kind: 'pending', by: [] });
  });

  it('says whether the text of a squash keeps the trailers, by the template that is on the base', async () => {
    const { repository } = await world();
    const ask = forgeOf(repository, gitea.users.admin);
    const { path, content } = giteaSquashTemplate;
    expect((await ask.repository()).squash?.trailers).toBe('lost');

    const order = { branch: 'main', content: Buffer.from(content).toString('base64'), message: 'Keep trailers' };
    await gitea.request('POST', `${repository.path}/contents/${path}`, order);

    expect((await ask.repository()).squash?.trailers).toBe('kept');
  });

  it('tells administrators’ credentials what must be rebuilt on the newest base', async () => {
    const { branch, repository } = await world();
    await repository.protect({ block_on_outdated_branch: true });
    const ask = forgeOf(repository, gitea.users.admin);
    await branch('towpath/a');
    await branch('towpath/b');
    const [a, b] = [await ask.create(request('towpath/a')), await ask.create(request('towpath/b'))];
    await expect.poll(async () => ask.autoMerge(a, 'squash', null)).toBeNull();
    await expect.poll(async () => (await ask.read(a.number))?.state).toBe('merged');

    await expect.poll(async () => (await ask.read(b.number))?.mergeability).toBe('behind');
    const [listed] = await ask.open(prefix);
    expect(listed?.mergeability).toBe('behind');
  });

  it('says that the base is protected where the listener would push to it', async () => {
    const { repository } = await world();
    await repository.protect({ enable_push: false });
    const git = gitOf(repository);
    const snapshot = await git.snapshot(await git.head());

    const outcome = await git.publish(snapshot, [proposal('x').draft]);

    expect(outcome).toMatchObject({ kind: 'denied', message: expect.stringMatching(/protected branch main/) });
  });
});

describe('branches', () => {
  it('cannot be made below a branch that stands in their way, and can beside a tag of their name', async () => {
    const { forge, repository, branch } = await world();
    await branch('towpath');
    await gitea.request('POST', `${repository.path}/tags`, { tag_name: 'other/a', target: 'main' });
    const git = gitOf(repository);
    const snapshot = await git.snapshot(await git.head());

    const [blocked, made] = await git.propose(snapshot, [proposal('towpath/a'), proposal('other/a')]);

    expect(blocked).toMatchObject({ kind: 'denied', message: expect.stringContaining('towpath') });
    expect(made?.kind).toBe('pushed');
    const opened = await forge.create(request('other/a'));
    expect(opened.headCommit).toBe(made?.kind === 'pushed' ? made.commit : '');
  });

  it('sees a conflict once the check has had its time', async () => {
    const { repository } = await world();
    let nowMs = Date.now();
    const ask = forgeOf(repository, gitea.users.bot, () => new Date(nowMs));
    const git = gitOf(repository);
    const snapshot = await git.snapshot(await git.head());
    await git.propose(snapshot, [proposal('towpath/a', 'same'), proposal('towpath/b', 'same')]);
    const [a, b] = [await ask.create(request('towpath/a')), await ask.create(request('towpath/b'))];
    expect(await ask.autoMerge(a, 'merge', null)).toBeNull();
    await expect.poll(async () => (await ask.read(a.number))?.state).toBe('merged');

    await expect.poll(async () => (await ask.read(b.number))?.mergeability).toBe('unknown');
    nowMs += 60_000;

    expect((await ask.read(b.number))?.mergeability).toBe('conflict');
    await expect(ask.autoMerge(b, 'merge', null)).rejects.toThrow(/conflicts with the base/);
  });

  it('shows a pull request as closed whose branch was taken away, under its branch’s name', async () => {
    const { forge, repository, branch } = await world();
    await branch('towpath/a');
    const { number, headCommit } = await forge.create(request('towpath/a'));

    await gitea.request('DELETE', `${repository.path}/branches/towpath/a`, undefined, gitea.users.reviewer);

    await expect.poll(() => forge.open(prefix)).toEqual([]);
    const closed = await forge.closed(prefix, new Date(Date.now() - 600_000));
    expect(closed).toMatchObject([{ number, head: 'towpath/a', headCommit, state: 'closed' }]);
    expect(await forge.closedBy(number)).toBe('reviewer');
  });
});

describe('a repository that changes', () => {
  it('is found under its old name after it was renamed, for reading and for writing', async () => {
    const { forge, repository, branch } = await world();
    await branch('towpath/a');
    await branch('towpath/b');
    await forge.create(request('towpath/a'));

    await gitea.request('PATCH', repository.path, { name: `renamed-${Date.now()}` });
    await forge.create(request('towpath/b', { labels: ['deletes'] }));

    expect(heads(await forge.open(prefix))).toEqual(['towpath/a', 'towpath/b']);
  });

  it('says that the base is gone where it was renamed, and what the default branch is now', async () => {
    const { forge, repository, branch } = await world();
    await branch('towpath/a');
    await gitea.request('PATCH', `${repository.path}/branches/main`, { name: 'trunk' });

    await expect(forge.create(request('towpath/a'))).rejects.toMatchObject({
      kind: 'terminal',
      reason: 'ForgeMissing',
    });

    expect(await forge.repository()).toMatchObject({ defaultBranch: 'trunk' });
    expect(await forge.open(prefix)).toEqual([]);
  });

  it('takes no push once it is archived', async () => {
    const { repository, archive } = await world();
    const git = gitOf(repository);
    const snapshot = await git.snapshot(await git.head());
    await archive();

    const outcome = await git.propose(snapshot, [proposal('towpath/a')]).catch((error: unknown) => error);

    expect(JSON.stringify(outcome) + String(outcome)).toMatch(/archived|denied|403/i);
  });
});

describe('credentials', () => {
  it('are refused for good once the token is revoked in the middle', async () => {
    const { bot } = gitea.users;
    const { name, value } = await gitea.makeToken(bot, botScopes);
    const { forge, branch } = await world({ token: value });
    await branch('towpath/a');
    await branch('towpath/b');
    await forge.create(request('towpath/a'));

    await gitea.revokeToken(bot, name);

    const refused = { kind: 'terminal', reason: 'ForgeUnauthorized', message: expect.not.stringContaining(value) };
    await expect(forge.create(request('towpath/b'))).rejects.toMatchObject(refused);
    await expect(forge.open(prefix)).rejects.toMatchObject(refused);
  });

  it('name the scope that a token lacks', async () => {
    const { value } = await gitea.makeToken(gitea.users.bot, ['read:repository']);
    const { forge, branch } = await world({ token: value });
    await branch('towpath/a');

    await expect(forge.create(request('towpath/a'))).rejects.toMatchObject({
      reason: 'ForgeForbidden',
      message: expect.stringContaining('lacks the scope write:repository'),
    });
  });

  it('open it without labels where they may not touch labels, and say so', async () => {
    const { value } = await gitea.makeToken(gitea.users.bot, ['write:repository', 'read:user']);
    const { forge, branch, log } = await world({ token: value });
    await branch('towpath/a');

    const opened = await forge.create(request('towpath/a', { labels: ['deletes'] }));

    expect(opened).toMatchObject({ state: 'open', labels: [] });
    expect(log.lines.join('\n')).toContain('Went on without labels');
  });
});

describe('people', () => {
  it('are asked one by one where one of them cannot be: the author, or nobody', async () => {
    const { forge, branch, repository, log } = await world();
    await branch('towpath/a');

    const { number } = await forge.create(request('towpath/a', { reviewers: ['bot', 'nobody-at-all', 'reviewer'] }));

    const found = await gitea.request('GET', `${repository.path}/pulls/${number}`);
    expect(found).toMatchObject({ requested_reviewers: [{ login: 'reviewer' }] });
    expect(log.lines.filter((line) => line.includes('Could not ask for a review'))).toHaveLength(2);
  });

  it('may take a label away for good while the listener runs: it is made anew', async () => {
    const { forge, branch, repository } = await world();
    await branch('towpath/a');
    await branch('towpath/b');
    await forge.create(request('towpath/a', { labels: ['deletes'] }));
    const [label] = (await gitea.request('GET', `${repository.path}/labels`)) as { readonly id: number }[];
    await gitea.request('DELETE', `${repository.path}/labels/${label?.id}`);

    const opened = await forge.create(request('towpath/b', { labels: ['deletes'] }));

    expect(opened.labels).toEqual(['deletes']);
  });
});
