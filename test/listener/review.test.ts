/** Changes that are proposed: what the listener does with branches and pull requests, and what people do to them. */
import { afterEach, describe, expect, it } from 'vitest';
import { readMarker } from '../../src/core/pull-request/marker.ts';
import { TowpathError } from '../../src/domain/failure.ts';
import type { DeploymentId, ListenerId } from '../../src/domain/identifiers.ts';
import type { MergeMethod } from '../../src/domain/pull-request.ts';
import type { Renderer } from '../../src/listener/context.ts';
import { intervalOf } from '../../src/listener/listener.ts';
import { configurationFor, teamA } from '../support/listener-world.ts';
import { plainRenderer } from '../support/plain-renderer.ts';
import { begin as beginReview, lookAgain, onlyOpen, reported } from '../support/review-steps.ts';
import { type ReviewWorld, reviewWorld } from '../support/review-world.ts';
import type { ScriptedControlPlane } from '../support/scripted-control-plane.ts';
import { until } from '../support/until.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const begin = (world: ReviewWorld = reviewWorld(), more: Parameters<ReviewWorld['start']>[1] = {}) =>
  beginReview(stops, world, more);

const inReview = (plane: ScriptedControlPlane, id: DeploymentId) =>
  until('a report of the review', () => {
    const last = plane.lastReport(id);
    return last?.stage === 'in-review' && last.outcome === 'progressing' && last.reason === 'InReview' && last;
  });
const removalReported = (plane: ScriptedControlPlane, id: DeploymentId, reason: string) =>
  until(`a removal report ${reason}`, () =>
    plane.reports.findLast((one) => one.kind === 'removal' && one.deploymentId === id && one.reason === reason),
  );

/** Templates of somebody's own, with one file more. */
function rendererOf(path: string, text: string): Renderer {
  const plain = plainRenderer();
  return {
    ...plain,
    render: (input, sensitive) => {
      const made = plain.render(input, sensitive);
      return made.kind === 'refused' ? made : { ...made, files: new Map([...made.files, [path, text]]) };
    },
  };
}

describe('a new deployment', () => {
  it('becomes one pull request, and nothing on the base', async () => {
    const { world, plane } = await begin();
    const head = world.remote.head;
    const id = plane.create('chat');

    const report = await inReview(plane, id);

    const pullRequest = onlyOpen(world);
    expect(pullRequest).toMatchObject({ base: 'main', title: expect.stringMatching(/^deploy\(chat\): revision/) });
    expect(pullRequest.head).toMatch(/^towpath\/chat-[0-9a-f]{10}$/);
    expect(readMarker(pullRequest.body)).toMatchObject({ deploymentId: id, change: 'deploy', closed: null });
    expect(report).toMatchObject({ commit: null, pullRequest: expect.stringContaining(`${pullRequest.number}`) });
    expect(world.remote.head).toBe(head);
    expect(world.remote.commits.get(pullRequest.headCommit)?.parents).toEqual([head]);
  });

  it.each<MergeMethod>(['merge', 'squash', 'rebase'])('is deployed once it is merged by %s', async (method) => {
    const { world, plane, running } = await begin();
    const id = plane.create('chat');
    await inReview(plane, id);
    const { number, head } = onlyOpen(world);

    world.forge.people.merge(number, method);
    running.wake();
    const report = await reported(plane, id, 'Pushed');

    expect(report).toMatchObject({ stage: 'committed', outcome: 'succeeded', commit: expect.any(String) });
    await until('the branch to go', () => !world.remote.branches.has(head));
    expect(world.all()).toHaveLength(1);
  });

  it('waits for nothing but people: a look that finds nothing new neither pushes nor asks to open', async () => {
    const { world, plane, running } = await begin();
    await inReview(plane, plane.create('chat'));
    const before = { ...world.forge.calls, propose: world.remote.requests.propose };

    await lookAgain({ world, running });

    expect({ ...world.forge.calls, open: 0, propose: world.remote.requests.propose }).toEqual({ ...before, open: 0 });
  });

  it('in an empty repository follows a first commit that explains it', async () => {
    const world = reviewWorld();
    world.remote.head = null;
    const { plane } = await begin(world);
    const id = plane.create('chat');

    await inReview(plane, id);

    expect(world.remote.log().map(({ subject }) => subject)).toEqual(['Explain this repository']);
    expect(onlyOpen(world).base).toBe('main');
  });
});

