/** What is read of GitHub's answers, and what it means. */
import { z } from 'zod';
import { CommitId } from '../../../domain/identifiers.ts';
import type { PullRequest } from '../../../domain/pull-request.ts';

const Branch = z.object({
  ref: z.string(),
  sha: CommitId,
  /** Null: the fork is gone. */
  repo: z.object({ full_name: z.string() }).nullable(),
});

/** As in a list; one that is asked for by its number tells of mergeability, too. */
export const Pull = z.object({
  number: z.number().int(),
  node_id: z.string(),
  html_url: z.string(),
  state: z.enum(['open', 'closed']),
  title: z.string(),
  body: z.string().nullish(),
  labels: z.array(z.object({ name: z.string() })).default([]),
  draft: z.boolean().default(false),
  head: Branch,
  base: Branch,
  merged_at: z.string().nullish(),
  merge_commit_sha: CommitId.nullish().catch(null),
  mergeable: z.boolean().nullish(),
  mergeable_state: z.string().optional(),
  closed_at: z.iso.datetime({ offset: true }).nullish(),
  created_at: z.iso.datetime({ offset: true }),
  updated_at: z.iso.datetime({ offset: true }),
});
export type Pull = z.infer<typeof Pull>;

type Mergeability = PullRequest['mergeability'];

export function pullRequestOf(
  pull: Pull,
  mergeability = mergeabilityOf(pull.mergeable ?? null, pull.mergeable_state),
): PullRequest {
  const isMerged = typeof pull.merged_at === 'string';
  return {
    number: pull.number,
    url: pull.html_url,
    head: pull.head.ref,
    headCommit: pull.head.sha,
    state: isMerged ? 'merged' : pull.state,
    title: pull.title,
    body: pull.body ?? '',
    labels: pull.labels.map(({ name }) => name),
    draft: pull.draft,
    mergeability,
    // Of an open or closed one it is a merge that GitHub only tried.
    mergeCommit: isMerged ? (pull.merge_commit_sha ?? null) : null,
    createdAt: new Date(pull.created_at),
    updatedAt: new Date(pull.updated_at),
  };
}

/** Of a branch in this very repository, whatever the repository is called by now. */
export function isOwn({ head, base }: Pull): boolean {
  return head.repo !== null && head.repo.full_name === base.repo?.full_name;
}

/** `mergeable` null: not worked out yet. The words are those of REST; GraphQL has the same in capitals. */
export function mergeabilityOf(mergeable: boolean | null, state: string | undefined): Mergeability {
  if (mergeable === false) return 'conflict';
  return states[state ?? 'unknown'] ?? 'unknown';
}

const states: Readonly<Record<string, Mergeability>> = {
  clean: 'mergeable',
  has_hooks: 'mergeable',
  unstable: 'mergeable',
  dirty: 'conflict',
  behind: 'behind',
  blocked: 'blocked',
  draft: 'blocked',
  unknown: 'unknown',
};

export const MergeStates = z.object({
  repository: z.object({
    pullRequests: z.object({
      nodes: z.array(
        z
          .object({
            number: z.number().int(),
            headRefOid: z.string(),
            mergeable: z.enum(['MERGEABLE', 'CONFLICTING', 'UNKNOWN']).catch('UNKNOWN'),
            mergeStateStatus: z.string(),
          })
          .nullable(),
      ),
      pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
    }),
  }),
});

export type MergeStates = z.infer<typeof MergeStates>;

export const Review = z.object({
  user: z.object({ login: z.string() }).nullable(),
  state: z.string(),
  commit_id: z.string().nullable(),
});

export const CombinedStatus = z.object({
  statuses: z.array(z.object({ context: z.string(), state: z.string() })),
});

export const CheckRuns = z.object({
  check_runs: z.array(z.object({ name: z.string(), status: z.string(), conclusion: z.string().nullable() })),
});

export const Repository = z.object({
  full_name: z.string(),
  default_branch: z.string(),
  archived: z.boolean(),
  permissions: z.object({ push: z.boolean() }).optional(),
  allow_merge_commit: z.boolean().optional(),
  allow_squash_merge: z.boolean().optional(),
  allow_rebase_merge: z.boolean().optional(),
  allow_auto_merge: z.boolean().optional(),
  squash_merge_commit_message: z.string().optional(),
});
