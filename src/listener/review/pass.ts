/** A pass whose changes are proposed: looks at base, branches and pull requests, and does what each of them needs. */

import type { NamespacePlan } from '../../core/plan.ts';
import { repositoryReadme } from '../../core/repository-readme.ts';
import { databaseSecretName } from '../../core/secrets/secret-names.ts';
import { giteaSquashTemplate } from '../../core/squash-template.ts';
import { repoPath } from '../../domain/file-tree.ts';
import type { CommitId } from '../../domain/identifiers.ts';
import type { Report } from '../../domain/report.ts';
import { resourceNameOf } from '../../domain/resource-name.ts';
import type { LaneMemory } from '../context.ts';
import { type Decision, draftPlan, nextRetry, planPass } from '../decide.ts';
import { refuseRewrittenHistory } from '../evidence.ts';
import type { PassOutcome } from '../pass-outcome.ts';
import { deniedError, refuseWithoutLeadership, TryAgain } from '../publish.ts';
import { type RepositoryView, viewAt } from '../repository-view.ts';
import { reportsOfStep } from '../step-reports.ts';
import { type Acted, lastingFailure, propose } from './acts.ts';
import type { DraftedCase } from './cases.ts';
import { type ReviewCase, reviewCases } from './cases.ts';
import { cleanUp, closeOne } from './close.ts';
import { logLooked } from './log-lines.ts';
import { lookAtReview, type ReviewContext, type ReviewLook } from './look.ts';
import { mergeApproved } from './merge.ts';
import { countRemovals } from './removals.ts';
import { leftOpen, sayStanding } from './standing.ts';
import { awaitOpenings, takenCases, waitingCases } from './turns.ts';

export async function attemptReviewPass(
  context: ReviewContext,
  memory: LaneMemory,
  say: (reports: readonly Report[]) => void,
): Promise<PassOutcome> {
  const { desired, namespace, publication } = context;
  const beganAt = context.clock.now().getTime();
  const version = desired.version(namespace);
  const look = await lookAtReview(context, memory);
  await logLooked(context, memory, look);
  const asksForApprovals = publication.merge === 'fast-forward' && look.open.size > 0;
  if (look.fingerprint === memory.review.fingerprint && isSettled(context, memory, version) && !asksForApprovals) {
    return { kind: 'idle' };
  }
  memory.review.lookAgain = false;
  const view = await baseView(context, memory, look.head);
  context.observer?.branch(view);
  const plan = await planPass(context, memory, view, desired.items(namespace));
  const cases = await reviewCases(context, memory, look, plan, view.snapshot);
  tellObserver(context, cases);
  awaitOpenings(context, memory, look, beganAt);
  const waiting = waitingCases(cases);
  const taken = takenCases(context, memory, waiting, beganAt);
  const leaving = cases.filter(isLeaving);
  const decision = await draftPlan(context, memory, view, withoutSteps(plan, leaving), {
    takes: (step) => taken.has(step),
    remembers: (step) => waiting.has(step),
    ...countRemovals(memory, cases),
  });
  const { spoken, standsAnyway } = await sayingOfRerendered(context, view, cases);
  say([...spoken(decision.reports), ...standsAnyway]);
  const standing = spoken(await sayStanding(context, memory, cases));
  // First of all: merging what is wanted no more would deploy it.
  const { useless, closed } = await closeUseless(context, memory, look, cases);
  for (const each of leaving) if (closed.has(each)) say(await reportsOfStep(context, view, each.step, null));
  const acted = await propose(context, memory, view.snapshot, draftedCases(taken, decision));
  say(spoken(acted.reports));
  if (acted.failure !== null) throw acted.failure;
  const merged = await mergeApproved(context, memory, view.snapshot, cases);
  await cleanUp(context, memory, useless);
  settle(memory, look, decision, acted, merged.merged, version, beganAt);
  return {
    kind: 'done',
    reports: [...standing, ...spoken(merged.reports)],
    head: merged.snapshot.head,
    pushed: acted.pushed,
    refusal: decision.refusal,
    orphans: plan.orphans,
  };
}

/** Once it is said that one is gone, it is forgotten, and nobody would close, or know, what is still open. */
function isLeaving(each: ReviewCase): boolean {
  return each.step.kind === 'removed' && (each.next.kind === 'close' || leftOpen(each) !== null);
}

function withoutSteps(plan: NamespacePlan, cases: readonly ReviewCase[]): NamespacePlan {
  const without = new Set(cases.map(({ step }) => step));
  return { ...plan, steps: plan.steps.filter((step) => !without.has(step)) };
}

/**
 * What is only rendered anew runs as it is, whatever people say to that: its revision is told of as one that the base
 * holds, and the forge tells of the rest.
 */
async function sayingOfRerendered(context: ReviewContext, view: RepositoryView, cases: readonly ReviewCase[]) {
  const rerendered = cases.flatMap(({ step }) => (step.kind === 'rerender' ? [step] : []));
  const ids = new Set(rerendered.map(({ desired }) => desired.deploymentId));
  const isOfIts = (report: Report): boolean =>
    report.kind === 'revision' && ids.has(report.deploymentId) && (report.stage !== 'committed' || isFailed(report));
  const standsAnyway: Report[] = [];
  for (const step of rerendered) {
    standsAnyway.push(...(await reportsOfStep(context, view, { ...step, kind: 'outdated' }, null)));
  }
  return { standsAnyway, spoken: (reports: readonly Report[]) => reports.filter((report) => !isOfIts(report)) };
}

