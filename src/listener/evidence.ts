/** Asks git for proof: whether history still holds what is ours, who changed it, and which commit carries what. */
import { acceptCommand, acceptedHistoryFile, lostIn, parseAcceptedHistory } from '../core/accepted-history.ts';
import { isRemovalSubject } from '../core/deletion-limit.ts';
import type { Step } from '../core/plan.ts';
import type { Desired, Present } from '../domain/desired.ts';
import { TowpathError } from '../domain/failure.ts';
import type { BlobId, CommitId, DeploymentId, NamespaceName } from '../domain/identifiers.ts';
import type { LastReport } from '../domain/report.ts';
import { namesRevision } from '../domain/revision-name.ts';
import type { CommitSummary, Repository, Snapshot } from '../ports.ts';

/** How far back a commit is looked for whose report was lost. */
const memoryMs = 7 * 86_400_000;

interface KnownHistory {
  readonly namespace: NamespaceName;
  readonly pushed: CommitId | null;
  /** By the configuration. */
  readonly accepted: CommitId | undefined;
  readonly desired: readonly Desired[];
}

/** Throws terminal `HistoryRewritten` where the head does not descend from our last commit, and nobody accepted that. */
export async function refuseRewrittenHistory(
  repository: Repository,
  snapshot: Snapshot,
  known: KnownHistory,
): Promise<void> {
  const lost = await lostCommit(repository, snapshot, known);
  if (lost !== null && snapshot.head !== null) throw rewritten(repository, known.namespace, lost, snapshot.head);
}

/** Our last commit where the head does not descend from it, and no acceptance names it; null: all is well. */
export async function lostCommit(
  repository: Repository,
  snapshot: Snapshot,
  { pushed, accepted, desired }: KnownHistory,
): Promise<CommitId | null> {
  const since = pushed ?? newestReported(desired);
  if (snapshot.head === null || since === null || (await descends(repository, snapshot, since))) return null;
  if (accepted !== undefined && (await descends(repository, snapshot, accepted))) return null;
  return (await isAccepted(repository, snapshot, since)) ? null : since;
}

/** The accepted head must be there, too: what was rewritten once more is another question. */
async function isAccepted(repository: Repository, snapshot: Snapshot, lost: CommitId): Promise<boolean> {
  const acceptances = parseAcceptedHistory((await readAcceptedHistory(repository, snapshot)) ?? '');
  for (const { head } of acceptances.filter((acceptance) => acceptance.lost === lost)) {
    if (await descends(repository, snapshot, head)) return true;
  }
  return false;
}

/** Null: the head has no such file. */
export async function readAcceptedHistory(repository: Repository, snapshot: Snapshot): Promise<string | null> {
  const isFile = snapshot.list('')?.some(({ name, kind }) => name === acceptedHistoryFile && kind === 'file') ?? false;
  const id = snapshot.idAt(acceptedHistoryFile) as BlobId | null;
  if (!isFile || id === null) return null;
  return (await repository.readBlobs([id])).get(id)?.toString('utf8') ?? null;
}

export async function descends(repository: Repository, snapshot: Snapshot, since: CommitId): Promise<boolean> {
  return snapshot.head === since || (await repository.history(snapshot, since, '')).kind === 'descends';
}

/**
 * Deployments whose reported commit is not in this history: that they lie otherwise now proves no hand in git, and where
 * a history was given up, no later report may go on naming what went with it.
 */
export async function unproven(
  repository: Repository,
  snapshot: Snapshot,
  accepted: CommitId | undefined,
  steps: readonly Step[],
): Promise<ReadonlySet<DeploymentId>> {
  const isGivenUp = accepted !== undefined || snapshot.idAt(acceptedHistoryFile) !== null;
  const found = new Set<DeploymentId>();
  for (const step of steps) {
    const since = provedBy(step, isGivenUp);
    if (since !== null && !(await descends(repository, snapshot, since))) found.add(step.desired.deploymentId);
  }
  return found;
}

function provedBy(step: Step, isGivenUp: boolean): CommitId | null {
  const { lastReport: last } = step.desired;
  switch (step.kind) {
    case 'hold':
    case 'restore':
      return step.drift === 'edited' ? null : (last?.commit ?? null);
    case 'lay-down':
    case 'update':
    case 'rerender':
      return isGivenUp ? (last?.commit ?? last?.lastCommit ?? null) : null;
    default:
      return null;
  }
}

