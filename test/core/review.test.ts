/** What follows from a branch, an open pull request and the closed ones, as a table; and whose commit is whose. */
import { describe, expect, it } from 'vitest';
import { type BranchState, branchState, proposedDraft } from '../../src/core/proposal.ts';
import { closedBody, type Marker, withMarker } from '../../src/core/pull-request/marker.ts';
import { decideReview, type ReviewState, type Wish } from '../../src/core/review.ts';
import type { BranchCommit } from '../../src/domain/commit.ts';
import { CommitId, DeploymentId, ListenerId, RevisionId } from '../../src/domain/identifiers.ts';
import type { PullRequest } from '../../src/domain/pull-request.ts';

const id = (digit: string) => CommitId.parse(digit.repeat(40));
const deploymentId = DeploymentId.parse('11111111-1111-4111-8111-111111111111');
const listenerId = ListenerId.parse('22222222-2222-4222-8222-222222222222');
const revisionId = RevisionId.parse('33333333-3333-4333-8333-333333333333');
const older = RevisionId.parse('44444444-4444-4444-8444-444444444444');
const inputsDigest = `sha256:${'a'.repeat(64)}`;
const replaces = 'b'.repeat(40);
const [base, tip] = [id('1'), id('2')];

const wish: Wish = { change: 'deploy', deploymentId, revisionId, inputsDigest, replaces };
const good: BranchState = {
  kind: 'ours',
  tip,
  parent: base,
  proposed: { change: 'deploy', deploymentId, revisionId, inputsDigest, replaces, secretName: null },
};
const jane = { name: 'Jane', email: 'jane@example.com' };
const byJane: BranchCommit = { id: tip, parents: [base], author: jane, committer: jane, message: 'Tune it\n' };
const edited: BranchState = { kind: 'edited', tip, by: byJane };

const marker = { deploymentId, revisionId, change: 'deploy', inputsDigest, listenerId, closed: null } as const;
function pullRequest(changes: Partial<PullRequest> = {}, said: Partial<Marker> = {}) {
  return {
    number: 7,
    url: 'https://forge.example/pulls/7',
    head: 'towpath/chat-0123456789',
    headCommit: tip,
    state: 'open',
    title: 'deploy(chat)',
    body: withMarker('Text', { ...marker, ...said }),
    labels: [],
    draft: false,
    mergeability: 'mergeable',
    mergeCommit: null,
    createdAt: new Date(0),
    updatedAt: new Date(0),
    ...changes,
  } as PullRequest;
}
const closedByUs = (body: string) => closedBody(body, 'superseded');
const state = (changes: Partial<ReviewState> = {}): ReviewState => ({
  branch: good,
  open: null,
  closed: [],
  baseHead: base,
  ...changes,
});

