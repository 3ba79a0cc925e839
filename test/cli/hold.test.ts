/** `towpath hold` as its users run it: on a real git server, beside a listener or without one. */
import { afterEach, describe, expect, it } from 'vitest';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import { type OperatedWorld, operatedWorld } from '../support/operated-world.ts';
import { until } from '../support/until.ts';

let world: OperatedWorld;
afterEach(() => world.stop());

const release = (...words: readonly string[]) => world.run('hold', 'release', ...words, '--namespace', 'team-a');

/** Without what differs between two commits of the same content. */
const contents = (tree: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(tree).filter(([path]) => !path.endsWith('/PROVENANCE')));

describe('a folder that a person edited', () => {
  it('is listed with who did it, and laid down again by a release, beside a running listener', async () => {
    world = await operatedWorld();
    const { repository, plane } = world;
    const running = await world.listen();
    const { id, folder } = await world.deployed('chat');
    const before = await repository.tree();
    const edit = await repository.seed(
      { [`${folder}/api.deployment.yaml`]: 'kind: Oops\n', [`${folder}/extra.yaml`]: 'a: 1\n' },
      { message: 'Tune it\n' },
    );
    running.wake();
    await until('the hold', () => plane.lastReport(id)?.reason === 'EditedInGit');

    const listed = await world.run('hold', 'list');
    const asData = JSON.parse((await world.run('hold', 'list', '--namespace', 'team-a', '--json')).stdout);
    const unasked = await release('chat');
    const headAfterUnasked = await repository.head();
    const released = await release('chat', '--yes');
    running.wake();
    await until('the end of the hold', () => plane.lastReport(id)?.outcome === 'succeeded');

    expect(listed).toMatchObject({ code: 0, stderr: '' });
    expect(listed.stdout).toContain(
      `edited  chat  edited in git by Ada <ada@example.com> in ${edit.slice(0, 12)} ("Tune it")`,
    );
    expect(listed.stdout).toContain('towpath hold release chat --namespace team-a');
    expect(listed.stdout).toContain('1 thing waits for a person');
    expect(asData.namespaces[0].holds).toEqual([
      expect.objectContaining({
        kind: 'edited',
        deployment: 'chat',
        path: folder,
        changes: [expect.objectContaining({ id: edit })],
      }),
    ]);
    expect(unasked.code).toBe(1);
    expect(unasked.stdout).toContain('-kind: Oops');
    expect(unasked.stderr).toContain(
      'standard input is no terminal; look at what it would do, and run it again with --yes',
    );
    expect(headAfterUnasked).toBe(edit);
    expect(released).toMatchObject({ code: 0, stderr: '' });
    expect(contents(await repository.tree())).toEqual(contents(before));
    const [commit] = await repository.log();
    expect(commit?.subject).toMatch(/^restore\(chat\): revision [0-9a-f]{8}/);
    expect(commit?.author).toBe('Grace <grace@example.com>');
    expect(commit?.body).toContain('Released by Grace <grace@example.com>.');
    expect(commit?.body).toMatch(/^Change: restore$/m);
    expect(released.stdout).toContain(`pushed as ${commit?.id.slice(0, 12)} to main of`);
    const { stdout } = await world.run('hold', 'list');
    expect(stdout).toContain('Nothing is held');
  });

  it('is laid down again where it was removed, with who is named as the author', async () => {
    world = await operatedWorld();
    const { repository } = world;
    const running = await world.listen();
    const { id, folder } = await world.deployed('chat');
    await running.stop();
    const before = await repository.tree();
    await repository.seed(
      Object.fromEntries(
        Object.keys(before)
          .filter((path) => path.startsWith(folder))
          .map((path) => [path, null]),
      ),
    );

    const listed = JSON.parse((await world.run('hold', 'list', '--json')).stdout);
    const released = await release(id, '--yes', '--json', '--author', 'Jane Doe <jane@example.com>');

    expect(listed.namespaces[0].holds).toEqual([expect.objectContaining({ kind: 'removed', deployment: 'chat' })]);
    const [commit] = await repository.log();
    expect(JSON.parse(released.stdout)).toMatchObject({
      outcome: 'done',
      namespace: 'team-a',
      commits: [{ subject: commit?.subject, path: folder, commit: commit?.id }],
    });
    expect(released.stderr).toBe('');
    expect(contents(await repository.tree())).toEqual(contents(before));
    expect(commit?.author).toBe('Jane Doe <jane@example.com>');
  });

  it('goes with what was changed in it, where its removal was held', async () => {
    world = await operatedWorld();
    const { repository, plane } = world;
    const running = await world.listen();
    const { id, folder } = await world.deployed('chat');
    await repository.seed({ [`${folder}/extra.yaml`]: 'a: 1\n' });
    plane.remove(id);
    await until('the hold', () => plane.reports.some((report) => report.reason === 'EditedInGit'));

    const listed = await world.run('hold', 'list');
    const released = await release('chat', '--yes');
    running.wake();
    await until('the end', () =>
      plane.reports.some((report) => report.kind === 'removal' && report.outcome === 'succeeded'),
    );

    expect(listed.stdout).toContain('removal held  chat  should be removed, but was edited in git by Ada');
    expect(released.stdout).toContain(`${folder} was edited in git by Ada`);
    expect(Object.keys(await repository.tree())).toEqual(['README.md']);
    const [commit] = await repository.log();
    expect(commit).toMatchObject({
      author: 'Grace <grace@example.com>',
      subject: expect.stringMatching(/^remove\(chat\)/),
    });
    expect(commit?.body).toContain('Asked for by Ada');
    expect(commit?.body).toContain('Released by Grace');
  });
});

