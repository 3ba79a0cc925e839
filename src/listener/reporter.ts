/** Brings reports to the control plane: in order, batched, again after each outage, and never too many in memory. */
import { asTowpathError, failureKind } from '../domain/failure.ts';
import type { Report } from '../domain/report.ts';
import type { Clock, ControlPlane, Log, Telemetry } from '../ports.ts';
import { describe } from './describe.ts';
import type { Leadership } from './leader/leadership.ts';
import { retryDelay, type Timings } from './timings.ts';
import { createWaker } from './waker.ts';

export interface Reporter {
  say(reports: readonly Report[]): void;
  /** Forgets what was said of removals and lanes, so that a control plane that lost it hears it again. */
  forget(): void;
  /** Tries until `deadlineMs` to bring the rest, then ends. */
  stop(deadlineMs: number): Promise<void>;
}

interface ReporterOptions {
  readonly controlPlane: Pick<ControlPlane, 'report'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly timings: Timings;
  readonly leadership: Leadership;
  readonly telemetry: Pick<Telemetry, 'queue' | 'retry'>;
}

const batchLimit = 500;
/** Half of what a control plane takes at once. */
const batchBytes = 1024 * 1024;
const queueLimit = 20_000;

export function startReporter(options: ReporterOptions): Reporter {
  const { clock, log, timings, telemetry } = options;
  const session: Session = { ...options, term: options.leadership.term };
  const queue = new Map<string, Report>();
  const said = new Map<string, string>();
  const stopping = new AbortController();
  const waker = createWaker(clock, stopping.signal);

  const run = async (): Promise<void> => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      if (queue.size === 0) await waker.wait(3_600_000);
      try {
        await flush(queue, session);
        failures = 0;
        telemetry.queue('reports', queue.size);
        if (queue.size < batchLimit) await waker.pause(timings.reportGapMs);
      } catch (error) {
        failures += 1;
        telemetry.retry(failureKind(error));
        telemetry.queue('reports', queue.size);
        log.warn('Cannot report to the control plane', { waiting: queue.size, error: describe(error) });
        await waker.pause(retryDelay(error, timings.retryMs, failures));
      }
    }
  };
  const done = run();
  return {
    say: (reports) => {
      for (const report of reports.filter((each) => isNews(said, each))) enqueue(queue, report);
      waker.wake();
    },
    forget: () => said.clear(),
    stop: async (deadlineMs) => {
      const deadline = clock.now().getTime() + deadlineMs;
      while (queue.size > 0 && clock.now().getTime() < deadline) await clock.sleep(20);
      stopping.abort();
      await done;
    },
  };
}

interface Session extends ReporterOptions {
  term: number;
}

type Batch = readonly (readonly [key: string, report: Report])[];

async function flush(queue: Map<string, Report>, session: Session): Promise<void> {
  const batch = nextBatch(queue);
  if (batch.length === 0) return;
  try {
    await send(queue, batch, session);
  } catch (error) {
    if (asTowpathError(error)?.reason === 'StaleTerm') return raiseTerm(session, error);
    if (!isRefusal(error)) throw error;
    await sendOneByOne(queue, batch, session);
  }
}

/** The oldest reports, as many as fit; one alone always does. */
function nextBatch(queue: ReadonlyMap<string, Report>): Batch {
  const batch: (readonly [string, Report])[] = [];
  let bytes = 0;
  for (const [key, report] of queue) {
    bytes += Buffer.byteLength(JSON.stringify(report));
    if (batch.length === batchLimit || (batch.length > 0 && bytes > batchBytes)) break;
    batch.push([key, report]);
  }
  return batch;
}

/**
 * Whoever holds the Lease leads: the control plane has seen a higher term only where the Lease was deleted and made
 * anew. Whoever does not hold it any more was replaced, and has nothing to say.
 */
async function raiseTerm(session: Session, refusal: unknown): Promise<void> {
  const { leadership, term } = session;
  if (!leadership.isHeld()) throw refusal;
  session.term = await leadership.raiseTerm(Math.max(seenTerm(refusal) ?? term * 2, 1));
  if (session.term <= term) throw refusal;
}

/** The control plane says what it has seen; an older one may not. */
function seenTerm(refusal: unknown): number | null {
  const said = /reported with term (\d{1,10})\b/.exec(asTowpathError(refusal)?.message ?? '')?.[1];
  return said === undefined ? null : Number(said);
}

async function send(queue: Map<string, Report>, batch: Batch, { controlPlane, term }: Session): Promise<void> {
  await controlPlane.report(
    term,
    batch.map(([, report]) => report),
  );
  for (const [key, report] of batch) if (queue.get(key) === report) queue.delete(key);
}

/** One report that the control plane refuses must not hold up the others for ever. */
async function sendOneByOne(queue: Map<string, Report>, batch: Batch, session: Session): Promise<void> {
  for (const [key, report] of batch) {
    try {
      await send(queue, [[key, report]], session);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      queue.delete(key);
      const fields = { report: report.kind, reason: report.reason, error: describe(error) };
      session.log.error('The control plane refused a report', fields);
    }
  }
}

/** Each stage of a revision, and its push, has one place in the queue; what is said anew goes to its end. */
function enqueue(queue: Map<string, Report>, report: Report): void {
  const key = keyOf(report);
  queue.delete(key);
  queue.set(key, report);
  // The oldest goes first; what it said is found again in git at the next full comparison.
  const [oldest] = queue.keys();
  if (queue.size > queueLimit && oldest !== undefined) queue.delete(oldest);
}

function keyOf(report: Report): string {
  switch (report.kind) {
    case 'revision':
      // What the cluster shows a moment later must not swallow where it was pushed to.
      return `${report.deploymentId} ${report.revisionId} ${report.reason === 'Pushed' ? 'Pushed' : report.stage}`;
    case 'removal':
      return `${report.deploymentId} removal`;
    case 'lane':
      return `lane ${report.namespace}`;
    default:
      return report satisfies never;
  }
}

/** Removals and lanes come with each pass; said again is only what differs. */
function isNews(said: Map<string, string>, report: Report): boolean {
  if (report.kind === 'revision') return true;
  const { at: _at, ...words } = report;
  const text = JSON.stringify(report.kind === 'lane' ? { ...words, head: null } : words);
  const key = keyOf(report);
  if (said.get(key) === text) return false;
  said.set(key, text);
  return true;
}

/** Terminal, but for a key or a term that is wrong: that is mended outside, and tried again slowly. */
function isRefusal(error: unknown): boolean {
  const reason = asTowpathError(error)?.reason;
  return (
    failureKind(error) === 'terminal' && reason !== 'Unauthorized' && reason !== 'Forbidden' && reason !== 'StaleTerm'
  );
}