describe('a newer revision', () => {
  it('updates the pull request in place: one commit over the base', async () => {
    const { world, plane } = await begin();
    const id = plane.create('chat', { image: 'registry.example/chat:1' });
    await inReview(plane, id);
    const first = onlyOpen(world);
    const old = { number: first.number, commit: first.headCommit };

    const revision = plane.update(id, { image: 'registry.example/chat:2' });
    await until('the new marker', () => readMarker(onlyOpen(world).body)?.revisionId === revision);
    await inReview(plane, id);

    const pullRequest = onlyOpen(world);
    expect([world.all().length, pullRequest.number]).toEqual([1, old.number]);
    expect(pullRequest.title).toContain('chat:2');
    const tip = world.remote.branches.get(pullRequest.head);
    expect(tip).not.toBe(old.commit);
    expect(tip && world.remote.commits.get(tip)?.parents).toEqual([world.remote.head]);
  });

  it('is proposed anew where the one before was rejected', async () => {
    const { world, plane, running } = await begin();
    const id = plane.create('chat');
    await inReview(plane, id);
    world.forge.people.close(onlyOpen(world).number, 'Jane');
    running.wake();
    await reported(plane, id, 'Rejected');

    plane.update(id, { image: 'registry.example/chat:2' });
    await inReview(plane, id);

    expect(world.all().map(({ state }) => state)).toEqual(['closed', 'open']);
  });

  it('finds the branch taken by a merge while it was made, and is made on the new base', async () => {
    const { world, plane, running } = await begin();
    const id = plane.create('chat', { image: 'registry.example/chat:1' });
    await inReview(plane, id);
    const { number, head } = onlyOpen(world);
    world.remote.beforePropose = () => {
      world.remote.beforePropose = null;
      world.forge.people.merge(number, 'merge');
      world.remote.branches.delete(head);
    };

    plane.update(id, { image: 'registry.example/chat:2' });
    const pullRequest = await until('the second pull request', () => {
      running.wake();
      return world.open().find((one) => one.number !== number);
    });

    expect(pullRequest.title).toContain('chat:2');
    expect(world.remote.commits.get(pullRequest.headCommit)?.parents).toEqual([world.remote.head]);
    expect(world.all()).toHaveLength(2);
  });
});

describe('a person who is faster than the text of a newer revision', () => {
  it.each([
    ['closes', 'closed'],
    ['squashes', 'merged'],
  ] as const)(
    '%s it: that was about the older one, whose text it keeps, and the newer one is proposed',
    async (how, state) => {
      const { world, plane, running } = await begin();
      const id = plane.create('chat', { image: 'registry.example/chat:1' });
      await inReview(plane, id);
      const { number, title, head } = onlyOpen(world);
      const old = world.remote.branches.get(head);
      world.remote.beforePropose = () => {
        world.remote.beforePropose = null;
        if (how === 'squashes') world.remote.mergeBranch(head, 'squash');
      };
      world.forge.beforeNext('update', () => {
        world.forge.people.close(number, 'Jane');
        Object.assign(world.forge.pullRequests.get(number) ?? {}, { state });
      });

      const revision = plane.update(id, { image: 'registry.example/chat:2' });
      const next = await until('the second pull request', () => {
        running.wake();
        return world.open().find((one) => one.number !== number);
      });
      await inReview(plane, id);

      expect(readMarker(next.body)?.revisionId).toBe(revision);
      expect(world.remote.commits.get(next.headCommit)?.parents).toEqual([world.remote.head]);
      expect(world.forge.pullRequests.get(number)).toMatchObject({ title, state });
      expect(world.remote.branches.get(head)).not.toBe(old);
    },
  );
});

