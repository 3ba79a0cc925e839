/** How far the clock of a server is from ours: reports, leases and keys that run out go by both. */
import type { Finding } from './check.ts';
import { ok, skipped, warning } from './check.ts';

const tolerableMs = 30_000;

/** `theirs` is the header Date, in whole seconds; `ours` the time at which its answer came. */
export function judgeClock(theirs: Date | null, ours: Date): Finding {
  if (theirs === null) return skipped('clock', 'its answer does not say what time it is');
  const skewMs = theirs.getTime() - ours.getTime();
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  if (Math.abs(skewMs) <= tolerableMs)
    return ok('clock', `differs by ${seconds <= 1 ? 'at most 1 s' : `${seconds} s`}`);
  const message = `is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} this machine’s`;
  return warning('clock', message, 'let both machines take their time from NTP');
}
