/** What waits for a person in a namespace, and what a release would do about it. */
import type { CommitSummary } from '../domain/commit.ts';
import type { CommitId, DeploymentId, DeploymentName, NamespaceName } from '../domain/identifiers.ts';
import { acceptCommand } from './accepted-history.ts';
import { plainLine } from './plain-line.ts';
import type { Drift } from './plan.ts';
import { type Doubt, doubtWords } from './plan-removal.ts';
import { adoptCommand, releaseCommand } from './release-commands.ts';
import { byWhom, doubtAbout } from './report.ts';

interface OfDeployment {
  readonly deployment: DeploymentName;
  readonly deploymentId: DeploymentId;
}

interface OfFolder extends OfDeployment {
  readonly path: string;
}

/** The pull request of a command that lets it go on. */
export interface HoldProposal {
  readonly number: number;
  readonly url: string;
  readonly state: 'open' | 'rejected';
  /** Who closed it; null: nobody, or the forge does not say. */
  readonly by: string | null;
}

interface Proposable extends OfFolder {
  /** Null: nothing is proposed, or changes are not. */
  readonly proposal: HoldProposal | null;
}

export type Hold =
  /** A person changed in git what is wanted; `commit` is ours, `changes` are theirs, newest first. */
  | (Proposable & {
      readonly kind: Drift;
      readonly commit: CommitId | null;
      readonly changes: readonly CommitSummary[];
      /** What of their changes goes with a release, or with the next revision. */
      readonly lines: readonly string[];
    })
  /** It should go, but a person edited it. */
  | (Proposable & {
      readonly kind: 'edited-removal';
      readonly commit: CommitId | null;
      readonly changes: readonly CommitSummary[];
    })
  /** It should go, but something is there that could be its folder and is not this listener's to touch. */
  | (OfFolder & {
      readonly kind: 'foreign-removal';
      readonly doubt: Doubt;
      readonly changes: readonly CommitSummary[];
    })
  /** `refusal` is null where the limit would let them go now: only a listener that held them before still does. */
  | { readonly kind: 'deletions'; readonly deployments: readonly OfFolder[]; readonly refusal: string | null }
  /** Somebody else's folder is where a deployment belongs. */
  | (Proposable & { readonly kind: 'foreign'; readonly doubt: Doubt })
  /** Nothing at all goes on: the head lacks our commit. */
  | { readonly kind: 'history'; readonly lost: CommitId; readonly head: CommitId }
  /** Bears our id, but the control plane does not know it. */
  | { readonly kind: 'orphan'; readonly path: string; readonly changes: readonly CommitSummary[] }
  | (OfDeployment & {
      readonly kind: 'rejected' | 'edited-in-review';
      readonly message: string;
      readonly pullRequest: string | null;
    });

export interface Release {
  /** Null: there is nothing to run. */
  readonly command: string | null;
  /** What it does, or what a person can do instead. */
  readonly effect: string;
}

export function releaseOf(hold: Hold, namespace: NamespaceName): Release {
  const released = unproposedRelease(hold, namespace);
  if (!('proposal' in hold) || hold.proposal?.state !== 'open') return released;
  return byHand(`merge or close pull request #${hold.proposal.number}: it ${released.effect}`);
}

/** As if nothing were proposed for it. */
function unproposedRelease(hold: Hold, namespace: NamespaceName): Release {
  const release = (what: string, effect: string): Release => ({
    command: releaseCommand(what, namespace),
    effect,
  });
  switch (hold.kind) {
    case 'edited':
    case 'reverted':
      return release(hold.deployment, 'lays down again what is wanted, over what was done in git');
    case 'removed':
      return release(hold.deployment, 'lays the folder down again');
    case 'edited-removal':
      return release(hold.deployment, 'removes the folder with what was changed in it');
    case 'foreign-removal':
      return byHand('remove it in git, or delete the deployment once more with force, which leaves it there');
    case 'deletions':
      return release('deletions', `removes ${countOf(hold.deployments.length)}`);
    case 'foreign':
      return {
        command: adoptCommand(hold.deployment, namespace),
        effect: 'takes the folder over and writes into it what is wanted',
      };
    case 'history':
      return {
        command: acceptCommand(namespace, hold.lost),
        effect: 'accepts the history as it is now; or put the old one back',
      };
    case 'orphan':
      return byHand('remove the folder in git, or deploy it again in the control plane; it is left alone');
    case 'rejected':
      return byHand('open the pull request again, or deploy another revision');
    case 'edited-in-review':
      return byHand('merge or close the pull request, or take the commit off its branch');
    default:
      return hold satisfies never;
  }
}

function byHand(effect: string): Release {
  return { command: null, effect };
}

/** Why it waits, in one line. */
export function reasonOf(hold: Hold): string {
  return `${heldBecause(hold)}${'proposal' in hold ? refusedWords(hold.proposal) : ''}`;
}

function refusedWords(proposal: HoldProposal | null): string {
  if (proposal?.state !== 'rejected') return '';
  const who = proposal.by === null ? '' : ` by ${plainLine(proposal.by, 100)}`;
  return `; pull request #${proposal.number} was closed${who}`;
}

function heldBecause(hold: Hold): string {
  switch (hold.kind) {
    case 'edited':
    case 'reverted':
    case 'removed':
      return `${driftWords[hold.kind]}${byWhom(hold.changes)}`;
    case 'edited-removal':
      return `should be removed, but was edited in git${byWhom(hold.changes)}`;
    case 'foreign-removal':
      return `should be removed, but ${hold.path} ${doubtAbout(hold.doubt, hold.changes)}`;
    case 'deletions':
      return hold.refusal === null
        ? `${countOf(hold.deployments.length)} to be removed, within the limit: only a listener that held them goes on holding`
        : plainLine(hold.refusal.replace(/; if they are meant.*/, ''), 300);
    case 'foreign':
      return `what is there ${doubtWords[hold.doubt]}`;
    case 'history':
      return `head ${hold.head.slice(0, 12)} does not descend from our commit ${hold.lost.slice(0, 12)}; nothing is pushed`;
    case 'orphan':
      return `bears this listener’s id, but the control plane does not know it${broughtBack(hold.changes)}`;
    case 'rejected':
    case 'edited-in-review':
      return plainLine(hold.message, 500);
    default:
      return hold satisfies never;
  }
}

const driftWords: Readonly<Record<Drift, string>> = {
  edited: 'edited in git',
  reverted: 'taken back to another revision in git',
  removed: 'removed in git',
};

function broughtBack(changes: readonly CommitSummary[]): string {
  const who = byWhom(changes.slice(0, 1));
  return who === '' ? '' : `; last changed${who}`;
}

function countOf(count: number): string {
  return `${count} ${count === 1 ? 'deployment' : 'deployments'}`;
}
