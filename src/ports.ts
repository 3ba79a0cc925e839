/** The outside world as the listener needs it: interfaces only. */
import type { CommitDraft, CommitSummary } from './domain/commit.ts';
import type { ControlPlaneInfo, DesiredPage } from './domain/desired.ts';
import type { BlobId, CommitId, DeploymentId, NamespaceName, RevisionId } from './domain/identifiers.ts';
import type { Report } from './domain/report.ts';
import type { SecretValues, Specification } from './domain/specification.ts';

export type { CommitDraft, CommitSummary };

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
  /**
   * Builds one commit a draft on the snapshot and pushes them all with the head as compare-and-swap.
   * An unclear answer is cleared up here: the remote ref is read, and the very same pack sent again if need be.
   */
  publish(snapshot: Snapshot, drafts: readonly CommitDraft[]): Promise<PushOutcome>;
  close(): Promise<void>;
}

/** A Secret that the workloads refer to, before it is hidden. */
export interface PlainSecret {
  readonly namespace: NamespaceName;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, string>>;
}

/** Hides secrets: files to commit beside the manifests, or none when the cluster holds them. */
export interface SecretSealer {
  /** `note` tells what a person must still do (which Secret a cluster would need), or is null. */
  seal(secret: PlainSecret): Promise<{ readonly files: ReadonlyMap<string, string>; readonly note: string | null }>;
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