describe('a pull request that a person closes', () => {
  it('rejects its revision, by name, and it is not proposed again, not even after a restart', async () => {
    const { world, plane, running } = await begin();
    const id = plane.create('chat');
    await inReview(plane, id);
    const { number } = onlyOpen(world);

    world.forge.people.close(number, 'Jane Doe');
    running.wake();
    const report = await reported(plane, id, 'Rejected');
    await running.stop();
    const again = world.start(plane);
    stops.push(again.stop);
    await lookAgain({ world, running: again });

    expect(report).toMatchObject({ stage: 'in-review', outcome: 'failed', commit: null });
    expect(report.message).toMatch(/^rejected by Jane Doe/);
    expect(world.all()).toMatchObject([{ number, state: 'closed' }]);
    expect(plane.lastReport(id)?.reason).toBe('Rejected');
  });

  it('stays rejected though the report of it was lost and its branch deleted', async () => {
    const { world, plane, running } = await begin();
    const id = plane.create('chat');
    await inReview(plane, id);
    const { number, head } = onlyOpen(world);
    await running.stop();
    world.forge.people.close(number, 'Jane');
    world.remote.branches.delete(head);
    plane.forget(id);

    const again = world.start(plane);
    stops.push(again.stop);
    await reported(plane, id, 'Rejected');

    expect(world.all()).toMatchObject([{ number, state: 'closed' }]);
  });

  it('waits again when it is opened again', async () => {
    const { world, plane, running } = await begin();
    const id = plane.create('chat');
    await inReview(plane, id);
    const { number } = onlyOpen(world);
    world.forge.people.close(number, 'Jane');
    running.wake();
    await reported(plane, id, 'Rejected');

    world.forge.people.reopen(number);
    running.wake();
    await reported(plane, id, 'InReview');
    world.forge.people.merge(number, 'squash');
    running.wake();

    await reported(plane, id, 'Pushed');
    expect(world.all()).toHaveLength(1);
  });
});

describe('a commit of a person', () => {
  it('on the branch is never overwritten, and is reported', async () => {
    const { world, plane } = await begin();
    const id = plane.create('chat', { image: 'registry.example/chat:1' });
    await inReview(plane, id);
    const { head } = onlyOpen(world);
    const theirs = world.remote.commitOn(head, 'Tune it', [
      { kind: 'write', path: 'notes.txt' as never, content: 'x\n' },
    ]);

    plane.update(id, { image: 'registry.example/chat:2' });
    const report = await reported(plane, id, 'EditedInReview');

    expect(report).toMatchObject({ stage: 'in-review', outcome: 'progressing' });
    expect(report.message).toContain('Jane <jane@example.com>');
    expect(world.remote.branches.get(head)).toBe(theirs);
  });

  it('that comes between our look and our push is not overwritten either', async () => {
    const { world, plane, running } = await begin();
    const id = plane.create('chat', { image: 'registry.example/chat:1' });
    await inReview(plane, id);
    const { head } = onlyOpen(world);
    let theirs: string | undefined;
    world.remote.beforePropose = () => {
      world.remote.beforePropose = null;
      theirs = world.remote.commitOn(head, 'Be faster', [{ kind: 'write', path: 'n.txt' as never, content: 'x\n' }]);
    };

    plane.update(id, { image: 'registry.example/chat:2' });
    await reported(plane, id, 'EditedInReview');
    await lookAgain({ world, running });

    expect(world.remote.branches.get(head)).toBe(theirs);
  });

  it('goes when the person closes it and deletes the branch, and the newer revision is proposed', async () => {
    const { world, plane, running } = await begin();
    const id = plane.create('chat', { image: 'registry.example/chat:1' });
    await inReview(plane, id);
    const { head, number } = onlyOpen(world);
    world.remote.commitOn(head, 'Tune it', [{ kind: 'write', path: 'notes.txt' as never, content: 'x\n' }]);
    plane.update(id, { image: 'registry.example/chat:2' });
    await reported(plane, id, 'EditedInReview');

    world.forge.people.close(number, 'Jane');
    world.remote.branches.delete(head);
    running.wake();
    await reported(plane, id, 'InReview');

    expect(onlyOpen(world).number).not.toBe(number);
    expect(world.remote.commits.get(world.remote.branches.get(head) ?? ('' as never))?.subject).toMatch(/^deploy/);
  });
});

