/** The outside world as the listener needs it: interfaces only. */
import type { BranchCommit, CommitDraft, CommitSummary } from './domain/commit.ts';
import type { ControlPlaneInfo, DesiredPage } from './domain/desired.ts';
import type { FailureKind } from './domain/failure.ts';
import type { FileAt } from './domain/file-tree.ts';
import type { BlobId, CommitId, DeploymentId, NamespaceName, RevisionId } from './domain/identifiers.ts';
import type {
  ClusterChange,
  EngineKind,
  LeaseRecord,
  LiveDeployment,
  LiveObject,
  LiveSecret,
  ObjectReference,
  ProbeAnswer,
} from './domain/live-object.ts';
import type { PlainSecret } from './domain/plain-secret.ts';
import type {
  Approval,
  ForgeBudget,
  ForgeKind,
  ForgeRepository,
  MergeMethod,
  NewPullRequest,
  PullRequest,
  PullRequestContent,
} from './domain/pull-request.ts';
import type { Report } from './domain/report.ts';
import type { SecretValues, Specification } from './domain/specification.ts';

export type { BranchCommit, CommitDraft, CommitSummary, FileAt, PlainSecret };

/** Intent comes from here, reports go there. Every method throws TowpathError, classed. */
export interface ControlPlane {
  /** Null: only the public API is there, so mirror mode. */
  info(): Promise<ControlPlaneInfo | null>;
  /** Long poll; answers at once when something changed after the cursor. Null asks for the whole listing. */
  desired(after: string | null, waitSeconds: number, signal: AbortSignal): Promise<DesiredPage>;
  specification(deploymentId: DeploymentId, revisionId: RevisionId): Promise<Specification>;
  secrets(deploymentId: DeploymentId, revisionId: RevisionId): Promise<SecretValues>;
  report(term: number, reports: readonly Report[]): Promise<void>;
}

export interface TreeEntry {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'other';
  /** Blob or tree id, 40 hex digits. */
  readonly id: string;
}

/** Commits and trees of one head, without blobs; reading the tree is synchronous. */
export interface Snapshot {
  /** Null: the branch does not exist and the repository is empty. */
  readonly head: CommitId | null;
  /** Entries of a folder in git's order; null where there is no such folder. `''` is the root. */
  list(path: string): readonly TreeEntry[] | null;
  /** Tree or blob id at a path; null where there is nothing. Equal ids mean equal content. */
  idAt(path: string): string | null;
}

/** What became of a path since a commit of ours. */
export type History =
  /** `since` is an ancestor of the head (or the head); newest first, only commits that touched the path. */
  | { readonly kind: 'descends'; readonly commits: readonly CommitSummary[] }
  /** The head does not descend from `since`: history was rewritten. */
  | { readonly kind: 'rewritten' };

export type PushOutcome =
  /** The branch holds these commits, in the order of the drafts; `snapshot` is the new head. */
  | { readonly kind: 'pushed'; readonly commits: readonly CommitId[]; readonly snapshot: Snapshot }
  /** Somebody else was faster: take a new snapshot and plan again. */
  | { readonly kind: 'moved' }
  /** The server refuses while the head stands still (a hook, a protected branch, a stale lock). */
  | { readonly kind: 'denied'; readonly class: 'denied' | 'policy'; readonly message: string };

/** One branch of one repository. */
export interface Repository {
  /** URL without credentials, for people. */
  readonly url: string;
  readonly branch: string;
  /** One request (ref discovery). Throws terminal `MissingBranch` where others exist but not ours. */
  head(): Promise<CommitId | null>;
  /** At the head that `head()` answered; fetches only what the last snapshot lacks. */
  snapshot(head: CommitId | null): Promise<Snapshot>;
  /** One request for all; missing ids are an error. */
  readBlobs(ids: readonly BlobId[]): Promise<ReadonlyMap<BlobId, Buffer>>;
  /** Which commits touched `path` after `since`; `path` `''` asks only whether the head descends from it. */
  history(snapshot: Snapshot, since: CommitId, path: string): Promise<History>;
  /**
   * Commits reachable from the head whose committer's time is `after` or later and that touched `path` (`''`: all),
   * newest first: what a fresh start needs, when no commit of ours is known (protocol v2 `deepen-since`).
   */
  recent(snapshot: Snapshot, after: Date, path: string): Promise<readonly CommitSummary[]>;
  /** Every file below a folder after each of these commits of the branch; none where there was no such folder. */
  filesAt(commits: readonly CommitId[], folder: string): Promise<ReadonlyMap<CommitId, readonly FileAt[]>>;
  /**
   * Builds one commit a draft on the snapshot and pushes them all with the head as compare-and-swap.
   * An unclear answer is cleared up here: the remote ref is read, and the very same pack sent again if need be.
   */
  publish(snapshot: Snapshot, drafts: readonly CommitDraft[]): Promise<PushOutcome>;
  close(): Promise<void>;
}

