/** Reads what a branch held and when, for audits and checks: isomorphic-git on a clone, whatever engine wrote it. */
import type { CommitSummary } from '../../ports.ts';
import { gitError } from './failure.ts';
import { newestFirst, summaryOf } from './history.ts';
import { BareClone } from './isomorphic/clone.ts';
import { commitsSince, commitsTouching } from './isomorphic/history.ts';
import { type IsomorphicHttpOptions, isomorphicHttp } from './isomorphic/http.ts';
import { idAtPath } from './isomorphic/trees.ts';

interface GitReaderOptions extends IsomorphicHttpOptions {
  /** http or https, without credentials. */
  readonly url: string;
  readonly branch: string;
  /** Holds the clone and nothing else: it is emptied when opening and closing. */
  readonly folder: string;
}

export interface GitReader {
  /** Commits of the branch that touched a path (`''`: all), newest first; none where the branch is not there. */
  log(path: string): Promise<readonly CommitSummary[]>;
  /** The text of a file as a commit left it; null where it has none. */
  read(commit: string, path: string): Promise<string | null>;
  close(): Promise<void>;
}

export function openGitReader(options: GitReaderOptions): GitReader {
  const clone = new BareClone({ ...options, http: isomorphicHttp(options) });
  const doing = async <Result>(action: () => Promise<Result>): Promise<Result> => {
    try {
      return await action();
    } catch (error) {
      throw gitError(`read ${options.url}`, error);
    }
  };
  return {
    log: (path) =>
      doing(async () => {
        const head = (await clone.listBranches()).get(clone.ref);
        if (head === undefined) return [];
        await clone.fetch(head);
        const all = newestFirst(head, await commitsSince(clone, head, new Date(0)));
        return [...(await commitsTouching(clone, all, path))].map(([id, commit]) => summaryOf(id, commit));
      }),
    read: (commit, path) =>
      doing(async () => {
        if (!(await clone.has(commit))) await clone.fetch(commit);
        const id = await idAtPath(clone, (await clone.readCommit(commit)).tree, path);
        return id === null ? null : (await clone.readBlob(id)).toString('utf8');
      }),
    close: () => clone.close(),
  };
}
