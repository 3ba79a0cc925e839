/**
 * Pull requests and reviews as GitHub's REST API answers with them (github/rest-api-description, version 2022-11-28), fields that nobody
 * reads included.
 */
import type { ServedPull, ServedRepository, ServedReview } from './forge-server-pulls.ts';
import { branchShape, idOf, labelShape, nodeId, type Shaping, seconds, userShape } from './github-server-shapes.ts';

/** As a list has it: without mergeability, and without who merged. */
export function listedPullShape(shaping: Shaping, pull: ServedPull) {
  const { web, api, repository } = shaping;
  const url = `${api}/repos/${repository.path}/pulls/${pull.number}`;
  const issue = `${api}/repos/${repository.path}/issues/${pull.number}`;
  return {
    url,
    id: repository.id * 1000 + pull.number,
    node_id: pullNodeId(repository, pull),
    html_url: `${web}/${repository.path}/pull/${pull.number}`,
    diff_url: `${web}/${repository.path}/pull/${pull.number}.diff`,
    patch_url: `${web}/${repository.path}/pull/${pull.number}.patch`,
    issue_url: issue,
    number: pull.number,
    state: pull.state === 'open' ? 'open' : 'closed',
    locked: false,
    title: pull.title,
    user: userShape(shaping, pull.author),
    body: pull.body === '' ? null : pull.body,
    created_at: seconds(pull.createdAt),
    updated_at: seconds(pull.updatedAt),
    closed_at: pull.closedAt && seconds(pull.closedAt),
    merged_at: pull.state === 'merged' && pull.closedAt ? seconds(pull.closedAt) : null,
    // Of an open one: a merge that GitHub tried, on no branch.
    merge_commit_sha: pull.state === 'open' ? '0123456789012345678901234567890123456789' : pull.mergeCommit,
    assignee: null,
    assignees: [],
    requested_reviewers: pull.reviewers.map((login) => userShape(shaping, login)),
    requested_teams: pull.teamReviewers.map((slug) => teamShape(shaping, slug)),
    labels: pull.labels.map((name) => labelShape(shaping, name)),
    milestone: null,
    draft: pull.draft,
    commits_url: `${url}/commits`,
    review_comments_url: `${url}/comments`,
    review_comment_url: `${api}/repos/${repository.path}/pulls/comments{/number}`,
    comments_url: `${issue}/comments`,
    statuses_url: `${api}/repos/${repository.path}/statuses/${pull.headCommit}`,
    head: branchShape(shaping, pull.fork ?? repository.path, pull.head, pull.headCommit),
    base: branchShape(shaping, repository.path, pull.base, pull.headCommit),
    author_association: 'CONTRIBUTOR',
    auto_merge: pull.autoMerge && {
      enabled_by: userShape(shaping, pull.author),
      merge_method: pull.autoMerge,
      commit_title: pull.title,
      commit_message: '',
    },
    active_lock_reason: null,
    _links: {
      self: { href: url },
      html: { href: `${web}/${repository.path}/pull/${pull.number}` },
      issue: { href: issue },
      comments: { href: `${issue}/comments` },
      review_comments: { href: `${url}/comments` },
      review_comment: { href: `${api}/repos/${repository.path}/pulls/comments{/number}` },
      commits: { href: `${url}/commits` },
      statuses: { href: `${api}/repos/${repository.path}/statuses/${pull.headCommit}` },
    },
  };
}

function teamShape({ web, api, repository }: Shaping, slug: string) {
  const [owner] = repository.path.split('/');
  return {
    id: idOf(slug),
    node_id: nodeId('Team', idOf(slug)),
    url: `${api}/organizations/1/team/${idOf(slug)}`,
    html_url: `${web}/orgs/${owner}/teams/${slug}`,
    name: slug,
    slug,
    description: null,
    privacy: 'closed',
    permission: 'pull',
    type: 'organization',
    parent: null,
  };
}

export interface MergeState {
  readonly mergeable: boolean | null;
  readonly state: 'unknown' | 'clean' | 'dirty' | 'behind' | 'blocked' | 'draft' | 'unstable';
}

export function pullShape(shaping: Shaping, pull: ServedPull, merging: MergeState) {
  return {
    ...listedPullShape(shaping, pull),
    merged: pull.state === 'merged',
    mergeable: pull.state === 'open' ? merging.mergeable : null,
    rebaseable: pull.state === 'open' ? merging.mergeable : null,
    mergeable_state: pull.state === 'open' ? merging.state : 'unknown',
    merged_by: pull.mergedBy && userShape(shaping, pull.mergedBy),
    comments: 0,
    review_comments: 0,
    maintainer_can_modify: false,
    commits: 1,
    additions: 3,
    deletions: 1,
    changed_files: 1,
  };
}

export function issueShape(shaping: Shaping, pull: ServedPull) {
  const { repository, api, web } = shaping;
  const url = `${api}/repos/${repository.path}/issues/${pull.number}`;
  return {
    url,
    repository_url: `${api}/repos/${repository.path}`,
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    html_url: `${web}/${repository.path}/pull/${pull.number}`,
    id: repository.id * 1000 + pull.number,
    node_id: pullNodeId(repository, pull),
    number: pull.number,
    title: pull.title,
    user: userShape(shaping, pull.author),
    labels: pull.labels.map((name) => labelShape(shaping, name)),
    state: pull.state === 'open' ? 'open' : 'closed',
    locked: false,
    assignee: null,
    assignees: [],
    milestone: null,
    comments: 0,
    created_at: seconds(pull.createdAt),
    updated_at: seconds(pull.updatedAt),
    closed_at: pull.closedAt && seconds(pull.closedAt),
    author_association: 'CONTRIBUTOR',
    active_lock_reason: null,
    draft: pull.draft,
    pull_request: {
      url: `${api}/repos/${repository.path}/pulls/${pull.number}`,
      html_url: `${web}/${repository.path}/pull/${pull.number}`,
      diff_url: `${web}/${repository.path}/pull/${pull.number}.diff`,
      patch_url: `${web}/${repository.path}/pull/${pull.number}.patch`,
      merged_at: null,
    },
    body: pull.body,
    closed_by: pull.closedBy && userShape(shaping, pull.closedBy),
    state_reason: null,
  };
}

export function reviewShape(shaping: Shaping, pull: ServedPull, review: ServedReview) {
  const right = shaping.repository.people.get(review.user);
  const page = `${shaping.web}/${shaping.repository.path}/pull/${pull.number}#pullrequestreview-${review.id}`;
  const about = `${shaping.api}/repos/${shaping.repository.path}/pulls/${pull.number}`;
  return {
    id: review.id,
    node_id: nodeId('PullRequestReview', review.id),
    user: userShape(shaping, review.user),
    body: '',
    state: review.state,
    html_url: page,
    pull_request_url: about,
    _links: { html: { href: page }, pull_request: { href: about } },
    author_association: right ? 'COLLABORATOR' : 'NONE',
    submitted_at: seconds(review.at),
    commit_id: review.commit,
  };
}

export function pullNodeId(repository: ServedRepository, pull: ServedPull): string {
  return nodeId('PR', repository.id * 1000 + pull.number);
}
