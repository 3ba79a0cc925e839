/**
 * How long the event loop is kept: the thread's own processor time between two turns of the loop, so that it does not
 * matter how long the machine lets the thread wait, in units of a fixed piece of work that is done right before, so that it
 * does not matter how fast the machine is. The best of some attempts counts: what blocks does so each time.
 */
import { setImmediate } from 'node:timers/promises';

const attempts = 10;
/** The fixed work takes 2 ms on a core of 2026 alone and 5 ms on one that is shared, so this is 20 to 50 ms. */
export const mostOfFixedWork = 10;

/**
 * The longest turn of the loop, in units of the fixed work. What is prepared does not count, and is prepared for each
 * attempt: work that is done once may be cheap when it is asked for again.
 */
export async function longestTurn(prepare: () => () => Promise<void>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < attempts && best > mostOfFixedWork; attempt += 1) {
    const work = prepare();
    const [, unit = 1] = [0, 1, 2].map(() => processorTimeOf(fixedWork)).sort((one, other) => one - other);
    best = Math.min(best, (await longestOf(work)) / unit);
  }
  return best;
}

async function longestOf(work: () => Promise<void>): Promise<number> {
  let isDone = false;
  let longest = 0;
  let last = processorTime();
  const end = () => {
    isDone = true;
  };
  const doing = work();
  void doing.then(end, end);
  while (!isDone) {
    await setImmediate();
    const now = processorTime();
    longest = Math.max(longest, now - last);
    last = now;
  }
  await doing;
  return longest;
}

/** Microseconds of this thread. */
function processorTime(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

function processorTimeOf(work: () => void): number {
  const before = processorTime();
  work();
  return Math.max(processorTime() - before, 1);
}

const document = JSON.stringify(Array.from({ length: 12_000 }, (_, at) => ({ id: at, text: `number ${at}` })));

export function fixedWork(): void {
  JSON.stringify(JSON.parse(document));
}
