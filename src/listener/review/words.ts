/** What is said of a deployment whose change waits for people. */
import { plainLine } from '../../core/plain-line.ts';
import { reportInReview, reportRemoval } from '../../core/report.ts';
import type { Desired } from '../../domain/desired.ts';
import type { CommitId } from '../../domain/identifiers.ts';
import type { PullRequest } from '../../domain/pull-request.ts';
import type { Outcome, Report } from '../../domain/report.ts';
import { unlessSaid } from '../step-reports.ts';
import type { ReviewContext } from './look.ts';

interface Words {
  readonly outcome: Extract<Outcome, 'progressing' | 'failed'>;
  readonly reason: string;
  readonly message: string;
  readonly pullRequest: PullRequest | null;
}

export function sayInReview({ clock }: ReviewContext, desired: Desired, words: Words): readonly Report[] {
  const { outcome, reason, message, pullRequest } = words;
  if (desired.kind === 'removed') {
    return [reportRemoval(desired, { outcome, reason, message, commit: null }, clock.now())];
  }
  const said = { outcome, reason, message, pullRequest: pullRequest?.url ?? null };
  return unlessSaid(desired, reportInReview(desired, said, clock.now()));
}

export function waitingWords(context: ReviewContext, desired: Desired, pullRequest: PullRequest, note = ''): Words {
  const { branch, url } = context.repository;
  const what = desired.kind === 'removed' ? 'removes the deployment' : 'deploys it';
  const message =
    `Pull request #${pullRequest.number} (${pullRequest.url}) waits for review: merging it into ${branch} of ${url} ${what}, ` +
    `closing it rejects it${note === '' ? '' : `; ${note}`}`;
  return { outcome: 'progressing', reason: 'InReview', message, pullRequest };
}

export function editedWords(
  branch: string,
  by: { readonly id: CommitId; readonly author: { readonly name: string; readonly email: string } },
  pullRequest: PullRequest | null,
): Words {
  const author = `${plainLine(by.author.name, 100)} <${plainLine(by.author.email, 200)}>`;
  const then =
    pullRequest === null ? 'delete the branch' : `merge #${pullRequest.number}, or close it and delete the branch`;
  const message =
    `Branch ${branch} holds a commit by ${author}, ${by.id.slice(0, 12)}, and is left as it is; ` +
    `${then}, and it goes on from there`;
  return { outcome: 'progressing', reason: 'EditedInReview', message, pullRequest };
}

export function rejectedWords(desired: Desired, pullRequest: PullRequest, by: string | null): Words {
  const who = by === null ? 'somebody' : plainLine(by, 100);
  const then =
    desired.kind === 'removed'
      ? 'open it again to remove the deployment after all, or delete it by force'
      : 'open it again, or deploy another revision';
  const message = `rejected by ${who}: pull request #${pullRequest.number} (${pullRequest.url}) was closed without a merge; ${then}`;
  return { outcome: 'failed', reason: 'Rejected', message, pullRequest };
}

export function mergedWords(branch: string, pullRequest: PullRequest): Words {
  const message = `Pull request #${pullRequest.number} (${pullRequest.url}) was merged; waiting until branch ${branch} shows it`;
  return { outcome: 'progressing', reason: 'Merged', message, pullRequest };
}

export function undoneWords(branch: string, pullRequest: PullRequest): Words {
  const message =
    `Pull request #${pullRequest.number} (${pullRequest.url}) was merged, but branch ${branch} does not hold it any more; ` +
    'it is left so until the next revision';
  return { outcome: 'failed', reason: 'RevertedInGit', message, pullRequest };
}

/** The branch is there already. */
export function queuedWords(branch: string, pullRequest: PullRequest | null): Words {
  const message = `Pushed to ${branch}; its pull request waits until the forge allows more requests`;
  return { outcome: 'progressing', reason: 'WaitingForForge', message, pullRequest };
}
