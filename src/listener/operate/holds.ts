/** `towpath hold list`: everything in a namespace that waits for a person, read from the control plane, git and the forge. */
import { decideRemovals } from '../../core/deletion-limit.ts';
import type { Hold, HoldProposal } from '../../core/holds.ts';
import type { NamespacePlan, Step } from '../../core/plan.ts';
import { readMarker } from '../../core/pull-request/marker.ts';
import { takenBackWords } from '../../core/taken-back.ts';
import type { CommitId } from '../../domain/identifiers.ts';
import type { CommitSummary } from '../../ports.ts';
import { emptyMemory, type LaneContext, type LaneMemory } from '../context.ts';
import { planPass } from '../decide.ts';
import { takenBackOf } from '../edited-folder.ts';
import { changesSince, countRecentRemovals, lastChangeOf, lostCommit } from '../evidence.ts';
import { askedFor, type ReviewCase, reviewCases } from '../review/cases.ts';
import { lookAtReview, reviewContext } from '../review/look.ts';
import { editedWords, rejectedWords } from '../review/words.ts';
import type { Look } from './operate.ts';

/** Writes nothing, and needs no listener that runs. */
export async function listHolds(look: Look): Promise<readonly Hold[]> {
  const { context, view, items } = look;
  const { head } = view.snapshot;
  const { namespace, settings } = context;
  const known = { namespace, pushed: null, accepted: settings.acceptHistory, desired: items };
  const lost = await lostCommit(context.repository, view.snapshot, known);
  // Nothing else can be told from a history that is not ours.
  if (lost !== null && head !== null) return [{ kind: 'history', lost, head }];
  const memory = emptyMemory();
  const plan = await planPass(context, memory, view, items);
  const cases = await casesOf(look, memory, plan);
  const holds: Hold[] = [];
  const caseOf = new Map(cases?.map((each) => [each.step, each]));
  for (const step of plan.steps) holds.push(...(await holdsOfStep(look, step, caseOf.get(step))));
  for (const each of cases ?? []) holds.push(...(await heldInReview(context, each)));
  holds.push(...(await heldDeletions(look, plan, cases)));
  for (const path of plan.orphans) {
    holds.push({ kind: 'orphan', path, changes: await orphanChanges(context, look, path) });
  }
  return holds;
}

async function holdsOfStep(look: Look, step: Step, found: ReviewCase | undefined): Promise<readonly Hold[]> {
  const { name: deployment, deploymentId } = step.desired;
  const about = { deployment, deploymentId };
  switch (step.kind) {
    case 'hold': {
      const changes = await changesOf(look, step.since, step.path);
      const proposal = await proposalOf(look, found);
      const lines = step.drift === 'edited' ? await linesOf(look, step.path) : [];
      return [{ kind: step.drift, ...about, path: step.path, commit: step.since, changes, lines, proposal }];
    }
    case 'remove-held': {
      const { path } = step.folder;
      const changes = await changesOf(look, step.since, path);
      const proposal = await proposalOf(look, found);
      return [{ kind: 'edited-removal', ...about, path, commit: step.since, changes, proposal }];
    }
    case 'remove-foreign':
      return [{ kind: 'foreign-removal', ...about, ...(await remnantOf(look, step)) }];
    case 'foreign':
      return [
        { kind: 'foreign', ...about, path: step.path, doubt: step.doubt, proposal: await proposalOf(look, found) },
      ];
    case 'remove': {
      const [remnant] = step.remnants;
      const changes = remnant ? await changesOf(look, step.desired.lastReport?.commit ?? null, remnant.path) : [];
      return remnant ? [{ kind: 'foreign-removal', ...about, ...remnant, changes }] : [];
    }
    case 'keep':
    case 'removed':
    case 'interrupted':
    case 'outdated':
    case 'lay-down':
    case 'update':
    case 'rerender':
    case 'restore':
      return [];
    default:
      return step satisfies never;
  }
}

async function remnantOf(look: Look, { path, doubt, since }: Extract<Step, { kind: 'remove-foreign' }>) {
  return { path, doubt, changes: await changesOf(look, since, path) };
}

/** What goes with a release, or with the next revision, as far as git tells. */
async function linesOf({ context, view }: Look, path: string): Promise<readonly string[]> {
  const folder = view.folders.find((each) => each.path === path) ?? null;
  const found = await takenBackOf(context, view.snapshot, folder, null);
  return found === null ? [] : takenBackWords(found, {}).lines;
}

/** What a command has proposed for what is held, as far as it waits or was refused; null: nothing. */
async function proposalOf({ context }: Look, found: ReviewCase | undefined): Promise<HoldProposal | null> {
  if (found === undefined || context.review === null) return null;
  const { step, state } = found;
  const pullRequest = state.open ?? state.closed[0];
  const marker = pullRequest ? readMarker(pullRequest.body) : null;
  if (pullRequest === undefined || marker === null || marker.closed !== null) return null;
  if (pullRequest.state === 'merged' || !askedFor(step).includes(marker.change)) return null;
  const { number, url } = pullRequest;
  if (state.open !== null) return { number, url, state: 'open', by: null };
  const { desired } = step;
  if (desired.kind === 'present' && marker.revisionId !== desired.revisionId) return null;
  return { number, url, state: 'rejected', by: await context.review.forge.closedBy(number) };
}

/** Null with publication `direct`. */
async function casesOf(
  { context, view }: Look,
  memory: LaneMemory,
  plan: NamespacePlan,
): Promise<readonly ReviewCase[] | null> {
  const review = reviewContext(context);
  if (review === null) return null;
  return reviewCases(review, memory, await lookAtReview(review, memory), plan, view.snapshot);
}

async function heldInReview({ review }: LaneContext, { step, branch, next }: ReviewCase): Promise<readonly Hold[]> {
  const { name: deployment, deploymentId } = step.desired;
  if (next.kind === 'edited') {
    const { message } = editedWords(branch, next.by, next.pullRequest);
    return [
      { kind: 'edited-in-review', deployment, deploymentId, message, pullRequest: next.pullRequest?.url ?? null },
    ];
  }
  if (next.kind !== 'rejected' || review === null) return [];
  const by = await review.forge.closedBy(next.pullRequest.number);
  const { message } = rejectedWords(step.desired, next.pullRequest, by);
  return [{ kind: 'rejected', deployment, deploymentId, message, pullRequest: next.pullRequest.url }];
}

/** Under review those that are proposed already wait for people, not for the limit; but they count. */
async function heldDeletions(
  { context, view }: Look,
  plan: NamespacePlan,
  cases: readonly ReviewCase[] | null,
): Promise<readonly Hold[]> {
  const removing = plan.steps.flatMap((step) => (step.kind === 'remove' ? [step] : []));
  const nextOf = new Map((cases ?? []).map(({ step, next }) => [step, next.kind]));
  const counted = removing.filter((step) => nextOf.get(step) !== 'rejected');
  const held = cases === null ? removing : counted.filter((step) => unproposed.has(nextOf.get(step)));
  if (held.length === 0) return [];
  const refusal = await refusalOf(context, view, counted.length);
  if (refusal === null && cases !== null) return [];
  const deployments = held.map(({ desired, folder }) => ({
    deployment: desired.name,
    deploymentId: desired.deploymentId,
    path: folder.path,
  }));
  return [{ kind: 'deletions', deployments, refusal }];
}

const unproposed: ReadonlySet<ReviewCase['next']['kind'] | undefined> = new Set(['push', 'describe']);

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
