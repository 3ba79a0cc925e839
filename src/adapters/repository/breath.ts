/** Lets others be heard in the middle of long work: a thousand commits are a second of it. */
import { setImmediate } from 'node:timers/promises';

const longestMs = 20;

/** Called after each piece of work. */
export function takeBreaths(): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < longestMs) return;
    await setImmediate();
    last = performance.now();
  };
}
