import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { noTelemetry } from '../../src/adapters/telemetry/none.ts';
import { type HeldLeadership, lead } from '../../src/listener/leader/leader.ts';
import { type Fate, goTimings, leaseWorld, quickly, type Replica, untilTold } from '../support/lease-world.ts';
import { memoryLease } from '../support/memory-lease.ts';
import { memoryLog } from '../support/memory-log.ts';
import { until } from '../support/until.ts';
import type { VirtualProcess } from '../support/virtual-time.ts';

const unreachable: Fate = { thereMs: 5, backMs: 5, kind: 'refused' };
const hanging: Fate = { thereMs: 3_600_000, backMs: 0, kind: 'refused' };

describe('one replica', () => {
  it('leads at once where nobody else is, and goes on leading', async () => {
    const { time, lease, start } = leaseWorld();
    const one = start('one');

    await time.run(20);
    expect(one.holds()).toBe(true);
    await time.run(3_600_000);

    expect(one.holds()).toBe(true);
    expect(one.isLeading).toBe(true);
    expect(one.reigns).toHaveLength(1);
    expect(lease.record).toMatchObject({ holder: 'one', term: 1, durationSeconds: 15 });
  });

  it('goes on leading when somebody deletes the Lease, and makes it anew with its term', async () => {
    const { time, lease, start } = leaseWorld();
    const one = start('one');
    await time.run(5_000);
    const raised = one.reigns[0]?.raiseTerm(41);
    await time.run(100);

    lease.remove();
    await time.run(5_000);

    expect(one.holds()).toBe(true);
    expect(one.reigns).toHaveLength(1);
    expect(await raised).toBe(42);
    expect(lease.record).toMatchObject({ holder: 'one', term: 42 });
  });

  it('refuses timings by which two would lead at once', async () => {
    const { time, start } = leaseWorld();
    const one = start('one', { timings: { ...goTimings, leaseDuration: 9_000 } });

    await time.run(10);

    await expect(one.ended).rejects.toThrow('Cannot elect a leader: leaseDuration (9000 ms) must be longer');
    expect(one.reigns).toEqual([]);
  });

  it('ends, and frees the Lease, when its work ends by itself or fails', async () => {
    const { time, lease, start } = leaseWorld();
    const done = start('done', { work: (_, process) => process.clock.sleep(3_000) });
    await time.run(4_000);
    await done.ended;
    expect(lease.record).toMatchObject({ holder: null, term: 1 });

    const failing = start('failing', { work: () => Promise.reject(new Error('a bug')) });
    await time.run(4_000);

    await expect(failing.ended).rejects.toThrow('a bug');
    expect(lease.record).toMatchObject({ holder: null, term: 2 });
  });
});

describe('a leader that stops', () => {
  it('holds the Lease until its work has ended, then another takes over at its next look', async () => {
    const { time, lease, start } = leaseWorld();
    const slow = async ({ signal }: HeldLeadership, process: VirtualProcess): Promise<void> => {
      await untilTold({ signal });
      await process.clock.sleep(20_000);
    };
    const one = start('one', { work: slow });
    await time.run(1_000);
    const two = start('two');
    await time.run(1_000);

    one.stop();
    await time.run(19_900);
    expect([one.holds(), two.holds()]).toEqual([true, false]);
    await time.run(5_000);

    await one.ended;
    expect([one.holds(), two.holds()]).toEqual([false, true]);
    expect(one.isLeading).toBe(false);
    expect(lease.record).toMatchObject({ holder: 'two', term: 2 });
  });

  it('ends although the Lease cannot be given back', async () => {
    const { time, start } = leaseWorld();
    let fate = quickly;
    const one = start('one', { fate: () => fate });
    await time.run(1_000);

    fate = hanging;
    one.stop();
    await time.run(10_000);

    await one.ended;
    expect(one.log.lines.join('\n')).toContain('another replica waits until it expires');
  });

  it('gives the Lease back also where it never learned that a renewal was written', async () => {
    const { time, lease, start } = leaseWorld();
    let fate = quickly;
    const one = start('one', { fate: () => fate });
    await time.run(1_000);

    fate = { thereMs: 5, backMs: 5, kind: 'lost' };
    await time.run(2_000);
    fate = quickly;
    one.stop();
    await time.run(1_000);

    await one.ended;
    expect(lease.record).toMatchObject({ holder: null });
  });

  it('gives back what it had just taken when it was told to stop, and begins no work', async () => {
    const { time, lease, start } = leaseWorld();
    const one = start('one');
    await time.run(5);

    one.stop();
    await time.run(1_000);

    await one.ended;
    expect(one.reigns).toEqual([]);
    expect(lease.record).toMatchObject({ holder: null });
  });
});

