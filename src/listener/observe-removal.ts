/** Follows a removal: gone from git is not gone; it ends when nothing of the deployment is left but retained claims. */
import { observeRemoval } from '../core/observe-removal.ts';
import { reportRemoval } from '../core/report.ts';
import type { Removed } from '../domain/desired.ts';
import type { Sight } from './observe-deployment.ts';
import type { ObserverWorld } from './observer-world.ts';

export async function observeRemoved(world: ObserverWorld, desired: Removed): Promise<Sight> {
  const { context, gone, refresher } = world;
  const { cluster, clock, settings } = context;
  const known = gone.get(desired.deploymentId);
  if (known === undefined || world.folders.has(desired.deploymentId))
    return { reports: [], lookAgainAt: null, lacksSecret: false };
  known.looks += 1;
  const { engine } = cluster.live(desired.deploymentId, known.folder);
  const remaining = await cluster.remaining(desired.deploymentId);
  const verdict = observeRemoval({ remaining, engine, data: settings.deletion.data });
  // Secrets are our own, not the engine's; pods that are still ending may need them.
  if (verdict.ours.length > 0 && context.leadership.isHeld()) {
    for (const name of verdict.ours) await cluster.deleteSecret(name);
  }
  const isOver = verdict.outcome === 'succeeded';
  const now = clock.now();
  if (isOver) refresher.seen(known.folder);
  else refresher.want(known.folder, now.getTime());
  if (isOver) gone.delete(desired.deploymentId);
  const { outcome, reason, message, retained } = verdict;
  const { first, most } = context.timings.removalMs;
  return {
    reports: [reportRemoval(desired, { outcome, reason, message, retained, commit: known.commit }, now)],
    lookAgainAt: isOver ? null : now.getTime() + Math.min(most, first * 2 ** Math.min(known.looks, 20)),
    lacksSecret: false,
  };
}
