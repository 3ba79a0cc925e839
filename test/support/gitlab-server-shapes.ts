/**
 * Bodies as GitLab's REST API v4 answers with them (doc/api of gitlab-org/gitlab, 18), fields that nobody reads
 * included.
 */
import type { ServedPull, ServedRepository } from './forge-server-pulls.ts';

export interface Shaping {
  readonly web: string;
  readonly repository: ServedRepository;
}

export function userShape({ web }: Pick<Shaping, 'web'>, username: string) {
  return {
    id: idOf(username),
    username,
    public_email: null,
    name: `${username.slice(0, 1).toUpperCase()}${username.slice(1)}`,
    state: 'active',
    locked: false,
    avatar_url: `${web}/uploads/-/system/user/avatar/${idOf(username)}/avatar.png`,
    web_url: `${web}/${username}`,
  };
}

export function projectShape({ web, repository }: Shaping, accessLevel: number) {
  const name = repository.path.split('/').at(-1) ?? '';
  return {
    id: repository.id,
    description: null,
    name,
    name_with_namespace: repository.path.split('/').join(' / '),
    path: name,
    path_with_namespace: repository.path,
    created_at: '2026-01-05T09:00:00.000Z',
    default_branch: repository.defaultBranch,
    tag_list: [],
    topics: [],
    ssh_url_to_repo: `git@${new URL(web).host}:${repository.path}.git`,
    http_url_to_repo: `${web}/${repository.path}.git`,
    web_url: `${web}/${repository.path}`,
    readme_url: `${web}/${repository.path}/-/blob/main/README.md`,
    forks_count: 0,
    avatar_url: null,
    star_count: 0,
    last_activity_at: '2026-01-05T09:00:00.000Z',
    namespace: { id: 2, name: 'acme', path: 'acme', kind: 'group', full_path: repository.path.split('/')[0] },
    packages_enabled: true,
    empty_repo: false,
    archived: repository.archived,
    visibility: 'private',
    merge_requests_enabled: true,
    merge_requests_access_level: 'enabled',
    merge_method: mergeMethod(repository),
    squash_option: squashOption(repository),
    squash_commit_template: repository.keepsTrailers ? '%{first_multiline_commit}' : null,
    only_allow_merge_if_pipeline_succeeds: false,
    only_allow_merge_if_all_discussions_are_resolved: false,
    remove_source_branch_after_merge: true,
    suggestion_commit_message: null,
    permissions: {
      project_access: { access_level: accessLevel, notification_level: 3 },
      group_access: null,
    },
  };
}

export function mergeRequestShape(shaping: Shaping, pull: ServedPull, status: string) {
  const { web, repository } = shaping;
  const isMerged = pull.state === 'merged';
  const isSquashed = isMerged && pull.mergedWith === 'squash';
  const isMergeCommit = isMerged && pull.mergedWith === 'merge';
  return {
    id: repository.id * 1000 + pull.number,
    iid: pull.number,
    project_id: repository.id,
    title: pull.draft ? `Draft: ${pull.title}` : pull.title,
    description: pull.body,
    state: pull.state === 'open' ? 'opened' : pull.state,
    created_at: pull.createdAt.toISOString(),
    updated_at: pull.updatedAt.toISOString(),
    merged_by: pull.mergedBy && userShape(shaping, pull.mergedBy),
    merge_user: pull.mergedBy && userShape(shaping, pull.mergedBy),
    merged_at: isMerged ? (pull.closedAt?.toISOString() ?? null) : null,
    closed_by: pull.state === 'closed' && pull.closedBy ? userShape(shaping, pull.closedBy) : null,
    closed_at: pull.state === 'closed' ? (pull.closedAt?.toISOString() ?? null) : null,
    target_branch: pull.base,
    source_branch: pull.head,
    user_notes_count: 0,
    upvotes: 0,
    downvotes: 0,
    author: userShape(shaping, pull.author),
    assignees: [],
    assignee: null,
    reviewers: pull.reviewers.map((name) => userShape(shaping, name)),
    source_project_id: pull.fork === null ? repository.id : repository.id + 500_000,
    target_project_id: repository.id,
    labels: pull.labels.toSorted(),
    draft: pull.draft,
    imported: false,
    imported_from: 'none',
    work_in_progress: pull.draft,
    milestone: null,
    merge_when_pipeline_succeeds: pull.autoMerge !== null,
    merge_status: plainStatus(status),
    detailed_merge_status: pull.state === 'open' ? status : 'not_open',
    merge_after: null,
    // A fast-forward makes neither: the head itself is on the base.
    sha: isMerged && pull.mergedWith === 'rebase' ? pull.mergeCommit : pull.headCommit,
    merge_commit_sha: isMergeCommit ? pull.mergeCommit : null,
    squash_commit_sha: isSquashed ? pull.mergeCommit : null,
    discussion_locked: null,
    should_remove_source_branch: null,
    force_remove_source_branch: false,
    prepared_at: pull.createdAt.toISOString(),
    reference: `!${pull.number}`,
    references: { short: `!${pull.number}`, relative: `!${pull.number}`, full: `${repository.path}!${pull.number}` },
    web_url: `${web}/${repository.path}/-/merge_requests/${pull.number}`,
    time_stats: { time_estimate: 0, total_time_spent: 0, human_time_estimate: null, human_total_time_spent: null },
    squash: false,
    squash_on_merge: false,
    task_completion_status: { count: 0, completed_count: 0 },
    has_conflicts: status === 'conflict',
    blocking_discussions_resolved: true,
    approvals_before_merge: null,
  };
}

