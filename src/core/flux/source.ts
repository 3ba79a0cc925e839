/** What keeps Flux's GitRepository from handing on our commit; what it has handed on is no longer its business. */
import type { LiveObject } from '../../domain/live-object.ts';
import { fieldAt, textAt } from '../../domain/object-fields.ts';
import { type Condition, conditionOf } from '../observe/conditions.ts';
import {
  type EngineVerdict,
  type EngineView,
  failed,
  failedAfterPatience,
  isConnectionTrouble,
  waiting,
} from '../observe/engine.ts';
import { fullNameOf, quote, sentences, shortRevision } from '../observe/words.ts';

/** Null: it has our commit. */
export function fluxSourceVerdict(source: LiveObject | null, view: EngineView): EngineVerdict | null {
  if (source === null) {
    const message = sentences(
      'Flux has no GitRepository for this repository',
      'Make one (towpath bootstrap flux), or correct its URL and branch',
    );
    return waiting('GitRepositoryMissing', message);
  }
  const revision = textAt(source, 'status', 'artifact', 'revision');
  const held = /[0-9a-f]{40}$/.exec(revision)?.[0];
  if (held !== undefined && view.contains(held) === true) return null;
  const name = fullNameOf(source);
  if (fieldAt(source, 'spec', 'suspend') === true) {
    return waiting('Suspended', `${name} is suspended: flux resume source git lets it go on`);
  }
  const condition = troubleOf(source);
  if (condition) return verdictOfTrouble(name, condition, view);
  const at = held === undefined ? 'has fetched nothing yet' : `is at ${shortRevision(held)}`;
  return waiting('AwaitingFetch', `${name} ${at}; Flux has not fetched the commit yet`);
}

/** The first is the nearest to the cause; Ready only repeats it. */
function troubleOf(source: LiveObject): Condition | undefined {
  return (
    conditionOf(source, 'SourceVerified', 'False') ??
    conditionOf(source, 'FetchFailed', 'True') ??
    conditionOf(source, 'StorageOperationFailed', 'True') ??
    conditionOf(source, 'Stalled', 'True') ??
    conditionOf(source, 'Ready', 'False')
  );
}

function verdictOfTrouble(name: string, condition: Condition, view: EngineView): EngineVerdict {
  const { type, reason, message: words, since } = condition;
  const said = quote(words, 1000);
  if (type === 'SourceVerified') {
    const advice = 'Commits must be signed with a key that its verification Secret holds';
    const message = sentences(`${name}: Flux does not trust the commit: ${said}`, advice);
    const named = /\b[0-9a-f]{40}\b/.exec(words)?.[0];
    if (named !== undefined && view.contains(named) === true) return failed(reason, message, { since });
    return failedAfterPatience(view, reason || 'VerificationError', message, since);
  }
  if (isConnectionTrouble(words)) {
    return waiting(reason, sentences(`${name}: Flux cannot reach the repository for now: ${said}`, 'It tries again'));
  }
  const message = sentences(`${name}: Flux cannot fetch the repository: ${said}`, adviceOf(reason));
  return failedAfterPatience(view, reason || 'GitOperationFailed', message, since);
}

function adviceOf(reason: string): string {
  if (reason === 'AuthenticationFailed') return 'Correct the Secret that it names in secretRef';
  return 'Correct its URL, its branch, or the credentials in its secretRef';
}
