/** Which commits of a branch come after which: what an engine says of a commit is about ours only if that holds it. */
import type { CommitId } from '../domain/identifiers.ts';
import type { Repository, Snapshot } from '../ports.ts';

export interface Ancestry {
  /** Follows the branch to a new head; `needed` are older commits of ours that will be asked about. */
  advance(repository: Repository, snapshot: Snapshot, needed: readonly CommitId[]): Promise<void>;
  /** The lane has looked at the branch: what is not known by now is older than all that is asked about. */
  looked(): void;
  /** Whether a revision of the branch holds the commit; null: it was not seen here, and may be newer than our last look. */
  contains(revision: string, commit: CommitId): boolean | null;
}

/** More are forgotten, the oldest first. */
const most = 20_000;

/** `onUnknown`: somebody speaks of a commit that was not seen here; the branch should be looked at. */
export function createAncestry(onUnknown: () => void): Ancestry {
  let head: CommitId | null = null;
  /** Position on the branch; a commit holds all that stand lower. */
  const positions = new Map<string, number>();
  let next = 0;
  let lowest = 0;
  let looks = 0;
  /** Commits that were not known when first asked about, and how often the branch had been looked at then. */
  const unknown = new Map<string, number>();

  const append = (ids: readonly string[]): void => {
    for (const id of ids) positions.set(id, next++);
    for (const id of positions.keys()) {
      if (positions.size <= most) break;
      positions.delete(id);
    }
  };
  const prepend = (newestFirst: readonly string[]): void => {
    for (const id of newestFirst) if (!positions.has(id)) positions.set(id, --lowest);
  };
  const follow = async (repository: Repository, snapshot: Snapshot): Promise<void> => {
    if (snapshot.head === null || snapshot.head === head) return;
    const history = head === null ? null : await repository.history(snapshot, head, '');
    if (history?.kind === 'descends') append(history.commits.map(({ id }) => id).reverse());
    else positions.clear();
    if (!positions.has(snapshot.head)) append([snapshot.head]);
    head = snapshot.head;
  };
  const judgeUnknown = (revision: string): false | null => {
    if (!/^[0-9a-f]{40}$/.test(revision)) return null;
    const since = unknown.get(revision);
    if (since !== undefined) return looks > since ? false : null;
    unknown.set(revision, looks);
    onUnknown();
    return null;
  };
  return {
    looked: () => {
      looks += 1;
    },
    advance: async (repository, snapshot, needed) => {
      await follow(repository, snapshot);
      for (const revision of unknown.keys()) if (positions.has(revision)) unknown.delete(revision);
      for (const commit of needed) {
        if (positions.has(commit) || snapshot.head === null) continue;
        const history = await repository.history(snapshot, commit, '');
        if (history.kind === 'descends') prepend([...history.commits.map(({ id }) => id), commit]);
      }
    },
    contains: (revision, commit) => {
      if (revision === commit) return true;
      const [theirs, ours] = [positions.get(revision), positions.get(commit)];
      if (ours === undefined) return null;
      return theirs === undefined ? judgeUnknown(revision) : theirs >= ours;
    },
  };
}
