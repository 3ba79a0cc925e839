/** What an engine's objects say about one commit of ours, whichever engine it is. */
import type { CommitId } from '../../domain/identifiers.ts';
import type { LiveObject } from '../../domain/live-object.ts';

/** What an engine's objects are compared with. */
export interface EngineView {
  readonly commit: CommitId;
  /** Whether a revision, as the engine calls it, holds the commit; null: not known. */
  readonly contains: (revision: string) => boolean | null;
  readonly committedAt: Date;
  readonly now: Date;
  /** Milliseconds that a failure which may not be the commit's fault has to pass by itself. */
  readonly patience: number;
}

interface EngineWaiting {
  readonly kind: 'waiting';
  readonly reason: string;
  readonly message: string;
  /** Time alone may change this. */
  readonly until: Date | null;
  /** The engine is at work on our commit after a refusal: that the pods run is no success yet. */
  readonly isUnfinished: boolean;
  /** Between two attempts, when the engine has taken back its words about the last one. */
  readonly isRetrying: boolean;
}

interface EngineFailed {
  readonly kind: 'failed';
  readonly reason: string;
  readonly message: string;
  readonly since: Date | null;
  /** Objects of our commit were refused: running pods do not make up for that. */
  readonly isRefusal: boolean;
}

export type EngineVerdict =
  | EngineWaiting
  | { readonly kind: 'synced' }
  | EngineFailed
  /** An operation goes on retrying an older commit, and ours has to wait for its end. */
  | { readonly kind: 'blocked'; readonly reason: string; readonly message: string; readonly application: LiveObject };

export function waiting(
  reason: string,
  message: string,
  more: Partial<Pick<EngineWaiting, 'until' | 'isUnfinished' | 'isRetrying'>> = {},
): EngineWaiting {
  return { kind: 'waiting', reason, message, until: null, isUnfinished: false, isRetrying: false, ...more };
}

export function failed(
  reason: string,
  message: string,
  more: Partial<Pick<EngineFailed, 'since' | 'isRefusal'>> = {},
): EngineFailed {
  return { kind: 'failed', reason, message, since: null, isRefusal: false, ...more };
}

/** A failure that says nothing of our commit: it is waited for a while, then it is told. */
export function failedAfterPatience(
  view: EngineView,
  reason: string,
  message: string,
  since: Date | null,
): EngineVerdict {
  const began = Math.max(since?.getTime() ?? 0, view.committedAt.getTime());
  const until = new Date(began + view.patience);
  return view.now < until ? waiting(reason, message, { until }) : failed(reason, message, { since });
}

/** Of several revisions one that holds the commit is enough; all must be known for a no. */
export function containsAny(view: EngineView, revisions: readonly string[]): boolean | null {
  const answers = revisions.map((revision) => view.contains(revision));
  if (answers.includes(true)) return true;
  return answers.length > 0 && answers.every((answer) => answer === false) ? false : null;
}

/** Somebody did not answer: nothing is wrong with the commit, and it mends itself. */
export function isConnectionTrouble(words: string): boolean {
  return /code = (?:Unavailable|DeadlineExceeded|Canceled)|connection (?:refused|reset|error)|error (?:reading|while dialing)|dial tcp|i\/o timeout|no such host|no route to host|TLS handshake timeout|context (?:deadline exceeded|canceled)|server is currently unable|etcdserver|too many requests|unexpected EOF|\b50[234]\b/i.test(
    words,
  );
}

export function isAccessTrouble(words: string): boolean {
  return /authentication required|failed to authenticate|authorization failed|access denied|permission denied|unable to authenticate|invalid credentials|repository not found|host key|x509|\b40[13]\b/i.test(
    words,
  );
}

/** What to do about an object that the API server does not take. */
export function adviceOfRefusal(words: string): string {
  if (/exceeded quota|limitrange|maximum (?:cpu|memory)/i.test(words)) {
    return 'Ask for less, or raise the quota of the namespace';
  }
  if (/admission|denied the request|policy|kyverno|gatekeeper/i.test(words)) {
    return 'Change what the policy objects to by a new revision, or change the policy';
  }
  if (/forbidden|cannot (?:create|patch|update|delete|get) resource|not permitted/i.test(words)) {
    return 'Give the engine the right that it lacks, or allow the kind in its project';
  }
  if (/no matches for kind|could not find the requested resource/i.test(words)) {
    return 'Install the custom resource that is missing, or turn off what needs it';
  }
  return 'Correct what the message names by a new revision';
}
