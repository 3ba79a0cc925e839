/** A single deployment whose commit the server's policy refuses: it waits longer each time, and its neighbours do not. */
import { reportFailed, reportRemoval } from '../core/report.ts';
import type { Desired } from '../domain/desired.ts';
import type { TowpathError } from '../domain/failure.ts';
import type { Report } from '../domain/report.ts';
import type { LaneContext, LaneMemory } from './context.ts';
import { subjectOf } from './drafting.ts';
import { unlessSaid } from './step-reports.ts';
import { backoff } from './timings.ts';

export function reportRefused(
  { clock, timings }: LaneContext,
  { setbacks }: LaneMemory,
  desired: Desired,
  { reason, message }: TowpathError,
): readonly Report[] {
  const now = clock.now();
  const { deploymentId } = desired;
  const revisionId = subjectOf(desired);
  const last = setbacks.get(deploymentId);
  const attempts = last?.revisionId === revisionId ? last.attempts + 1 : 1;
  setbacks.set(deploymentId, {
    revisionId,
    attempts,
    message,
    retryAt: now.getTime() + backoff(timings.deniedMs, attempts),
  });
  if (desired.kind === 'removed') {
    return [reportRemoval(desired, { outcome: 'failed', reason, message, commit: null }, now)];
  }
  return unlessSaid(desired, reportFailed(desired, { stage: 'committed', reason, message }, now));
}
