/** Step 10, report: what the listener says about a revision, a removal or a whole repository, in words for people. */

import type { CommitSummary } from '../domain/commit.ts';
import type { Removed } from '../domain/desired.ts';
import { describeFinding, type Finding } from '../domain/finding.ts';
import type { CommitId, DeploymentId, DeploymentName, NamespaceName, RevisionId } from '../domain/identifiers.ts';
import type { EngineKind } from '../domain/live-object.ts';
import {
  type LaneReport,
  type LastReport,
  mostListedNames,
  mostMessageCharacters,
  type RemovalReport,
  type Report,
  type RevisionReport,
} from '../domain/report.ts';
import { plainLine } from './plain-line.ts';
import type { Drift } from './plan.ts';
import { type Doubt, doubtWords } from './plan-removal.ts';
import { releaseCommand } from './release-commands.ts';

/** The revision that a report is about. */
export interface Subject {
  readonly deploymentId: DeploymentId;
  readonly revisionId: RevisionId;
  readonly lastReport?: LastReport | null;
}

export function reportRendered(of: Subject, files: number, template: string, now: Date): RevisionReport {
  return revision(of, now, {
    stage: 'rendered',
    outcome: 'progressing',
    reason: 'Rendered',
    message: `Rendered ${files} files from ${template.replace(/@.*/, '')}; next they are pushed`,
  });
}

interface Committed {
  /** Who takes the commit into the cluster; null where nothing watches one, and the way ends here. */
  readonly engine: EngineKind | null;
  readonly commit: CommitId | null;
  readonly branch: string;
  readonly repository: string;
  /** Which Secrets a cluster would need, from the sealer. */
  readonly notes: readonly string[];
  readonly url: string | null;
}

const engineNames = {
  'argo-cd': 'Argo CD',
  flux: 'Flux',
  other: 'whoever applies the branch',
} as const satisfies Record<EngineKind, string>;

export function reportCommitted(of: Subject, committed: Committed, now: Date): RevisionReport {
  const { engine } = committed;
  const pushed = committed.commit === null ? 'Present in' : `Pushed as ${committed.commit.slice(0, 12)} to`;
  const then =
    engine === null
      ? 'nothing watches a cluster (engine none), so this counts as deployed'
      : `waiting for ${engineNames[engine]}`;
  const sentences = [`${pushed} branch ${committed.branch} of ${committed.repository}; ${then}.`, ...committed.notes];
  return revision(of, now, {
    stage: 'committed',
    outcome: engine === null ? 'succeeded' : 'progressing',
    reason: 'Pushed',
    message: sentences.join(' '),
    commit: committed.commit,
    url: committed.url,
  });
}

/** What was seen in the cluster, in the words of `observe`; the commit stays named, for it is the proof of a later hold. */
export function reportObserved(
  of: Subject,
  seen: Pick<RevisionReport, 'stage' | 'outcome' | 'reason' | 'message' | 'commit' | 'url'>,
  now: Date,
): RevisionReport {
  return revision(of, now, seen);
}

/** `stage` is the one that was not reached. */
export function reportFailed(
  of: Subject,
  failure: { readonly stage: 'rendered' | 'committed'; readonly reason: string; readonly message: string },
  now: Date,
): RevisionReport {
  return revision(of, now, { ...failure, outcome: 'failed' });
}

/** People have the word: they merge, or they close. */
export function reportInReview(
  of: Subject,
  words: Pick<RevisionReport, 'outcome' | 'reason' | 'message' | 'pullRequest'>,
  now: Date,
): RevisionReport {
  return revision(of, now, { stage: 'in-review', ...words });
}

/** Nothing failed yet; it waits for the repository. */
export function reportWaiting(of: Subject, reason: string, message: string, now: Date): RevisionReport {
  return revision(of, now, { stage: 'queued', outcome: 'progressing', reason, message });
}

/** All findings at once, each on its own line. */
export function describeFindings(what: string, findings: readonly Finding[]): string {
  return `Cannot ${what}: ${findings.length} problem(s)\n${findings.map(describeFinding).join('\n')}`;
}

interface Held extends Subject {
  readonly name: DeploymentName;
  readonly namespace: NamespaceName;
  readonly drift: Drift;
  readonly path: string;
  /** Our own commit; kept in the report, so that the evidence outlives a restart. */
  readonly commit: CommitId | null;
  /** Who changed the folder since, newest first. */
  readonly changes: readonly CommitSummary[];
}

const driftWords = {
  edited: { reason: 'EditedInGit', verb: 'edited' },
  reverted: { reason: 'RevertedInGit', verb: 'reverted' },
  removed: { reason: 'RemovedInGit', verb: 'removed' },
} as const satisfies Record<Drift, { reason: string; verb: string }>;

