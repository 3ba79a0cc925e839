/** Closes pull requests and takes branches away that are of no more use. */
import { closedBody } from '../../core/pull-request/marker.ts';
import { asTowpathError } from '../../domain/failure.ts';
import type { CommitId } from '../../domain/identifiers.ts';
import type { PullRequest } from '../../domain/pull-request.ts';
import type { LaneMemory } from '../context.ts';
import { describe } from '../describe.ts';
import { budgetWait, refuseWithoutLeadership } from '../publish.ts';
import type { DraftedCase } from './cases.ts';
import { logHappening } from './log-lines.ts';
import { noteClosed, type ReviewContext } from './look.ts';

/** Whether it is closed now. What only this one cannot have done to it is tried again at the next look. */
export async function closeOne(
  context: ReviewContext,
  memory: LaneMemory,
  pullRequest: PullRequest,
  reason: string,
  failures: unknown[],
): Promise<boolean> {
  if (failures.length > 0) return false;
  try {
    return await closeIfOpen(context, memory, pullRequest, reason);
  } catch (error) {
    const known = asTowpathError(error);
    if (known !== undefined && !ofEverybody.has(known.reason)) memory.review.lookAgain = true;
    else failures.push(error);
    context.log.warn('Cannot close a pull request', { ...fieldsOf(context, pullRequest), error: describe(error) });
    return false;
  }
}

/** A list may be a moment behind: of what was merged or closed since, no text may say that Towpath closed it. */
async function closeIfOpen(
  context: ReviewContext,
  { review: memory }: Pick<LaneMemory, 'review'>,
  { number }: PullRequest,
  reason: string,
): Promise<boolean> {
  const { forge } = context.review;
  const now = await forge.read(number);
  if (now?.state === 'open') {
    refuseWithoutLeadership(context);
    const body = closedBody(now.body, reason);
    await forge.close(number, body);
    noteClosed(memory, [{ ...now, body, state: 'closed' }]);
    logHappening(
      context,
      { review: memory },
      { happening: 'closed', branch: now.head, pullRequest: now, detail: { reason } },
    );
  } else {
    noteClosed(memory, [now]);
  }
  memory.open = memory.open?.filter((one) => one.number !== number) ?? null;
  return now?.state !== 'merged';
}

/** Failures of the forge that are nobody's in particular. */
export const ofEverybody: ReadonlySet<string> = new Set([
  'ForgeUnauthorized',
  'ForgeForbidden',
  'ForgeArchived',
  'ForgeUnreachable',
  'ForgeRateLimited',
  'ForgeBudget',
  'ForgeMissing',
  'NotLeading',
]);

/** A pull request about something else must not become this one. Those that could not be closed stay as they are. */
export async function closeOthers(
  context: ReviewContext,
  memory: LaneMemory,
  cases: readonly DraftedCase[],
  failures: unknown[],
): Promise<ReadonlySet<DraftedCase>> {
  const left = new Set<DraftedCase>();
  for (const each of cases) {
    const { next } = each.case;
    if (next.kind !== 'push' || next.closeFirst === null) continue;
    const reason =
      each.draft.desired.kind === 'removed'
        ? 'the deployment was deleted in the control plane; its removal is proposed anew'
        : 'the deployment is wanted again';
    if (!(await closeOne(context, memory, next.closeFirst, reason, failures))) left.add(each);
  }
  return left;
}

/** That it fails, or must wait for its turn, hurts nobody. */
export async function cleanUp(
  context: ReviewContext,
  memory: LaneMemory,
  branches: ReadonlyMap<string, CommitId>,
): Promise<void> {
  if (branches.size === 0 || !context.publication.deleteBranch) return;
  refuseWithoutLeadership(context);
  if (budgetWait(context, memory) > 0) {
    memory.review.lookAgain = true;
    return;
  }
  try {
    await context.review.branches.remove(branches);
  } catch (error) {
    const fields = { namespace: context.namespace, branches: [...branches.keys()].slice(0, 20).join(', ') };
    context.log.warn('Cannot remove branches that are of no more use', { ...fields, error: describe(error) });
  }
}

export function fieldsOf({ namespace }: ReviewContext, { number, url, head }: PullRequest) {
  return { namespace, pullRequest: number, branch: head, url };
}
