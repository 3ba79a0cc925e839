/** What every Branches must do, whatever people do to the branches meanwhile; run on real git and on the twin. */
import { describe, expect, it } from 'vitest';
import { asTowpathError } from '../../src/domain/failure.ts';
import type { CommitId } from '../../src/domain/identifiers.ts';
import type { BranchCommit, BranchDraft, BranchOutcome, Proposal, Snapshot } from '../../src/ports.ts';
import type { BranchesWorld, Changes } from './branches-world.ts';
import { draft } from './repository.ts';

const prefix = 'towpath/';

type MakeWorld = (files?: Changes | null) => Promise<BranchesWorld>;

/** What the adapter writes into the commit of a draft by Grace for Towpath. */
export type MadeCommit = Pick<BranchCommit, 'author' | 'committer' | 'message'>;

const madeAsAsked: MadeCommit = {
  author: { name: 'Grace', email: 'grace@example.com' },
  committer: { name: 'Towpath', email: 'towpath@example.com' },
  message: 'deploy(a): one\n\nWhy it is.\n',
};

/** `canRace`: somebody can get in right before a push. */
export function branchesContract(name: string, makeWorld: MakeWorld, canRace = true, made = madeAsAsked): void {
  describe(`Branches contract: ${name}`, () => {
    const world: MakeWorld = (files = { 'README.md': 'hello\n', 'deployments/old/x': '1' }) => makeWorld(files);
    describe('reading', () => readingContract(world));
    describe('what the base holds by now', () => mergedContract(world));
    describe('whether the base has what a branch changed', () => heldContract(world));
    describe('proposing', () => proposingContract(world, made));
    describe('races', () => raceContract(world, canRace));
    describe('removing', () => removingContract(world));
    describe('merging', () => mergingContract(world));
  });
}

/** One new folder on a branch of its own. */
export function proposalOf(name: string, tip: CommitId | null = null, files?: Changes): BranchDraft {
  const changes = files ?? { [`deployments/${name}/x`]: `${name}\n` };
  return { branch: `${prefix}${name}`, tip, draft: draft(`deploy(${name}): one\n\nWhy it is.`, changes) };
}

export async function latest({ repository }: Pick<BranchesWorld, 'repository'>) {
  const { head, tips } = await repository.tips(prefix);
  const snapshot = await repository.snapshot(head);
  return { snapshot, tips, proposals: await repository.read(snapshot, tips) };
}

export async function propose(world: BranchesWorld, ...names: string[]): Promise<readonly BranchOutcome[]> {
  const { snapshot } = await latest(world);
  return world.repository.propose(
    snapshot,
    names.map((name) => proposalOf(name)),
  );
}

function own(proposals: ReadonlyMap<string, Proposal>, name: string): readonly CommitId[] {
  return proposals.get(`${prefix}${name}`)?.commits.map(({ id }) => id) ?? [];
}

const { changes: _, ...merge } = draft('Merge a', {});

