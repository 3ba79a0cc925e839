/** Asking the engine to look: at once after a push, again with growing delay, and no more once it has looked. */
import { expect, it } from 'vitest';
import { TowpathError } from '../../src/domain/failure.ts';
import { createRefresher } from '../../src/listener/observe/refresher.ts';
import { memoryLog } from '../support/memory-log.ts';

const timings = { refreshMs: { first: 10, most: 40 } };

/** Folders that end in `-gone`. */
const isGone = (folder: string): boolean => folder.endsWith('-gone');

function open(refresh: (folders: readonly string[]) => Promise<string | null> = async () => null) {
  const asked: string[] = [];
  const log = memoryLog();
  const ask = (folders: readonly string[], gone: readonly string[] = []) => {
    asked.push([folders.join(' '), ...gone.map((folder) => `without ${folder}`)].join(' '));
    return refresh(folders);
  };
  return { refresher: createRefresher({ refresh: ask }, timings, log, { isGone }), asked, log };
}

it('asks for all that was pushed in one call', async () => {
  const { refresher, asked } = open();
  refresher.ask('a', 0);
  refresher.ask('b', 0);

  await refresher.flush(0);

  expect(asked).toEqual(['a b']);
});

it('says which of them are no longer there', async () => {
  const { refresher, asked } = open();
  refresher.ask('a', 0);
  refresher.ask('b-gone', 0);

  await refresher.flush(0);

  expect(asked).toEqual(['a b-gone without b-gone']);
});

it('asks again with growing delay, up to a limit, until the engine has looked', async () => {
  const { refresher, asked } = open();
  const times: number[] = [];
  refresher.ask('a', 0);
  for (let now = 0; now <= 200; now++) {
    const before = asked.length;
    await refresher.flush(now);
    if (asked.length > before) times.push(now);
  }

  refresher.seen('a');
  await refresher.flush(10_000);

  expect(times).toEqual([0, 10, 30, 70, 110, 150, 190]);
  expect(refresher.next()).toBeNull();
});

it('asks at once for another push, however long it waited for the last one', async () => {
  const { refresher, asked } = open();
  refresher.ask('a', 0);
  for (const now of [0, 10, 30]) await refresher.flush(now);

  refresher.want('a', 31);
  expect(refresher.next()).toBe(70);
  refresher.ask('a', 31);

  expect(refresher.next()).toBe(31);
  await refresher.flush(31);
  expect(asked).toHaveLength(4);
});

it('begins no call while one is under way, and goes on after it', async () => {
  let answer = (): void => undefined;
  const { refresher, asked } = open(
    () =>
      new Promise((done) => {
        answer = () => done(null);
      }),
  );
  refresher.ask('a', 0);
  const first = refresher.flush(0);
  refresher.ask('b', 1);

  await refresher.flush(1);
  expect(asked).toEqual(['a']);
  expect(refresher.next()).toBeNull();
  answer();
  await first;

  expect(refresher.next()).toBe(1);
});

it('warns once of a right that is missing, and says nothing of what passes by itself', async () => {
  const errors = [
    new TowpathError('transient', 'ClusterUnreachable', 'Cannot ask: nobody answers'),
    new TowpathError('terminal', 'ClusterForbidden', 'Cannot patch applications: it is forbidden'),
    new TowpathError('terminal', 'ClusterForbidden', 'Cannot patch applications: it is forbidden'),
  ];
  const { refresher, log } = open(() => Promise.reject(errors.shift()));
  refresher.ask('a', 0);

  for (const now of [0, 10, 30]) await refresher.flush(now);

  expect(log.lines).toHaveLength(1);
  expect(log.lines[0]).toMatch(/^warn Cannot ask for a refresh .*it is forbidden/);
});

it('asks once about what somebody else changed, even where our own commit is not waited for', async () => {
  const { refresher, asked } = open();
  refresher.nudge('a', 0);

  refresher.seen('a');
  await refresher.flush(0);
  await refresher.flush(1_000);

  expect(asked).toEqual(['a']);
});
