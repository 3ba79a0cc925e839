/** ACCEPTED-HISTORY: which of our commits a rewritten history may lack, on which head, since when and by whom. */
import type { CommitDraft } from '../domain/commit.ts';
import { repoPath } from '../domain/file-tree.ts';
import { CommitId, type ListenerId, type NamespaceName } from '../domain/identifiers.ts';
import { type Identity, plainIdentity } from './plain-line.ts';
import { releaseCommand } from './release-commands.ts';

export const acceptedHistoryFile = 'ACCEPTED-HISTORY';

export interface Acceptance {
  /** Our commit that is no longer in the history. */
  readonly lost: CommitId;
  /** The head that was accepted instead; what does not descend from it was not accepted. */
  readonly head: CommitId;
  /** ISO 8601. */
  readonly at: string;
  readonly by: Identity;
}

const header = `# Towpath reads this file where the branch no longer holds a commit of its own. One line for each rewritten history
# that a person accepted: our commit that is gone, the head that was accepted, when, and by whom.
`;
const unknown: Identity = { name: 'Unknown', email: 'unknown@towpath.invalid' };
const mostCharacters = 1_048_576;
const line = /^([0-9a-f]{40}) ([0-9a-f]{40}) (\S{1,40}) (.{0,300}) <([^<>]{0,200})>$/;

/** What a person runs to accept; the listener's message holds it. */
export function acceptCommand(namespace: NamespaceName, lost: CommitId): string {
  return `${releaseCommand('history', namespace)} --commit ${lost}`;
}

/**
 * The commit that such a message names: a report that a new revision is stuck takes the place of the one that named our
 * last commit, and a listener that starts anew must still know it.
 */
export function lostIn(message: string): CommitId | null {
  const [, commit] =
    /towpath hold release history --namespace \S+ --commit ([0-9a-f]{40})(?![0-9a-f])/.exec(message) ?? [];
  return commit === undefined ? null : CommitId.parse(commit);
}

/** Lines that are no acceptance are passed over. */
export function parseAcceptedHistory(text: string): readonly Acceptance[] {
  if (text.length > mostCharacters) return [];
  return text.split(/\r?\n/).flatMap((each) => {
    const [, lost, head, at, name, email] = line.exec(each) ?? [];
    if (lost === undefined || head === undefined || at === undefined) return [];
    return [
      { lost: CommitId.parse(lost), head: CommitId.parse(head), at, by: { name: name ?? '', email: email ?? '' } },
    ];
  });
}

/** The whole file with one line more for each; what is there already stays as a person left it. */
export function writeAcceptedHistory(before: string | null, acceptances: readonly Acceptance[]): string {
  const kept = before === null || before.trim() === '' ? header : `${before.trimEnd()}\n`;
  return kept + acceptances.map(acceptanceLine).join('');
}

function acceptanceLine({ lost, head, at, by }: Acceptance): string {
  const { name, email } = plainIdentity(by, unknown);
  return `${lost} ${head} ${at} ${name} <${email}>\n`;
}

interface AcceptanceCommit {
  /** The file as it is; null: there is none. */
  readonly before: string | null;
  readonly lost: readonly CommitId[];
  readonly head: CommitId;
  readonly namespace: NamespaceName;
  readonly listenerId: ListenerId;
  readonly towpathVersion: string;
  readonly operator: Identity;
  readonly committer: Identity;
  readonly now: Date;
}

/** It changes no deployment, so its trailers name none. */
export function acceptanceDraft(commit: AcceptanceCommit): CommitDraft {
  const { before, lost, head, namespace, now } = commit;
  const by = plainIdentity(commit.operator, unknown);
  const at = now.toISOString();
  const acceptances = lost.map((each) => ({ lost: each, head, at, by }));
  const message = [
    `accept(history): ${head.slice(0, 12)} without ${lost.map((each) => each.slice(0, 12)).join(' and ')}`,
    '',
    `The history of namespace ${namespace} was rewritten, and is accepted as it is at ${head}.`,
    ...lost.map((each) => `Our commit ${each} is not in it.`),
    `Accepted by ${by.name} <${by.email}>.`,
    '',
    `Listener-Id: ${commit.listenerId}`,
    `Towpath-Version: ${commit.towpathVersion}`,
    '',
  ];
  return {
    message: message.join('\n'),
    author: { ...by, at: now },
    committer: { ...plainIdentity(commit.committer, unknown), at: now },
    changes: [
      { kind: 'write', path: repoPath(acceptedHistoryFile), content: writeAcceptedHistory(before, acceptances) },
    ],
  };
}
