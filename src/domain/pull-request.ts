/** A pull request (GitLab: merge request) as every forge can tell of it. */
import type { CommitId } from './identifiers.ts';

export const forgeKinds = ['gitea', 'github', 'gitlab'] as const;
/** `gitea` is Forgejo, too. */
export type ForgeKind = (typeof forgeKinds)[number];

export interface PullRequest {
  /** As people call it: #12; on GitLab the `iid`. */
  readonly number: number;
  /** For people. */
  readonly url: string;
  /** Name of the branch, without `refs/heads/`. */
  readonly head: string;
  /** What the forge last saw on that branch; of a closed one: what it was closed with. */
  readonly headCommit: CommitId;
  readonly state: 'open' | 'merged' | 'closed';
  readonly title: string;
  readonly body: string;
  readonly labels: readonly string[];
  readonly draft: boolean;
  /**
   * conflict: a merge would need a hand. behind: the forge wants it rebuilt on the newest base. blocked: reviews or
   * checks are missing. unknown: the forge has not worked it out yet.
   */
  readonly mergeability: 'mergeable' | 'conflict' | 'behind' | 'blocked' | 'unknown';
  /** On the base; null until it is merged, or where the forge does not tell. */
  readonly mergeCommit: CommitId | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What is asked of a forge to open. */
export interface PullRequestContent {
  readonly title: string;
  /** Markdown. */
  readonly body: string;
  readonly labels: readonly string[];
}

/** Handlebars templates over what `core/pull-request/pull-request.ts` tells of a change; null: Towpath's own words. */
export interface PullRequestTemplates {
  readonly title: string | null;
  readonly body: string | null;
}

export interface NewPullRequest extends PullRequestContent {
  readonly head: string;
  readonly draft: boolean;
  readonly reviewers: readonly string[];
  readonly teamReviewers: readonly string[];
}

/** What reviewers and checks say of one commit. */
export type Approval =
  /** By so many people whose approval is of this very commit. */
  | { readonly kind: 'approved'; readonly by: readonly string[] }
  | { readonly kind: 'pending'; readonly by: readonly string[]; readonly why: string }
  | { readonly kind: 'refused'; readonly by: readonly string[]; readonly why: string };

export type MergeMethod = 'merge' | 'squash' | 'rebase';

interface SquashText {
  readonly trailers: 'kept' | 'lost';
  /** Where they are kept from, or how the forge can be made to keep them. */
  readonly how: string;
}

/** What a forge says about the repository and what these credentials may do there; for `doctor`. */
export interface ForgeRepository {
  /** Who the credentials belong to; null where the forge does not tell. */
  readonly account: string | null;
  readonly defaultBranch: string;
  readonly archived: boolean;
  readonly mayPush: boolean;
  readonly mergeMethods: readonly MergeMethod[];
  /** False: its settings keep the forge from merging by itself, as GitHub's do at first. Absent: nothing is told. */
  readonly allowsAutoMerge?: boolean | undefined;
  /** Whether the base demands reviews or checks; null where these credentials cannot tell. */
  readonly protected: boolean | null;
  /** What becomes of the trailers of our commit where a person squashes by the forge's own text. Absent: nothing is told. */
  readonly squash?: SquashText | undefined;
  /** Who signs what the forge merges: a web-flow key, nobody, or it is not known. */
  readonly mergeSignature: 'signed' | 'unsigned' | 'unknown';
}

/** How much may still be asked of a forge. */
export interface ForgeBudget {
  /** `requests` as the forge's own headers tell; the others by our own count. */
  readonly name: 'requests' | 'content a minute' | 'content an hour';
  readonly limit: number;
  readonly left: number;
}