describe('a base that moves on', () => {
  it('leaves a branch alone while its folder is the same there', async () => {
    const { world, plane, running } = await begin();
    await inReview(plane, plane.create('chat'));
    const { head } = onlyOpen(world);
    const tip = world.remote.branches.get(head);

    world.remote.commit('Write docs', [{ kind: 'write', path: 'docs.md' as never, content: 'docs\n' }]);
    await lookAgain({ world, running });

    expect(world.remote.branches.get(head)).toBe(tip);
  });

  it.each(['conflict', 'behind'] as const)('has it made anew where the forge says %s', async (mergeability) => {
    const { world, plane, running } = await begin();
    await inReview(plane, plane.create('chat'));
    const { head, number } = onlyOpen(world);
    const tip = world.remote.branches.get(head);
    world.remote.commit('Write docs', [{ kind: 'write', path: 'docs.md' as never, content: 'docs\n' }]);

    world.forge.people.judge(number, mergeability);
    running.wake();
    const made = await until('a new tip', () => {
      const now = world.remote.branches.get(head);
      return now !== tip && now;
    });
    await lookAgain({ world, running });

    expect(world.remote.commits.get(made)?.parents).toEqual([world.remote.head]);
    // Once for each base: a forge that goes on complaining is not pushed at for ever.
    expect(world.remote.branches.get(head)).toBe(made);
    expect(world.all()).toHaveLength(1);
  });
});

