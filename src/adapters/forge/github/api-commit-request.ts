/** A commit that GitHub's API is asked to make, and what became of it. */
import { TowpathError } from '../../../domain/failure.ts';
import type { CommitId } from '../../../domain/identifiers.ts';
import type { Branches, Repository, Snapshot } from '../../../ports.ts';
import type { ApiCommit } from './changes.ts';
import type { GithubRefs, Refusal } from './refs.ts';

export interface CommitRequest {
  readonly branch: string;
  readonly parent: CommitId;
  readonly commit: ApiCommit;
}

export type CommitOutcome =
  | { readonly kind: 'made'; readonly id: CommitId }
  /** The branch is no longer where it was. */
  | { readonly kind: 'moved' }
  | ({ readonly kind: 'denied' } & Refusal);

/** The API puts commits on a branch that is there. */
export function headOf({ head }: Pick<Snapshot, 'head'>, name: string): CommitId {
  if (head !== null) return head;
  const message =
    `Cannot commit to ${name} by GitHub's API: the repository is empty, and the API cannot make a first commit; ` +
    'add a README on its page, or use publication.commits: push';
  throw new TowpathError('terminal', 'EmptyRepository', message);
}

export interface ProposeWorld {
  readonly git: Repository & Branches;
  readonly refs: GithubRefs;
  /** `owner/name`. */
  readonly name: string;
  readonly commit: (request: CommitRequest) => Promise<CommitOutcome>;
}

/** Beside the prefix, not below it: `towpath/agent` is made on `towpath-tmp/agent`. */
export function temporaryBranch(branch: string): string {
  const [first = '', ...rest] = branch.split('/');
  return [`${first}-tmp`, ...rest].join('/');
}
