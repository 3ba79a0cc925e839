/** What every Forge must do: pull requests opened once, found again, kept up to date and never mixed up with others. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forgePeopleContract } from './forge-people.ts';
import { forgeRefusalsContract } from './forge-refusals.ts';
import { heads, prefix, request } from './forge-requests.ts';
import type { ForgeCapabilities, ForgeWorld } from './forge-world.ts';

/** `makeWorld` makes a fresh repository for each test. */
export function forgeContract(
  name: string,
  makeWorld: () => Promise<ForgeWorld>,
  capabilities: ForgeCapabilities,
): void {
  describe(`Forge contract: ${name}`, () => {
    let world: ForgeWorld;
    beforeEach(async () => {
      world = await makeWorld();
    });
    afterEach(() => world.close());

    openingContract(() => world);
    listingContract(() => world, capabilities);
    changingContract(() => world);
    forgePeopleContract(() => world, capabilities);
    forgeRefusalsContract(() => world, capabilities);
  });
}

function openingContract(open: () => ForgeWorld): void {
  it('opens what is asked for, and shows it', async () => {
    const { forge, branch } = open();
    const tip = await branch('towpath/a');
    const body = 'Image: `a` → `b`\n\n| x | y |\n|---|---|\n\n<!-- towpath: a -->';

    const created = await forge.create(request('towpath/a', { title: 'deploy(ä): 1 → 2', body }));

    const expected = { head: 'towpath/a', headCommit: tip, title: 'deploy(ä): 1 → 2', body, labels: [], draft: false };
    expect(created).toMatchObject({ ...expected, state: 'open', mergeCommit: null });
    expect(created.url).toContain(String(created.number));
    expect(await forge.read(created.number)).toMatchObject({ ...expected, number: created.number, state: 'open' });
    expect(Math.abs(created.createdAt.getTime() - Date.now())).toBeLessThan(600_000);
  });

  it('opens nothing twice: the second call brings the first up to date', async () => {
    const { forge, branch } = open();
    await branch('towpath/a');
    const first = await forge.create(request('towpath/a'));

    const second = await forge.create(request('towpath/a', { title: 'newer', body: 'newer body', labels: ['newer'] }));

    expect(second).toMatchObject({ number: first.number, title: 'newer', body: 'newer body', labels: ['newer'] });
    const all = await forge.open(prefix);
    expect(all).toHaveLength(1);
    expect(all[0]).toMatchObject({ title: 'newer', body: 'newer body', labels: ['newer'] });
  });

  it('opens nothing twice after an answer that was lost', async () => {
    const { forge, branch, fault } = open();
    await branch('towpath/a');
    fault('lost answer');

    await expect(forge.create(request('towpath/a'))).rejects.toMatchObject({ kind: 'transient' });
    const created = await forge.create(request('towpath/a'));

    expect((await forge.open(prefix)).map(({ number }) => number)).toEqual([created.number]);
  });

  it('opens another one where the first of that branch was merged or closed', async () => {
    const { forge, branch, reviewer } = open();
    await branch('towpath/a');
    const first = await forge.create(request('towpath/a'));
    await reviewer.merge(first.number, 'merge');
    await branch('towpath/a');
    const second = await forge.create(request('towpath/a'));
    await reviewer.close(second.number);

    const third = await forge.create(request('towpath/a'));

    expect(new Set([first.number, second.number, third.number]).size).toBe(3);
    expect(third.state).toBe('open');
    expect((await forge.open(prefix)).map(({ number }) => number)).toEqual([third.number]);
  });

  it('gives labels, those that do not exist yet and those with special characters', async () => {
    const { forge, branch } = open();
    await branch('towpath/a');
    await branch('towpath/b');
    const labels = ['deletes', 'größe: XL / 50 % & mehr'];

    const one = await forge.create(request('towpath/a', { labels }));
    const other = await forge.create(request('towpath/b', { labels }));

    expect([...one.labels].sort()).toEqual(labels);
    expect([...other.labels].sort()).toEqual(labels);
    expect([...((await forge.read(one.number))?.labels ?? [])].sort()).toEqual(labels);
  });

  it('opens a draft, whose title is what was asked for, and keeps it one when its title changes', async () => {
    const { forge, branch } = open();
    await branch('towpath/a');

    const created = await forge.create(request('towpath/a', { draft: true }));
    const updated = await forge.update(created.number, { title: 'newer', body: 'b', labels: [] });

    expect(created).toMatchObject({ draft: true, title: 'deploy: towpath/a' });
    expect(updated).toMatchObject({ draft: true, title: 'newer' });
  });

  it('opens all the same where a reviewer does not exist', async () => {
    const { forge, branch, reviewer } = open();
    await branch('towpath/a');

    const created = await forge.create(request('towpath/a', { reviewers: ['nobody-at-all', reviewer.name] }));

    expect(created.state).toBe('open');
    expect(await forge.open(prefix)).toHaveLength(1);
  });

  it('names reviewers that do not exist', async () => {
    const { forge, reviewer } = open();

    expect(await forge.unknownReviewers(['nobody-at-all', reviewer.name])).toEqual(['nobody-at-all']);
    expect(await forge.unknownReviewers([])).toEqual([]);
  });

  it('refuses for good where the branch does not exist', async () => {
    const { forge } = open();

    await expect(forge.create(request('towpath/nowhere'))).rejects.toMatchObject({ kind: 'terminal' });
  });
}

