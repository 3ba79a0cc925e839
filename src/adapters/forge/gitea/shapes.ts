/** What is read of Gitea's and Forgejo's answers, and how their pull requests become ours. */
import { z } from 'zod';
import type { CommitId } from '../../../domain/identifiers.ts';
import type { PullRequest } from '../../../domain/pull-request.ts';

const User = z.object({ login: z.string() });
const time = () => z.iso.datetime({ offset: true }).transform((text) => new Date(text));
const commit = () => z.string().transform((text) => text as CommitId);

const Side = z.object({
  /** The branch's name, also when the branch is gone: then `ref` is `refs/pull/12/head`. */
  label: z.string(),
  sha: commit(),
  repo_id: z.number(),
});

export const GiteaPullRequest = z.object({
  number: z.number(),
  html_url: z.string(),
  title: z.string(),
  body: z.string(),
  labels: z.array(z.object({ id: z.number(), name: z.string() })).nullish(),
  state: z.enum(['open', 'closed']),
  draft: z.boolean().default(false),
  merged: z.boolean(),
  mergeable: z.boolean(),
  merge_base: z.string().default(''),
  merge_commit_sha: commit().nullish(),
  merged_by: User.nullish(),
  head: Side,
  base: Side,
  created_at: time(),
  updated_at: time(),
  closed_at: time().nullish(),
});
export type GiteaPullRequest = z.infer<typeof GiteaPullRequest>;

export const GiteaReview = z.object({
  /** Null where a team is asked. */
  user: User.nullish(),
  state: z.string(),
  commit_id: z.string().default(''),
  official: z.boolean().default(false),
  dismissed: z.boolean().default(false),
});
export type GiteaReview = z.infer<typeof GiteaReview>;

export const GiteaStatus = z.object({
  statuses: z
    .array(z.object({ context: z.string(), status: z.string() }))
    .nullish()
    .transform((statuses) => statuses ?? []),
});

export const GiteaBranch = z.object({
  protected: z.boolean(),
  required_approvals: z.number().default(0),
  enable_status_check: z.boolean().default(false),
  status_check_contexts: z
    .array(z.string())
    .nullish()
    .transform((contexts) => contexts ?? []),
  effective_branch_protection_name: z.string().default(''),
});
export type GiteaBranch = z.infer<typeof GiteaBranch>;

export const GiteaProtection = z.object({ block_on_outdated_branch: z.boolean().default(false) });

export const GiteaLabel = z.object({ id: z.number(), name: z.string() });

export const GiteaRepository = z.object({
  default_branch: z.string(),
  archived: z.boolean(),
  permissions: z.object({ push: z.boolean() }).nullish(),
  allow_merge_commits: z.boolean().default(true),
  allow_squash_merge: z.boolean().default(true),
  allow_rebase: z.boolean().default(true),
});

export const GiteaUser = User;

export const GiteaTimelineEntry = z.object({ type: z.string().nullish(), user: User.nullish() });

/** Gitea knows a draft by the beginning of its title, which people need not see twice. */
const draftMarks = /^(?:wip:|\[wip\])\s*/i;
export const draftTitle = (title: string): string => `WIP: ${title}`;

/** `mergeability` needs more than one answer to be told. */
export function pullRequestOf(found: GiteaPullRequest, mergeability: PullRequest['mergeability']): PullRequest {
  const state = found.merged ? 'merged' : found.state;
  return {
    number: found.number,
    url: found.html_url,
    head: found.head.label,
    headCommit: found.head.sha,
    state,
    title: found.draft ? found.title.replace(draftMarks, '') : found.title,
    body: found.body,
    labels: (found.labels ?? []).map(({ name }) => name),
    draft: found.draft,
    mergeability,
    mergeCommit: found.merged ? (found.merge_commit_sha ?? null) : null,
    createdAt: found.created_at,
    updatedAt: found.updated_at,
  };
}