describe('a removal', () => {
  async function deployed() {
    const { world, plane, running } = await begin();
    const id = plane.create('chat');
    await inReview(plane, id);
    world.forge.people.merge(onlyOpen(world).number, 'merge');
    running.wake();
    await reported(plane, id, 'Pushed');
    return { world, plane, running, id };
  }

  it('is a pull request labelled deletes; merged, it ends the deployment', async () => {
    const { world, plane, running, id } = await deployed();

    plane.remove(id);
    await removalReported(plane, id, 'InReview');
    const pullRequest = onlyOpen(world);
    expect(pullRequest.labels).toContain('deletes');
    expect([...world.remote.files().keys()].some((path) => path.startsWith('deployments/chat-'))).toBe(true);
    world.forge.people.merge(pullRequest.number, 'squash');
    running.wake();

    expect(await removalReported(plane, id, 'Removed')).toMatchObject({ outcome: 'succeeded' });
    expect([...world.remote.files().keys()].some((path) => path.startsWith('deployments/'))).toBe(false);
  });

  it('that a person closes is refused, with the reason, until it is opened again', async () => {
    const { world, plane, running, id } = await deployed();
    plane.remove(id);
    await removalReported(plane, id, 'InReview');
    const { number } = onlyOpen(world);

    world.forge.people.close(number, 'Jane');
    running.wake();
    const refused = await removalReported(plane, id, 'Rejected');
    await lookAgain({ world, running });

    expect(refused).toMatchObject({ outcome: 'failed', message: expect.stringContaining('rejected by Jane') });
    expect(world.open()).toEqual([]);
    world.forge.people.reopen(number);
    running.wake();
    await until('the review', () => world.open().length === 1);
  });

  it('closes what was proposed and never merged, and says why', async () => {
    const { world, plane } = await begin();
    const id = plane.create('chat');
    await inReview(plane, id);
    const { number, head } = onlyOpen(world);

    plane.remove(id);
    await removalReported(plane, id, 'Removed');
    await until('the closing', () => world.open().length === 0);

    const closed = world.forge.pullRequests.get(number);
    expect(closed?.body).toMatch(/^> \*\*Closed by Towpath:\*\*.*deleted/);
    await until('the branch to go', () => !world.remote.branches.has(head));
  });

  it('never inherits the approval of a deployment: the open one is closed first', async () => {
    const { world, plane, running, id } = await deployed();
    plane.update(id, { image: 'registry.example/chat:2' });
    await inReview(plane, id);
    const { number } = onlyOpen(world);

    plane.remove(id);
    await removalReported(plane, id, 'InReview');
    await lookAgain({ world, running });

    expect(world.forge.pullRequests.get(number)?.state).toBe('closed');
    const removal = onlyOpen(world);
    expect(removal.number).not.toBe(number);
    expect(readMarker(removal.body)?.change).toBe('remove');
  });

  it('that was refused does not count against the limit', async () => {
    const { world, plane, running } = await begin(reviewWorld(), { namespace: { deletion: { max: 1 } } });
    const [one, two] = [plane.create('one'), plane.create('two')];
    for (const id of [one, two]) await inReview(plane, id);
    for (const { number } of world.open()) world.forge.people.merge(number, 'squash');
    running.wake();
    for (const id of [one, two]) await reported(plane, id, 'Pushed');
    plane.remove(one);
    await removalReported(plane, one, 'InReview');
    world.forge.people.close(onlyOpen(world).number, 'Jane');
    running.wake();
    await removalReported(plane, one, 'Rejected');

    plane.remove(two);
    await removalReported(plane, two, 'InReview');

    expect(onlyOpen(world).title).toMatch(/^remove\(two\)/);
  });

  it('of what is merged at the very moment is made once, for what was merged', async () => {
    const { world, plane, running, id } = await deployed();
    plane.update(id, { image: 'registry.example/chat:2' });
    await inReview(plane, id);
    const { number } = onlyOpen(world);
    world.forge.beforeNext('read', () => void world.forge.people.merge(number, 'squash'));

    plane.remove(id);
    await until('the merge', () => world.forge.pullRequests.get(number)?.state === 'merged');
    await lookAgain({ world, running });
    await removalReported(plane, id, 'InReview');

    const removals = [...world.remote.commits.values()].filter(({ subject }) => subject.startsWith('remove('));
    expect(removals).toHaveLength(1);
    expect(world.forge.pullRequests.get(number)?.state).toBe('merged');
  });

  it('waits for a person where there are more than the limit', async () => {
    const { world, plane, running } = await begin(reviewWorld(), { namespace: { deletion: { max: 1 } } });
    const ids = ['one', 'two'].map((name) => plane.create(name));
    for (const id of ids) await inReview(plane, id);
    for (const { number } of world.open()) world.forge.people.merge(number, 'squash');
    running.wake();
    for (const id of ids) await until('deployed', () => plane.lastReport(id)?.outcome === 'succeeded' || undefined);

    for (const id of ids) plane.remove(id);
    for (const id of ids) await removalReported(plane, id, 'DeletionLimit');

    expect(world.open()).toEqual([]);
  });
});

describe('a revision that is interrupted', () => {
  it('has its pull request closed: merging it would deploy it', async () => {
    const { world, plane } = await begin();
    const id = plane.create('chat');
    await inReview(plane, id);
    const wanted = plane.wanted().get(id);

    plane.update(id, { interrupted: true, ...(wanted ? { revision: wanted.revision } : {}) });
    await until('the closing', () => world.open().length === 0);

    expect(world.all()).toMatchObject([{ state: 'closed', body: expect.stringMatching(/^> \*\*Closed by Towpath/) }]);
  });
});

