/** Files as data: no disk, no order, no duplicates. */
import type { Brand } from './brand.ts';
import type { BlobId } from './identifiers.ts';

/** A relative, normalised path with `/` between its segments. */
export type RepoPath = Brand<'RepoPath'>;
export type FileTree = ReadonlyMap<RepoPath, string>;

/** A file by its path from a folder. */
export interface FileAt {
  readonly path: string;
  readonly id: BlobId;
}

export type FileChange =
  | { readonly kind: 'write'; readonly path: RepoPath; readonly content: string }
  | { readonly kind: 'delete'; readonly path: RepoPath }
  /** The folder with everything under it. */
  | { readonly kind: 'delete-folder'; readonly path: RepoPath };

/** Accepts only what stays inside the repository and is a plain name on every file system. */
export function repoPath(text: string): RepoPath {
  const parts = text.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..' || part.toLowerCase() === '.git')) {
    throw new RangeError(`Cannot use ${JSON.stringify(text)} as a repository path: expected relative, plain segments`);
  }
  if (/[\u0000-\u001f\u007f\\]/.test(text)) {
    throw new RangeError(
      `Cannot use ${JSON.stringify(text)} as a repository path: it holds a control character or "\\"`,
    );
  }
  return text as RepoPath;
}