function readingContract(makeWorld: MakeWorld): void {
  it('names the head of the base, and the branches below the prefix and no others', async () => {
    const world = await makeWorld();
    const a = await world.commit({ a: '1' }, 'towpath/a');
    await world.commit({ a: '1' }, 'towpathology');
    await world.commit({ a: '1' }, 'main2');

    const found = await world.repository.tips(prefix);

    expect(found).toEqual({ head: await world.tip(), tips: new Map([['towpath/a', a]]) });
  });

  it('answers nothing for an empty repository, and refuses one with branches but no base', async () => {
    const world = await makeWorld(null);
    expect(await world.repository.tips(prefix)).toEqual({ head: null, tips: new Map() });

    await world.unrelated('towpath/a', { a: '1' });
    const error = await world.repository.tips(prefix).catch(asTowpathError);

    expect(error).toMatchObject({ kind: 'terminal', reason: 'MissingBranch' });
  });

  it('tells the commits that a branch has and the base has not, newest first', async () => {
    const world = await makeWorld();
    const first = await world.commit({ 'deployments/a/x': '1' }, 'towpath/a');
    const second = await world.commit({ 'deployments/a/x': '2' }, 'towpath/a');

    const { snapshot, proposals } = await latest(world);

    const proposal = proposals.get('towpath/a');
    expect(proposal?.tip).toBe(second);
    expect(proposal?.commits).toMatchObject([
      { id: second, parents: [first] },
      { id: first, parents: [snapshot.head] },
    ]);
    expect(proposal?.commits[0]?.message.trim()).toBe('theirs');
    expect(proposal?.idAt('deployments/old')).toBe(snapshot.idAt('deployments/old'));
    expect(proposal?.idAt('deployments/a/x')).not.toBeNull();
    expect(proposal?.idAt('deployments/a/x/y')).toBeNull();
    expect(proposal?.idAt('nowhere/at')).toBeNull();
  });

  it('names fifty commits of a branch, and no more', async () => {
    const world = await makeWorld();
    let tip: CommitId | null = null;
    for (let n = 0; n < 52; n++) tip = await world.commit({ a: `${n}` }, 'towpath/a');

    const { proposals } = await latest(world);

    expect(own(proposals, 'a')).toHaveLength(50);
    expect(own(proposals, 'a')[0]).toBe(tip);
  });

  it('reads branches that grew from a base of long ago, in a process that never saw that', async () => {
    const world = await makeWorld();
    const old = await world.tip();
    const tip = await world.commit({ 'deployments/a/x': '1' }, 'towpath/a');
    for (let n = 0; n < 5; n++) await world.commit({ [`deployments/new-${n}/x`]: '1', 'deployments/old/x': `${n}` });

    const { snapshot, proposals } = await latest({ repository: await world.open() });

    const proposal = proposals.get('towpath/a');
    expect(proposal?.commits).toMatchObject([{ id: tip, parents: [old] }]);
    expect(proposal?.idAt('deployments/new-3')).toBeNull();
    expect(proposal?.idAt('deployments/old/x')).not.toBeNull();
    expect(proposal?.idAt('deployments/old/x')).not.toBe(snapshot.idAt('deployments/old/x'));
    expect(proposal?.idAt('README.md')).toBe(snapshot.idAt('README.md'));
  });

  it('reads a branch with a history of its own, one at the head, and one behind it', async () => {
    const world = await makeWorld();
    const behind = (await world.tip()) as CommitId;
    await world.commit({ b: '1' });
    await world.set('towpath/behind', behind);
    await world.set('towpath/at', await world.tip());
    const tip = await world.unrelated('towpath/a', { x: '1' });

    const { proposals } = await latest(world);

    expect(own(proposals, 'a')).toEqual([tip]);
    expect(own(proposals, 'behind')).toEqual([]);
    expect(own(proposals, 'at')).toEqual([]);
    expect(proposals.get('towpath/behind')?.idAt('b')).toBeNull();
    expect(proposals.get('towpath/at')?.idAt('b')).not.toBeNull();
    expect(proposals.get('towpath/a')?.idAt('README.md')).toBeNull();
  });

  it('tells a branch that was put on an old commit of the base from one that has something of its own', async () => {
    const world = await makeWorld();
    const first = (await world.tip()) as CommitId;
    const second = await world.commit({ b: '1' });
    await world.commit({ b: '2' });
    const tip = await world.set('towpath/a', first).then(() => world.commit({ a: '1' }, 'towpath/a'));
    const repository = await world.open();
    expect(own((await latest({ repository })).proposals, 'a')).toEqual([tip]);

    await world.set('towpath/b', second);

    expect(own((await latest({ repository })).proposals, 'b')).toEqual([]);
  });
}

function mergedContract(makeWorld: MakeWorld): void {
  it.each(['merge', 'squash', 'rebase'] as const)('sees a branch that a person merged by %s', async (method) => {
    const world = await makeWorld();
    await propose(world, 'a', 'b');
    await world.commit({ other: '1' });
    const before = await latest(world);

    await world.merge('towpath/a', method);
    const { snapshot, proposals } = await latest(world);

    expect(own(before.proposals, 'a')).toHaveLength(1);
    expect(own(proposals, 'a')).toHaveLength(method === 'merge' ? 0 : 1);
    expect(own(proposals, 'b')).toEqual(own(before.proposals, 'b'));
    expect(snapshot.idAt('deployments/a')).toBe(proposals.get('towpath/a')?.idAt('deployments/a'));
    expect(await world.files()).toMatchObject({ other: '1', 'deployments/a/x': 'a\n' });
  });

  it('sees it, too, where the base went on and the branch is gone', async () => {
    const world = await makeWorld();
    await propose(world, 'a', 'b');
    const first = await latest(world);
    await world.merge('towpath/a', 'merge');
    await world.set('towpath/a', null);
    await world.commit({ other: '1' });
    await world.merge('towpath/b', 'merge');

    const { snapshot, proposals } = await latest(world);

    expect([...proposals.keys()]).toEqual(['towpath/b']);
    expect(own(proposals, 'b')).toEqual([]);
    expect(snapshot.idAt('deployments/a')).toBe(first.proposals.get('towpath/a')?.idAt('deployments/a'));
  });

  it('sees what becomes its own again where the base is set back', async () => {
    const world = await makeWorld();
    await propose(world, 'a');
    const head = await world.tip();
    await latest(world);
    await world.merge('towpath/a', 'merge');
    expect(own((await latest(world)).proposals, 'a')).toEqual([]);

    await world.set('main', head);

    expect(own((await latest(world)).proposals, 'a')).toEqual([await world.tip('towpath/a')]);
  });
}