describe('a forge that fails', () => {
  it('after it has opened one, though its answer was lost, is not asked to open another', async () => {
    const world = reviewWorld();
    world.forge.loseAnswer('create');
    const { plane } = await begin(world);
    const id = plane.create('chat');

    await inReview(plane, id);

    expect(world.all()).toHaveLength(1);
  });

  it('between push and opening leaves a branch that the next process opens', async () => {
    let isDown = true;
    const take = (): void => {
      if (isDown) throw new TowpathError('transient', 'ForgeUnreachable', 'Cannot open it: the forge answers 502');
    };
    const world = reviewWorld({ budget: { take } });
    const { plane, running } = await begin(world);
    const id = plane.create('chat');
    await until('the branch', () => world.remote.branches.size === 1);
    await running.stop();
    const tips = [...world.remote.branches.values()];
    isDown = false;

    const again = world.start(plane);
    stops.push(again.stop);
    await inReview(plane, id);

    expect(world.open()).toHaveLength(1);
    expect([...world.remote.branches.values()]).toEqual(tips);
  });

  it('for good says so of each revision that waits for it, but not of what people have before them', async () => {
    const { world, plane } = await begin();
    const waiting = plane.create('waiting');
    await inReview(plane, waiting);
    const denied = new TowpathError('terminal', 'ForgeUnauthorized', 'Cannot open it: the token is refused');
    for (let times = 0; times < 200; times++) world.forge.failNext(denied, 'open');

    const id = plane.create('chat');
    const report = await reported(plane, id, 'ForgeUnauthorized');

    expect(report).toMatchObject({ outcome: 'failed', message: expect.stringContaining('token is refused') });
    expect(world.open()).toHaveLength(1);
  });

  it('for lack of budget lets the rest wait for its turn, and opens each exactly once', async () => {
    let left = 3;
    const take = (): void => {
      if (left > 0) left -= 1;
      else throw new TowpathError('waiting', 'ForgeBudget', 'Cannot ask yet: it waits', { retryAfterMs: 30 });
    };
    const refill = setInterval(() => {
      left = 3;
    }, 40);
    stops.push(async () => clearInterval(refill));
    const { world, plane } = await begin(reviewWorld({ budget: { take } }));

    const ids = Array.from({ length: 10 }, (_, index) => plane.create(`chat-${index}`));
    for (const id of ids) await inReview(plane, id);

    expect(world.open()).toHaveLength(10);
    expect(world.all()).toHaveLength(10);
    expect(world.remote.requests.propose).toBeLessThan(10);
  });

  it('that says one is merged while the base does not hold it is looked at again, and then believed', async () => {
    const { world, plane, running } = await begin();
    const id = plane.create('chat');
    await inReview(plane, id);
    const before = world.remote.head;

    world.forge.people.merge(onlyOpen(world).number, 'merge');
    world.remote.head = before;
    running.wake();
    const report = await reported(plane, id, 'RevertedInGit');

    expect(report).toMatchObject({ stage: 'in-review', outcome: 'failed' });
    expect(world.open()).toEqual([]);
  });
});

describe('a policy of the server', () => {
  it('that refuses one branch does not hold up the others', async () => {
    const world = reviewWorld();
    world.remote.policy = (message) => (message.includes('(bad)') ? 'not this one' : null);
    const { plane } = await begin(world);
    const [good, bad] = [plane.create('good'), plane.create('bad')];

    await inReview(plane, good);
    const report = await reported(plane, bad, 'PushRefusedByPolicy');

    expect(report.message).toContain('not this one');
    expect(world.open()).toHaveLength(1);
  });
});

