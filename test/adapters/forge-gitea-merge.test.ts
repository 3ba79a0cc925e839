/** What Gitea's adapter makes of mergeability and of the many meanings of a refused merge. */
import { describe, expect, it } from 'vitest';
import type { PullRequest } from '../../src/domain/pull-request.ts';
import { scriptedGitea, shape } from '../support/gitea-scripted.ts';

describe('mergeability', () => {
  const denied = (head: string, more: object = {}) =>
    shape(1, { mergeable: false, head: { ...shape(1).head, sha: head.repeat(40) }, ...more });

  it.each([
    ['not known at first, and a conflict when nothing changes', [denied('a'), denied('a')], ['unknown', 'conflict']],
    ['not known again after a push', [denied('a'), denied('b')], ['unknown', 'unknown']],
    ['forgotten once it can be merged', [denied('a'), shape(1), denied('a')], ['unknown', 'mergeable', 'unknown']],
    ['blocked while it is a draft', [denied('a', { draft: true }), denied('a')], ['blocked', 'unknown']],
  ])('is %s', async (_, answers, expected) => {
    const left = [...answers];
    let nowMs = 0;
    const { forge } = await scriptedGitea({ 'GET /pulls/1': () => ({ body: left.shift() }) }, () => new Date(nowMs));

    const seen = [];
    for (const _answer of answers) {
      seen.push((await forge.read(1))?.mergeability);
      nowMs += 30_000;
    }

    expect(seen).toEqual(expected);
  });

  it('asks for the rule once for many that stand on an old base, and again later', async () => {
    let nowMs = 0;
    const behind = [1, 2, 3].map((number) => shape(number, { merge_base: '9'.repeat(40) }));
    const { forge, asked } = await scriptedGitea(
      {
        'GET /pulls': () => ({ body: behind }),
        'GET /branches/main': () => ({ body: { protected: true, effective_branch_protection_name: 'ma*' } }),
        'GET /branch_protections/ma*': () => ({ body: { block_on_outdated_branch: true } }),
      },
      () => new Date(nowMs),
    );
    const rules = (): number => asked.filter((one) => one.includes('branch_protections')).length;

    const found = await forge.open('towpath/');
    await forge.open('towpath/');
    const before = rules();
    nowMs += 600_000;
    await forge.open('towpath/');

    expect(found.map(({ mergeability }) => mergeability)).toEqual(['behind', 'behind', 'behind']);
    expect([before, rules()]).toEqual([1, 2]);
  });
});