/** Of git alone: rules do not count. */
export function plainStatus(status: string): string {
  if (status === 'checking' || status === 'unchecked') return status;
  return status === 'conflict' ? 'cannot_be_merged' : 'can_be_merged';
}

/** As a paid edition tells, which has rules. */
export function approvalsShape(shaping: Shaping, pull: ServedPull) {
  const required = shaping.repository.protection?.approvals ?? 0;
  const last = new Map(pull.reviews.map((review) => [review.user, review]));
  const approvals = [...last.values()].filter(({ state }) => state === 'APPROVED');
  return {
    user_has_approved: false,
    user_can_approve: false,
    approved: approvals.length >= required,
    approvals_required: required,
    approvals_left: Math.max(required - approvals.length, 0),
    approved_by: approvals.map(({ user, at }) => ({ user: userShape(shaping, user), approved_at: at.toISOString() })),
  };
}

const reviewerStates = {
  APPROVED: 'approved',
  CHANGES_REQUESTED: 'requested_changes',
  COMMENTED: 'reviewed',
  DISMISSED: 'unapproved',
} as const;

export function reviewersShape(shaping: Shaping, pull: ServedPull) {
  const last = new Map(pull.reviews.map((review) => [review.user, review.state]));
  return [...new Set([...pull.reviewers, ...last.keys()])].map((username) => {
    const state = last.get(username);
    return {
      user: userShape(shaping, username),
      state: state ? reviewerStates[state] : 'unreviewed',
      created_at: pull.createdAt.toISOString(),
    };
  });
}

export function versionsShape({ repository }: Shaping, pull: ServedPull) {
  return pull.versions
    .map(({ commit, at }, index) => ({
      id: index + 1,
      head_commit_sha: commit,
      base_commit_sha: '0'.repeat(40),
      start_commit_sha: '0'.repeat(40),
      created_at: at.toISOString(),
      merge_request_id: repository.id * 1000 + pull.number,
      state: 'collected',
      real_size: '1',
      patch_id_sha: null,
    }))
    .toReversed();
}

export function statusesShape(shaping: Shaping, commit: string) {
  return (shaping.repository.checks.get(commit) ?? []).map((check, index) => ({
    id: index + 1,
    sha: commit,
    ref: 'main',
    status: check.state === 'failure' ? 'failed' : check.state === 'pending' ? 'running' : 'success',
    name: check.name,
    target_url: null,
    description: null,
    created_at: '2026-01-05T09:00:00.000Z',
    started_at: null,
    finished_at: null,
    allow_failure: false,
    coverage: null,
    pipeline_id: 7,
    author: userShape(shaping, 'ci'),
  }));
}

export function branchShape({ web, repository }: Shaping, name: string, commit: string, mayPush: boolean) {
  const isProtected = name === repository.defaultBranch && repository.protection !== null;
  return {
    name,
    merged: false,
    protected: isProtected,
    default: name === repository.defaultBranch,
    developers_can_push: false,
    developers_can_merge: false,
    can_push: mayPush && !isProtected,
    web_url: `${web}/${repository.path}/-/tree/${name}`,
    commit: { id: commit, short_id: commit.slice(0, 8), title: '', parent_ids: [] },
  };
}

/** Semi-linear, where branches must stand on the newest base. */
function mergeMethod({ mergeKinds, protection }: ServedRepository): string {
  if (!mergeKinds.includes('merge')) return 'ff';
  return protection?.strict === true ? 'rebase_merge' : 'merge';
}

function squashOption({ mergeKinds }: ServedRepository): string {
  if (!mergeKinds.includes('squash')) return 'never';
  return mergeKinds.length === 1 ? 'always' : 'default_off';
}

function idOf(text: string): number {
  return [...text].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % 1_000_000_007, 7);
}
