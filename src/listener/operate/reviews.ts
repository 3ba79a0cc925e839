/** `towpath pr list`: the pull requests of a namespace, as the forge, their branches and the plan tell of them. */
import PQueue from 'p-queue';
import type { Change } from '../../core/provenance.ts';
import { readMarker } from '../../core/pull-request/marker.ts';
import { asTowpathError } from '../../domain/failure.ts';
import type { DeploymentId, DeploymentName, ListenerId, RevisionId } from '../../domain/identifiers.ts';
import type { Approval, PullRequest } from '../../domain/pull-request.ts';
import { emptyMemory } from '../context.ts';
import { planPass } from '../decide.ts';
import { type ReviewCase, reviewCases } from '../review/cases.ts';
import { lookAtReview, type ReviewContext, reviewContext } from '../review/look.ts';
import type { Look } from './operate.ts';

export type ReviewState =
  | 'waiting'
  | 'approved'
  /** A reviewer asks for changes. */
  | 'refused'
  | 'draft'
  | 'conflict'
  | 'behind'
  /** A person's commit is on its branch. */
  | 'edited'
  /** Closed by a person, though it is wanted still. */
  | 'rejected';

export interface ReviewSeen {
  readonly number: number;
  readonly url: string;
  readonly title: string;
  /** Null: the control plane knows no such deployment of this listener any more. */
  readonly deployment: DeploymentName | null;
  readonly deploymentId: DeploymentId | null;
  readonly revisionId: RevisionId | null;
  /** Null where the control plane does not count, or wants another one by now. */
  readonly revisionNumber: number | null;
  readonly change: Change | null;
  /** Whose it is: several listeners may share a repository. */
  readonly listenerId: ListenerId | null;
  readonly state: ReviewState;
  /** Who approved so far, committed to its branch, or closed it. */
  readonly by: readonly string[];
  /** Why the forge holds it; null: it does not say. */
  readonly why: string | null;
  readonly createdAt: Date;
}

/** Null with publication `direct`: nothing is proposed. */
export async function listReviews(look: Look): Promise<readonly ReviewSeen[] | null> {
  const context = reviewContext(look.context);
  if (context === null) return null;
  const memory = emptyMemory();
  const seen = await lookAtReview(context, memory);
  const plan = await planPass(context, memory, look.view, look.items);
  const cases = await reviewCases(context, memory, seen, plan, look.view.snapshot);
  const byBranch = new Map(cases.map((each) => [each.branch, each]));
  const queue = new PQueue({ concurrency: 4 });
  const waiting = [...seen.open.values()].map((one) =>
    queue.add(() => openReview(context, one, byBranch.get(one.head) ?? null)),
  );
  const rejected = cases.map((each) => queue.add(() => rejectedReview(context, each)));
  const all = await Promise.all([...waiting, ...rejected]);
  return all.filter((one) => one !== null).sort((one, other) => one.number - other.number);
}

async function openReview(
  context: ReviewContext,
  pullRequest: PullRequest,
  found: ReviewCase | null,
): Promise<ReviewSeen> {
  const about = aboutOf(pullRequest, found);
  if (found?.state.branch.kind === 'edited') {
    const { author } = found.state.branch.by;
    return { ...about, state: 'edited', by: [`${author.name} <${author.email}>`], why: null };
  }
  if (pullRequest.mergeability === 'conflict') return { ...about, state: 'conflict', by: [], why: null };
  if (pullRequest.draft) return { ...about, state: 'draft', by: [], why: null };
  const approval = await approvalOf(context, pullRequest);
  if (approval === null) return { ...about, state: 'waiting', by: [], why: 'reviews cannot be read' };
  const why = approval.kind === 'approved' ? null : approval.why;
  // `by` are those who approved all the same; who did not is in the forge's words.
  if (approval.kind === 'refused') return { ...about, state: 'refused', by: [], why };
  if (pullRequest.mergeability === 'behind') return { ...about, state: 'behind', by: approval.by, why };
  return { ...about, state: approval.kind === 'approved' ? 'approved' : 'waiting', by: approval.by, why };
}

/** That reviews may not be read hides no pull request; that the forge is gone is said. */
async function approvalOf({ review }: ReviewContext, pullRequest: PullRequest): Promise<Approval | null> {
  try {
    return await review.forge.approval(pullRequest);
  } catch (error) {
    if (asTowpathError(error)?.reason === 'ForgeForbidden') return null;
    throw error;
  }
}

async function rejectedReview({ review }: ReviewContext, found: ReviewCase): Promise<ReviewSeen | null> {
  if (found.next.kind !== 'rejected') return null;
  const { pullRequest } = found.next;
  const by = await review.forge.closedBy(pullRequest.number);
  return { ...aboutOf(pullRequest, found), state: 'rejected', by: by === null ? [] : [by], why: null };
}

function aboutOf({ number, url, title, body, createdAt }: PullRequest, found: ReviewCase | null) {
  const marker = readMarker(body);
  const desired = found?.step.desired ?? null;
  const isOfNow = desired?.kind === 'present' && desired.revisionId === marker?.revisionId;
  return {
    ...{ number, url, title, createdAt },
    deployment: desired?.name ?? null,
    deploymentId: marker?.deploymentId ?? desired?.deploymentId ?? null,
    revisionId: marker?.revisionId ?? null,
    revisionNumber: isOfNow ? desired.revisionNumber : null,
    change: marker?.change ?? null,
    listenerId: marker?.listenerId ?? null,
  };
}
