/** What lies on a branch beside the base: one commit of ours, or something of a person's. */
import type { BranchCommit, CommitDraft } from '../domain/commit.ts';
import { type CommitId, DeploymentId, type ListenerId, RevisionId } from '../domain/identifiers.ts';
import { Change } from './provenance.ts';

/** What a proposed commit says of itself, in its trailers. */
interface Proposed {
  readonly change: Change;
  readonly deploymentId: DeploymentId;
  readonly revisionId: RevisionId;
  readonly inputsDigest: string;
  /** Id of the folder's tree on the base that it was made for, or `nothing`. */
  readonly replaces: string;
  /** The Secret that its workloads would refer to; null where there is none. */
  readonly secretName: string | null;
}

export type BranchState =
  | { readonly kind: 'absent' }
  /** The base holds all of it. */
  | { readonly kind: 'empty'; readonly tip: CommitId }
  /** The base plus exactly one commit of ours. */
  | { readonly kind: 'ours'; readonly tip: CommitId; readonly parent: CommitId | null; readonly proposed: Proposed }
  /** `by` is the newest commit that is not ours. */
  | { readonly kind: 'edited'; readonly tip: CommitId; readonly by: BranchCommit };

export interface Ourselves {
  readonly listenerId: ListenerId;
  /** Address of the committer; null: commits are made through a forge's API, which is their committer. */
  readonly committer: string | null;
}

export const nothingReplaced = 'nothing';
const replacesKey = 'Replaces';

/** The commit that `direct` would push, which also says what it replaces. */
export function proposedDraft(draft: CommitDraft, replaces: string | null): CommitDraft {
  return { ...draft, message: `${draft.message.trimEnd()}\n${replacesKey}: ${replaces ?? nothingReplaced}\n` };
}

/** `commits` are those that the base does not hold, newest first. */
export function branchState(
  branch: { readonly tip: CommitId; readonly commits: readonly BranchCommit[] } | null,
  ourselves: Ourselves,
): BranchState {
  if (branch === null) return { kind: 'absent' };
  const { tip, commits } = branch;
  const [newest] = commits;
  if (newest === undefined) return { kind: 'empty', tip };
  const foreign = commits.find((commit) => readProposed(commit, ourselves) === null);
  const proposed = readProposed(newest, ourselves);
  if (foreign !== undefined || proposed === null) return { kind: 'edited', tip, by: foreign ?? newest };
  // Two of ours on top of each other were never pushed so by us: the whole is made anew.
  const parent = commits.length === 1 && newest.parents.length === 1 ? (newest.parents[0] ?? null) : null;
  return { kind: 'ours', tip, parent, proposed };
}

function readProposed(commit: BranchCommit, { listenerId, committer }: Ourselves): Proposed | null {
  if (!isByOurs(commit, committer)) return null;
  const trailers = lastBlock(commit.message);
  const change = Change.safeParse(trailers.get('Change'));
  const deploymentId = DeploymentId.safeParse(trailers.get('Deployment-Id'));
  const revisionId = RevisionId.safeParse(trailers.get('Revision-Id') ?? trailers.get('Of-Revision'));
  const [inputsDigest, replaces] = [trailers.get('Inputs-Digest'), trailers.get(replacesKey)];
  if (trailers.get('Listener-Id') !== listenerId || !change.success || !deploymentId.success || !revisionId.success) {
    return null;
  }
  if (inputsDigest === undefined || replaces === undefined) return null;
  return {
    change: change.data,
    deploymentId: deploymentId.data,
    revisionId: revisionId.data,
    inputsDigest,
    replaces,
    secretName: trailers.get('Secret-Name') ?? null,
  };
}

/** A forge commits under its own name, or under that of whoever asked; who amends our commit commits under his own. */
function isByOurs(commit: BranchCommit, committer: string | null): boolean {
  const { email } = commit.committer;
  return committer === null ? email === commit.author.email || /^noreply@/i.test(email) : email === committer;
}

function lastBlock(message: string): ReadonlyMap<string, string> {
  const block =
    message
      .trimEnd()
      .split(/\n\s*\n/)
      .at(-1) ?? '';
  const lines = block.split('\n').map((line) => /^([A-Za-z][A-Za-z0-9-]*): (\S.*)$/.exec(line));
  return new Map(lines.flatMap((match) => (match?.[1] && match[2] ? [[match[1], match[2]] as const] : [])));
}