describe('with a wish', () => {
  it.each<readonly [string, Partial<ReviewState>, object]>([
    ['nothing there', { branch: { kind: 'absent' } }, { kind: 'push', tip: null, pullRequest: null }],
    ['a branch that the base holds', { branch: { kind: 'empty', tip } }, { kind: 'push', tip }],
    ['a good branch, nothing open', {}, { kind: 'describe', pullRequest: null }],
    ['a good branch that is open', { open: pullRequest() }, { kind: 'wait' }],
    ['text of another revision', { open: pullRequest({}, { revisionId: older }) }, { kind: 'describe' }],
    ['text without its hidden line', { open: pullRequest({ body: 'cut' }) }, { kind: 'describe' }],
    [
      'one that we closed and a person opened again',
      { open: pullRequest({ body: closedByUs(withMarker('', marker)) }) },
      { kind: 'describe' },
    ],
    [
      'a branch of another revision',
      { branch: { ...good, proposed: { ...good.proposed, revisionId: older } }, open: pullRequest() },
      { kind: 'push', tip, pullRequest: { number: 7 } },
    ],
    [
      'a branch for another folder',
      { branch: { ...good, proposed: { ...good.proposed, replaces: 'nothing' } } },
      { kind: 'push' },
    ],
    ['two commits of ours', { branch: { ...good, parent: null } }, { kind: 'push' }],
    [
      'a conflict on an older base',
      { open: pullRequest({ mergeability: 'conflict' }), baseHead: id('9') },
      { kind: 'push' },
    ],
    ['a conflict on this very base', { open: pullRequest({ mergeability: 'conflict' }) }, { kind: 'wait' }],
    [
      'a forge that wants the newest base',
      { open: pullRequest({ mergeability: 'behind' }), baseHead: id('9') },
      { kind: 'push' },
    ],
    ['a base that moved elsewhere', { open: pullRequest(), baseHead: id('9') }, { kind: 'wait' }],
    ['a person’s commit', { branch: edited, open: pullRequest() }, { kind: 'edited', pullRequest: { number: 7 } }],
    ['a person’s commit, nothing open', { branch: edited }, { kind: 'edited', pullRequest: null }],
    ['closed by a person', { closed: [pullRequest({ state: 'closed' })] }, { kind: 'rejected' }],
    [
      'closed by a person, branch gone',
      { branch: { kind: 'absent' }, closed: [pullRequest({ state: 'closed' })] },
      { kind: 'rejected' },
    ],
    [
      'closed by a person, as the taking over of a folder',
      { branch: { kind: 'absent' }, closed: [pullRequest({ state: 'closed' }, { change: 'adopt' })] },
      { kind: 'rejected' },
    ],
    [
      'closed with a person’s commit',
      { branch: edited, closed: [pullRequest({ state: 'closed' })] },
      { kind: 'rejected' },
    ],
    [
      'closed by us',
      { closed: [pullRequest({ state: 'closed', body: closedByUs(withMarker('', marker)) })] },
      { kind: 'describe' },
    ],
    [
      'an older revision rejected',
      { closed: [pullRequest({ state: 'closed' }, { revisionId: older })] },
      { kind: 'describe' },
    ],
    [
      'rejected long ago, below others',
      { closed: [pullRequest({ state: 'merged' }, { revisionId: older }), pullRequest({ state: 'closed' })] },
      { kind: 'rejected' },
    ],
    ['rejected, opened again', { open: pullRequest(), closed: [pullRequest({ state: 'closed' })] }, { kind: 'wait' }],
    ['merged, but not in the base', { closed: [pullRequest({ state: 'merged' })] }, { kind: 'merged' }],
    [
      'merged while its text was written, so that the base has the commit before',
      {
        branch: { ...good, proposed: { ...good.proposed, replaces: 'nothing' } },
        closed: [pullRequest({ state: 'merged' })],
      },
      { kind: 'push', tip, pullRequest: null, closeFirst: null },
    ],
    [
      'an older one merged',
      { closed: [pullRequest({ state: 'merged' }, { revisionId: older })] },
      { kind: 'describe' },
    ],
    [
      'an open removal',
      { open: pullRequest({}, { change: 'remove' }) },
      { kind: 'push', pullRequest: null, closeFirst: { number: 7 } },
    ],
  ])('%s', (_, changes, expected) => {
    expect(decideReview(wish, state(changes))).toMatchObject(expected);
  });

  it('asks again for other inputs of a revision whose rerendering was refused, but not for the revision itself', () => {
    const others = `sha256:${'c'.repeat(64)}`;
    const refused = pullRequest({ state: 'closed' }, { change: 'rerender' } as never);
    const rerender: Wish = { ...wish, change: 'rerender' };
    const refusedRevision = pullRequest({ state: 'closed' });

    expect(decideReview(rerender, state({ closed: [refused] })).kind).toBe('rejected');
    expect(decideReview({ ...rerender, inputsDigest: others }, state({ closed: [refused] })).kind).toBe('push');
    expect(decideReview({ ...wish, inputsDigest: others }, state({ closed: [refusedRevision] })).kind).toBe('rejected');
  });
});

describe('without a wish', () => {
  it.each<readonly [string, Partial<ReviewState>, object]>([
    ['nothing there', { branch: { kind: 'absent' } }, { kind: 'rest' }],
    ['an open one', { open: pullRequest() }, { kind: 'close', tip }],
    [
      'an open one whose branch is gone',
      { branch: { kind: 'absent' }, open: pullRequest() },
      { kind: 'close', tip: null },
    ],
    [
      'one that we closed and a person opened again',
      { open: pullRequest({ body: closedByUs(withMarker('', marker)) }) },
      { kind: 'rest' },
    ],
    ['a branch left over', {}, { kind: 'clean-up', tip }],
    ['a branch that the base holds', { branch: { kind: 'empty', tip } }, { kind: 'clean-up', tip }],
    ['a person’s commit', { branch: edited, open: pullRequest() }, { kind: 'rest' }],
  ])('%s', (_, changes, expected) => {
    expect(decideReview(null, state(changes))).toMatchObject(expected);
  });
});