function heldContract(makeWorld: MakeWorld): void {
  /** Proposed, gone on with by a person, and merged. */
  const merged = async (method: 'merge' | 'squash' | 'rebase') => {
    const world = await makeWorld();
    await propose(world, 'a');
    const tip = await world.commit({ 'deployments/a/x': 'theirs\n', 'deployments/a/y': 'theirs\n' }, 'towpath/a');
    const { snapshot } = await latest(world);
    expect(await world.repository.holds(snapshot, tip)).toBe(false);
    await world.commit({ other: '1' });
    await world.merge('towpath/a', method);
    return { world, tip };
  };
  const isHeld = async ({ repository }: BranchesWorld, tip: CommitId) =>
    repository.holds((await latest({ repository })).snapshot, tip);

  it.each(['merge', 'squash', 'rebase'] as const)('is told of a branch that was merged by %s', async (method) => {
    const { world, tip } = await merged(method);

    expect(await isHeld(world, tip)).toBe(true);
  });

  it('is told by a process that never read the branch, though the base went on', async () => {
    const { world, tip } = await merged('squash');
    await world.commit({ other: '2', 'deployments/old/x': null });

    expect(await isHeld({ ...world, repository: await world.open() }, tip)).toBe(true);
  });

  it('is not so where a person went on after it', async () => {
    const { world } = await merged('squash');
    const tip = await world.commit({ 'deployments/a/z': 'more\n' }, 'towpath/a');

    expect(await isHeld(world, tip)).toBe(false);
  });

  it('is not so where the base has changed the same since, or has undone it', async () => {
    const { world, tip } = await merged('squash');
    await world.commit({ 'deployments/a/y': 'ours\n' });
    expect(await isHeld(world, tip)).toBe(false);

    await world.commit({ 'deployments/a/x': null, 'deployments/a/y': null });
    expect(await isHeld(world, tip)).toBe(false);
  });

  it('is not so of a branch that stands on nothing', async () => {
    const world = await makeWorld();
    const tip = await world.unrelated('towpath/a', { a: '1' });

    expect(await isHeld(world, tip)).toBe(false);
  });
}