function isFailed({ outcome }: Pick<Report, 'outcome'>): boolean {
  return outcome === 'failed';
}

function isSettled({ clock }: ReviewContext, memory: LaneMemory, version: number) {
  const now = clock.now().getTime();
  return memory.settledVersion === version && (nextRetry(memory, now) ?? Number.POSITIVE_INFINITY) > now;
}

function settle(
  memory: LaneMemory,
  look: ReviewLook,
  decision: Decision,
  { unsent }: Acted,
  merged: number,
  version: number,
  beganAt: number,
): void {
  const { review } = memory;
  if (review.retryAt !== null && review.retryAt <= beganAt) review.retryAt = null;
  if (review.opensFrom !== null && review.opensFrom <= beganAt) review.opensFrom = 0;
  // A look that finds what was done just now is no idle one: it reads it once more.
  review.fingerprint = review.lookAgain ? null : look.fingerprint;
  memory.settledVersion = decision.more || unsent || merged > 0 ? null : version;
}

/** An empty repository has no base that anything could be proposed onto: its README is pushed there. */
async function baseView(context: ReviewContext, memory: LaneMemory, head: CommitId | null): Promise<RepositoryView> {
  const { repository, committer, clock, namespace, desired, settings } = context;
  let view = await viewAt(repository, head, memory.view);
  await refuseRewrittenHistory(repository, view.snapshot, {
    namespace,
    pushed: memory.pushed,
    accepted: settings.acceptHistory,
    desired: desired.items(namespace),
  });
  if (head === null && desired.items(namespace).some(({ kind }) => kind === 'present')) {
    refuseWithoutLeadership(context);
    const identity = { ...committer, at: clock.now() };
    const outcome = await repository.publish(view.snapshot, [
      {
        message: 'Explain this repository\n\nA first commit, so that changes can be proposed onto it.\n',
        author: identity,
        committer: identity,
        changes: [
          { kind: 'write', path: repoPath('README.md'), content: repositoryReadme(namespace) },
          ...(context.review.forge.kind === 'gitea' ? [squashTemplate] : []),
        ],
      },
    ]);
    if (outcome.kind === 'moved') throw new TryAgain(`branch ${repository.branch} moved`);
    if (outcome.kind === 'denied') throw deniedError(outcome);
    view = await viewAt(repository, outcome.snapshot.head, view);
  }
  memory.view = view;
  return view;
}

const squashTemplate = {
  kind: 'write',
  path: repoPath(giteaSquashTemplate.path),
  content: giteaSquashTemplate.content,
} as const;

function draftedCases(taken: ReadonlyMap<unknown, ReviewCase>, { drafts }: Decision): readonly DraftedCase[] {
  const byDeployment = new Map([...taken.values()].map((each) => [each.step.desired.deploymentId, each]));
  return drafts.flatMap((draft) => {
    const found = byDeployment.get(draft.desired.deploymentId);
    return found ? [{ draft, case: found, replaces: found.wish?.replaces ?? null }] : [];
  });
}

interface Closed {
  readonly closed: ReadonlySet<ReviewCase>;
  /** Branches that may go. */
  readonly useless: ReadonlyMap<string, CommitId>;
}

/** Closes what nothing is wanted of any more. */
async function closeUseless(
  context: ReviewContext,
  memory: LaneMemory,
  look: ReviewLook,
  cases: readonly ReviewCase[],
): Promise<Closed> {
  const closed = new Set<ReviewCase>();
  const useless = new Map<string, CommitId>();
  const failures: unknown[] = [];
  for (const each of cases) {
    const { step, branch, next } = each;
    for (const double of look.doubles.get(branch) ?? []) {
      const reason = `opened twice, by two processes at once: #${look.open.get(branch)?.number} goes on`;
      await closeOne(context, memory, double, reason, failures);
    }
    if (next.kind === 'clean-up') useless.set(branch, next.tip);
    if (next.kind !== 'close') continue;
    const isClosed = await closeOne(context, memory, next.pullRequest, whyClosed(step), failures);
    if (isClosed) closed.add(each);
    if (isClosed && next.tip !== null) useless.set(branch, next.tip);
  }
  const failure = lastingFailure(context, memory, failures);
  if (failure !== null) throw failure;
  return { closed, useless };
}

function whyClosed({ kind, desired }: ReviewCase['step']): string {
  if (desired.kind === 'removed') return 'the deployment was deleted in the control plane';
  if (kind === 'interrupted') return 'the revision was interrupted';
  if (kind === 'foreign') return 'somebody else’s folder is where this would go';
  if (kind === 'hold') return 'the folder was changed in git, and is left so until the next revision';
  return 'superseded: the branch holds what is wanted already';
}

/** What may be merged any moment must find its Secrets. */
function tellObserver({ observer }: ReviewContext, cases: readonly ReviewCase[]): void {
  const names = cases.flatMap(({ state, branch }) => {
    if (state.branch.kind !== 'ours') return [];
    const { secretName } = state.branch.proposed;
    return [databaseSecretName(resourceNameOf(branch)), ...(secretName === null ? [] : [secretName])];
  });
  observer?.proposed(new Set(names));
}
