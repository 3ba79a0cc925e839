/** What Gitea's adapter makes of odd answers, old versions and bad moments: lists, opening, and who did what. */
import { describe, expect, it } from 'vitest';
import { giteaSquashTemplate } from '../../src/core/squash-template.ts';
import type { PullRequest } from '../../src/domain/pull-request.ts';
import { request } from '../contract/forge-requests.ts';
import { closedShape, scriptedGitea, shape } from '../support/gitea-scripted.ts';

const numbers = (found: readonly PullRequest[]): readonly number[] => found.map(({ number }) => number);

describe('lists', () => {
  it('are read again where one was closed while the page was turned', async () => {
    let isDisturbed = false;
    const { forge } = await scriptedGitea({
      'GET /pulls': (query) => {
        const page = Number(query.get('page') ?? 1);
        const all = isDisturbed ? [2, 3] : [1, 2, 3];
        if (page === 1 && !isDisturbed) isDisturbed = true;
        const next = page === 1 ? { link: '<http://x/?page=2&limit=2&state=open>; rel="next"' } : {};
        const headers = { 'x-total-count': String(all.length), ...next };
        return { headers, body: all.slice(page * 2 - 2, page * 2).map((number) => shape(number)) };
      },
    });

    // Number 3 slips to the page that was read already: the first try would see 1 and 2 only.
    expect(numbers(await forge.open('towpath/'))).toEqual([2, 3]);
  });

  it('leave other bases and forks out by themselves: old versions do not filter', async () => {
    const { forge } = await scriptedGitea({
      'GET /pulls': () => ({
        body: [
          shape(1),
          shape(2, { base: { ...shape(2).base, label: 'release' } }),
          shape(3, { head: { ...shape(3).head, repo_id: 8 } }),
          shape(4, { head: { ...shape(4).head, repo_id: -1 } }),
        ],
      }),
    });

    expect(numbers(await forge.open('towpath/'))).toEqual([1]);
  });

  it('of closed ones end where nothing newer can come, and name the branch of one whose branch is gone', async () => {
    const pages = [[closedShape(9, 9), closedShape(8, 8)], [closedShape(7, 7), closedShape(6, 1)], [closedShape(5, 0)]];
    const { forge, asked } = await scriptedGitea({
      'GET /pulls': (query) => {
        const page = Number(query.get('page') ?? 1);
        const gone = { label: 'towpath/9', ref: 'refs/pull/9/head', sha: '3'.repeat(40), repo_id: 7 };
        const body = (pages[page - 1] ?? []).map((one) => (one.number === 9 ? { ...one, head: gone } : one));
        return { headers: { link: `<http://x/?page=${page + 1}>; rel="next"` }, body };
      },
    });

    const closed = await forge.closed('towpath/', new Date('2026-03-01T12:05:00Z'));

    expect(closed.map(({ number, head }) => [number, head])).toEqual([
      [9, 'towpath/9'],
      [8, 'towpath/8'],
      [7, 'towpath/7'],
    ]);
    expect(asked).toHaveLength(2);
  });

  it('are unreachable for now where the answer is another than promised, and say what is wrong, not what it holds', async () => {
    const { forge } = await scriptedGitea({ 'GET /pulls': () => ({ body: [shape(1, { head: 'hunter2' })] }) });

    await expect(forge.open('towpath/')).rejects.toMatchObject({
      kind: 'transient',
      reason: 'ForgeUnreachable',
      message: expect.stringMatching(/0\.head: invalid_type(?!.*hunter2)/),
    });
  });
});

describe('opening', () => {
  it('loses no pull request where nobody can be asked to review it at this moment', async () => {
    const { forge, log } = await scriptedGitea({
      'POST /pulls': () => ({ status: 201, body: shape(1) }),
      'POST /pulls/1/requested_reviewers': () => ({ status: 503, body: { message: 'busy' } }),
    });

    const opened = await forge.create(request('towpath/1', { reviewers: ['jane'], teamReviewers: ['ops'] }));

    expect(opened.number).toBe(1);
    expect(log.lines).toHaveLength(2);
  });

  it('asks nobody twice where it finds its own from before a kill', async () => {
    const orders: unknown[] = [];
    const { forge } = await scriptedGitea({
      'POST /pulls': () => ({ status: 409, body: { message: 'pull request already exists for these targets' } }),
      'GET /pulls': () => ({ body: [shape(1)] }),
      'PATCH /pulls/1': () => ({ status: 201, body: shape(1, { title: 'new' }) }),
      'GET /pulls/1/reviews': () => ({ body: [{ user: { login: 'jane' }, state: 'REQUEST_REVIEW' }] }),
      'POST /pulls/1/requested_reviewers': (_, body) => {
        orders.push(body);
        return { status: 201, body: [] };
      },
    });

    const opened = await forge.create(request('towpath/1', { title: 'new', reviewers: ['jane', 'joe'] }));

    expect(opened).toMatchObject({ number: 1, title: 'new' });
    expect(orders).toEqual([{ reviewers: ['joe'], team_reviewers: [] }]);
  });

  it('is tried again where it "exists already", and is closed by the time that we look', async () => {
    const { forge } = await scriptedGitea({
      'POST /pulls': () => ({ status: 409, body: { message: 'pull request already exists for these targets' } }),
      'GET /pulls': () => ({ body: [] }),
    });

    await expect(forge.create(request('towpath/1'))).rejects.toMatchObject({ kind: 'transient' });
  });

  it('takes a label of the organisation, the older of two of one name, and makes only what is missing', async () => {
    const orders: unknown[] = [];
    const { forge } = await scriptedGitea({
      'GET /labels': () => ({
        body: [
          { id: 1, name: 'twice' },
          { id: 2, name: 'twice' },
        ],
      }),
      'GET //orgs/o%20x/labels': () => ({ body: [{ id: 3, name: 'shared' }] }),
      'POST /labels': (_, body) => {
        orders.push(body);
        return { status: 201, body: { id: 4, name: 'new' } };
      },
      'POST /pulls': (_, body) => {
        orders.push(body);
        const labels = ['twice', 'shared', 'new'].map((name, id) => ({ id, name }));
        return { status: 201, body: shape(1, { labels }) };
      },
    });

    await forge.create(request('towpath/1', { labels: ['twice', 'shared', 'new', 'new'] }));

    expect(orders).toMatchObject([{ name: 'new' }, { labels: [1, 3, 4] }]);
  });
});

