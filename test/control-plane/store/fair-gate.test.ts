/** Who gets the next connection, as a table of who asks for what. */
import { describe, expect, it } from 'vitest';
import { asCaller } from '../../../src/control-plane/store/caller.ts';
import { fairGate, type Shares, type Work } from '../../../src/control-plane/store/fair-gate.ts';

const shares: Shares = { connections: 3, ofOneKind: 2, ofOneCaller: 2 };

interface Asked {
  readonly name: string;
  readonly outcome: Promise<string>;
  finish(): void;
}

function world(given: Shares = shares) {
  const gate = fairGate(given);
  const began: string[] = [];
  const ask = (tenant: string, work: Work, name: string, gone?: AbortSignal): Asked => {
    const done = Promise.withResolvers<void>();
    const outcome = asCaller({ tenant, gone }, () =>
      gate.run(work, async () => {
        began.push(name);
        await done.promise;
        return 'done';
      }),
    ).catch((error: Error) => `${error.name}: ${error.message}`);
    return { name, outcome, finish: done.resolve };
  };
  return { gate, began, ask };
}

/** Everything that can begin by now has begun. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('the gate before the database', () => {
  it('lets nobody have more than a share, and keeps room for the other kind of work', async () => {
    const { began, ask } = world();

    for (const name of ['a1', 'a2', 'a3']) ask('a', 'change', name);
    ask('b', 'change', 'b1');
    ask('b', 'read', 'b2');
    await settled();

    expect(began).toEqual(['a1', 'a2', 'b2']);
  });

  it('serves callers in turn, however many one of them sends', async () => {
    const { began, ask } = world({ connections: 1, ofOneKind: 1, ofOneCaller: 1 });
    const all = ['a1', 'a2', 'a3', 'a4'].map((name) => ask('a', 'read', name));
    all.push(ask('b', 'read', 'b1'), ask('c', 'read', 'c1'), ask('b', 'read', 'b2'));

    for (const _ of all) {
      await settled();
      all.find(({ name }) => name === began.at(-1))?.finish();
    }
    await Promise.all(all.map(({ outcome }) => outcome));

    expect(began).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4']);
  });

  it('begins nothing for who has gone, and gives the turn to the next', async () => {
    const { began, ask } = world({ connections: 1, ofOneKind: 1, ofOneCaller: 1 });
    const client = new AbortController();
    const first = ask('a', 'read', 'first');
    const gone = ask('a', 'read', 'gone', client.signal);
    const next = ask('a', 'read', 'next');

    await settled();
    client.abort();
    first.finish();
    await settled();
    next.finish();

    expect(await gone.outcome).toBe('CallerGone: The client has gone');
    expect(await next.outcome).toBe('done');
    expect(began).toEqual(['first', 'next']);
  });

  it('keeps its count where work fails', async () => {
    const { gate } = world({ connections: 1, ofOneKind: 1, ofOneCaller: 1 });

    for (let at = 0; at < 3; at += 1) {
      await expect(gate.run('read', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    }

    expect(await gate.run('change', async () => 'free')).toBe('free');
  });

  it('refuses who waits and who comes once it is closed', async () => {
    const { gate, ask } = world({ connections: 1, ofOneKind: 1, ofOneCaller: 1 });
    const first = ask('a', 'read', 'first');
    const waiting = ask('a', 'read', 'waiting');
    await settled();

    gate.close();
    first.finish();

    expect(await waiting.outcome).toContain('stopping');
    expect(await ask('a', 'read', 'late').outcome).toContain('stopping');
    expect(await first.outcome).toBe('done');
  });

  it('does not let one caller queue without end', async () => {
    const { ask } = world({ connections: 1, ofOneKind: 1, ofOneCaller: 1 });
    for (let at = 0; at < 1_001; at += 1) ask('a', 'read', String(at));

    expect(await ask('a', 'read', 'too many').outcome).toContain('send fewer at a time');
  });
});
