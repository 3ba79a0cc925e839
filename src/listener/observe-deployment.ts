/** Looks at one committed revision: what the cluster shows of it becomes a report, and sometimes a small push on. */
import { expectedWorkloads, observe, type Verdict } from '../core/observe.ts';
import { reportObserved } from '../core/report.ts';
import { routeUrl, routeValues } from '../core/values-route.ts';
import type { Present } from '../domain/desired.ts';
import type { CommitId } from '../domain/identifiers.ts';
import type { LiveDeployment } from '../domain/live-object.ts';
import type { LastReport, Report } from '../domain/report.ts';
import { resourceName } from '../domain/resource-name.ts';
import { describe } from './decide.ts';
import { type ObserverWorld, type Watched, watchedFrom } from './observer-world.ts';
import { unlessSaid } from './step-reports.ts';

export interface Sight {
  readonly reports: readonly Report[];
  /** Milliseconds since 1970. */
  readonly lookAgainAt: number | null;
  /** A pod waits for a Secret that is not there. */
  readonly lacksSecret: boolean;
}

const nothing: Sight = { reports: [], lookAgainAt: null, lacksSecret: false };

/** A commit that was pushed, and that nobody has said so of yet. */
const soonMs = 200;
const eventsPauseMs = 10_000;

export async function observeDeployment(world: ObserverWorld, desired: Present): Promise<Sight> {
  const { context, folders } = world;
  const now = context.clock.now();
  const known = world.watched.get(desired.deploymentId);
  const last = desired.lastReport;
  if (!isCommitted(desired, last)) {
    return known?.revisionId === desired.revisionId ? { ...nothing, lookAgainAt: now.getTime() + soonMs } : nothing;
  }
  const folder = folders.get(desired.deploymentId);
  if (folder?.provenance?.revisionId !== desired.revisionId) return nothing;
  const watched = known?.revisionId === desired.revisionId ? known : watchedFrom(desired.revisionId, world.began);
  world.watched.set(desired.deploymentId, watched);
  const live = context.cluster.live(desired.deploymentId, folder.path);
  const expected = expectedWorkloads(folder.files.map(({ path }) => path));
  const verdict = await judge(world, watched, { desired, commit: last.commit, live, expected, last, now });
  if (waitsForEngine(verdict)) world.refresher.want(folder.path, now.getTime());
  else world.refresher.seen(folder.path);
  await unblock(world, watched, verdict);
  if (context.cluster.trouble() !== null && verdict.outcome !== 'succeeded') return blind(world, desired, last, now);
  measure(world, watched, desired, verdict, now);
  if (isNewlyHealthy(watched, verdict)) await probe(world, watched, desired);
  const message = verdict.outcome === 'succeeded' ? `${verdict.message}${watched.probeNote}` : verdict.message;
  const url = routeUrl(context.settings, resourceName(desired.name, desired.deploymentId));
  const { stage, outcome, reason } = verdict;
  const report = reportObserved(desired, { stage, outcome, reason, message, commit: last.commit, url }, now);
  return {
    reports: unlessSaid(desired, report),
    lookAgainAt: verdict.lookAgainAt?.getTime() ?? null,
    lacksSecret: verdict.reason === 'CreateContainerConfigError',
  };
}

/** Nothing of it was seen yet, or an object of it was refused: then the repair may come without a new revision. */
function waitsForEngine({ stage, outcome }: Verdict): boolean {
  return stage === 'committed' || (stage === 'synced' && outcome === 'failed');
}

type Committed = LastReport & { readonly commit: CommitId };

/** What a lane says of a commit that failed (a hold, a refusal) stands until the lane takes it back. */
function isCommitted(desired: Present, last: LastReport | null): last is Committed {
  if (last?.revisionId !== desired.revisionId || last.commit === null) return false;
  return !(last.stage === 'committed' && last.outcome === 'failed');
}

interface Looked {
  readonly desired: Present;
  readonly commit: CommitId;
  readonly live: LiveDeployment;
  readonly expected: ReadonlyMap<string, number>;
  readonly last: LastReport;
  readonly now: Date;
}

/** Events are read only where something puzzles, and not at every look. */
async function judge({ context, ancestry }: ObserverWorld, watched: Watched, looked: Looked): Promise<Verdict> {
  const { desired, commit, live, expected, last, now } = looked;
  const observation = {
    revisionId: desired.revisionId,
    commit,
    live,
    expected,
    contains: (revision: string) => ancestry.contains(revision, commit),
    committedAt: watched.committedAt,
    now,
    rollout: context.settings.rollout,
    wasHealthy: watched.isHealthy || (last.stage === 'healthy' && last.outcome !== 'failed'),
    last,
  };
  const verdict = observe({ ...observation, events: watched.events });
  if (verdict.puzzling.length === 0 || watched.eventsAgainAt > now.getTime()) return verdict;
  watched.eventsAgainAt = now.getTime() + eventsPauseMs;
  watched.events = await context.cluster.events(verdict.puzzling).catch(() => watched.events);
  return observe({ ...observation, events: watched.events });
}

/** An operation that goes on retrying an older commit would hold up this one for minutes. */
async function unblock({ context }: ObserverWorld, watched: Watched, { blockedBy }: Verdict): Promise<void> {
  const version = blockedBy?.metadata.resourceVersion ?? null;
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

/** Nothing is said of what cannot be seen, but that; a revision that has its answer keeps it. */
function blind({ context }: ObserverWorld, desired: Present, last: Committed, now: Date): Sight {
  const lookAgainAt = now.getTime() + context.timings.blindMs;
  if (last.outcome !== 'progressing' || last.stage === 'healthy') return { ...nothing, lookAgainAt };
  const words = { stage: last.stage, outcome: 'progressing', reason: 'ClusterUnreachable' } as const;
  const message = `Cannot see the cluster: ${context.cluster.trouble()}`;
  const report = reportObserved(desired, { ...words, message, commit: last.commit, url: null }, now);
  return { ...nothing, reports: unlessSaid(desired, report), lookAgainAt };
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

/** Advisory: the kubelet asks the same, from nearer; but a Service that leads nowhere shows only here. */
async function probe({ context }: ObserverWorld, watched: Watched, desired: Present): Promise<void> {
  const name = resourceName(desired.name, desired.deploymentId);
  const path = `${routeValues(context.settings, name)?.prefix ?? ''}/ok`;
  const answer = await context.cluster.probe(name, path);
  if (answer.kind === 'answered' && answer.status !== 200) {
    watched.probeNote = `; but ${path} answers ${answer.status} when the API server asks Service ${name}`;
  }
  if (answer.kind === 'failed')
    watched.probeNote = `; but the API server cannot ask Service ${name}: ${answer.message}`;
}
