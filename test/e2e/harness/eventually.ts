/** Patience: asks again and again, and when time is up tells what the last answer was. */
import { setTimeout as sleep } from 'node:timers/promises';

const pauseMs = 100;

/** Asks until there is an answer that holds; what is thrown counts as "not yet", and is told when time is up. */
export async function eventually<T>(
  what: string,
  probe: () => T | Promise<T>,
  deadlineMs = 60_000,
): Promise<Exclude<T, undefined | null | false>> {
  const deadline = Date.now() + deadlineMs;
  let last = '';
  for (;;) {
    try {
      const found = await probe();
      if (found) return found as Exclude<T, undefined | null | false>;
      last = '';
    } catch (error) {
      last = `; the last answer was: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (Date.now() > deadline) throw new Error(`Waited ${deadlineMs} ms in vain for ${what}${last}`);
    await sleep(pauseMs);
  }
}
