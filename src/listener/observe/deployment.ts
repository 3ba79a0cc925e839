/** Looks at one committed revision: what the cluster shows of it becomes a report, and sometimes a small push on. */
import { expectedWorkloads, observe, type Verdict } from '../../core/observe/observe.ts';
import { reportObserved } from '../../core/report.ts';
import { routeUrl, routeValues } from '../../core/values/route.ts';
import type { Present } from '../../domain/desired.ts';
import type { CommitId } from '../../domain/identifiers.ts';
import type { LiveDeployment } from '../../domain/live-object.ts';
import type { LastReport, Report } from '../../domain/report.ts';
import { resourceName } from '../../domain/resource-name.ts';
import { describe } from '../describe.ts';
import { isOnItsWay } from '../evidence.ts';
import { unlessSaid } from '../step-reports.ts';
import { noteMark } from './prober.ts';
import { blindness, isHeld, type ObserverWorld, type Watched, watchedFrom } from './world.ts';

export interface Sight {
  readonly reports: readonly Report[];
  /** Milliseconds since 1970. */
  readonly lookAgainAt: number | null;
  /** A pod waits for a Secret that is not there. */
  readonly lacksSecret: boolean;
}

const nothing: Sight = { reports: [], lookAgainAt: null, lacksSecret: false };

const eventsPauseMs = 10_000;

export async function observeDeployment(world: ObserverWorld, desired: Present): Promise<Sight> {
  const { context, folders } = world;
  const now = context.clock.now();
  const known = world.watched.get(desired.deploymentId);
  const last = desired.lastReport;
  const folder = folders.get(desired.deploymentId);
  if (!isCommitted(desired, last) || folder?.provenance?.revisionId !== desired.revisionId) {
    // Of a commit that was pushed a moment ago the lane will speak.
    if (known?.revisionId === desired.revisionId) known.awaitsLane = true;
    return nothing;
  }
  const watched = known?.revisionId === desired.revisionId ? known : watchAnew(world, desired, last);
  const blindWhy = noteBlindness(world, watched, now);
  const live = context.cluster.live(desired.deploymentId, folder.path);
  const expected = expectedWorkloads(folder.files.map(({ path }) => path));
  watched.awaitsLane = false;
  const looked = { desired, commit: last.commit, live, expected, last, now, isUnsure: blindWhy !== null };
  const verdict = await judge(world, watched, looked);
  if (blindWhy !== null && verdict.outcome !== 'succeeded') return blind(desired, last, now, blindWhy);
  if (hasLooked(verdict)) world.refresher.seen(folder.path);
  else world.refresher.want(folder.path, now.getTime());
  await unblock(world, watched, verdict);
  measure(world, watched, desired, verdict, now);
  if (isNewlyHealthy(watched, verdict) && last.outcome !== 'succeeded') ask(world, desired);
  return said(world, desired, last, verdict, now);
}

function said(world: ObserverWorld, desired: Present, last: Committed, verdict: Verdict, now: Date): Sight {
  const { settings } = world.context;
  const { stage, outcome, reason } = verdict;
  const lookAgainAt = verdict.lookAgainAt?.getTime() ?? null;
  const lacksSecret = reason === 'CreateContainerConfigError';
  // What failed goes on trying: only that it runs, or another failure, is news.
  const isFailed = last.outcome === 'failed' && outcome === 'progressing';
  if (isFailed) return { reports: [], lookAgainAt, lacksSecret };
  const note = outcome === 'succeeded' ? world.prober.note(desired.deploymentId) : '';
  const url = routeUrl(settings, resourceName(desired.name, desired.deploymentId));
  const words = { stage, outcome, reason, message: `${verdict.message}${note}`, commit: last.commit, url };
  return { reports: unlessSaid(desired, reportObserved(desired, words, now)), lookAgainAt, lacksSecret };
}

/** After a restart: what an earlier process found out about its Service stands until it is asked again. */
function watchAnew(world: ObserverWorld, desired: Present, last: Committed): Watched {
  const watched = watchedFrom(desired.revisionId, world.began);
  world.watched.set(desired.deploymentId, watched);
  world.prober.forget(desired.deploymentId);
  const mark = last.message.indexOf(noteMark);
  if (last.outcome !== 'succeeded' || mark === -1) return watched;
  world.prober.remember(desired.deploymentId, last.message.slice(mark));
  ask(world, desired);
  return watched;
}

/** No clock runs while nobody can see. */
function noteBlindness(world: ObserverWorld, watched: Watched, now: Date): string | null {
  const blind = blindness(world);
  if (blind !== null) {
    watched.blindSince ??= now.getTime();
  } else if (watched.blindSince !== null) {
    watched.blindMs += now.getTime() - watched.blindSince;
    watched.blindSince = null;
  }
  return blind;
}

/** Nothing of it was seen yet, or an object of it was refused: then the repair may come without a new revision. */
function waitsForEngine({ stage, outcome }: Verdict): boolean {
  return stage === 'committed' || (stage === 'synced' && outcome === 'failed');
}

