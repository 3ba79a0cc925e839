/** Commands where changes are proposed: they open pull requests, and the running listener leaves those to people. */
import { stripVTControlCharacters } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { reviewsText } from '../../src/cli/pr/reviews-text.ts';
import { readMarker } from '../../src/core/pull-request/marker.ts';
import { TowpathError } from '../../src/domain/failure.ts';
import { repoPath } from '../../src/domain/file-tree.ts';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import { resourceName } from '../../src/domain/resource-name.ts';
import type { RunningListener } from '../../src/listener/listener.ts';
import { adopt } from '../../src/listener/operate/adopt.ts';
import { releaseHistory } from '../../src/listener/operate/history.ts';
import { listHolds } from '../../src/listener/operate/holds.ts';
import { lookAround, type Operation, operate } from '../../src/listener/operate/operate.ts';
import { releaseDeletions, releaseDeployment } from '../../src/listener/operate/release.ts';
import { listReviews } from '../../src/listener/operate/reviews.ts';
import { teamA } from '../support/listener-world.ts';
import { memoryRepository } from '../support/memory-repository.ts';
import { agreed, operationOf } from '../support/operation.ts';
import { type ReviewWorld, reviewWorld } from '../support/review-world.ts';
import { type ScriptedControlPlane, startScriptedControlPlane } from '../support/scripted-control-plane.ts';
import { until } from '../support/until.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

interface Begun {
  readonly world: ReviewWorld;
  readonly plane: ScriptedControlPlane;
  readonly running: RunningListener;
  readonly operation: Operation;
}

async function begin(namespace: Readonly<Record<string, unknown>> = {}): Promise<Begun> {
  const world = reviewWorld();
  const plane = await startScriptedControlPlane();
  stops.push(plane.stop);
  const running = world.start(plane, { namespace });
  stops.push(running.stop);
  const proposed = { credentials: { passwordFile: '/nowhere' }, publication: { mode: 'proposed', forge: 'gitea' } };
  const repository = memoryRepository(world.remote);
  const operation = operationOf({ plane, repository, parts: world.parts, namespace: { ...proposed, ...namespace } });
  return { world, plane, running, operation };
}

const waits = ({ plane }: Begun, id: DeploymentId) =>
  until('the review', () => plane.lastReport(id)?.reason === 'InReview');

/** Proposed, merged by a person, and seen so by the listener. */
async function merged(begun: Begun, name: string): Promise<DeploymentId> {
  const { world, plane, running } = begun;
  const id = plane.create(name);
  await waits(begun, id);
  const [open] = world.open().filter(({ title }) => title.includes(`(${name})`));
  world.forge.people.merge(open?.number ?? 0);
  running.wake();
  await until('the commit', () => plane.lastReport(id)?.reason === 'Pushed');
  await until('the branch to go', () => world.remote.branches.size === 0);
  return id;
}

/** Two whole passes more. */
async function lookAgain({ world, running }: Begun): Promise<void> {
  for (let looks = 0; looks < 2; looks++) {
    const { tips } = world.remote.requests;
    running.wake();
    await until('another look', () => world.remote.requests.tips > tips);
  }
}

const folderOf = (name: string, id: DeploymentId) => `deployments/${resourceName(name as never, id)}`;

