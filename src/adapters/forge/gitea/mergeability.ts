/** Whether a pull request of Gitea can be merged: its one flag means "not yet known" as well as "has a conflict". */
import type { PullRequest } from '../../../domain/pull-request.ts';
import type { GiteaPullRequest } from './shapes.ts';

export interface MergeabilityWatch {
  of(found: GiteaPullRequest, demandsNewest: boolean): PullRequest['mergeability'];
}

/** The check takes less than a second; what is denied for longer, with nothing pushed meanwhile, is a conflict. */
const conflictAfterMs = 10_000;

export function mergeabilityWatch(now: () => Date): MergeabilityWatch {
  const denied = new Map<number, { readonly commits: string; readonly sinceMs: number }>();
  return {
    of: (found, demandsNewest) => {
      const isDenied = found.state === 'open' && !found.mergeable;
      if (!isDenied) {
        denied.delete(found.number);
        return demandsNewest && isBehind(found) ? 'behind' : 'mergeable';
      }
      // A draft is never mergeable, so nothing is known of the rest.
      if (found.draft) return 'blocked';
      const commits = `${found.head.sha} ${found.base.sha}`;
      const known = denied.get(found.number);
      const sinceMs = known?.commits === commits ? known.sinceMs : now().getTime();
      denied.set(found.number, { commits, sinceMs });
      return now().getTime() - sinceMs >= conflictAfterMs ? 'conflict' : 'unknown';
    },
  };
}

export function isBehind({ state, merge_base, base }: GiteaPullRequest): boolean {
  return state === 'open' && merge_base !== '' && base.sha !== '' && merge_base !== base.sha;
}
