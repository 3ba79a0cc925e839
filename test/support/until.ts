/** Waits for something to become true, with a deadline that only a failing test comes to; no test sleeps a guessed time. */
import { setTimeout as sleep } from 'node:timers/promises';

export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  deadlineMs = 60_000,
): Promise<Exclude<T, undefined | null | false>> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const found = await probe();
    if (found) return found as Exclude<T, undefined | null | false>;
    if (Date.now() > deadline) throw new Error(`Waited ${deadlineMs} ms in vain for ${what}`);
    await sleep(10);
  }
}