describe('removals beyond the limit', () => {
  it('are listed, go by one release, and hold no later one of the running listener', async () => {
    world = await operatedWorld({ deletion: { max: 1, within: '1s' } });
    const { repository, plane } = world;
    const running = await world.listen();
    const ids: DeploymentId[] = [];
    for (const name of ['one', 'two', 'three']) ids.push((await world.deployed(name)).id);
    const kept = await world.deployed('kept');
    for (const id of ids) plane.remove(id);
    await until('the hold', () => plane.reports.some((report) => report.reason === 'DeletionLimit'));

    const listed = await world.run('hold', 'list');
    const unasked = await release('deletions');
    const released = await release('deletions', '--yes', '--json');
    running.wake();
    await until('all gone', () =>
      ids.every((id) =>
        plane.reports.some(
          (report) => report.kind === 'removal' && report.deploymentId === id && report.outcome === 'succeeded',
        ),
      ),
    );
    const nothing = await release('deletions', '--yes');
    const goneAt = Date.now();
    await until('the end of the window', () => Date.now() > goneAt + 2_000);
    plane.remove(kept.id);
    await until('the later one', async () => (await world.folderOf('kept')) === '');

    expect(listed.stdout).toContain('removals held');
    for (const name of ['one', 'two', 'three']) expect(listed.stdout).toContain(`- ${name}  deployments/${name}-`);
    expect(listed.stdout).toContain(
      `# removes 3 deployments\n      towpath hold release deletions --namespace team-a --config ${world.config}\n`,
    );
    expect(unasked.code).toBe(1);
    expect(unasked.stdout).toContain('3 deployments go for good; volume claims of databases are retained.');
    expect(
      JSON.parse(released.stdout).commits.map(({ subject }: { subject: string }) => subject.replace(/:.*/, '')),
    ).toEqual(['remove(one)', 'remove(two)', 'remove(three)']);
    expect(nothing).toMatchObject({ code: 0, stdout: 'No removal waits in namespace team-a.\n' });
    const log = await repository.log();
    expect(log.filter(({ author }) => author === 'Grace <grace@example.com>')).toHaveLength(3);
  });
});

