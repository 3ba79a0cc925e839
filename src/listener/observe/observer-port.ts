/** What a lane tells the observer of its namespace. */
import type { Present, Removed } from '../../domain/desired.ts';
import type { CommitId } from '../../domain/identifiers.ts';
import type { RepositoryView } from '../repository-view.ts';

export interface Observer {
  /** The lane begins to look at the branch. */
  looking(): void;
  /** The lane has looked at the branch, or changed it. */
  branch(view: RepositoryView): void;
  /** Secrets that open pull requests refer to: they must be there when one is merged. */
  proposed(secrets: ReadonlySet<string>): void;
  /** The lane has pushed this revision, or found it in git though nobody had said so. */
  committed(desired: Present, folder: string, at: Date): void;
  /** The lane has asked for the head, whether it moved or not, and has said what there was to say. */
  looked(): void;
  /** Nothing of the deployment is in git any more. */
  gone(desired: Removed, folder: string, commit: CommitId | null): void;
  /** Something of it is in git, whatever was said before: that nothing is left in the cluster does not end it. */
  remains(desired: Removed): void;
  /** Resolves once it has come to rest after its signal was aborted. */
  readonly done: Promise<void>;
}
