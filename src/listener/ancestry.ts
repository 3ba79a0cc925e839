/** Which commits of a branch come after which: what an engine says of a commit is about ours only if that holds it. */
import type { CommitId } from '../domain/identifiers.ts';
import type { Repository, Snapshot } from '../ports.ts';

export interface Ancestry {
  /** Follows the branch to a new head; `needed` are older commits of ours that will be asked about. */
  advance(repository: Repository, snapshot: Snapshot, needed: readonly CommitId[]): Promise<void>;
  /** Whether a revision of the branch holds the commit; null: one of them was not seen here. */
  contains(revision: string, commit: CommitId): boolean | null;
}

/** More are forgotten, the oldest first. */
const most = 20_000;

export function createAncestry(): Ancestry {
  let head: CommitId | null = null;
  /** Position on the branch; a commit holds all that stand lower. */
  const positions = new Map<string, number>();
  let next = 0;
  let lowest = 0;

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
  return {
    advance: async (repository, snapshot, needed) => {
      await follow(repository, snapshot);
      for (const commit of needed) {
        if (positions.has(commit) || snapshot.head === null) continue;
        const history = await repository.history(snapshot, commit, '');
        if (history.kind === 'descends') prepend([...history.commits.map(({ id }) => id), commit]);
      }
    },
    contains: (revision, commit) => {
      if (revision === commit) return true;
      const [theirs, ours] = [positions.get(revision), positions.get(commit)];
      return theirs === undefined || ours === undefined ? null : theirs >= ours;
    },
  };
}
