/** `towpath adopt` as its users run it, on a real git server. */
import { afterEach, describe, expect, it } from 'vitest';
import { parseProvenance } from '../../src/core/provenance.ts';
import { resourceName } from '../../src/domain/resource-name.ts';
import { type OperatedWorld, operatedWorld } from '../support/operated-world.ts';
import { until } from '../support/until.ts';

let world: OperatedWorld;
afterEach(() => world.stop());

const adopt = (...words: readonly string[]) => world.run('adopt', ...words, '--namespace', 'team-a');
const theirs = 'apiVersion: apps/v1\nkind: StatefulSet\nmetadata: { name: old-db }\nspec: { serviceName: old-db }\n';

/** A deployment whose place is taken by files of somebody's. */
async function taken(name: string, files: Readonly<Record<string, string>>) {
  const id = world.plane.create(name);
  const folder = `deployments/${resourceName(name as never, id)}`;
  const inside = Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text]);
  await world.repository.seed(Object.fromEntries(inside));
  return { id, folder };
}

describe('a folder that nobody wrote', () => {
  it('is taken over in one commit, after it was shown what goes', async () => {
    world = await operatedWorld();
    const { repository, plane } = world;
    const { id, folder } = await taken('chat', { 'api.deployment.yaml': 'a: 1\n', 'old.yaml': theirs });
    const running = await world.listen();
    await until('the refusal', () => plane.lastReport(id)?.reason === 'ForeignFolder');

    const listed = await world.run('hold', 'list');
    const unasked = await adopt('chat');
    const done = await adopt('chat', '--yes');
    running.wake();
    await until('the end', () => plane.lastReport(id)?.outcome === 'succeeded');
    const again = await adopt('chat', '--yes', '--json');

    expect(listed.stdout).toContain('towpath adopt chat --namespace team-a');
    expect(unasked.code).toBe(1);
    expect(unasked.stdout).toContain(`${folder}/old.yaml is not among what is laid down, and goes`);
    expect(unasked.stdout).toContain(
      'StatefulSet "old-db" is not among what is rendered: the engine deletes it; its claims stay',
    );
    expect(done).toMatchObject({ code: 0, stderr: '' });
    const tree = await repository.tree();
    expect(tree[`${folder}/old.yaml`]).toBeUndefined();
    expect(tree[`${folder}/api.deployment.yaml`]).toContain('kind: Deployment');
    expect(parseProvenance(tree[`${folder}/PROVENANCE`] ?? '')).toMatchObject({ change: 'adopt', deploymentId: id });
    const [commit] = await repository.log();
    expect(commit).toMatchObject({
      subject: expect.stringMatching(/^adopt\(chat\): revision [0-9a-f]{8}/),
      author: 'Grace <grace@example.com>',
      body: expect.stringContaining('Adopted by Grace <grace@example.com>.'),
    });
    expect(JSON.parse(again.stdout)).toMatchObject({ outcome: 'nothing', commits: [] });
    expect(again.code).toBe(0);
    expect((await repository.log())[0]?.id).toBe(commit?.id);
  });

  it('is moved from elsewhere, with a warning to whoever applies it there', async () => {
    world = await operatedWorld();
    const { repository, plane } = world;
    await repository.seed({ 'apps/chat/old.yaml': theirs, 'apps/other/keep.yaml': 'b: 1\n' });
    const id = plane.create('chat');

    const shown = await adopt('chat', '--from', './apps/chat/', '--yes', '--json');

    expect(shown.code).toBe(0);
    expect(JSON.parse(shown.stdout)).toMatchObject({
      outcome: 'done',
      goes: ['apps/chat/old.yaml'],
      warnings: expect.arrayContaining([expect.stringContaining('Whatever applies apps/chat today')]),
    });
    const paths = Object.keys(await repository.tree());
    expect(paths).toContain('apps/other/keep.yaml');
    expect(paths.filter((path) => path.startsWith('apps/chat/'))).toEqual([]);
    expect(paths).toContain(`deployments/${resourceName('chat' as never, id)}/PROVENANCE`);
  });
});

describe('a folder of another listener', () => {
  it('is taken over where it is the same deployment’s, and not where it is another’s', async () => {
    world = await operatedWorld();
    const { repository, plane } = world;
    const running = await world.listen();
    const { id, folder } = await world.deployed('chat');
    await running.stop();
    const provenance = (await repository.tree())[`${folder}/PROVENANCE`] ?? '';
    const stranger = '99999999-9999-4999-8999-999999999999';
    await repository.seed({ [`${folder}/PROVENANCE`]: provenance.replace(plane.listenerId, stranger) });
    await repository.seed({
      'apps/x/PROVENANCE': provenance.replace(plane.listenerId, stranger).replace(id, stranger),
    });
    plane.create('other');

    const refused = await adopt('other', '--from', 'apps/x', '--yes');
    const done = await adopt('chat', '--yes');

    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain(`the PROVENANCE of apps/x names another deployment, ${stranger}`);
    expect(done.code).toBe(0);
    expect(parseProvenance((await repository.tree())[`${folder}/PROVENANCE`] ?? '')).toMatchObject({
      listenerId: plane.listenerId,
      change: 'adopt',
    });
  });
});

describe('what cannot be adopted', () => {
  it('says so in a sentence, and changes nothing', async () => {
    world = await operatedWorld();
    const { repository, plane } = world;
    const running = await world.listen();
    await world.deployed('chat');
    await running.stop();
    plane.create('later');
    plane.remove(plane.create('gone'));
    const { folder } = await taken('both', { 'a.yaml': 'a: 1\n' });
    await repository.seed({ 'apps/x/a.yaml': 'a: 1\n', notes: 'n\n' });
    const head = await repository.head();

    const cases: readonly (readonly [readonly string[], string])[] = [
      [['nobody'], 'the control plane wants no such deployment in namespace team-a; it wants both, chat, gone, later'],
      [['gone'], 'it was deleted in the control plane'],
      [['later'], 'nothing lies where it belongs, and the listener lays it down by itself'],
      [['later', '--from', 'apps/nowhere'], 'apps/nowhere of branch main is not there'],
      [['later', '--from', 'notes'], 'notes of branch main is no folder'],
      [['later', '--from', 'deployments'], 'deployments holds the folders of all deployments'],
      [['later', '--from', '../x'], "expected a folder's path from the repository's root"],
      [['both', '--from', 'apps/x'], `somebody's folder lies at ${folder} already`],
    ];
    for (const [words, message] of cases) {
      const { code, stdout, stderr } = await adopt(...words, '--yes');
      expect(stderr, words.join(' ')).toContain(message);
      expect(stderr).not.toMatch(/^\s+at /m);
      expect([code, stdout]).toEqual([1, '']);
    }
    expect(await repository.head()).toBe(head);
  });
});