describe('merging by fast-forward', () => {
  const fastForward = { namespace: { publication: { mode: 'proposed', forge: 'gitea', merge: 'fast-forward' } } };

  it('puts the approved commit itself onto the base', async () => {
    const { world, plane, running } = await begin(reviewWorld(), fastForward);
    const id = plane.create('chat');
    await inReview(plane, id);
    const { number, headCommit, head } = onlyOpen(world);

    world.forge.people.approve(number, 'Jane');
    running.wake();
    await reported(plane, id, 'Pushed');

    expect(world.remote.head).toBe(headCommit);
    expect(world.forge.pullRequests.get(number)?.state).toBe('merged');
    expect(world.remote.branches.has(head)).toBe(false);
  });

  it('joins both where the base has moved on, and the approved commit stays what it was', async () => {
    const { world, plane, running } = await begin(reviewWorld(), fastForward);
    const id = plane.create('chat');
    await inReview(plane, id);
    const { number, headCommit } = onlyOpen(world);
    const docs = world.remote.commit('Write docs', [{ kind: 'write', path: 'docs.md' as never, content: 'docs\n' }]);

    world.forge.people.approve(number, 'Jane');
    running.wake();
    await reported(plane, id, 'Pushed');

    const merge = world.remote.log()[0];
    expect(merge).toMatchObject({ parents: [docs, headCommit], subject: expect.stringMatching(/^merge\(chat\)/) });
    expect(merge?.message).toContain('approved by Jane');
  });

  it('does nothing without approval, nor for one of an older commit', async () => {
    const { world, plane, running } = await begin(reviewWorld(), fastForward);
    const id = plane.create('chat', { image: 'registry.example/chat:1' });
    await inReview(plane, id);
    const head = world.remote.head;
    const { number } = onlyOpen(world);
    world.forge.people.requestChanges(number, 'Joe');
    await lookAgain({ world, running });

    expect(world.remote.head).toBe(head);
    expect(plane.lastReport(id)).toMatchObject({ reason: 'InReview', outcome: 'progressing' });
  });
});

describe('a secret in what people read', () => {
  it('stops its deployment in mode direct, too: a file may be called so', async () => {
    const value = 'hunter2-hunter2-hunter2';
    const { world, plane } = await begin(reviewWorld(), {
      renderer: rendererOf(`${value}.txt`, 'x\n'),
      parts: { review: null },
      namespace: { publication: { mode: 'direct' } },
    });
    const head = world.remote.head;
    const id = plane.create('chat', { secrets: { PASSWORD: value } });

    const report = await reported(plane, id, 'PlantedSecret');

    expect(report.message).toContain('commit message');
    expect(world.remote.head).toBe(head);
  });

  it('stops its deployment, branch and all, and names the place but never the value', async () => {
    const value = 'hunter2-hunter2-hunter2';
    const world = reviewWorld();
    const review = world.parts.review && { ...world.parts.review, words: { title: null, body: `Use ${value}` } };
    const { plane } = await begin(world, { parts: { review } });
    const id = plane.create('chat', { secrets: { PASSWORD: value } });

    const report = await reported(plane, id, 'PlantedSecret');

    expect(report.message).toContain('body of the pull request');
    expect(JSON.stringify(plane.reports)).not.toContain(value);
    expect([world.all(), world.remote.branches.size]).toEqual([[], 0]);
  });
});

describe('a Secret with its value in the clear', () => {
  it('stops its deployment, whoever’s template made it', async () => {
    const text = 'apiVersion: v1\nkind: Secret\nmetadata: { name: chat }\nstringData: { A: b }\n';
    const { world, plane } = await begin(reviewWorld(), { renderer: rendererOf('own.secret.yaml', text) });
    const id = plane.create('chat');

    const report = await reported(plane, id, 'PlainSecret');

    expect(report.message).toContain('own.secret.yaml');
    expect([world.all(), world.remote.branches.size]).toEqual([[], 0]);
  });
});

describe('how often a lane looks by itself', () => {
  it.each([
    ['direct', { mode: 'direct' }, 60_000],
    ['under review', { mode: 'proposed', forge: 'gitea', interval: '10m' }, 600_000],
  ])('is one thing %s', (_, publication, expected) => {
    const plane = {
      url: 'http://control-plane.example',
      listenerId: '22222222-2222-4222-8222-222222222222' as ListenerId,
    };
    const namespace = { credentials: { passwordFile: '/nowhere' }, publication };
    const configuration = configurationFor({ plane, namespace, git: { interval: '60s' } });
    const settings = configuration.namespaces[teamA];

    expect(settings && intervalOf(configuration, { settings })).toBe(expected);
  });
});
