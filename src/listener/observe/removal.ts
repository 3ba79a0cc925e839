/** Follows a removal: gone from git is not gone; it ends when nothing of the deployment is left but retained claims. */
import { observeRemoval, type RemovalVerdict } from '../../core/observe/removal.ts';
import { type RemovalWords, reportRemoval } from '../../core/report.ts';
import type { Removed } from '../../domain/desired.ts';
import type { LiveDeployment } from '../../domain/live-object.ts';
import { describe } from '../describe.ts';
import type { Timings } from '../timings.ts';
import type { Sight } from './deployment.ts';
import { blindness, type Gone, type ObserverWorld } from './world.ts';

export async function observeRemoved(world: ObserverWorld, desired: Removed): Promise<Sight> {
  const { context, gone } = world;
  const known = gone.get(desired.deploymentId);
  if (known === undefined || world.folders.has(desired.deploymentId)) return rest(null);
  const now = context.clock.now().getTime();
  const why = blindness(world);
  // What is not seen may be there.
  if (why !== null) return rest(null, why === '' ? [] : [unseen(world, desired, known, why)]);
  const live = context.cluster.live(desired.deploymentId, known.folder);
  const soonest = known.lookedAt + paceOf(world, known, live);
  if (now < soonest) return rest(soonest);
  known.looks += 1;
  known.lookedAt = now;
  try {
    const verdict = await judge(world, desired, live);
    return verdict.outcome === 'succeeded' ? end(world, desired, known, verdict) : goOn(world, desired, known, verdict);
  } catch (error) {
    return fail(world, desired, known, describe(error));
  }
}

function rest(lookAgainAt: number | null, reports: Sight['reports'] = []): Sight {
  return { reports, lookAgainAt, lacksSecret: false };
}

/** Listing what is left costs a request a kind: while something is seen to be there, it is only for the message. */
function paceOf({ context }: ObserverWorld, { looks, failure }: Gone, { workloads, pods }: LiveDeployment): number {
  const { removalMs, blindMs } = context.timings;
  if (failure !== null) return blindMs;
  const isBusy = workloads.length > 0 || pods.length > 0;
  return isBusy ? grown(removalMs, looks) : removalMs.first;
}

function grown({ first, most }: Timings['removalMs'], looks: number): number {
  return Math.min(most, first * 2 ** Math.min(looks, 20));
}

async function judge(
  { context }: ObserverWorld,
  desired: Removed,
  { engine }: LiveDeployment,
): Promise<RemovalVerdict> {
  const { cluster, settings, leadership } = context;
  const remaining = await cluster.remaining(desired.deploymentId);
  const verdict = observeRemoval({ remaining, engine, data: settings.deletion.data });
  // Secrets are our own, not the engine's; pods that are still ending may need them.
  for (const name of verdict.ours) if (leadership.isHeld()) await cluster.deleteSecret(name);
  return verdict;
}

function end(world: ObserverWorld, desired: Removed, known: Gone, verdict: RemovalVerdict): Sight {
  world.refresher.seen(known.folder);
  world.gone.delete(desired.deploymentId);
  return rest(null, [report(world, desired, known, verdict)]);
}

function goOn(world: ObserverWorld, desired: Removed, known: Gone, verdict: RemovalVerdict): Sight {
  const { context, refresher } = world;
  const now = context.clock.now().getTime();
  known.failure = null;
  if (isEnding(context.cluster.live(desired.deploymentId, known.folder))) refresher.seen(known.folder);
  else refresher.want(known.folder, now);
  return rest(now + grown(context.timings.removalMs, known.looks), [report(world, desired, known, verdict)]);
}

/** The engine has taken it up. */
function isEnding({ engine }: LiveDeployment): boolean {
  if (engine.kind === 'other') return false;
  const object = engine.kind === 'argo-cd' ? engine.application : engine.kustomization;
  return object?.metadata.deletionTimestamp !== undefined;
}

/** A right that is missing is named in the words, for whoever waits and for the log. */
function fail(world: ObserverWorld, desired: Removed, known: Gone, why: string): Sight {
  const { context } = world;
  if (known.failure !== why) {
    const fields = { namespace: context.namespace, deployment: desired.name, error: why };
    context.log.warn('Cannot tell what is left of a removed deployment', fields);
  }
  known.failure = why;
  return rest(context.clock.now().getTime() + context.timings.blindMs, [unseen(world, desired, known, why)]);
}

function unseen(world: ObserverWorld, desired: Removed, known: Gone, why: string) {
  const message = `Cannot tell what is left of it in the cluster: ${why}`;
  return report(world, desired, known, { outcome: 'progressing', reason: 'ClusterUnreachable', message });
}

function report(
  { context }: ObserverWorld,
  desired: Removed,
  { commit }: Gone,
  { outcome, reason, message, retained = [] }: Omit<RemovalWords, 'commit'>,
) {
  return reportRemoval(desired, { outcome, reason, message, retained, commit }, context.clock.now());
}