/** What a branch holds that the base does not. */
export interface Proposal {
  readonly tip: CommitId;
  /** Newest first, at most 50; empty where the base holds all of it already. */
  readonly commits: readonly BranchCommit[];
  /** Tree or blob id at a path of the tip; null where there is nothing. */
  idAt(path: string): string | null;
}

export interface BranchDraft {
  readonly branch: string;
  /** Where it is now, as compare-and-swap; null: it is not there yet. */
  readonly tip: CommitId | null;
  readonly draft: CommitDraft;
}

export type BranchOutcome =
  | { readonly kind: 'pushed'; readonly commit: CommitId }
  /** Somebody else moved, made or removed it meanwhile. */
  | { readonly kind: 'moved' }
  /** Such as a branch `towpath` where `towpath/…` should be. */
  | { readonly kind: 'denied'; readonly class: 'denied' | 'policy'; readonly message: string };

/**
 * Branches of a repository on which changes are proposed, beside its base. Their names are without `refs/heads/`.
 * Each branch is a swap of its own: one that is refused does not hold up the others.
 */
export interface Branches {
  /** One request: the base's head, and the tip of every branch below the prefix. */
  tips(prefix: string): Promise<{ readonly head: CommitId | null; readonly tips: ReadonlyMap<string, CommitId> }>;
  /**
   * One request for all, and one more where a branch does not begin at the head; what was read before is not asked for
   * again, and stays held as long as `tips` or `read` names it. By branch.
   */
  read(snapshot: Snapshot, tips: ReadonlyMap<string, CommitId>): Promise<ReadonlyMap<string, Proposal>>;
  /** Whether the snapshot has all that a branch changed, by whatever commits: after a squash, say. */
  holds(snapshot: Snapshot, tip: CommitId): Promise<boolean>;
  /** Makes each branch the snapshot's head plus its one commit; all in one push. Outcomes in the order of the drafts. */
  propose(snapshot: Snapshot, drafts: readonly BranchDraft[]): Promise<readonly BranchOutcome[]>;
  /** Takes branches away that still are at these tips; one that is gone already counts as removed. */
  remove(branches: ReadonlyMap<string, CommitId>): Promise<void>;
  /**
   * Puts the tip of a proposal onto the base: the very commit where the snapshot's head is its parent, else a signed
   * merge of both whose message is the draft's. The base's head is the compare-and-swap.
   */
  merge(snapshot: Snapshot, tip: CommitId, draft: Omit<CommitDraft, 'changes'>): Promise<PushOutcome>;
}

/**
 * The pull requests of one repository onto one base, by one forge's API. Rejects with TowpathError: ForgeUnauthorized,
 * ForgeForbidden, ForgeMissing, ForgeArchived, ForgeInvalid (terminal); ForgeRateLimited, ForgeBudget (waiting, with
 * their delay); ForgeUnreachable (transient: 5xx, half an answer, none). Messages hold no token.
 */
export interface Forge {
  readonly kind: ForgeKind;
  /** All open ones whose head is below the prefix in this very repository. Unchanged lists cost as little as the forge allows. */
  open(prefix: string): Promise<readonly PullRequest[]>;
  /** Those closed or merged since, newest first; their heads below the prefix. */
  closed(prefix: string, after: Date): Promise<readonly PullRequest[]>;
  /** Null: there is none of that number. */
  read(number: number): Promise<PullRequest | null>;
  /** Display name of whoever closed it, or merged it; null where the forge does not tell. */
  closedBy(number: number): Promise<string | null>;
  /** Where the forge says that one of this head and base is open already, that one is the answer, with the new content. */
  create(request: NewPullRequest): Promise<PullRequest>;
  update(number: number, content: PullRequestContent): Promise<PullRequest>;
  /** The body is written in the same call, so that it tells who closed it and why. */
  close(number: number, body: string): Promise<void>;
  /**
   * Asks the forge to merge this very head once its rules are met. Null: it does, or has; else why it cannot, for people.
   * Rejects (ForgeNotMergeable, transient) where that is not worked out in time. A squash says `message`; null: as it is.
   */
  autoMerge(pullRequest: PullRequest, method: MergeMethod, message: string | null): Promise<string | null>;
  /** Reviews and checks of the head commit; an approval of an older commit does not count. */
  approval(pullRequest: PullRequest): Promise<Approval>;
  /** After the listener merged by itself: lets the forge know, where it does not see so. False: it cannot be told. */
  markMerged(pullRequest: PullRequest, commit: CommitId): Promise<boolean>;
  repository(): Promise<ForgeRepository>;
  /** Those of these user names that the forge does not know, or, where it says so, that may not see the repository. */
  unknownReviewers(names: readonly string[]): Promise<readonly string[]>;
  budgets(): readonly ForgeBudget[];
  /** Ends what is under way. */
  dispose(): Promise<void>;
}