describe('a leader that dies', () => {
  it('is followed when its Lease has expired, and not before', async () => {
    const { time, lease, start } = leaseWorld();
    const one = start('one');
    await time.run(1_000);
    const two = start('two');
    await time.run(60_000);
    expect(two.reigns).toEqual([]);

    one.process.stopFor(3_600_000);
    await time.run(12_900);
    expect(two.reigns).toEqual([]);
    await time.run(8_000);

    expect(two.holds()).toBe(true);
    expect(lease.record).toMatchObject({ holder: 'two', term: 2 });
  });

  it('is followed just so by a replica whose wall clock is years ahead or behind', async () => {
    const { time, start } = leaseWorld();
    const one = start('one');
    await time.run(1_000);
    const behind = start('behind', { wallMs: 0 });
    const ahead = start('ahead', { wallMs: 4e12 });
    await time.run(60_000);

    expect(one.holds()).toBe(true);
    expect([...behind.reigns, ...ahead.reigns]).toEqual([]);
  });
});

describe('a leader that was paused', () => {
  it('knows at its very first question that another may have taken over, and stands by again', async () => {
    const { time, start } = leaseWorld();
    const one = start('one');
    await time.run(1_000);
    const two = start('two');
    await time.run(1_000);
    const held = one.reigns[0];

    one.process.stopFor(40_000);
    await time.run(40_000 - 1);
    expect(two.holds()).toBe(true);
    // Nothing in it has happened yet: no timer, no answer.
    expect(held?.isHeld()).toBe(false);
    expect(held?.signal.aborted).toBe(true);
    await time.run(60_000);

    expect(one.states.at(-1)).toEqual({ kind: 'standing-by', holder: 'two' });
    expect(one.isLeading).toBe(false);
    two.stop();
    await time.run(10_000);
    expect(one.holds()).toBe(true);
    expect(one.reigns.at(-1)?.term).toBe(3);
    expect(held?.isHeld()).toBe(false);
  });

  it('knows it by the wall clock too, which runs while a machine sleeps', async () => {
    const { time, start } = leaseWorld();
    const one = start('one');
    await time.run(1_000);

    one.process.setClockForward(10_000);

    expect(one.holds()).toBe(false);
    await time.run(1_000);
    expect(one.reigns.map((reign) => reign.isHeld())).toEqual([false, true]);
  });

  it('is not confused by a wall clock that was set back', async () => {
    const { time, start } = leaseWorld();
    const one = start('one');
    await time.run(1_000);

    one.process.setClockForward(-86_400_000);
    await time.run(60_000);
    expect(one.reigns).toHaveLength(1);
    one.process.stopFor(11_000);
    one.process.setClockForward(-86_400_000);
    await time.run(11_000 - 1);

    expect(one.holds()).toBe(false);
  });
});

