/** Which commits of a branch come after which: what an engine says of a commit is about ours only if that holds it. */
import type { CommitId } from '../domain/identifiers.ts';
import type { Repository, Snapshot } from '../ports.ts';

export interface Ancestry {
  /** Follows the branch to a new head; `needed` are older commits of ours that will be asked about. */
  advance(repository: Pick<Repository, 'history'>, snapshot: Snapshot, needed: readonly CommitId[]): Promise<void>;
  /** The lane begins to look at the branch. */
  looking(): void;
  /** It has looked: what was not known when that look began, and is not now, is older than all that is asked about. */
  looked(): void;
  /** Whether a revision of the branch holds the commit; null: it was not seen here, and may be newer than our last look. */
  contains(revision: string, commit: CommitId): boolean | null;
}

/** More are forgotten, the oldest first. */
const most = 20_000;

/** `onUnknown`: somebody speaks of a commit that was not seen here; the branch should be looked at. */
export function createAncestry(onUnknown: () => void): Ancestry {
  let head: CommitId | null = null;
  const line = createLine();
  const strangers = createStrangers(onUnknown);
  /** Commits that this head does not hold. */
  const foreign = new Set<CommitId>();
  const forget = (): void => {
    line.clear();
    strangers.forget();
  };
  const follow = async (repository: Pick<Repository, 'history'>, snapshot: Snapshot): Promise<void> => {
    if (snapshot.head === null || snapshot.head === head) return;
    const history = head === null ? null : await repository.history(snapshot, head, '');
    if (history?.kind === 'descends') line.append(history.commits.map(({ id }) => id).reverse());
    else forget();
    line.append([snapshot.head]);
    head = snapshot.head;
    foreign.clear();
  };
  return {
    looking: strangers.looking,
    looked: strangers.looked,
    advance: async (repository, snapshot, needed) => {
      await follow(repository, snapshot);
      for (const commit of new Set(needed)) {
        if (line.at(commit) !== undefined || foreign.has(commit) || snapshot.head === null) continue;
        const history = await repository.history(snapshot, commit, '');
        if (history.kind === 'descends') line.prepend([...history.commits.map(({ id }) => id), commit]);
        else foreign.add(commit);
      }
      line.trim(new Set(needed));
    },
    contains: (revision, commit) => {
      if (revision === commit) return true;
      const [theirs, ours] = [line.at(revision), line.at(commit)];
      if (ours === undefined) return null;
      return theirs === undefined ? strangers.containsNothing(revision) : theirs >= ours;
    },
  };
}

/** Positions on the branch: a commit holds all that stand lower. */
function createLine() {
  const positions = new Map<string, number>();
  let next = 0;
  let lowest = 0;
  return {
    at: (id: string): number | undefined => positions.get(id),
    clear: (): void => positions.clear(),
    append: (ids: readonly string[]): void => {
      for (const id of ids) if (!positions.has(id)) positions.set(id, next++);
    },
    prepend: (newestFirst: readonly string[]): void => {
      for (const id of newestFirst) if (!positions.has(id)) positions.set(id, --lowest);
    },
    /** What is asked about stays, however old, or it would be looked up each time anew. */
    trim: (needed: ReadonlySet<string>): void => {
      if (positions.size <= most) return;
      const heights = [...positions.values()].sort((one, other) => other - one);
      const least = heights[most - 1] ?? lowest;
      for (const [id, position] of positions) if (position < least && !needed.has(id)) positions.delete(id);
    },
  };
}

/** What is still not known after another look at the branch is older than all that is known. */
function createStrangers(onUnknown: () => void) {
  /** Commits, and how many looks at the branch had begun when they were first asked about. */
  const since = new Map<string, number>();
  let begun = 0;
  let ended = 0;
  return {
    looking: (): void => {
      begun += 1;
    },
    looked: (): void => {
      ended = begun;
    },
    forget: (): void => since.clear(),
    /** False once that is sure. */
    containsNothing: (revision: string): false | null => {
      if (!/^[0-9a-f]{40}$/.test(revision)) return null;
      const asked = since.get(revision);
      if (asked !== undefined) return ended > asked ? false : null;
      since.set(revision, begun);
      onUnknown();
      return null;
    },
  };
}