describe('whose a commit is', () => {
  const bot = { name: 'Towpath', email: 'bot@example.com' };
  const ourselves = { listenerId, committer: bot.email };
  const message = proposedDraft(
    {
      message: `deploy(chat): revision 33333333\n\nWhy.\n\nChange: deploy\nDeployment-Id: ${deploymentId}\nRevision-Id: ${revisionId}\nListener-Id: ${listenerId}\nInputs-Digest: ${inputsDigest}\nSecret-Name: chat-env-1\n`,
      author: { ...jane, at: new Date(0) },
      committer: { ...bot, at: new Date(0) },
      changes: [],
    },
    replaces,
  ).message;
  const ours: BranchCommit = { id: tip, parents: [base], author: jane, committer: bot, message };

  it('is ours by our address and our trailers, and it tells what it proposes', () => {
    expect(branchState({ tip, commits: [ours] }, ourselves)).toEqual({
      ...good,
      proposed: { ...good.proposed, secretName: 'chat-env-1' },
    });
  });

  it.each<readonly [string, readonly BranchCommit[]]>([
    ['an amended one', [{ ...ours, committer: jane }]],
    ['one on top of ours', [{ ...byJane, parents: [tip] }, ours]],
    ['ours on top of a person’s', [ours, byJane]],
    ['another listener’s', [{ ...ours, message: message.replace(listenerId, deploymentId) }]],
    ['one without trailers', [{ ...ours, message: 'deploy(chat)\n' }]],
    ['trailers in the middle of the text', [{ ...ours, message: `${message}\nSigned\n` }]],
  ])('is a person’s: %s', (_, commits) => {
    expect(branchState({ tip, commits }, ourselves).kind).toBe('edited');
  });

  it('goes by trailers alone where a forge’s API is the committer', () => {
    const byForge = { ...ours, committer: { name: 'GitHub', email: 'noreply@github.com' } };

    expect(branchState({ tip, commits: [byForge] }, { listenerId, committer: null }).kind).toBe('ours');
  });

  it('does not matter where the base holds all, or nothing is there', () => {
    expect(branchState({ tip, commits: [] }, ourselves)).toEqual({ kind: 'empty', tip });
    expect(branchState(null, ourselves)).toEqual({ kind: 'absent' });
  });
});

describe('what a person’s command proposed', () => {
  const restoring = { ...good, proposed: { ...proposedOf(good), change: 'restore' } } as BranchState;
  const open = pullRequest({}, { change: 'restore' } as object);

  it.each<readonly [string, Partial<ReviewState>, readonly Wish['change'][], object]>([
    ['is left to people while the hold lasts', { branch: restoring, open }, ['restore'], { kind: 'rest' }],
    ['is left alone before it is opened', { branch: restoring }, ['restore'], { kind: 'rest' }],
    [
      'is left alone before it is opened, though an earlier one was closed',
      { branch: restoring, closed: [{ ...open, state: 'closed', headCommit: id('9') }] },
      ['restore'],
      { kind: 'rest' },
    ],
    ['is closed once nothing is held any more', { branch: restoring, open }, [], { kind: 'close' }],
    [
      'is tidied up when a person closed it',
      { branch: restoring, closed: [{ ...open, state: 'closed' }] },
      ['restore'],
      { kind: 'clean-up' },
    ],
    ['does not shield another change', { branch: good, open: pullRequest() }, ['restore'], { kind: 'close' }],
  ])('%s', (_, changes, asked, wanted) => {
    expect(decideReview(null, state(changes), asked)).toMatchObject(wanted);
  });

  it('is as good as a deployment where it takes a folder over from elsewhere', () => {
    const adopting = { ...good, proposed: { ...proposedOf(good), change: 'adopt' } } as BranchState;

    expect(
      decideReview(wish, state({ branch: adopting, open: pullRequest({}, { change: 'adopt' } as object) })),
    ).toMatchObject({
      kind: 'wait',
    });
  });
});

function proposedOf(branch: BranchState) {
  if (branch.kind !== 'ours') throw new Error('Expected a branch of ours');
  return branch.proposed;
}