describe('a leader that cannot reach the API server', () => {
  it.each([
    ['that refuses', unreachable],
    ['that never answers', hanging],
    ['whose answers are lost', { thereMs: 3_600_000, backMs: 5, kind: 'lost' } as Fate],
  ])('%s: it gives up after the deadline, before another takes over, and comes back later', async (_, fault) => {
    const { time, start } = leaseWorld();
    let fate = quickly;
    const one = start('one', { fate: () => fate });
    await time.run(1_000);
    const two = start('two');
    await time.run(1_000);

    fate = fault;
    await time.run(goTimings.renewDeadline + 100);
    // Before anybody asked: the work under way is told.
    expect(one.reigns[0]?.signal.aborted).toBe(true);
    expect([one.holds(), two.holds()]).toEqual([false, false]);
    expect(one.isLeading).toBe(false);
    expect(one.states.some((state) => state.kind === 'blind')).toBe(true);
    await time.run(10_000);
    expect(two.holds()).toBe(true);
    fate = quickly;
    await time.run(10_000);

    expect(one.states.at(-1)).toEqual({ kind: 'standing-by', holder: 'two' });
  });

  it('outlives a short outage', async () => {
    const { time, start } = leaseWorld();
    let fate = quickly;
    const one = start('one', { fate: () => fate });
    await time.run(1_000);

    fate = unreachable;
    await time.run(7_000);
    fate = quickly;
    await time.run(60_000);

    expect(one.holds()).toBe(true);
    expect(one.reigns).toHaveLength(1);
  });

  it('counts from when it asked, not from when the answer came: others count from the time between', async () => {
    const { time, start } = leaseWorld();
    let fate: Fate = { thereMs: 0, backMs: 4_900, kind: 'answered' };
    const one = start('one', { fate: () => fate });
    // Reading and writing the Lease take 9.8 s, and the write was made right after the first half.
    await time.run(9_900);
    expect(one.holds()).toBe(true);

    fate = unreachable;
    await time.run(4_900);
    expect(one.holds()).toBe(true);
    await time.run(200);

    expect(one.holds()).toBe(false);
  });

  it('waits for its work to end before it stands for election again', async () => {
    const { time, start } = leaseWorld();
    let fate = quickly;
    const stubborn = async ({ signal }: HeldLeadership, process: VirtualProcess): Promise<void> => {
      await untilTold({ signal });
      await process.clock.sleep(30_000);
      throw new Error('the connection was cut');
    };
    const one = start('one', { fate: () => fate, work: stubborn });
    await time.run(1_000);

    fate = unreachable;
    await time.run(12_000);
    fate = quickly;
    await time.run(20_000);
    expect(one.reigns).toHaveLength(1);
    await time.run(15_000);

    expect(one.reigns).toHaveLength(2);
    expect(one.log.lines.join('\n')).toContain('The work of a lost leadership failed');
  });
});

it('gives up at its next renewal when somebody else is named by hand', async () => {
  const { time, lease, start } = leaseWorld();
  const one = start('one');
  await time.run(1_000);
  const { record } = lease;
  if (record === null) throw new Error('Expected a Lease');

  await lease.write({ ...record, holder: 'somebody' }, record);
  await time.run(2_100);
  expect(one.holds()).toBe(false);
  await time.run(30_000);

  expect(one.reigns.map((reign) => reign.term)).toEqual([1, 2]);
});

describe('a term that is too low', () => {
  it('is raised above what the control plane has seen, and stays so for those who follow', async () => {
    const { time, lease, start } = leaseWorld();
    const one = start('one');
    await time.run(1_000);

    const raised = one.reigns[0]?.raiseTerm(7);
    await time.run(100);
    expect(await raised).toBe(8);
    expect(one.reigns[0]?.term).toBe(8);
    expect(lease.record).toMatchObject({ holder: 'one', term: 8 });
    one.stop();
    const two = start('two');
    await time.run(10_000);

    expect(two.reigns[0]?.term).toBe(9);
  });

  it('is not raised by whoever does not lead any more, nor above what a Lease can count', async () => {
    const { time, lease, start } = leaseWorld();
    const one = start('one');
    await time.run(1_000);
    const two = start('two');
    one.process.stopFor(40_000);
    await time.run(40_000);

    const [late, high] = [one.reigns[0]?.raiseTerm(7), two.reigns[0]?.raiseTerm(2 ** 31 - 1)];

    await expect(late).rejects.toMatchObject({ kind: 'transient', reason: 'TermNotRaised' });
    await expect(high).rejects.toMatchObject({ kind: 'terminal', reason: 'TermExhausted' });
    expect(lease.record).toMatchObject({ holder: 'two', term: 2 });
  });
});

