/** `towpath hold list`: everything in a namespace that waits for a person, read from the control plane, git and the forge. */
import { decideRemovals } from '../core/deletion-limit.ts';
import type { Hold } from '../core/holds.ts';
import type { NamespacePlan, Step } from '../core/plan.ts';
import type { Desired } from '../domain/desired.ts';
import type { CommitId } from '../domain/identifiers.ts';
import type { CommitSummary } from '../ports.ts';
import { emptyMemory, type LaneContext } from './context.ts';
import { planPass } from './decide.ts';
import { changesSince, countRecentRemovals, lastChangeOf, lostCommit } from './evidence.ts';
import type { Look } from './operate.ts';

export interface HoldsSeen {
  readonly head: CommitId | null;
  readonly holds: readonly Hold[];
}

/** Writes nothing, and needs no listener that runs. */
export async function listHolds(look: Look): Promise<HoldsSeen> {
  const { context, view, items } = look;
  const { head } = view.snapshot;
  const { namespace, settings } = context;
  const known = { namespace, pushed: null, accepted: settings.acceptHistory, desired: items };
  const lost = await lostCommit(context.repository, view.snapshot, known);
  // Nothing else can be told from a history that is not ours.
  if (lost !== null && head !== null) return { head, holds: [{ kind: 'history', lost, head }] };
  const plan = await planPass(context, emptyMemory(), view, items);
  const holds: Hold[] = [];
  for (const step of plan.steps) holds.push(...(await holdsOfStep(look, step)));
  holds.push(...(await heldDeletions(look, plan)));
  for (const path of plan.orphans) {
    holds.push({ kind: 'orphan', path, changes: await orphanChanges(context, look, path) });
  }
  return { head, holds };
}

async function holdsOfStep(look: Look, step: Step): Promise<readonly Hold[]> {
  const { name: deployment, deploymentId } = step.desired;
  const about = { deployment, deploymentId };
  switch (step.kind) {
    case 'hold': {
      const changes = await changesOf(look, step.since, step.path);
      return [{ kind: step.drift, ...about, path: step.path, commit: step.since, changes }];
    }
    case 'remove-held': {
      const { path } = step.folder;
      const changes = await changesOf(look, step.since, path);
      return [{ kind: 'edited-removal', ...about, path, commit: step.since, changes }];
    }
    case 'remove-foreign':
      return [{ kind: 'foreign-removal', ...about, path: step.path }];
    case 'foreign':
      return [{ kind: 'foreign', ...about, path: step.path }];
    case 'keep':
    case 'removed':
    case 'interrupted':
    case 'outdated':
      return [];
    case 'lay-down':
    case 'update':
    case 'rerender':
    case 'restore':
    case 'remove':
      return heldInReview(step.desired);
    default:
      return step satisfies never;
  }
}

/** As the listener last reported it. */
function heldInReview(desired: Desired): readonly Hold[] {
  const { name: deployment, deploymentId, lastReport: last } = desired;
  if (last?.stage !== 'in-review' || (desired.kind === 'present' && last.revisionId !== desired.revisionId)) return [];
  const kind = last.reason === 'Rejected' ? 'rejected' : last.reason === 'EditedInReview' ? 'edited-in-review' : null;
  if (kind === null) return [];
  return [{ kind, deployment, deploymentId, message: last.message, pullRequest: last.pullRequest }];
}

async function heldDeletions({ context, view }: Look, plan: NamespacePlan): Promise<readonly Hold[]> {
  const removing = plan.steps.flatMap((step) => (step.kind === 'remove' ? [step] : []));
  if (removing.length === 0) return [];
  const refusal = await refusalOf(context, view, removing.length);
  // Under review the pull requests wait by themselves.
  if (refusal === null && context.review !== null) return [];
  const deployments = removing.map(({ desired, folder }) => ({
    deployment: desired.name,
    deploymentId: desired.deploymentId,
    path: folder.path,
  }));
  return [{ kind: 'deletions', deployments, refusal }];
}

async function refusalOf(context: LaneContext, { snapshot }: Look['view'], wanted: number): Promise<string | null> {
  const { namespace, repository, clock } = context;
  const { deletion } = context.settings;
  const recent = await countRecentRemovals(repository, snapshot, new Date(clock.now().getTime() - deletion.within));
  const decision = decideRemovals(deletion, { namespace, recent, wanted, held: false });
  return decision.kind === 'refused' ? decision.message : null;
}

function changesOf({ context, view }: Look, since: CommitId | null, path: string): Promise<readonly CommitSummary[]> {
  return changesSince(context.repository, view.snapshot, since, path);
}

async function orphanChanges(context: LaneContext, { view }: Look, path: string): Promise<readonly CommitSummary[]> {
  const last = await lastChangeOf(context.repository, view.snapshot, path, context.clock.now());
  return last === null ? [] : [last];
}