function proposingContract(makeWorld: MakeWorld, made: MadeCommit): void {
  it('makes each branch the base plus exactly one commit, and answers in order', async () => {
    const world = await makeWorld();

    const outcomes = await propose(world, 'c', 'a', 'b');

    const tips = await Promise.all(['c', 'a', 'b'].map((name) => world.tip(`towpath/${name}`)));
    expect(outcomes).toEqual(tips.map((commit) => ({ kind: 'pushed', commit })));
    for (const name of ['a', 'b', 'c']) {
      expect(await world.log(`towpath/${name}`)).toEqual([`deploy(${name}): one`, ...(await world.log())]);
      expect(await world.files(`towpath/${name}`)).toEqual({
        'README.md': 'hello\n',
        'deployments/old/x': '1',
        [`deployments/${name}/x`]: `${name}\n`,
      });
    }
    const { snapshot, proposals } = await latest(world);
    expect(proposals.get('towpath/a')?.commits).toEqual([{ id: tips[1], parents: [snapshot.head], ...made }]);
  });

  it('puts another commit in the place of the one that was there', async () => {
    const world = await makeWorld();
    await propose(world, 'a');
    await world.commit({ other: '1' });
    const { snapshot, tips } = await latest(world);

    const again = proposalOf('a', tips.get('towpath/a'), { 'deployments/a/x': 'newer\n' });
    const [outcome] = await world.repository.propose(snapshot, [again]);

    expect(outcome).toEqual({ kind: 'pushed', commit: await world.tip('towpath/a') });
    expect(await world.parents((await world.tip('towpath/a')) as CommitId)).toEqual([snapshot.head]);
    expect(await world.files('towpath/a')).toMatchObject({ other: '1', 'deployments/a/x': 'newer\n' });
    expect(own((await latest(world)).proposals, 'a')).toEqual([await world.tip('towpath/a')]);
  });

  it('takes a folder away on a branch, and sends nothing for no drafts', async () => {
    const world = await makeWorld();
    const { snapshot } = await latest(world);

    const removal = proposalOf('gone', null, { 'deployments/old/': null });
    const outcomes = await world.repository.propose(snapshot, [removal]);

    expect(outcomes).toMatchObject([{ kind: 'pushed' }]);
    expect(await world.files('towpath/gone')).toEqual({ 'README.md': 'hello\n' });
    expect(await world.repository.propose(snapshot, [])).toEqual([]);
  });

  it('refuses a draft that changes nothing', async () => {
    const world = await makeWorld();
    const { snapshot } = await latest(world);

    const empty = proposalOf('a', null, { 'README.md': 'hello\n' });
    const error = await world.repository.propose(snapshot, [proposalOf('b'), empty]).catch(asTowpathError);

    expect(error).toMatchObject({ kind: 'terminal', reason: 'EmptyCommit' });
    expect(await world.tip('towpath/b')).toBeNull();
  });

  it.each([
    ['a folder of its name is taken by a branch', 'towpath'],
    ['a branch below it is there', 'towpath/b/c'],
  ])('says what to delete where %s', async (_name, other) => {
    const world = await makeWorld();
    const { snapshot } = await latest(world);
    await world.commit({ a: '1' }, other);

    const outcomes = await world.repository.propose(snapshot, [proposalOf('b')]);

    expect(outcomes).toMatchObject([{ kind: 'denied', class: 'denied' }]);
    expect(outcomes[0]?.kind === 'denied' && outcomes[0].message).toMatch(
      new RegExp(`delete.*"${other}"|"${other}".*delete`),
    );
  });

  it('lets the others through where a hook refuses one', async () => {
    const world = await makeWorld();
    await world.refuse('b', 'GH013: no b here');

    const outcomes = await propose(world, 'a', 'b', 'c');

    expect(outcomes).toMatchObject([{ kind: 'pushed' }, { kind: 'denied', class: 'policy' }, { kind: 'pushed' }]);
    expect(outcomes[1]?.kind === 'denied' && outcomes[1].message).toContain('GH013: no b here');
    expect(
      await Promise.all(['a', 'b', 'c'].map(async (name) => (await world.tip(`towpath/${name}`)) !== null)),
    ).toEqual([true, false, true]);
  });
}

/** What a person does to `towpath/b`, which the listener believes to be at `tip`. */
const acts: readonly (readonly [string, 'there' | 'absent', (world: BranchesWorld) => Promise<unknown>])[] = [
  ['pushes to it', 'there', (world) => world.commit({ mine: '1' }, 'towpath/b')],
  ['deletes it', 'there', (world) => world.set('towpath/b', null)],
  ['creates it', 'absent', (world) => world.commit({ mine: '1' }, 'towpath/b')],
];

