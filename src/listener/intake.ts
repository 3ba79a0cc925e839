/** Step 2, intake: the long poll, with a full comparison now and then and after each error. */
import { reportFailed, reportRemoval } from '../core/report.ts';
import type { Desired, DesiredPage } from '../domain/desired.ts';
import { failureKind } from '../domain/failure.ts';
import type { NamespaceName } from '../domain/identifiers.ts';
import type { Report } from '../domain/report.ts';
import type { Clock, ControlPlane, Log } from '../ports.ts';
import { describe } from './describe.ts';
import type { DesiredState } from './desired-state.ts';
import { unlessSaid } from './step-reports.ts';
import { retryDelay, type Timings } from './timings.ts';

interface IntakeOptions {
  readonly controlPlane: Pick<ControlPlane, 'desired'>;
  readonly desired: DesiredState;
  readonly served: ReadonlySet<NamespaceName>;
  readonly clock: Clock;
  readonly log: Log;
  readonly timings: Timings;
  readonly signal: AbortSignal;
  readonly wake: (namespaces: Iterable<NamespaceName>) => void;
  readonly say: (reports: readonly Report[]) => void;
  /** A whole listing is about to be taken. */
  readonly onListing: () => void;
}

/** Resolves when the signal aborts; no error ends it. */
export async function runIntake(options: IntakeOptions): Promise<void> {
  const { clock, log, signal, timings } = options;
  const listing = createListing(options);
  let failures = 0;
  while (!signal.aborted) {
    try {
      await listing.next();
      if (failures > 0) log.info('The control plane answers again', { afterFailures: failures });
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      listing.restart();
      const delay = retryDelay(error, timings.retryMs, failures);
      log.warn('Cannot ask the control plane what is wanted', {
        kind: failureKind(error),
        error: describe(error),
        retryInMs: delay,
      });
      await clock.sleep(delay, signal).catch(() => undefined);
    }
  }
}

interface Listing {
  /** One call, and what it brought. */
  next(): Promise<void>;
  /** The next call asks for everything again. */
  restart(): void;
}

function createListing(options: IntakeOptions): Listing {
  const { controlPlane, clock, signal, timings } = options;
  let cursor: string | null = null;
  /** Items of a whole listing that is not at its end; null while only changes come. */
  let whole: { readonly since: Date; readonly items: Map<string, Desired> } | null = null;
  let comparedAt = 0;

  const take = (page: DesiredPage, after: string | null, askedAt: Date): void => {
    // A listing that was not asked for came out of a long poll: nobody knows how old its end is, so ask afresh.
    if (page.reset && after !== null) {
      cursor = null;
      whole = null;
      return;
    }
    if (page.reset) whole = { since: askedAt, items: new Map() };
    for (const item of page.items) whole?.items.set(item.deploymentId, item);
    deliver(options, page.items);
    if (whole && !page.more) {
      options.onListing();
      // The first time even a namespace that nobody wants anything in is looked at: it may hold orphans.
      const isFirst = !options.desired.complete;
      const touched = options.desired.replace([...whole.items.values()], whole.since);
      options.wake(isFirst ? options.served : touched);
      comparedAt = clock.now().getTime();
      whole = null;
    }
    cursor = page.cursor;
  };
  return {
    next: async () => {
      const askedAt = clock.now();
      const isDue = whole === null && askedAt.getTime() - comparedAt >= timings.fullComparisonMs;
      const after = isDue ? null : cursor;
      const untilDue = Math.ceil((comparedAt + timings.fullComparisonMs - askedAt.getTime()) / 1000);
      const wait = after === null || whole ? 0 : Math.max(1, Math.min(timings.pollSeconds, untilDue));
      take(await controlPlane.desired(after, wait, signal), after, askedAt);
    },
    restart: () => {
      cursor = null;
      whole = null;
    },
  };
}

/** Takes what is served here; a deployment for another namespace is told so, for nobody else would. */
function deliver(options: IntakeOptions, items: readonly Desired[]): void {
  options.wake(options.desired.apply(items));
  const now = options.clock.now();
  const strays = items.filter((item) => !options.served.has(item.namespace));
  options.say(strays.flatMap((item) => reportStray(item, now)));
}

function reportStray(item: Desired, now: Date): readonly Report[] {
  const reason = 'NamespaceNotServed';
  const why =
    `this listener's configuration has no repository for namespace ${item.namespace}; ` +
    'add it under namespaces and start the listener again';
  if (item.kind === 'present') {
    const message = `Cannot lay down ${item.name}: ${why}`;
    return unlessSaid(item, reportFailed(item, { stage: 'committed', reason, message }, now));
  }
  const message = `Cannot remove ${item.name}: ${why}, or remove its folder in git and end the deletion with force`;
  return [reportRemoval(item, { outcome: 'failed', reason, message, commit: null }, now)];
}