export function reportHeld(held: Held, now: Date): RevisionReport {
  const { reason, verb } = driftWords[held.drift];
  return revision(held, now, {
    stage: 'committed',
    outcome: 'failed',
    reason,
    message: `${held.path} was ${verb} in git${byWhom(held.changes)}; it is left so until the next revision, until the change is undone there, or until ${releaseCommand(held.name, held.namespace)}`,
    commit: held.commit,
  });
}

/** ` by Jane <jane@example.com> in 0123456789ab ("Tune it")`. */
export function byWhom(changes: readonly CommitSummary[]): string {
  // What Towpath itself did there in between, a release say, is nobody's change.
  const people = changes.filter(({ isTowpaths }) => !isTowpaths);
  const counted = people.length > 0 ? people : changes;
  const [newest] = counted;
  if (!newest) return '';
  const author = `${plainLine(newest.author.name, 100)} <${plainLine(newest.author.email, 200)}>`;
  const before = counted.length - 1;
  const more = before > 0 ? ` and ${before} ${before === 1 ? 'commit' : 'commits'} before it` : '';
  return ` by ${author} in ${newest.id.slice(0, 12)} ("${plainLine(newest.subject, 100)}")${more}`;
}

/** What is wrong with a folder, after its path, and who left it so. */
export function doubtAbout(doubt: Doubt, changes: readonly CommitSummary[]): string {
  const who = byWhom(changes);
  return `${doubtWords[doubt]}${who === '' ? '' : `; last changed${who}`}`;
}

export type RemovalWords = Pick<RemovalReport, 'outcome' | 'reason' | 'message' | 'commit'> &
  Partial<Pick<RemovalReport, 'retained'>>;

export function reportRemoval(removed: Removed, words: RemovalWords, now: Date): RemovalReport {
  return {
    kind: 'removal',
    deploymentId: removed.deploymentId,
    ...words,
    retained: (words.retained ?? []).slice(0, mostListedNames),
    message: limited(words.message),
    at: now.toISOString(),
  };
}

export function reportLane(
  namespace: NamespaceName,
  words: Pick<LaneReport, 'outcome' | 'reason' | 'message' | 'head' | 'orphans'>,
  now: Date,
): LaneReport {
  // A folder's name may be as long as git lets it be; the message counts them all.
  const orphans = words.orphans.slice(0, mostListedNames).map((folder) => folder.slice(0, 500));
  return { kind: 'lane', namespace, ...words, orphans, message: limited(words.message), at: now.toISOString() };
}

/** Whether the control plane has heard this very thing already; times do not count. */
export function saysTheSame(report: RevisionReport, last: LastReport | null): boolean {
  return (
    last !== null &&
    last.revisionId === report.revisionId &&
    last.stage === report.stage &&
    last.outcome === report.outcome &&
    last.reason === report.reason &&
    last.message === report.message &&
    last.commit === report.commit
  );
}

/** The part of a report that the control plane keeps for us. */
export function lastReportOf(report: Report): LastReport | null {
  if (report.kind !== 'revision') return null;
  const { kind: _kind, deploymentId: _deploymentId, url: _url, ...last } = report;
  return last;
}

type Words = Pick<RevisionReport, 'stage' | 'outcome' | 'reason' | 'message'> &
  Partial<Pick<RevisionReport, 'commit' | 'url' | 'pullRequest'>>;

/**
 * The control plane remembers the last report alone, and what people did in git is told from it: so no report may drop
 * what an earlier one has proved.
 */
function revision(of: Subject, now: Date, words: Words): RevisionReport {
  const proved = provedBefore(of);
  const commit = words.commit ?? proved.commit;
  return {
    kind: 'revision',
    deploymentId: of.deploymentId,
    revisionId: of.revisionId,
    url: null,
    ...words,
    commit,
    pullRequest: words.pullRequest ?? proved.pullRequest,
    lastCommit: commit ?? proved.lastCommit,
    message: limited(words.message),
    at: now.toISOString(),
  };
}

/** Commit and pull request are of one revision; a commit of any proves that the branch held it. */
function provedBefore({ revisionId, lastReport }: Subject): Pick<LastReport, 'commit' | 'pullRequest' | 'lastCommit'> {
  const last = lastReport ?? { revisionId, commit: null, pullRequest: null, lastCommit: null };
  const isOfIt = last.revisionId === revisionId;
  return {
    commit: isOfIt ? last.commit : null,
    pullRequest: isOfIt ? last.pullRequest : null,
    lastCommit: last.commit ?? last.lastCommit ?? null,
  };
}

function limited(message: string): string {
  const most = mostMessageCharacters;
  return message.length <= most
    ? message
    : `${message.slice(0, most - 20).toWellFormed()}
… (cut short)`;
}
