/**
 * Names and types of what GitLab's REST API v4 answers, after its documentation (merge_requests, projects, branches,
 * commits, members, users and merge_request_approvals of doc/api, GitLab 17.9 to 18) and, where that is silent, its
 * Grape entities. Free editions lack what is not required here.
 */

type Schema = Readonly<Record<string, unknown>>;

const text = { type: 'string' } as const;
const whole = { type: 'integer' } as const;
const flag = { type: 'boolean' } as const;
const any = {} as const;
const time = { type: 'string', format: 'date-time' } as const;
const commit = { type: 'string', pattern: '^[0-9a-f]{40}$' } as const;

function or(schema: Schema): Schema {
  return { anyOf: [schema, { type: 'null' }] };
}

function list(items: Schema): Schema {
  return { type: 'array', items };
}

function one(of: readonly string[]): Schema {
  return { enum: of };
}

/** Whatever is named in neither is no field of GitLab's. */
function object(required: Readonly<Record<string, Schema>>, optional: Readonly<Record<string, Schema>> = {}): Schema {
  const properties = { ...required, ...optional };
  return { type: 'object', properties, required: Object.keys(required), additionalProperties: false };
}

function named(schema: Schema, ...names: readonly string[]): Readonly<Record<string, Schema>> {
  return Object.fromEntries(names.map((name) => [name, schema]));
}

const user = object(
  { ...named(text, 'username', 'name', 'state', 'web_url'), id: whole, avatar_url: or(text) },
  { locked: flag, public_email: or(text) },
);

export const currentUser = object(
  { ...named(text, 'username', 'name', 'state', 'web_url'), id: whole, avatar_url: or(text) },
  {
    ...named(flag, 'locked', 'bot', 'is_admin'),
    ...named(any, 'email', 'public_email', 'created_at', 'scim_identities'),
  },
);
export const users = list(user);

export const member = object(
  {
    ...named(text, 'username', 'name', 'state', 'web_url'),
    ...named(whole, 'id', 'access_level'),
    avatar_url: or(text),
  },
  { locked: flag, expires_at: or(text), ...named(any, 'public_email', 'created_at', 'created_by', 'membership_state') },
);

const access = or(object({ access_level: whole, notification_level: whole }));

export const project = object(
  {
    ...named(whole, 'id', 'star_count', 'forks_count'),
    ...named(text, 'name', 'name_with_namespace', 'path', 'path_with_namespace', 'http_url_to_repo', 'ssh_url_to_repo'),
    ...named(text, 'web_url', 'visibility'),
    ...named(or(text), 'description', 'default_branch', 'readme_url', 'avatar_url'),
    ...named(time, 'created_at', 'last_activity_at'),
    ...named(list(text), 'tag_list', 'topics'),
    namespace: { type: 'object' },
    ...named(flag, 'archived', 'empty_repo', 'merge_requests_enabled'),
    merge_method: one(['merge', 'rebase_merge', 'ff']),
    squash_option: one(['never', 'always', 'default_on', 'default_off']),
    squash_commit_template: or(text),
    only_allow_merge_if_pipeline_succeeds: or(flag),
    only_allow_merge_if_all_discussions_are_resolved: or(flag),
  },
  {
    ...named(flag, 'packages_enabled', 'merge_pipelines_enabled', 'merge_trains_enabled'),
    remove_source_branch_after_merge: or(flag),
    suggestion_commit_message: or(text),
    merge_requests_access_level: one(['disabled', 'private', 'enabled']),
    permissions: object({ project_access: access, group_access: access }),
  },
);

export const branch = object({
  ...named(text, 'name', 'web_url'),
  ...named(flag, 'merged', 'protected', 'default', 'developers_can_push', 'developers_can_merge', 'can_push'),
  commit: { type: 'object', properties: { id: commit }, required: ['id'] },
});

export const mergeStatuses = [
  ...['approvals_syncing', 'checking', 'ci_must_pass', 'ci_still_running', 'commits_status', 'conflict'],
  ...['discussions_not_resolved', 'draft_status', 'jira_association_missing', 'locked_lfs_files', 'locked_paths'],
  ...['mergeable', 'merge_request_blocked', 'merge_time', 'need_rebase', 'not_approved', 'not_open', 'preparing'],
  ...['requested_changes', 'security_policy_pipeline_check', 'security_policy_violations', 'status_checks_must_pass'],
  ...['title_regex', 'unchecked'],
];