/** At work on our commit; a request to look would tell it nothing. */
const atWork = new Set(['Syncing', 'Applying', 'Retrying']);

function hasLooked(verdict: Verdict): boolean {
  return !waitsForEngine(verdict) || atWork.has(verdict.reason);
}

type Committed = LastReport & { readonly commit: CommitId };

function isCommitted(desired: Present, last: LastReport | null): last is Committed {
  const isOfNow = last?.revisionId === desired.revisionId && !isOnItsWay(last);
  return isOfNow && last.commit !== null && !isHeld(desired);
}

interface Looked {
  readonly desired: Present;
  readonly commit: CommitId;
  readonly live: LiveDeployment;
  readonly expected: ReadonlyMap<string, number>;
  readonly last: LastReport;
  readonly now: Date;
  /** What is seen may be old, so no time-out is believed. */
  readonly isUnsure: boolean;
}

/** Events are read only where something puzzles, and not at every look. */
async function judge({ context, ancestry }: ObserverWorld, watched: Watched, looked: Looked): Promise<Verdict> {
  const { desired, commit, live, expected, last, now, isUnsure } = looked;
  const { rollout } = context.settings;
  const observation = {
    revisionId: desired.revisionId,
    commit,
    live,
    expected,
    contains: (revision: string) => {
      const answer = ancestry.contains(revision, commit);
      if (answer === null) watched.awaitsLane = true;
      return answer;
    },
    committedAt: watched.committedAt,
    now,
    rollout: { ...rollout, deadline: rollout.deadline + watched.blindMs },
    wasHealthy: watched.isHealthy || (last.stage === 'healthy' && last.outcome !== 'failed'),
    last,
  };
  const verdict = observe({ ...observation, events: watched.events });
  if (verdict.puzzling.length === 0 || isUnsure || watched.eventsAgainAt > now.getTime()) return verdict;
  watched.eventsAgainAt = now.getTime() + eventsPauseMs;
  watched.events = await context.cluster.events(verdict.puzzling).catch(() => watched.events);
  return observe({ ...observation, events: watched.events });
}

/** An operation that goes on retrying an older commit would hold up this one for minutes. */
async function unblock({ context }: ObserverWorld, watched: Watched, { blockedBy }: Verdict): Promise<void> {
  const version = blockedBy?.metadata.resourceVersion ?? null;
  // With this annotation Argo CD would take the newer commit for one without changes, and never sync it (decision 0051).
  if (blockedBy?.metadata.annotations?.['argocd.argoproj.io/manifest-generate-paths'] !== undefined) return;
  if (blockedBy === null || watched.endedOperation === version || !context.leadership.isHeld()) return;
  watched.endedOperation = version;
  const application = `${blockedBy.metadata.namespace}/${blockedBy.metadata.name}`;
  try {
    await context.cluster.endOperation(blockedBy);
    context.log.info('Ended an operation that retried an older commit', { application });
  } catch (error) {
    context.log.warn('Cannot end an operation that retries an older commit', { application, error: describe(error) });
  }
}

/** Nothing is said of what cannot be seen, but that; a revision that has its answer keeps it. The next look comes with sight. */
function blind(desired: Present, last: Committed, now: Date, why: string): Sight {
  const isAnswered = last.outcome !== 'progressing' || last.stage === 'healthy';
  if (isAnswered || why === '') return nothing;
  const words = { stage: last.stage, outcome: 'progressing', reason: 'ClusterUnreachable' } as const;
  const message = `Cannot see the cluster: ${why}`;
  const report = reportObserved(desired, { ...words, message, commit: last.commit, url: null }, now);
  return { ...nothing, reports: unlessSaid(desired, report) };
}

function measure(world: ObserverWorld, watched: Watched, desired: Present, verdict: Verdict, to: Date): void {
  const { namespace, telemetry } = world.context;
  const step = { namespace, deploymentId: desired.deploymentId, revisionId: desired.revisionId, to };
  // What was committed before this process began tells nothing of how long it took.
  const isWhole = watched.committedAt !== world.began;
  // A failure names the stage that was not reached.
  if (watched.syncedAt === null && !waitsForEngine(verdict)) {
    watched.syncedAt = to;
    if (isWhole) telemetry.step({ ...step, name: 'committed-to-synced', from: watched.committedAt });
  }
  if (watched.isHealthy || verdict.outcome !== 'succeeded') return;
  if (isWhole) telemetry.step({ ...step, name: 'synced-to-healthy', from: watched.syncedAt ?? watched.committedAt });
}

function isNewlyHealthy(watched: Watched, { outcome }: Verdict): boolean {
  const isNew = outcome === 'succeeded' && !watched.isHealthy;
  if (outcome === 'succeeded') watched.isHealthy = true;
  return isNew;
}

function ask({ context, prober }: ObserverWorld, desired: Present): void {
  const name = resourceName(desired.name, desired.deploymentId);
  prober.ask(desired.deploymentId, name, `${routeValues(context.settings, name)?.prefix ?? ''}/ok`);
}
