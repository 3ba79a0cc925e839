/** The budget of a forge: never more than the limit in any window, and not a millisecond of waiting for nothing. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pushesPerMinuteOf, requestBudget, requestLimitsOf } from '../../src/core/request-budget.ts';

const start = Date.parse('2026-01-01T00:00:00Z');

/** Sends as many as asked, each as soon as the budget lets it; answers when each went out. */
function sendAll(budget: ReturnType<typeof requestBudget>, count: number, gaps: readonly number[]): readonly number[] {
  const sent: number[] = [];
  let now = start;
  while (sent.length < count) {
    const wait = budget.take(now);
    if (wait === 0) {
      sent.push(now);
      now += gaps[sent.length % gaps.length] ?? 0;
    } else now += wait;
  }
  return sent;
}

function mostWithin(times: readonly number[], ms: number): number {
  return Math.max(0, ...times.map((from) => times.filter((time) => time >= from && time < from + ms).length));
}

describe('the budget of a forge', () => {
  it('is never exceeded in any minute or hour, whatever the pace', () => {
    const pace = fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 20 });
    const limits = fc.record({
      contentPerMinute: fc.option(fc.integer({ min: 1, max: 12 })),
      contentPerHour: fc.option(fc.integer({ min: 1, max: 60 })),
    });

    fc.assert(
      fc.property(limits, pace, fc.integer({ min: 1, max: 150 }), (given, gaps, count) => {
        const sent = sendAll(requestBudget(given), count, gaps);

        if (given.contentPerMinute !== null) {
          expect(mostWithin(sent, 60_000)).toBeLessThanOrEqual(given.contentPerMinute);
        }
        if (given.contentPerHour !== null) {
          expect(mostWithin(sent, 3_600_000)).toBeLessThanOrEqual(given.contentPerHour);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('lets each request go at the very first moment at which it fits', () => {
    const paces = fc.array(fc.integer({ min: 0, max: 30_000 }), { minLength: 1, maxLength: 9 });

    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), paces, (limit, gaps) => {
        const sent = sendAll(requestBudget({ contentPerMinute: limit, contentPerHour: null }), 40, gaps);

        sent.forEach((time, index) => {
          const asked = index === 0 ? start : (sent[index - 1] ?? 0) + (gaps[index % gaps.length] ?? 0);
          const free = index < limit ? 0 : (sent[index - limit] ?? 0) + 60_000;
          expect(time).toBe(Math.max(asked, free));
        });
      }),
      { numRuns: 60 },
    );
  });

  it('sends a burst of 300 to github.com in three minutes and a moment', () => {
    const github = requestLimitsOf({ repository: 'https://github.com/acme/agents.git', publication: { budget: {} } });

    const sent = sendAll(requestBudget(github), 300, [0]);

    expect((sent.at(-1) ?? 0) - start).toBe(3 * 60_000);
    expect(sent.filter((time) => time === start)).toHaveLength(80);
  });

  it('counts what went out before a restart', () => {
    const budget = requestBudget({ contentPerMinute: 3, contentPerHour: 5 });

    budget.seed([start - 10_000, start - 3_599_000, start - 50_000, start - 4_000_000], start);

    expect(budget.budgets(start)).toEqual([
      { name: 'content a minute', limit: 3, left: 1 },
      { name: 'content an hour', limit: 5, left: 2 },
    ]);
    expect(budget.take(start)).toBe(0);
    expect(budget.take(start)).toBe(10_000);
    expect(budget.budgets(start + 10_000).map(({ left }) => left)).toEqual([1, 2]);
  });

  it('waits no longer than the window, though the clock was set back', () => {
    const budget = requestBudget({ contentPerMinute: 1, contentPerHour: null });
    budget.take(start + 86_400_000);

    expect(budget.take(start)).toBe(60_000);
    expect(budget.take(start + 60_000)).toBe(0);
  });

  it('has nothing to count where nobody sets a limit', () => {
    const budget = requestBudget({ contentPerMinute: null, contentPerHour: null });

    const waits = Array.from({ length: 1000 }, () => budget.take(start));

    expect(Math.max(...waits)).toBe(0);
    expect(budget.budgets(start)).toEqual([]);
  });
});

describe('the limits of a namespace', () => {
  it.each([
    ['https://github.com/acme/agents', {}, { contentPerMinute: 80, contentPerHour: 500 }, 6],
    ['git@github.com:acme/agents.git', {}, { contentPerMinute: 80, contentPerHour: 500 }, 6],
    ['https://github.com/a/b', { contentPerMinute: 20 }, { contentPerMinute: 20, contentPerHour: 500 }, 6],
    ['https://github.example/a/b', {}, { contentPerMinute: null, contentPerHour: null }, undefined],
    ['https://gitlab.com/a/b', {}, { contentPerMinute: null, contentPerHour: null }, undefined],
    ['https://git.example/a/b', { contentPerHour: 9 }, { contentPerMinute: null, contentPerHour: 9 }, undefined],
  ])('of %s with %j are %j', (repository, budget, expected, pushes) => {
    const namespace = { repository, publication: { budget } };

    expect(requestLimitsOf(namespace)).toEqual(expected);
    expect(pushesPerMinuteOf(namespace)).toBe(pushes);
  });

  it('are as the configuration says for pushes', () => {
    const repository = 'https://github.com/acme/agents';

    expect(pushesPerMinuteOf({ repository, pushesPerMinute: 2, publication: { budget: {} } })).toBe(2);
  });
});