const basic = {
  ...named(whole, 'id', 'iid', 'project_id', 'user_notes_count', 'upvotes', 'downvotes', 'target_project_id'),
  source_project_id: or(whole),
  ...named(text, 'title', 'target_branch', 'source_branch', 'reference', 'web_url', 'imported_from'),
  description: or(text),
  state: one(['opened', 'closed', 'locked', 'merged']),
  ...named(time, 'created_at', 'updated_at'),
  ...named(or(time), 'merged_at', 'closed_at', 'merge_after', 'prepared_at'),
  ...named(or(user), 'merged_by', 'merge_user', 'closed_by', 'assignee'),
  author: user,
  ...named(list(user), 'assignees', 'reviewers'),
  labels: list(text),
  ...named(flag, 'draft', 'imported', 'work_in_progress', 'merge_when_pipeline_succeeds', 'has_conflicts'),
  ...named(flag, 'squash', 'squash_on_merge', 'blocking_discussions_resolved'),
  ...named(or(flag), 'discussion_locked', 'should_remove_source_branch', 'force_remove_source_branch'),
  milestone: or({ type: 'object' }),
  merge_status: one(['unchecked', 'checking', 'can_be_merged', 'cannot_be_merged', 'cannot_be_merged_recheck']),
  detailed_merge_status: one(mergeStatuses),
  sha: or(commit),
  ...named(or(commit), 'merge_commit_sha', 'squash_commit_sha'),
  references: object(named(text, 'short', 'relative', 'full')),
  time_stats: { type: 'object' },
  task_completion_status: object(named(whole, 'count', 'completed_count')),
};
const sometimes = {
  approvals_before_merge: or(whole),
  ...named(flag, 'allow_collaboration', 'allow_maintainer_to_push'),
};

const pipeline = object(
  {
    ...named(whole, 'id', 'iid', 'project_id'),
    sha: commit,
    ...named(text, 'ref', 'status', 'source', 'web_url'),
    ...named(time, 'created_at', 'updated_at'),
  },
  named(any, 'before_sha', 'tag', 'yaml_errors', 'user', 'started_at', 'finished_at', 'committed_at', 'duration'),
);

export const mergeRequests = list(object(basic, sometimes));
export const mergeRequest = object(
  { ...basic, head_pipeline: or(pipeline) },
  {
    ...sometimes,
    ...named(any, 'subscribed', 'latest_build_started_at', 'latest_build_finished_at', 'pipeline', 'diff_refs', 'user'),
    ...named(any, 'first_deployed_to_production_at', 'merge_error', 'diverged_commits_count', 'rebase_in_progress'),
    changes_count: or(text),
    first_contribution: flag,
  },
);

export const approvals = object(
  {
    ...named(flag, 'user_has_approved', 'user_can_approve', 'approved'),
    approved_by: list(object({ user }, { approved_at: time })),
  },
  {
    ...named(whole, 'approvals_required', 'approvals_left'),
    ...named(
      any,
      'id',
      'iid',
      'project_id',
      'title',
      'description',
      'state',
      'created_at',
      'updated_at',
      'merge_status',
    ),
  },
);

export const reviewers = list(
  object({
    user,
    state: one(['unreviewed', 'reviewed', 'requested_changes', 'approved', 'unapproved', 'review_started']),
    created_at: time,
  }),
);

export const versions = list(
  object({
    ...named(whole, 'id', 'merge_request_id'),
    ...named(commit, 'head_commit_sha', 'base_commit_sha', 'start_commit_sha'),
    created_at: time,
    ...named(text, 'state', 'real_size'),
    patch_id_sha: or(text),
  }),
);

export const statuses = list(
  object(
    {
      id: whole,
      sha: commit,
      ref: or(text),
      status: one([
        ...['created', 'waiting_for_resource', 'preparing', 'waiting_for_callback', 'pending', 'running', 'success'],
        ...['failed', 'canceling', 'canceled', 'skipped', 'manual', 'scheduled'],
      ]),
      name: text,
      ...named(or(text), 'target_url', 'description'),
      created_at: or(time),
      ...named(or(time), 'started_at', 'finished_at'),
      allow_failure: flag,
      coverage: or({ type: 'number' }),
      author: or(user),
    },
    { pipeline_id: whole },
  ),
);

export const notes = {
  type: 'array',
  items: {
    type: 'object',
    properties: { id: whole, body: text, author: user, created_at: time, system: flag },
    required: ['id', 'body', 'author', 'created_at', 'system'],
  },
};

/** A text, a list of texts, or lists by field; the gates before the endpoints say `error` instead. */
export const refusal = {
  anyOf: [
    {
      type: 'object',
      properties: {
        message: { anyOf: [text, list(text), { type: 'object', additionalProperties: { anyOf: [text, list(text)] } }] },
      },
      required: ['message'],
      additionalProperties: false,
    },
    object({ error: text }, named(text, 'error_description', 'scope')),
  ],
};