describe('a release of an edited folder', () => {
  it('is one pull request that the listener neither closes nor repeats, and ends the hold when it is merged', async () => {
    const begun = await begin();
    const { world, plane, running, operation } = begun;
    const id = await merged(begun, 'chat');
    world.remote.commit('Tune it', [
      { kind: 'write', path: repoPath(`${folderOf('chat', id)}/extra.yaml`), content: 'a: 1\n' },
    ]);
    running.wake();
    await until('the hold', () => plane.lastReport(id)?.reason === 'EditedInGit');
    const head = world.remote.head;

    const first = await operate(operation, releaseDeployment(operation, 'chat', agreed));
    const { propose } = world.remote.requests;
    const second = await operate(operation, releaseDeployment(operation, 'chat', agreed));
    const proposedAgain = world.remote.requests.propose - propose;
    await lookAgain(begun);
    const open = world.open();
    const held = plane.lastReport(id)?.reason;
    const [listed] = await listHolds(await lookAround(operation));
    world.forge.people.merge(open[0]?.number ?? 0);
    running.wake();
    await until('the end of the hold', () => plane.lastReport(id)?.outcome === 'succeeded');

    expect(first.sent).toEqual([
      expect.objectContaining({ kind: 'proposed', pullRequest: expect.objectContaining({ number: open[0]?.number }) }),
    ]);
    expect(second.sent.map((one) => one.kind === 'proposed' && one.pullRequest.number)).toEqual([open[0]?.number]);
    expect([open.length, proposedAgain]).toEqual([1, 0]);
    expect(open[0]?.title).toMatch(/^restore\(chat\)/);
    expect(readMarker(open[0]?.body ?? '')).toMatchObject({ change: 'restore', deploymentId: id, closed: null });
    expect(held).toBe('EditedInGit');
    expect(listed).toMatchObject({ kind: 'edited', proposal: { number: open[0]?.number, state: 'open', by: null } });
    expect(world.remote.commits.get(open[0]?.headCommit as never)).toMatchObject({
      parents: [head],
      author: { name: 'Grace' },
    });
    expect(world.remote.files().has(`${folderOf('chat', id)}/extra.yaml`)).toBe(false);
  });

  it('says that the forge did not take it, and opens it the next time', async () => {
    const begun = await begin();
    const { world, plane, running, operation } = begun;
    const id = await merged(begun, 'chat');
    world.remote.commit('Tune it', [
      { kind: 'write', path: repoPath(`${folderOf('chat', id)}/extra.yaml`), content: 'a: 1\n' },
    ]);
    running.wake();
    await until('the hold', () => plane.lastReport(id)?.reason === 'EditedInGit');
    world.forge.failNext(new TowpathError('terminal', 'ForgeInvalid', 'Cannot open it: no such branch'), 'create');

    const first = await operate(operation, releaseDeployment(operation, 'chat', agreed));
    const second = await operate(operation, releaseDeployment(operation, 'chat', agreed));

    expect(first.sent).toEqual([]);
    expect(first.refused.map(({ message }) => message)).toEqual([
      'the forge could not open its pull request this time; run it again in a moment',
    ]);
    expect(second.sent).toEqual([expect.objectContaining({ kind: 'proposed' })]);
    expect(world.open()).toHaveLength(1);
  });

  it('does not touch a branch on which a person has committed', async () => {
    const begun = await begin();
    const { world, plane, running, operation } = begun;
    const id = await merged(begun, 'chat');
    world.remote.commit('Tune it', [
      { kind: 'write', path: repoPath(`${folderOf('chat', id)}/extra.yaml`), content: 'a: 1\n' },
    ]);
    running.wake();
    await until('the hold', () => plane.lastReport(id)?.reason === 'EditedInGit');
    await operate(operation, releaseDeployment(operation, 'chat', agreed));
    const branch = world.open()[0]?.head ?? '';
    const theirs = world.remote.commitOn(branch, 'Mine', [
      { kind: 'write', path: repoPath('notes.txt'), content: 'n\n' },
    ]);

    const again = await operate(operation, releaseDeployment(operation, 'chat', agreed));

    expect(again.sent).toEqual([]);
    expect(again.refused).toEqual([
      expect.objectContaining({ message: expect.stringContaining('holds a commit by Jane') }),
    ]);
    expect(world.remote.branches.get(branch)).toBe(theirs);
  });
});

describe('other commands', () => {
  it('propose to take a folder over that lies elsewhere, in place of the deployment that the listener proposed', async () => {
    const begun = await begin();
    const { world, plane, running, operation } = begun;
    world.remote.commit('Theirs', [{ kind: 'write', path: repoPath('apps/chat/old.yaml'), content: 'a: 1\n' }]);
    const id = plane.create('chat');
    await waits(begun, id);

    const operated = await operate(operation, adopt(operation, { deployment: 'chat', from: 'apps/chat' }, agreed));
    await lookAgain(begun);
    const [open, ...more] = world.open();
    world.forge.people.merge(open?.number ?? 0);
    running.wake();
    await until('the commit', () => plane.lastReport(id)?.reason === 'Pushed');

    expect(operated.sent).toHaveLength(1);
    expect([open?.title, more]).toEqual([expect.stringMatching(/^adopt\(chat\)/), []]);
    expect([...world.remote.files().keys()].filter((path) => path.startsWith('apps/'))).toEqual([]);
  });

  it('propose each held removal, and push what stands for the whole branch', async () => {
    const begun = await begin({ deletion: { max: 1 } });
    const { world, plane, operation } = begun;
    const ids = [await merged(begun, 'one'), await merged(begun, 'two')];
    for (const id of ids) plane.remove(id);
    await until('the hold', () => plane.reports.some(({ reason }) => reason === 'DeletionLimit'));
    const holds = await listHolds(await lookAround(operation));

    const operated = await operate(operation, releaseDeletions(operation, agreed));
    await lookAgain(begun);
    const after = await listHolds(await lookAround(operation));

    expect(holds).toEqual([
      expect.objectContaining({ kind: 'deletions', deployments: [expect.anything(), expect.anything()] }),
    ]);
    expect(operated.sent.map(({ kind }) => kind)).toEqual(['proposed', 'proposed']);
    expect(world.open().map(({ title, labels }) => [title.replace(/:.*/, ''), labels.includes('deletes')])).toEqual([
      ['remove(one)', true],
      ['remove(two)', true],
    ]);
    expect(after).toEqual([]);
  });

  it('push the acceptance of a history straight to the branch, and what is gone with the old one is proposed anew', async () => {
    const begun = await begin();
    const { world, running, operation } = begun;
    const id = await merged(begun, 'chat');
    world.remote.head = null;
    world.remote.commit('Begin anew', [{ kind: 'write', path: repoPath('README.md'), content: 'anew\n' }]);

    const operated = await operate(operation, releaseHistory(operation, null, agreed));
    const accepted = world.remote.head;
    running.wake();
    await waits(begun, id);

    expect(operated.sent).toEqual([expect.objectContaining({ kind: 'pushed', commit: accepted })]);
    expect(world.remote.files().has('ACCEPTED-HISTORY')).toBe(true);
    expect(world.open().map(({ title }) => title)).toEqual([expect.stringMatching(/^deploy\(chat\)/)]);
  });
});