function listingContract(open: () => ForgeWorld, { elsewhere }: ForgeCapabilities): void {
  it('lists all open ones below the prefix, over several pages', async () => {
    const { forge, branch } = open();
    const names = ['towpath/a', 'towpath/b', 'towpath/c/d', 'towpath-not/a'];
    for (const name of names) {
      await branch(name);
      await forge.create(request(name));
    }

    const listed = await forge.open(prefix);

    expect(heads(listed)).toEqual(names.slice(0, 3));
    expect(heads(await forge.open(prefix))).toEqual(names.slice(0, 3));
  });

  it.runIf(elsewhere)('leaves those from forks and onto other bases alone', async () => {
    const { forge, branch, openElsewhere } = open();
    await openElsewhere('a fork', 'towpath/a');
    await openElsewhere('another base', 'towpath/b');
    await branch('towpath/a');

    expect(await forge.open(prefix)).toEqual([]);
    const created = await forge.create(request('towpath/a'));

    expect((await forge.open(prefix)).map(({ number }) => number)).toEqual([created.number]);
  });

  it('sees what changed since the last look', async () => {
    const { forge, branch, push } = open();
    await branch('towpath/a');
    const created = await forge.create(request('towpath/a'));
    await forge.open(prefix);

    const tip = await push('towpath/a');

    await expect.poll(async () => (await forge.open(prefix))[0]?.headCommit).toBe(tip);
    expect((await forge.read(created.number))?.headCommit).toBe(tip);
  });

  it('lists those closed since, newest first, and no open one', async () => {
    const { forge, branch, reviewer } = open();
    const numbers: number[] = [];
    for (const name of ['towpath/a', 'towpath/b', 'towpath/open', 'other']) {
      await branch(name);
      numbers.push((await forge.create(request(name))).number);
    }
    await reviewer.merge(numbers[0] ?? 0, 'merge');
    for (const number of [numbers[1], numbers[3]]) await reviewer.close(number ?? 0);

    const closed = await forge.closed(prefix, new Date(Date.now() - 3_600_000));

    expect(heads(closed)).toEqual(['towpath/a', 'towpath/b']);
    expect(closed.map(({ updatedAt }) => updatedAt.getTime())).toEqual(
      closed.map(({ updatedAt }) => updatedAt.getTime()).sort((one, other) => other - one),
    );
    expect(closed.find(({ head }) => head === 'towpath/a')?.state).toBe('merged');
    expect(closed.find(({ head }) => head === 'towpath/b')?.state).toBe('closed');
    expect(await forge.closed(prefix, new Date(Date.now() + 3_600_000))).toEqual([]);
  });

  it('answers null for a number that does not exist', async () => {
    expect(await open().forge.read(4711)).toBeNull();
  });
}

function changingContract(open: () => ForgeWorld): void {
  it('updates title and body in place, adds labels, and keeps those that a person gave', async () => {
    const { forge, branch, reviewer } = open();
    await branch('towpath/a');
    const { number } = await forge.create(request('towpath/a', { labels: ['first'] }));
    await reviewer.label(number, 'do-not-merge');

    const updated = await forge.update(number, { title: 'second', body: 'second body', labels: ['second'] });

    expect(updated).toMatchObject({ number, title: 'second', body: 'second body', state: 'open' });
    expect([...updated.labels].sort()).toEqual(['do-not-merge', 'first', 'second']);
    expect(await forge.read(number)).toMatchObject({ title: 'second', body: 'second body' });
  });

  it('closes with a body that tells why, in the name of its credentials', async () => {
    const { forge, branch } = open();
    await branch('towpath/a');
    const { number } = await forge.create(request('towpath/a'));

    await forge.close(number, 'Closed by Towpath: the deployment was deleted.');

    expect(await forge.open(prefix)).toEqual([]);
    const closed = await forge.read(number);
    expect(closed).toMatchObject({ state: 'closed', body: 'Closed by Towpath: the deployment was deleted.' });
    expect(closed?.mergeCommit).toBeNull();
    expect([(await forge.repository()).account, null]).toContain(await forge.closedBy(number));
  });

  it('closes what is closed already without a complaint', async () => {
    const { forge, branch, reviewer } = open();
    await branch('towpath/a');
    const { number } = await forge.create(request('towpath/a'));
    await reviewer.close(number);

    await forge.close(number, 'again');

    expect(await forge.read(number)).toMatchObject({ state: 'closed', body: 'again' });
  });
}