function raceContract(makeWorld: MakeWorld, canRace: boolean): void {
  const begin = async (state: 'there' | 'absent') => {
    const world = await makeWorld();
    await propose(world, ...(state === 'there' ? ['a', 'b', 'c'] : ['a', 'c']));
    const { snapshot, tips } = await latest(world);
    const drafts = ['a', 'b', 'c'].map((name) =>
      proposalOf(name, tips.get(`towpath/${name}`) ?? null, { [`deployments/${name}/x`]: 'newer\n' }),
    );
    return { world, snapshot, drafts };
  };
  const check = async (world: BranchesWorld, outcomes: readonly BranchOutcome[], theirs: unknown): Promise<void> => {
    expect(outcomes.map(({ kind }) => kind)).toEqual(['pushed', 'moved', 'pushed']);
    expect(await world.tip('towpath/b')).toBe(theirs);
    expect(await world.files('towpath/a')).toMatchObject({ 'deployments/a/x': 'newer\n' });
    expect(await world.files('towpath/c')).toMatchObject({ 'deployments/c/x': 'newer\n' });
  };

  it.each(acts)('leaves a branch alone where a person %s after we looked', async (_name, state, act) => {
    const { world, snapshot, drafts } = await begin(state);
    await act(world);
    const theirs = await world.tip('towpath/b');

    const outcomes = await world.repository.propose(snapshot, drafts);

    await check(world, outcomes, theirs);
  });

  if (canRace) {
    it.each(acts)('leaves a branch alone where a person %s right before the push', async (_name, state, act) => {
      const { world, snapshot, drafts } = await begin(state);
      const theirs = new Promise<CommitId | null>((resolve) =>
        world.beforePush(async () => {
          await act(world);
          resolve(await world.tip('towpath/b'));
        }),
      );

      const outcomes = await world.repository.propose(snapshot, drafts);

      await check(world, outcomes, await theirs);
    });

    it('leaves a branch alone that a person pushes to right before it is taken away', async () => {
      const { world } = await begin('there');
      const { tips } = await latest(world);
      const theirs = new Promise<CommitId>((resolve) =>
        world.beforePush(async () => resolve(await world.commit({ mine: '1' }, 'towpath/b'))),
      );

      await world.repository.remove(tips);

      expect((await world.repository.tips(prefix)).tips).toEqual(new Map([['towpath/b', await theirs]]));
    });

    it('does not merge onto a base that somebody moves right before the push', async () => {
      const { world } = await begin('there');
      const { snapshot, tips } = await latest(world);
      world.beforePush(() => world.commit({ other: '1' }));

      const outcome = await world.repository.merge(snapshot, tips.get('towpath/b') as CommitId, merge);

      expect(outcome).toEqual({ kind: 'moved' });
      expect((await world.log())[0]).toBe('theirs');
    });
  }

  it('pushes proposals though the base has moved meanwhile: they stand on the one that was read', async () => {
    const world = await makeWorld();
    const { snapshot } = await latest(world);
    await world.commit({ other: '1' });

    const outcomes = await world.repository.propose(snapshot, [proposalOf('a')]);

    expect(outcomes).toMatchObject([{ kind: 'pushed' }]);
    expect(await world.parents((await world.tip('towpath/a')) as CommitId)).toEqual([snapshot.head]);
    expect(own((await latest(world)).proposals, 'a')).toEqual([await world.tip('towpath/a')]);
  });
}

function removingContract(makeWorld: MakeWorld): void {
  it('takes away what still is as it was, and nothing else', async () => {
    const world = await makeWorld();
    await propose(world, 'a', 'b', 'c', 'd');
    const { tips } = await latest(world);
    const theirs = await world.commit({ mine: '1' }, 'towpath/b');
    await world.set('towpath/c', null);

    await world.repository.remove(new Map([...tips].filter(([branch]) => branch !== 'towpath/d')));

    expect(await world.repository.tips(prefix)).toMatchObject({
      tips: new Map([
        ['towpath/b', theirs],
        ['towpath/d', tips.get('towpath/d')],
      ]),
    });
  });

  it('has nothing to do for no branches, and for those that are gone', async () => {
    const world = await makeWorld();
    await propose(world, 'a');
    const { tips } = await latest(world);
    await world.set('towpath/a', null);

    await world.repository.remove(tips);
    await world.repository.remove(new Map());

    expect(await world.tip('towpath/a')).toBeNull();
  });
}