it('a refused adoption is named while its revision is wanted, and not beside the next one', async () => {
  const begun = await begin();
  const { world, plane, running, operation } = begun;
  const id = plane.create('chat');
  const path = folderOf('chat', id);
  world.remote.commit('By hand', [{ kind: 'write', path: repoPath(`${path}/theirs.yaml`), content: 'a: 1\n' }]);
  running.wake();
  await until('the folder to be seen', () => plane.lastReport(id)?.reason === 'ForeignFolder');
  await operate(operation, adopt(operation, { deployment: 'chat', from: null }, agreed));
  const number = world.open().find(({ title }) => title.startsWith('adopt('))?.number ?? 0;
  world.forge.people.close(number, 'Joe');

  const [refused] = await listHolds(await lookAround(operation));
  plane.update(id);
  await lookAgain(begun);
  const [next] = await listHolds(await lookAround(operation));

  expect(refused).toMatchObject({ kind: 'foreign', proposal: { number, state: 'rejected', by: 'Joe' } });
  expect(next).toMatchObject({ kind: 'foreign', proposal: null });
});

describe('the list of pull requests', () => {
  it('tells of each how far it is, and who said what', async () => {
    const begun = await begin();
    const { world, plane, running, operation } = begun;
    const names = ['waiting', 'approved', 'refused', 'draft', 'conflict', 'edited', 'rejected'];
    const ids = new Map(names.map((name) => [name, plane.create(name)]));
    for (const id of ids.values()) await waits(begun, id);
    const find = (name: string) =>
      world.open().find(({ title }) => title.includes(`(${name})`)) ?? { number: 0, head: '' };
    const { people } = world.forge;
    people.approve(find('approved').number, 'Jane');
    people.requestChanges(find('refused').number, 'Joe');
    people.edit(find('draft').number, { draft: true });
    people.judge(find('conflict').number, 'conflict');
    world.remote.commitOn(find('edited').head, 'Mine', [
      { kind: 'write', path: repoPath('notes.txt'), content: 'n\n' },
    ]);
    await running.stop();
    people.close(find('rejected').number, 'Jane');

    const reviews = (await listReviews(await lookAround(operation))) ?? [];
    const holds = await listHolds(await lookAround(operation));
    const coloured = reviewsText(
      [
        {
          namespace: teamA,
          repository: 'https://git.example/team-a.git',
          branch: 'main',
          head: null,
          failure: null,
          found: { reviews },
        },
      ],
      new Date(),
    );
    const text = stripVTControlCharacters(coloured);

    expect(reviews.map(({ deployment, state, by }) => [deployment, state, by])).toEqual(
      expect.arrayContaining([
        ['waiting', 'waiting', []],
        ['approved', 'approved', ['Jane']],
        ['refused', 'refused', []],
        ['draft', 'draft', []],
        ['conflict', 'conflict', []],
        ['edited', 'edited', ['Jane <jane@example.com>']],
        ['rejected', 'rejected', ['Jane']],
      ]),
    );
    expect(reviews).toHaveLength(names.length);
    expect(holds.map(({ kind }) => kind).sort()).toEqual(['edited-in-review', 'rejected']);
    expect(text).toMatch(/#\d+ +approved +deploy revision [0-9a-f]{8} +\d+ s +approved by Jane/);
    expect(reviews.find(({ state }) => state === 'refused')?.why).toContain('Joe');
    expect(text).toContain('6 pull requests are open, 1 rejected');
  });
});