describe('a rewritten history', () => {
  /** Each text makes another commit, also within one second. */
  const rewrite = async (notes = 'anew\n'): Promise<string> => {
    const { repository } = world;
    await repository.git('update-ref', '-d', 'refs/heads/main');
    return repository.seed({ 'notes.txt': notes }, { message: 'Begin anew\n' });
  };

  it('is accepted by the very command that the listener names, and the running listener goes on', async () => {
    world = await operatedWorld();
    const { repository, plane } = world;
    const running = await world.listen();
    const { id } = await world.deployed('chat');
    const ours = await repository.head();
    await rewrite();
    plane.update(id);
    await until('the stop', () => plane.lastReport(id)?.reason === 'HistoryRewritten');
    const [command = ''] =
      /towpath hold release history --namespace team-a --commit [0-9a-f]{40}/.exec(
        plane.lastReport(id)?.message ?? '',
      ) ?? [];

    const listed = await world.run('hold', 'list');
    const released = await world.run(...command.split(' ').slice(1), '--yes');
    running.wake();
    await until('the revision', () => plane.lastReport(id)?.outcome === 'succeeded');
    const again = await release('history', '--yes');

    expect(command).toContain(ours);
    expect(listed.stdout).toContain('history rewritten');
    expect(listed.stdout).toContain(command);
    expect(released).toMatchObject({ code: 0, stderr: '' });
    const tree = await repository.tree();
    expect(tree['ACCEPTED-HISTORY']).toMatch(new RegExp(`^${ours} [0-9a-f]{40} \\S+ Grace <grace@example.com>$`, 'm'));
    expect(tree['notes.txt']).toBe('anew\n');
    expect(await world.folderOf('chat')).toMatch(/^deployments\/chat-/);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing waits to be accepted') });
  });

  it('stops a listener that starts anew, though the last report is that of the stop', async () => {
    world = await operatedWorld();
    const { plane } = world;
    const running = await world.listen();
    const { id } = await world.deployed('chat');
    const ours = await world.repository.head();
    const head = await rewrite();
    plane.update(id);
    await until('the stop', () => plane.lastReport(id)?.reason === 'HistoryRewritten');
    await running.stop();
    const other = plane.create('other');

    await world.listen();
    const stopped = await until(
      'the word',
      () => plane.lastReport(other)?.reason === 'HistoryRewritten' && plane.lastReport(other),
    );

    expect(stopped.message).toContain(`--commit ${ours}`);
    expect(await world.repository.head()).toBe(head);
  });

  it('is refused again where it is rewritten once more without what was accepted', async () => {
    world = await operatedWorld();
    const { repository, plane } = world;
    const running = await world.listen();
    const { id } = await world.deployed('chat');
    await running.stop();
    const first = await rewrite();
    await release('history', '--yes');
    const accepted = (await repository.tree())['ACCEPTED-HISTORY'] ?? '';

    const second = await rewrite('anew, once more\n');
    await repository.seed({ 'ACCEPTED-HISTORY': accepted });
    const listed = await world.run('hold', 'list', '--json');
    plane.update(id);
    await world.listen();
    const stopped = await until(
      'the stop',
      () => plane.lastReport(id)?.reason === 'HistoryRewritten' && plane.lastReport(id),
    );

    expect(accepted).toContain('Grace');
    expect(second).not.toBe(first);
    expect(JSON.parse(listed.stdout).namespaces[0].holds).toEqual([expect.objectContaining({ kind: 'history' })]);
    expect(stopped).toMatchObject({ outcome: 'failed' });
  });
});

describe('what cannot be released', () => {
  it('says so in a sentence, and changes nothing', async () => {
    world = await operatedWorld();
    const running = await world.listen();
    await world.deployed('chat');
    await running.stop();
    const head = await world.repository.head();

    const cases: readonly (readonly [readonly string[], string])[] = [
      [['chat', '--yes'], 'Cannot release "chat": it is not held: git holds what is wanted'],
      [
        ['chta', '--yes'],
        'Cannot release "chta": the control plane wants no such deployment in namespace team-a; it has chat',
      ],
      [['chat', '--commit', 'a'.repeat(40)], 'Cannot release "chat" with --commit: that is for history alone'],
      [['history', '--commit', 'abc'], 'Expected all 40 hex digits of a commit.'],
      [['history', '--yes', '--commit', head ?? ''], 'descends from it; nothing has to be accepted'],
      [['chat', '--author', 'Jane'], 'Expected "Name <email>".'],
    ];
    const results = [];
    for (const [words] of cases) results.push(await release(...words));
    const elsewhere = await world.run('hold', 'release', 'chat', '--namespace', 'team-b');
    const nameless = await world.run('hold', 'release', 'chat');

    for (const [index, [, message]] of cases.entries()) {
      expect(results[index]?.stderr).toContain(message);
      expect(results[index]).toMatchObject({ code: 1, stdout: '' });
      expect(results[index]?.stderr).not.toMatch(/^\s+at /m);
    }
    expect(elsewhere.stderr).toContain('has no such namespace; did you mean team-a?');
    // The configuration has one namespace only, so that nobody has to name it.
    expect(nameless.stderr).toContain('Cannot release "chat": it is not held');
    expect(await world.repository.head()).toBe(head);
  });

  it('is listed all the same where one of several repositories cannot be read', async () => {
    world = await operatedWorld();
    await world.server.close();

    const { code, stdout } = await world.run('hold', 'list');

    expect(code).toBe(1);
    expect(stdout).toContain('Cannot read');
    expect(stdout).toContain('Nothing is held, as far as could be read');
  });
});