/** Hides secrets: files to commit beside the manifests, or none when the cluster holds them. */
export interface SecretSealer {
  /**
   * The file in the deployment's folder that would hold this Secret, sealed; null: none, the cluster holds it. A file
   * that the folder has already is kept as it is: sealing anew gives other bytes each time.
   */
  fileOf(secretName: string): string | null;
  /** `note` tells what a person must still do (which Secret a cluster would need), or is null. */
  seal(secret: PlainSecret): Promise<{ readonly files: ReadonlyMap<string, string>; readonly note: string | null }>;
}

/**
 * One namespace of a cluster as one listener sees it: kept by watches, read synchronously, so that looking costs nothing.
 * Only objects that bear the listener's id count. Promises reject with TowpathError, classed; a refusal names the verb
 * and the resource that the listener's Role lacks.
 */
export interface Cluster {
  readonly engine: EngineKind;
  /**
   * Begins to watch; resolves once everything was listed for the first time, or the signal aborts. No failure ends the
   * watches: they are listed anew with growing delay.
   */
  start(onChange: (change: ClusterChange) => void, signal: AbortSignal): Promise<void>;
  /** Why it does not see all that it should (which list or watch fails, and what to do), for people; null: it does. */
  trouble(): string | null;
  /** `folder` is the deployment's path in the repository: the engine's object about it is found by that. */
  live(deploymentId: DeploymentId, folder: string): LiveDeployment;
  /** Warning events about these objects, newest first, at most 20; an empty list where they may not be read. */
  events(about: readonly LiveObject[]): Promise<readonly LiveObject[]>;
  /** All that bears the deployment's label, of every kind that Towpath or the configuration can emit. */
  remaining(deploymentId: DeploymentId): Promise<readonly ObjectReference[]>;
  /**
   * Asks the engine to look at these folders now; null: done, else why not (it may not, there is no object yet). `gone` are
   * those no longer on the branch, absent: not known. Where none is and each has its object, their makers are not asked.
   */
  refresh(folders: readonly string[], gone?: readonly string[]): Promise<string | null>;
  /** Ends an operation of Argo CD that goes on retrying an old commit. */
  endOperation(application: LiveObject): Promise<void>;
  /** Server-side apply, immutable; the same Secret twice changes nothing. */
  applySecret(secret: PlainSecret): Promise<void>;
  secrets(): Promise<readonly LiveSecret[]>;
  /** Names of Secrets that pod templates of this listener's objects (ReplicaSets too) and live pods refer to. */
  referredSecrets(): Promise<ReadonlySet<string>>;
  deleteSecret(name: string): Promise<void>;
  /** GET of a path on port 8000 of a Service of this namespace, through the API server. */
  probe(service: string, path: string): Promise<ProbeAnswer>;
  close(): Promise<void>;
}

/** The Lease by which replicas of one listener agree who works. */
export interface LeaseStore {
  /** Null: there is none yet. */
  read(): Promise<LeaseRecord | null>;
  /** Null: somebody else was faster; read again. `previous` null creates it. */
  write(record: Omit<LeaseRecord, 'version'>, previous: LeaseRecord | null): Promise<LeaseRecord | null>;
}

/** One step of a revision's way that is over. */
export interface RevisionStep {
  readonly name: 'desired-to-committed' | 'committed-to-synced' | 'synced-to-healthy';
  readonly namespace: NamespaceName;
  readonly deploymentId: DeploymentId;
  readonly revisionId: RevisionId;
  readonly from: Date;
  readonly to: Date;
}

type RequestPeer = 'control-plane' | 'git' | 'kubernetes' | 'forge';

/** What is measured of a running listener. Cheap, never throws. */
export interface Telemetry {
  step(step: RevisionStep): void;
  /** A failed revision: its stage and reason, as reported; without `about` it is counted, but in no trace. */
  failure(
    namespace: NamespaceName,
    stage: string,
    reason: string,
    about?: Pick<RevisionStep, 'deploymentId' | 'revisionId'>,
  ): void;
  pass(namespace: NamespaceName, outcome: 'idle' | 'done' | 'failed', durationMs: number): void;
  /** Something is tried again, by the class of what went wrong. */
  retry(kind: FailureKind): void;
  /** Deployments of a namespace that wait for a pass, and reports that wait for the control plane. */
  queue(name: 'reports' | `deployments ${string}`, length: number): void;
  watchRestart(resource: string): void;
  /** `code` is the HTTP status, or `error` where none came. */
  request(peer: RequestPeer, code: number | 'error', durationMs: number): void;
  leading(isLeader: boolean): void;
  /** How much may still be asked of the forge of a namespace. */
  forgeBudget(namespace: NamespaceName, budget: ForgeBudget): void;
  /** Open pull requests of a namespace. */
  reviews(namespace: NamespaceName, open: number): void;
}

export interface Clock {
  now(): Date;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Structured log; a constant sentence plus fields, never a secret. */
export interface Log {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}
