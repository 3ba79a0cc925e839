/** Whether an Argo CD Application was compared with our commit, and what that told. */
import type { LiveObject } from '../../domain/live-object.ts';
import { textAt, timeAt } from '../../domain/object-fields.ts';
import { conditionOf } from '../observe/conditions.ts';
import {
  containsAny,
  type EngineVerdict,
  type EngineView,
  failed,
  failedAfterPatience,
  isAccessTrouble,
  isConnectionTrouble,
  waiting,
} from '../observe/engine.ts';
import { fullNameOf, quote, sentences } from '../observe/words.ts';
import { comparedRevisions } from './revisions.ts';

/** Proven by a revision that holds our commit, or, where the branch is all that is said, by a later comparison. */
export function isSynced(application: LiveObject, view: EngineView): boolean {
  return textAt(application, 'status', 'sync', 'status') === 'Synced' && isComparedWithOurs(application, view);
}

function isComparedWithOurs(application: LiveObject, view: EngineView): boolean {
  const contained = containsAny(view, comparedRevisions(application));
  return contained === true || (contained === null && isComparedLater(application, view));
}

/** `reconciledAt` has whole seconds, so one of the very second of the commit may still be older than it. */
function isComparedLater(application: LiveObject, view: EngineView): boolean {
  const comparedAt = timeAt(application, 'status', 'reconciledAt');
  return comparedAt !== null && comparedAt.getTime() >= Math.ceil(view.committedAt.getTime() / 1000) * 1000;
}

/** An error of an older commit, or one that may be, is left alone: the next comparison tells. */
export function verdictOfComparison(application: LiveObject, view: EngineView): EngineVerdict | null {
  const condition = conditionOf(application, 'ComparisonError');
  if (condition === undefined || !isComparedWithOurs(application, view)) return null;
  const name = fullNameOf(application);
  const said = quote(condition.message, 1000);
  if (isConnectionTrouble(condition.message)) {
    const message = sentences(`${name}: Argo CD cannot read the repository for now: ${said}`, 'It tries again');
    return waiting('ComparisonError', message);
  }
  if (isAccessTrouble(condition.message)) {
    const advice = 'Correct the credentials that Argo CD has for the repository';
    const message = sentences(`${name}: Argo CD may not read the repository: ${said}`, advice);
    return failedAfterPatience(view, 'ComparisonError', message, condition.since);
  }
  const message = sentences(`${name}: Argo CD cannot build what is in git: ${said}`, adviceOf(said));
  return failed('ComparisonError', message, { since: condition.since });
}

function adviceOf(said: string): string {
  return /GPG|signature|verifying revision|unsigned/i.test(said)
    ? 'Commits must be signed with a key that the AppProject lists and that Argo CD knows'
    : 'Correct the folder in git, or the components that it takes in; kustomize build shows the same';
}