it('goes by the machine’s own clocks as well', async () => {
  const lease = memoryLease();
  const held = new Map<string, HeldLeadership>();
  const start = (identity: string) => {
    const stopping = new AbortController();
    const ended = lead({
      lease,
      identity,
      timings: { leaseDuration: 3_000, renewDeadline: 2_000, retryPeriod: 20 },
      clock: systemClock(),
      log: memoryLog(),
      telemetry: noTelemetry,
      signal: stopping.signal,
      run: (leadership) => {
        held.set(identity, leadership);
        return untilTold(leadership);
      },
    });
    return { stop: () => stopping.abort(), ended };
  };

  const one = start('one');
  await until('one leads', () => held.get('one')?.isHeld());
  const two = start('two');
  one.stop();
  await one.ended;
  await until('two leads', () => held.get('two')?.isHeld());
  two.stop();
  await two.ended;

  expect([...held.values()].map((each) => [each.term, each.isHeld()])).toEqual([
    [1, false],
    [2, false],
  ]);
  expect(lease.record?.holder).toBeNull();
});

const pause = fc.record({ who: fc.nat(2), at: fc.nat(150_000), forMs: fc.integer({ min: 1_000, max: 45_000 }) });
const stop = fc.record({ who: fc.nat(2), at: fc.nat(150_000) });
const clocks = fc.record({ rate: fc.double({ min: 0.85, max: 1.15, noNaN: true }), wallMs: fc.nat(4_000_000_000_000) });
const story = fc.record({
  clocks: fc.tuple(clocks, clocks, clocks),
  pauses: fc.array(pause, { maxLength: 6 }),
  stops: fc.array(stop, { maxLength: 4 }),
  faults: fc.nat(60),
  seed: fc.nat(),
});

it('never has two replicas that believe to lead, whatever the network, their clocks and their pauses do', async () => {
  await fc.assert(
    fc.asyncProperty(story, async ({ clocks, pauses, stops, faults, seed }) => {
      const world = leaseWorld();
      const chance = chances(seed);
      let isCalm = false;
      const settings = (who: number) => ({
        ...clocks[who],
        random: chance,
        fate: () => (isCalm ? quickly : spoiled(chance, faults)),
      });
      const replicas = [0, 1, 2].map((who) => world.start(`replica ${who}`, settings(who)));
      const gone: Replica[] = [];
      const now = (who: number): Replica => replicas[who] as Replica;
      for (const { who, at, forMs } of pauses) world.time.after(at, () => now(who).process.stopFor(forMs));
      for (const [index, { who, at }] of stops.entries()) {
        world.time.after(at, () => {
          now(who).stop();
          gone.push(now(who));
          replicas[who] = world.start(`successor ${index}`, settings(who));
        });
      }
      const all = (): Replica[] => [...replicas, ...gone];
      const oneAtMost = (): void => {
        const holding = all().filter((one) => !one.process.isStopped && one.holds());
        expect(holding.map((one) => one.name).slice(1)).toEqual([]);
      };

      await world.time.run(200_000, oneAtMost);
      isCalm = true;
      await world.time.run(90_000, oneAtMost);

      expect(replicas.filter((one) => one.holds())).toHaveLength(1);
      expect(new Set(termsOf(all())).size).toBe(termsOf(all()).length);
      expect(world.lease.record?.term).toBe(Math.max(...termsOf(all())));
    }),
    { numRuns: 60, endOnFailure: true },
  );
});

function termsOf(replicas: readonly Replica[]): readonly number[] {
  return replicas.flatMap((one) => one.reigns.map((reign) => reign.term));
}

/** The same numbers for the same seed. */
function chances(seed: number): () => number {
  let state = seed % 2_147_483_647;
  return () => {
    state = (state * 48_271 + 11) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

function spoiled(chance: () => number, percent: number): Fate {
  const span = (): number => (chance() * 100 < percent / 2 ? chance() * 25_000 : chance() * 200);
  const kinds = ['refused', 'lost', 'conflict'] as const;
  const kind = chance() * 100 < percent ? (kinds[Math.floor(chance() * 3)] ?? 'lost') : 'answered';
  return { thereMs: span(), backMs: span(), kind };
}
