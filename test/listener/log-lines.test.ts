/** What the log tells of pull requests and pushes: one line for each thing that happens, with deployment and link. */
import { afterEach, describe, expect, it } from 'vitest';
import { TowpathError } from '../../src/domain/failure.ts';
import type { CommitId } from '../../src/domain/identifiers.ts';
import { listen } from '../support/listener-world.ts';
import { type MemoryLog, memoryLog } from '../support/memory-log.ts';
import { memoryRemote, memoryRepository } from '../support/memory-repository.ts';
import { reviewWorld } from '../support/review-world.ts';
import { startScriptedControlPlane } from '../support/scripted-control-plane.ts';
import { until } from '../support/until.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const name = 'an-agent-whose-name-is-longer-than-its-folder';
const sentences = [
  'Opened a pull request',
  'Updated a pull request',
  'A pull request was approved',
  'A pull request was merged',
  'A pull request was rejected',
  'A pull request was opened again',
  'A person committed to the branch of a pull request',
  'Closed a pull request',
];

/** `[sentence, fields]` of what happened to pull requests. */
function happenings({ lines }: MemoryLog): readonly (readonly [string, Record<string, unknown>])[] {
  return lines.flatMap((line) => {
    const [, sentence, fields = '{}'] = /^info (.*?) (\{.*\})$/.exec(line) ?? [];
    return sentence !== undefined && sentences.includes(sentence) ? [[sentence, JSON.parse(fields)] as const] : [];
  });
}

async function begin(publication: Readonly<Record<string, unknown>> = {}) {
  const [world, plane] = [reviewWorld(), await startScriptedControlPlane()];
  stops.push(plane.stop);
  const start = (log = memoryLog()) => {
    const namespace = { publication: { mode: 'proposed', forge: 'gitea', ...publication } };
    const running = world.start(plane, { log, namespace });
    stops.push(running.stop);
    return { running, log };
  };
  const { running, log } = start();
  const id = plane.create(name, { image: 'registry.example/agents/chat:1.0.0' });
  const reported = (reason: string) => until(reason, () => plane.lastReport(id)?.reason === reason);
  await reported('InReview');
  const [{ number, head } = { number: 0, head: '' }] = world.open();
  /** What is told next, and that nothing else is, though many passes follow. */
  const next = async (sentence: string) => {
    const before = happenings(log).length;
    running.wake();
    const [, fields] = await until(sentence, () => happenings(log)[before]);
    for (let looks = 0; looks < 3; looks++) {
      const { tips } = world.remote.requests;
      running.wake();
      await until('another look', () => world.remote.requests.tips > tips);
    }
    expect(
      happenings(log)
        .slice(before)
        .map(([each]) => each),
    ).toEqual([sentence]);
    return fields;
  };
  const common = { deployment: name, namespace: 'team-a', pullRequest: number, url: `memory://forge/pulls/${number}` };
  return { ...world, plane, running, log, start, id, reported, number, branch: head, next, common };
}