it('tells who closed it last, of many entries over several pages', async () => {
  const pages = [
    [
      { type: 'close', user: { login: 'jane' } },
      { type: 'comment', user: { login: 'joe' } },
    ],
    [
      { type: 'reopen', user: { login: 'jane' } },
      { type: 'close', user: { login: 'joe' } },
    ],
  ];
  const { forge } = await scriptedGitea({
    'GET /pulls/1': () => ({ body: closedShape(1, 0) }),
    'GET /issues/1/timeline': (query) => ({ body: pages[Number(query.get('page')) - 1] ?? null }),
  });

  expect(await forge.closedBy(1)).toBe('joe');
});

it('tells nothing that these credentials may not see', async () => {
  const { forge } = await scriptedGitea({
    'GET ': () => ({ body: { default_branch: 'main', archived: false, allow_squash_merge: false } }),
    'GET //user': () => ({ status: 403, body: { message: 'token does not have at least one of required scope(s)' } }),
    'GET /branches/main': () => ({ status: 403, body: { message: 'no' } }),
  });

  expect(await forge.repository()).toEqual({
    ...{ account: null, defaultBranch: 'main', archived: false, mayPush: false, protected: null },
    ...{ mergeMethods: ['merge', 'rebase'], mergeSignature: 'unsigned' },
  });
});

describe('the text of a squash', () => {
  const told = async (file: string, template: string | null) => {
    const content = template === null ? null : Buffer.from(template).toString('base64');
    const { forge } = await scriptedGitea({
      'GET ': () => ({ body: { default_branch: 'main', archived: false } }),
      'GET //user': () => ({ body: { id: 1, login: 'bot' } }),
      'GET /branches/main': () => ({ body: { name: 'main', protected: false } }),
      ...(content === null ? {} : { [`GET /contents/${file}`]: () => ({ body: { content } }) }),
    });
    return (await forge.repository()).squash;
  };
  const file = 'default_merge_message/SQUASH_TEMPLATE.md';

  it.each(['.gitea', '.forgejo'])('keeps the trailers by a template in %s', async (folder) => {
    expect(await told(`${folder}/${file}`, giteaSquashTemplate.content)).toMatchObject({ trailers: 'kept' });
  });

  it.each([null, 'Merged by hand\n'])('loses them by %j', async (template) => {
    const squash = await told(`.gitea/${file}`, template);

    expect(squash).toMatchObject({ trailers: 'lost', how: expect.stringMatching(/\$\{PullRequestDescription\}/) });
    expect(squash?.how).toContain('POPULATE_SQUASH_COMMENT_WITH_COMMIT_MESSAGES');
  });
});

describe('checks', () => {
  it('are read to the last page, also where no header tells of one', async () => {
    const { head } = shape(1);
    const page = (number: number) => Array.from({ length: 50 }, (_, index) => `${number}-${index}`);
    const green = (contexts: readonly string[]) => contexts.map((context) => ({ context, status: 'success' }));
    const pages = [green(page(1)), [...green(page(2)), { context: 'last', status: 'failure' }]];
    const { forge, asked } = await scriptedGitea({
      'GET /pulls/1': () => ({ body: shape(1) }),
      'GET /pulls/1/reviews': () => ({ body: [] }),
      [`GET /commits/${head.sha}/status`]: (query) => ({
        // So Gitea and Forgejo answer where there is nothing, and what is on no page.
        body: { statuses: pages[Number(query.get('page')) - 1] ?? null },
      }),
    });
    const found = await forge.read(1);

    expect(found && (await forge.approval(found))).toMatchObject({ kind: 'refused', why: 'failed: last' });
    expect(asked.filter((one) => one.endsWith('/status'))).toHaveLength(3);
  });
});
