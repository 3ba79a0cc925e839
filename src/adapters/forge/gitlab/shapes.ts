/** What is read of GitLab's answers, and what it means. */
import { z } from 'zod';
import { CommitId } from '../../../domain/identifiers.ts';
import type { PullRequest } from '../../../domain/pull-request.ts';

const date = z.iso.datetime({ offset: true });
const User = z.object({ username: z.string() });

/** Of single ones only; that of an older commit may stand there for a moment. */
const HeadPipeline = z.object({ sha: z.string(), ref: z.string(), status: z.string(), created_at: date });
export type HeadPipeline = z.infer<typeof HeadPipeline>;

export const MergeRequest = z.object({
  iid: z.number().int(),
  web_url: z.string(),
  state: z.enum(['opened', 'closed', 'locked', 'merged']),
  title: z.string(),
  description: z.string().nullish(),
  labels: z.array(z.string()).default([]),
  draft: z.boolean().optional(),
  /** Until GitLab 14. */
  work_in_progress: z.boolean().optional(),
  source_branch: z.string(),
  target_branch: z.string(),
  source_project_id: z.number().int().nullable(),
  target_project_id: z.number().int(),
  /** Of the head; null for a moment after it was opened. */
  sha: CommitId.nullable(),
  merge_commit_sha: CommitId.nullish(),
  squash_commit_sha: CommitId.nullish(),
  squash: z.boolean().nullish(),
  /** GitLab's name for all that it will merge by itself. */
  merge_when_pipeline_succeeds: z.boolean().nullish(),
  head_pipeline: HeadPipeline.nullish(),
  has_conflicts: z.boolean().default(false),
  detailed_merge_status: z.string().optional(),
  /** Until GitLab 15.5. */
  merge_status: z.string().optional(),
  merge_user: User.nullish(),
  /** Until GitLab 14.6. */
  merged_by: User.nullish(),
  closed_by: User.nullish(),
  merged_at: date.nullish(),
  closed_at: date.nullish(),
  created_at: date,
  updated_at: date,
});
export type MergeRequest = z.infer<typeof MergeRequest>;

const draftMark = /^\s*(?:draft:|\[draft\]|\(draft\))\s*/i;

export function draftTitle(title: string): string {
  return `Draft: ${title}`;
}

export function isDraft({ draft, work_in_progress }: MergeRequest): boolean {
  return draft ?? work_in_progress ?? false;
}

/**
 * GitLab obeys lines of a description such as `/merge`, by the rights of whoever writes it. What stands in ours comes
 * from others, so none of its lines begins like that; one space does not show.
 */
export function withoutCommands(description: string): string {
  return description.replace(/^\/(?=[a-z])/gim, ' /');
}

export function pullRequestOf(found: MergeRequest): PullRequest {
  const state = { opened: 'open', locked: 'open', closed: 'closed', merged: 'merged' } as const;
  const draft = isDraft(found);
  return {
    number: found.iid,
    url: found.web_url,
    head: found.source_branch,
    headCommit: found.sha ?? ('0'.repeat(40) as CommitId),
    state: state[found.state],
    // The mark is how GitLab keeps it, not what somebody wrote.
    title: draft ? found.title.replace(draftMark, '') : found.title,
    body: found.description ?? '',
    labels: found.labels,
    draft,
    mergeability: mergeabilityOf(found),
    // A fast-forward makes no commit of its own: the head is what the base holds.
    mergeCommit:
      found.state === 'merged' ? (found.merge_commit_sha ?? found.squash_commit_sha ?? found.sha ?? null) : null,
    createdAt: new Date(found.created_at),
    updatedAt: new Date(found.updated_at),
  };
}

/** Of a branch in this very project. */
export function isOwn({ source_project_id, target_project_id }: MergeRequest): boolean {
  return source_project_id === target_project_id;
}

function mergeabilityOf(found: MergeRequest): PullRequest['mergeability'] {
  if (found.state !== 'opened') return 'unknown';
  if (found.has_conflicts) return 'conflict';
  const { detailed_merge_status: detailed, merge_status: plain } = found;
  if (detailed === undefined) return plain === 'can_be_merged' ? 'mergeable' : 'unknown';
  return statuses[detailed] ?? 'blocked';
}

/** All that is not here is a rule of the project that waits for somebody: approvals, pipelines, discussions, … */
const statuses: Readonly<Record<string, PullRequest['mergeability']>> = {
  mergeable: 'mergeable',
  conflict: 'conflict',
  need_rebase: 'behind',
  unchecked: 'unknown',
  checking: 'unknown',
  preparing: 'unknown',
  approvals_syncing: 'unknown',
  not_open: 'unknown',
};

export const Project = z.object({
  id: z.number().int(),
  path_with_namespace: z.string(),
  /** Guests are not told. */
  default_branch: z.string().nullish(),
  archived: z.boolean().default(false),
  merge_requests_access_level: z.string().optional(),
  /** `merge`, `rebase_merge` or `ff`. */
  merge_method: z.string().default('merge'),
  /** `never`, `always`, `default_on` or `default_off`. */
  squash_option: z.string().optional(),
  /** Null, or empty: the title alone. */
  squash_commit_template: z.string().nullish(),
  only_allow_merge_if_pipeline_succeeds: z.boolean().nullish(),
  permissions: z
    .object({
      project_access: z.object({ access_level: z.number() }).nullable(),
      group_access: z.object({ access_level: z.number() }).nullable(),
    })
    .optional(),
});
export type Project = z.infer<typeof Project>;

export const Approvals = z.object({
  /** What the rules demand, and what is left of it; of GitLab's paid editions. */
  approvals_required: z.number().nullish(),
  approvals_left: z.number().nullish(),
  approved_by: z.array(z.object({ user: User, approved_at: date.nullish() })).default([]),
});

export const Reviewers = z.array(z.object({ user: User, state: z.string() }));

export const Versions = z.array(z.object({ head_commit_sha: z.string(), created_at: date }));

export const Notes = z.array(
  z.object({ system: z.boolean(), body: z.string(), author: User.nullable(), created_at: date }),
);

const Status = z.object({
  id: z.number(),
  name: z.string(),
  status: z.string(),
  allow_failure: z.boolean().nullish(),
});
export type Status = z.infer<typeof Status>;
export const Statuses = z.array(Status);
