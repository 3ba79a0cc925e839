/** Ends an answer that only drips: a limit on silence alone lets one byte a minute hold whoever waits for the whole. */

/** Of the longest silence that is allowed. */
const patience = 10;

/** For `request` of undici, which throws a TimeoutError then. */
export function wholeWithin(silenceMs: number, signal: AbortSignal | undefined): AbortSignal {
  const late = AbortSignal.timeout(patience * silenceMs);
  return signal ? AbortSignal.any([signal, late]) : late;
}