describe('merging', () => {
  const order = async (status: number, message: string): Promise<string | null> => {
    const { forge } = await scriptedGitea({
      'POST /pulls/1/merge': () => ({ status, body: { message } }),
      'GET /pulls/1': () => ({ body: shape(1) }),
    });
    return forge.autoMerge((await forge.read(1)) as PullRequest, 'squash', null);
  };

  it.each([
    [200, '', null],
    [201, '', null],
    [405, 'The PR is already merged', null],
    [409, 'pull request is already scheduled to auto merge when checks succeed', null],
    [405, 'squash is not allowed an allowed merge style for this repository', /squash is not allowed/],
    [405, 'Work in progress PRs cannot be merged', /Work in progress/],
    [405, 'User not allowed to merge PR', /not allowed/],
    [409, 'PushRejected with remote message: no', /PushRejected/],
  ])('takes %i "%s" for what it means', async (status, message, expected) => {
    const answer = await order(status, message);

    if (expected === null) expect(answer).toBeNull();
    else expect(answer).toMatch(expected);
  });

  it.each([
    [204, null, true],
    [404, 'the forge answered 405', false],
  ])('is asked whether it is merged where it says nothing, as Forgejo does: %i', async (status, why, isKnown) => {
    const { forge } = await scriptedGitea({
      'POST /pulls/1/merge': () => ({ status: 405, body: { message: '', url: 'https://git.example.com/api/swagger' } }),
      'GET /pulls/1/merge': () => ({ status }),
      'GET /pulls/1': () => ({ body: shape(1) }),
    });
    const pullRequest = (await forge.read(1)) as PullRequest;

    expect(await forge.autoMerge(pullRequest, 'merge', null)).toBe(why);
    expect(await forge.markMerged(pullRequest, pullRequest.headCommit)).toBe(isKnown);
  });

  it('says of a squash what the commit says, also where older words were scheduled before', async () => {
    const said: unknown[] = [];
    let scheduled = true;
    const { forge, asked } = await scriptedGitea({
      'POST /pulls/1/merge': (_query, body) => {
        said.push(body);
        const message = 'pull request is already scheduled to auto merge when checks succeed';
        return scheduled ? { status: 409, body: { message } } : { status: 201 };
      },
      'DELETE /pulls/1/merge': () => {
        scheduled = false;
        return { status: 204 };
      },
      'GET /pulls/1': () => ({ body: shape(1) }),
    });
    const pullRequest = (await forge.read(1)) as PullRequest;

    expect(await forge.autoMerge(pullRequest, 'squash', 'Subject\n\nWhy.\n\nChange: deploy\n')).toBeNull();
    expect(asked.filter((one) => one.startsWith('DELETE'))).toHaveLength(1);
    expect(said.at(-1)).toMatchObject({ MergeTitleField: 'Subject', MergeMessageField: 'Why.\n\nChange: deploy' });
  });

  it('is tried again where the forge has not checked it in time', async () => {
    const { forge, asked } = await scriptedGitea({
      'POST /pulls/1/merge': () => ({ status: 405, body: { message: 'Please try again later' } }),
      'GET /pulls/1': () => ({ body: shape(1) }),
    });
    const pullRequest = (await forge.read(1)) as PullRequest;

    await expect(forge.autoMerge(pullRequest, 'merge', null)).rejects.toMatchObject({
      kind: 'transient',
      message: expect.stringMatching(/^Cannot let pull request #1 be merged: .*; it is tried again$/),
    });
    expect(asked.filter((one) => one.startsWith('POST')).length).toBeGreaterThan(1);
  });

  it.each(['merge_commit_id', 'MergeCommitID'])('is told what was merged as versions call it: %s', async (name) => {
    const { forge } = await scriptedGitea({
      'POST /pulls/1/merge': (_, body) => {
        const { Do, [name]: commit } = body as Record<string, unknown>;
        const isGood = Do === 'manually-merged' && commit === shape(1).head.sha;
        return isGood ? { body: null } : { status: 500, body: { message: 'Wrong commit ID' } };
      },
      'GET /pulls/1': () => ({ body: shape(1) }),
    });
    const pullRequest = (await forge.read(1)) as PullRequest;

    expect(await forge.markMerged(pullRequest, pullRequest.headCommit)).toBe(true);
  });

  it('cannot be told that it was merged where the repository does not allow the mark', async () => {
    const { forge } = await scriptedGitea({
      'POST /pulls/1/merge': () => ({ status: 405, body: { message: 'manually-merged is not allowed' } }),
      'GET /pulls/1': () => ({ body: shape(1) }),
    });
    const pullRequest = (await forge.read(1)) as PullRequest;

    expect(await forge.markMerged(pullRequest, pullRequest.headCommit)).toBe(false);
  });
});

describe('an approval', () => {
  const [head, older] = [shape(1).head.sha, 'd'.repeat(40)];
  const review = (state: string, more: object = {}) => ({
    ...{ user: { login: 'jane' }, state, commit_id: head, official: true, dismissed: false },
    ...more,
  });

  it.each([
    ['counts of the head', [review('APPROVED')], 'approved', ['jane']],
    ['does not count of an older commit', [review('APPROVED', { commit_id: older })], 'pending', []],
    ['does not count once it was dismissed', [review('APPROVED', { dismissed: true })], 'pending', []],
    ['does not count of who may not decide', [review('APPROVED', { official: false })], 'pending', []],
    ['gives way to a later word', [review('APPROVED'), review('REQUEST_CHANGES')], 'refused', []],
  ])('%s', async (_, reviews, kind, by) => {
    const { forge } = await scriptedGitea({
      'GET /pulls/1': () => ({ body: shape(1) }),
      'GET /pulls/1/reviews': () => ({ body: reviews }),
      'GET /branches/main': () => ({ body: { protected: false } }),
      [`GET /commits/${head}/status`]: () => ({ body: { statuses: [] } }),
    });

    const approval = await forge.approval((await forge.read(1)) as PullRequest);

    expect(approval).toMatchObject({ kind, by });
  });

  it.each([
    ['ci/*', ['ci/a/b'], 'approved'],
    ['build (linux-?.0+)', ['build (linux-6.0+)'], 'approved'],
    ['{lint,test}', ['test'], 'approved'],
    ['{lint,test}', ['test-all'], 'pending'],
    ['a,b', ['a,b'], 'approved'],
    ['[!a-c]x', ['dx'], 'approved'],
    ['[!a-c]x', ['bx'], 'pending'],
    ['literal\\*', ['literal*'], 'approved'],
    ['literal\\*', ['literally'], 'pending'],
    // Gitea passes over what it cannot read.
    ['[broken', [], 'approved'],
  ])('waits for the check %s, and has %s: %s', async (required, contexts, kind) => {
    const branch = { protected: true, enable_status_check: true, status_check_contexts: [required] };
    const { forge } = await scriptedGitea({
      'GET /pulls/1': () => ({ body: shape(1) }),
      'GET /pulls/1/reviews': () => ({ body: [review('APPROVED')] }),
      'GET /branches/main': () => ({ body: branch }),
      [`GET /commits/${head}/status`]: () => ({
        headers: { 'x-total-count': String(contexts.length) },
        body: { statuses: contexts.map((context) => ({ context, status: 'success' })) },
      }),
    });

    expect((await forge.approval((await forge.read(1)) as PullRequest)).kind).toBe(kind);
  });
});
