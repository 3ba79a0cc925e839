/** A commit before it is made, and as history tells of it. */
import type { FileChange } from './file-tree.ts';
import type { CommitId } from './identifiers.ts';

/** What goes into one commit; its parent and tree are the repository's business. */
export interface CommitDraft {
  /** Whole message, trailers included; LF, final newline. */
  readonly message: string;
  readonly author: { readonly name: string; readonly email: string; readonly at: Date };
  readonly committer: { readonly name: string; readonly email: string; readonly at: Date };
  readonly changes: readonly FileChange[];
}

/** A message as forges take it: its first line, and what follows the empty line after it. */
export function splitMessage(message: string): { readonly subject: string; readonly body: string } {
  const [subject = '', ...rest] = message.split('\n');
  return { subject, body: rest.join('\n').trim() };
}

/** A commit on a branch beside the base. */
export interface BranchCommit {
  readonly id: CommitId;
  readonly parents: readonly CommitId[];
  readonly author: { readonly name: string; readonly email: string };
  readonly committer: { readonly name: string; readonly email: string };
  readonly message: string;
}

export interface CommitSummary {
  readonly id: CommitId;
  readonly author: { readonly name: string; readonly email: string };
  /** The committer's time, ISO 8601. */
  readonly at: string;
  readonly subject: string;
  /** Its own trailers say that Towpath made it. */
  readonly isTowpaths: boolean;
}

export function isTowpathsMessage(message: string): boolean {
  const paragraphs = message.slice(-8000).trimEnd().split('\n\n');
  const last = paragraphs.length > 1 ? (paragraphs.at(-1) ?? '') : '';
  return last.split('\n').some((line) => line.startsWith('Towpath-Version: '));
}