describe('a pull request', () => {
  it('is told of when it is opened, with image and person', async () => {
    const { log, common } = await begin();

    expect(happenings(log)).toEqual([
      [
        'Opened a pull request',
        expect.objectContaining({
          ...common,
          image: 'registry.example/agents/chat:1.0.0',
          by: 'Ada <ada@example.com>',
          change: 'deploy',
          commit: expect.stringMatching(/^[0-9a-f]{12}$/),
        }),
      ],
    ]);
  });

  it('is told of once when it is approved, edited, rejected, opened again and merged', async () => {
    const { forge, remote, number, branch, next, common } = await begin();

    forge.people.approve(number, 'joe');
    expect(await next('A pull request was approved')).toMatchObject({ ...common, by: 'joe' });
    remote.commitOn(branch, 'Tune it', [{ kind: 'write', path: 'notes.txt' as never, content: 'x\n' }]);
    expect(await next('A person committed to the branch of a pull request')).toMatchObject({
      ...common,
      by: 'Jane <jane@example.com>',
      commit: remote.branches.get(branch)?.slice(0, 12),
    });
    forge.people.close(number, 'Jane');
    expect(await next('A pull request was rejected')).toMatchObject({ ...common, by: 'Jane' });
    forge.people.reopen(number);
    await next('A pull request was opened again');
    forge.people.merge(number);
    expect(await next('A pull request was merged')).toMatchObject(common);
  });

  it('is told of when a process starts that did not see it merged', async () => {
    const { forge, number, running, start, reported, common } = await begin();
    await running.stop();
    forge.people.merge(number);

    const { log } = start();
    await reported('Pushed');

    expect(happenings(log)).toEqual([['A pull request was merged', expect.objectContaining(common)]]);
  });

  it('is not told of again by a process that starts while it waits or is rejected', async () => {
    const { forge, remote, number, running, start, reported } = await begin();
    forge.people.close(number, 'Jane');
    running.wake();
    await reported('Rejected');
    await running.stop();
    const { tips } = remote.requests;

    const { log, running: second } = start();
    await until('two looks', () => {
      second.wake();
      return remote.requests.tips > tips + 2;
    });

    expect(happenings(log)).toEqual([]);
  });

  it('is told of with who approved it where the listener merges', async () => {
    const { forge, number, next, log, running, reported, common } = await begin({
      merge: 'fast-forward',
      approvals: 2,
    });
    forge.people.approve(number, 'jane');
    expect(await next('A pull request was approved')).toMatchObject({ ...common, by: 'jane' });

    forge.people.approve(number, 'joe');
    running.wake();
    await reported('Pushed');

    expect(happenings(log).slice(-2)).toEqual([
      ['A pull request was approved', expect.objectContaining({ ...common, by: 'jane, joe' })],
      ['A pull request was merged', expect.objectContaining({ ...common, by: 'jane, joe' })],
    ]);
  });

  it('waits no less where the forge does not tell who approved it', async () => {
    const { forge, number, running, log, reported } = await begin();
    forge.failNext(new TowpathError('terminal', 'ForgeForbidden', 'it may not'), 'approval');
    forge.people.approve(number, 'joe');
    running.wake();
    await until('the refusal', () => log.lines.some((line) => line.includes('Cannot ask who approved')));

    forge.people.merge(number);
    running.wake();
    await reported('Pushed');

    expect(happenings(log).at(-1)?.[0]).toBe('A pull request was merged');
  });
});

describe('a push', () => {
  it('is told of by deployment, image and person, one line each, and a removal, too', async () => {
    const [remote, plane, log] = [memoryRemote(), await startScriptedControlPlane(), memoryLog()];
    stops.push(plane.stop);
    const ids = ['one', 'two'].map((each) => plane.create(each, { image: `registry.example/${each}:1` }));
    const running = listen({ plane, repository: memoryRepository(remote), log });
    stops.push(running.stop);
    for (const id of ids) await until('the commit', () => plane.lastReport(id)?.outcome === 'succeeded');
    const pushed = log.lines.filter((line) => line.startsWith('info Pushed a revision'));
    plane.remove(ids[0] ?? ('' as never));
    await until('its end', () =>
      plane.reports.some((report) => report.kind === 'removal' && report.outcome === 'succeeded'),
    );

    const fieldsOf = (line = '') => JSON.parse(line.slice(line.indexOf('{')));
    const commits = new Set(remote.log().map(({ id }) => (id as CommitId).slice(0, 12)));
    expect(pushed.map(fieldsOf)).toEqual(
      ['one', 'two'].map((each) =>
        expect.objectContaining({
          namespace: 'team-a',
          deployment: each,
          image: `registry.example/${each}:1`,
          by: 'Ada <ada@example.com>',
        }),
      ),
    );
    for (const { commit } of pushed.map(fieldsOf)) expect(commits).toContain(commit);
    expect(fieldsOf(log.lines.find((line) => line.startsWith('info Pushed a removal')))).toMatchObject({
      deployment: 'one',
      change: 'remove',
      by: 'Ada <ada@example.com>',
    });
    expect(log.lines.join('\n')).not.toMatch(/[0-9a-f]{40}/);
  });
});