/** Who changed a path since our commit, newest first; nobody is named where no commit of ours is known. */
export async function changesSince(
  repository: Repository,
  snapshot: Snapshot,
  since: CommitId | null,
  path: string,
): Promise<readonly CommitSummary[]> {
  if (snapshot.head === null || since === null) return [];
  const history = await repository.history(snapshot, since, path);
  return history.kind === 'descends' ? history.commits : [];
}

/** The commit of a revision that lies in git but was never reported: a restart between push and report. */
export async function commitOf(
  repository: Repository,
  snapshot: Snapshot,
  desired: Present,
  path: string,
  now: Date,
): Promise<CommitId | null> {
  const last = desired.lastReport;
  const isOfNow = last?.revisionId === desired.revisionId && !isOnItsWay(last);
  if (isOfNow && last.commit !== null) return last.commit;
  const commits = await repository.recent(snapshot, longAgo(now), path);
  const found = commits.find(({ subject }) => namesRevision(subject, desired.revisionId));
  // Older than that: the head holds it, which is as good a proof.
  return found?.id ?? snapshot.head;
}

/** The commit that removed a path, where the report of it was lost; null where none is found. */
export async function findRemoval(
  repository: Repository,
  snapshot: Snapshot,
  path: string,
  now: Date,
): Promise<CommitId | null> {
  if (snapshot.head === null) return null;
  const commits = await repository.recent(snapshot, longAgo(now), path);
  return commits.find((commit) => isRemovalSubject(commit.subject))?.id ?? null;
}

/** Who touched a path last, within what is looked back on; null: nobody. */
export async function lastChangeOf(
  repository: Repository,
  snapshot: Snapshot,
  path: string,
  now: Date,
): Promise<CommitSummary | null> {
  if (snapshot.head === null) return null;
  return (await repository.recent(snapshot, longAgo(now), path))[0] ?? null;
}

/** By whole hours, so that many questions of one pass are the same question to git. */
function longAgo(now: Date): Date {
  return new Date(Math.floor((now.getTime() - memoryMs) / 3_600_000) * 3_600_000);
}

/** Removals within the window, whoever made them: the limit is the repository's. */
export async function countRecentRemovals(repository: Repository, snapshot: Snapshot, after: Date): Promise<number> {
  if (snapshot.head === null) return 0;
  const commits = await repository.recent(snapshot, after, '');
  return commits.filter((commit) => isRemovalSubject(commit.subject)).length;
}

/** The newest commit of ours that the control plane remembers; null: none. */
export function newestReported(desired: readonly Desired[]): CommitId | null {
  const reported = desired.flatMap(({ lastReport }) => {
    const commit = lastReport && reportedCommit(lastReport);
    return commit ? [{ commit, at: lastReport.at }] : [];
  });
  return reported.sort((one, other) => (one.at < other.at ? 1 : -1))[0]?.commit ?? null;
}

function reportedCommit(last: LastReport): CommitId | null {
  const { commit, lastCommit, reason, message } = last;
  const isLost = reason === 'HistoryRewritten';
  // Where it is not told, a commit beside a revision on its way is of before, and may have gone with a history since.
  return lastCommit ?? (isOnItsWay(last) ? null : commit) ?? (isLost ? lostIn(message) : null);
}

/** Whether a commit that the branch held once is gone with a history that a person gave up. */
export async function wentWithHistory(
  repository: Repository,
  snapshot: Snapshot,
  accepted: CommitId | undefined,
  commit: CommitId | null,
): Promise<boolean> {
  if (commit === null || snapshot.head === null) return false;
  const isGivenUp = accepted !== undefined || (await readAcceptedHistory(repository, snapshot)) !== null;
  return isGivenUp && !(await descends(repository, snapshot, commit));
}

/** Its commit, if it names one, is of before: the one that is on its way is not there yet. */
export function isOnItsWay({ stage }: LastReport): boolean {
  return stage === 'queued' || stage === 'rendered' || stage === 'in-review';
}

function rewritten(repository: Repository, namespace: NamespaceName, lost: CommitId, head: CommitId): TowpathError {
  return new TowpathError(
    'terminal',
    'HistoryRewritten',
    `Cannot go on with branch ${repository.branch} of ${repository.url}: its head no longer descends from our commit ` +
      `${lost.slice(0, 12)}; put that history back, and everything goes on by itself, or accept the new one: ` +
      `${acceptCommand(namespace, lost)}, or, for who may not push there, ` +
      `acceptHistory: ${head} in the namespace's configuration`,
  );
}
