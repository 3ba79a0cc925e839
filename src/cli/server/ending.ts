/** The last resort of a process that was told to stop: it ends, whatever still holds it. */
import type { Log } from '../../ports.ts';

/** Longer than requests and database may take, and well within the minute that the chart gives a pod. */
const patienceMs = 20_000;
const leftOverMs = 2_000;

/** Call it once the process is to stop, and what it answers once everything is closed. */
export function endInTime(log: Log): () => void {
  const ended = endAfter(patienceMs, log);
  return () => {
    clearTimeout(ended);
    endAfter(leftOverMs, log);
  };
}

/** A process that nothing holds ends before, since this does not hold it either. */
function endAfter(ms: number, log: Log): NodeJS.Timeout {
  return setTimeout(() => {
    log.warn('Ended although something was still open: it did not close in time');
    process.exit(0);
  }, ms).unref();
}