function mergingContract(makeWorld: MakeWorld): void {
  const begin = async (files?: Changes) => {
    const world = await makeWorld();
    const { snapshot } = await latest(world);
    await world.repository.propose(snapshot, [proposalOf('a', null, files)]);
    return { world, tip: (await world.tip('towpath/a')) as CommitId };
  };

  it('puts the very commit onto a base that stands where it did', async () => {
    const { world, tip } = await begin();
    const { snapshot } = await latest(world);

    const outcome = await world.repository.merge(snapshot, tip, merge);

    expect(outcome).toMatchObject({ kind: 'pushed', commits: [tip], snapshot: { head: tip } });
    expect(await world.tip()).toBe(tip);
    expect(outcome.kind === 'pushed' && outcome.snapshot.list('deployments')?.map(({ name }) => name)).toEqual([
      'a',
      'old',
    ]);
    const after = await latest(world);
    expect(own(after.proposals, 'a')).toEqual([]);
  });

  it('merges both where the base has moved, and leaves the commit what it was', async () => {
    const { world, tip } = await begin({ 'deployments/a/x': 'a\n', 'deployments/old/x': null, 'README.md': 'ours\n' });
    const head = await world.commit({ 'deployments/b/x': 'b\n', other: '1' });
    const { snapshot } = await latest({ repository: world.repository });

    const outcome = await world.repository.merge(snapshot, tip, merge);

    const made = (await world.tip()) as CommitId;
    expect(outcome).toMatchObject({ kind: 'pushed', commits: [made], snapshot: { head: made } });
    expect(await world.parents(made)).toEqual([head, tip]);
    expect(await world.log()).toEqual(['Merge a', 'theirs', ...(await world.log()).slice(2)]);
    expect(await world.files()).toEqual({
      'README.md': 'ours\n',
      'deployments/a/x': 'a\n',
      'deployments/b/x': 'b\n',
      other: '1',
    });
    expect(outcome.kind === 'pushed' && outcome.snapshot.list('deployments')?.map(({ name }) => name)).toEqual([
      'a',
      'b',
    ]);
    const next = await world.repository.publish((outcome as { snapshot: Snapshot }).snapshot, [
      draft('on', { on: '1' }),
    ]);
    expect(next.kind).toBe('pushed');
    expect(own((await latest(world)).proposals, 'a')).toEqual([]);
  });

  it('merges in a process that never read the branch, nor the base that it grew from', async () => {
    const { world, tip } = await begin();
    await world.commit({ 'deployments/old/x': '2' });
    await world.commit({ 'deployments/old/x': '3' });
    const repository = await world.open();
    const snapshot = await repository.snapshot(await repository.head());

    const outcome = await repository.merge(snapshot, tip, merge);

    expect(outcome.kind).toBe('pushed');
    expect(await world.files()).toMatchObject({ 'deployments/old/x': '3', 'deployments/a/x': 'a\n' });
  });

  it('merges what both changed alike', async () => {
    const { world, tip } = await begin({ 'README.md': 'same\n', 'deployments/old/x': null });
    await world.commit({ 'README.md': 'same\n' });
    const { snapshot } = await latest(world);

    const outcome = await world.repository.merge(snapshot, tip, merge);

    expect(outcome.kind).toBe('pushed');
    expect(await world.files()).toEqual({ 'README.md': 'same\n' });
  });

  it.each([
    ['a file that both changed', { 'deployments/old/x': 'ours' }, { 'deployments/old/x': 'theirs' }],
    ['a file that we deleted and they changed', { 'deployments/old/x': null }, { 'deployments/old/x': 'theirs' }],
    ['a file that both added', { 'deployments/a/x': 'ours' }, { 'deployments/a/x': 'theirs' }],
    ['a file that we changed and they deleted', { 'deployments/old/x': 'ours' }, { 'deployments/old/x': null }],
  ])('does not merge %s', async (_name, ours, theirs: Changes) => {
    const { world, tip } = await begin(ours);
    const head = await world.commit(theirs);
    const { snapshot } = await latest(world);

    const error = await world.repository.merge(snapshot, tip, merge).catch(asTowpathError);

    expect(error).toMatchObject({ kind: 'terminal', reason: 'MergeConflict' });
    expect(String(error)).toContain(Object.keys(ours)[0]);
    expect(await world.tip()).toBe(head);
  });

  it('does not merge a branch on which a person has gone on', async () => {
    const { world } = await begin();
    const tip = await world.commit({ mine: '1' }, 'towpath/a');
    const { snapshot } = await latest(world);

    const error = await world.repository.merge(snapshot, tip, merge).catch(asTowpathError);

    expect(error).toMatchObject({ kind: 'terminal', reason: 'MergeConflict' });
    expect(await world.tip()).toBe(snapshot.head);
  });

  it('writes nothing where somebody else was faster', async () => {
    const { world, tip } = await begin();
    const { snapshot } = await latest(world);
    const theirs = await world.commit({ other: '1' });

    const outcome = await world.repository.merge(snapshot, tip, merge);

    expect(outcome).toEqual({ kind: 'moved' });
    expect(await world.tip()).toBe(theirs);
  });

  it('has nothing to push where the base holds the commit already', async () => {
    const { world, tip } = await begin();
    await world.merge('towpath/a', 'merge');
    const head = await world.tip();
    const { snapshot } = await latest(world);

    const outcome = await world.repository.merge(snapshot, tip, merge);

    expect(outcome).toMatchObject({ kind: 'pushed', commits: [tip], snapshot: { head } });
    expect(await world.tip()).toBe(head);
  });
}
