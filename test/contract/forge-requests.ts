/** Pull requests that the contract suite of the forges opens. */
import type { NewPullRequest, PullRequest } from '../../src/domain/pull-request.ts';

export const prefix = 'towpath/';

export function request(head: string, more: Partial<NewPullRequest> = {}): NewPullRequest {
  const content = { title: `deploy: ${head}`, body: `About ${head}.\n\n<!-- towpath: ${head} -->`, labels: [] };
  return { head, ...content, draft: false, reviewers: [], teamReviewers: [], ...more };
}

export function heads(pullRequests: readonly PullRequest[]): readonly string[] {
  return pullRequests.map(({ head }) => head).sort();
}
