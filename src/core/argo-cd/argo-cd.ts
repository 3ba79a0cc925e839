/** What an Argo CD Application says about one commit of ours; nothing is believed that may be older than the commit. */
import type { LiveObject } from '../../domain/live-object.ts';
import { fieldAt, listAt, textAt, timeAt } from '../../domain/object-fields.ts';
import { conditionOf } from '../observe/conditions.ts';
import {
  adviceOfRefusal,
  containsAny,
  type EngineVerdict,
  type EngineView,
  failed,
  failedAfterPatience,
  waiting,
} from '../observe/engine.ts';
import { fullNameOf, quote, sentences, shortRevision } from '../observe/words.ts';
import { isSynced, verdictOfComparison } from './comparison.ts';
import { operationOf, verdictOfOperation, verdictOfOther } from './operation.ts';
import { comparedRevisions } from './revisions.ts';

/** Null is an Application that is not there. */
export function argoCdVerdict(application: LiveObject | null, view: EngineView): EngineVerdict {
  if (application === null) return missing();
  const name = fullNameOf(application);
  if (application.metadata.deletionTimestamp !== undefined) {
    return waiting('ApplicationDeleting', `${name} is being deleted; its ApplicationSet makes it anew`);
  }
  const operation = operationOf(application, view);
  const other = verdictOfOther(operation);
  if (other) return other;
  // An operation is not required: a commit that changes nothing in the folder never gets one.
  if (!operation.isRunning && isSynced(application, view)) return { kind: 'synced' };
  return (
    verdictOfComparison(application, view) ??
    verdictOfOperation(operation) ??
    verdictOfSpec(application, view) ??
    verdictOfLastAttempt(application, view) ??
    verdictOfDifference(application, view)
  );
}

function missing(): EngineVerdict {
  const message = sentences(
    'Argo CD has no Application for this folder yet',
    'If that lasts, look at the conditions of the ApplicationSet: it must read this repository and this branch',
  );
  return waiting('ApplicationMissing', message);
}

function verdictOfSpec(application: LiveObject, view: EngineView): EngineVerdict | null {
  const condition = conditionOf(application, 'InvalidSpecError') ?? conditionOf(application, 'UnknownError');
  if (condition === undefined) return null;
  const message = sentences(
    `${fullNameOf(application)} is refused by Argo CD: ${quote(condition.message)}`,
    'Compare its project, repository and destination with what the AppProject allows',
  );
  return failedAfterPatience(view, condition.type, message, condition.since);
}

/** `Failed last sync attempt to [sha]`: Argo CD never tries that commit again. */
function verdictOfLastAttempt(application: LiveObject, view: EngineView): EngineVerdict | null {
  const condition = conditionOf(application, 'SyncError');
  const [, list = ''] = /\[([^\]]*)\]/.exec(condition?.message ?? '') ?? [];
  const revisions = list.split(/[\s,]+/).filter((revision) => revision !== '');
  if (condition === undefined || containsAny(view, revisions) !== true) return null;
  const said = quote(condition.message, 1000);
  const message = sentences(
    `${fullNameOf(application)}: Argo CD cannot apply the commit: ${said}`,
    adviceOfRefusal(said),
  );
  return failed('SyncError', message, { since: condition.since });
}

/** It was compared with an older commit, or it differs from ours and nothing runs. */
function verdictOfDifference(application: LiveObject, view: EngineView): EngineVerdict {
  const name = fullNameOf(application);
  const revisions = comparedRevisions(application);
  if (containsAny(view, revisions) !== true) {
    const at = revisions.map(shortRevision).join(', ') || 'no revision';
    return waiting('AwaitingRefresh', `${name} is at ${at}; Argo CD has not looked at the commit yet`);
  }
  const automated = fieldAt(application, 'spec', 'syncPolicy', 'automated');
  if (automated === undefined || fieldAt(automated, 'enabled') === false) {
    return waiting('SyncIsManual', `${name} has no automated sync: turn it on, or sync it by hand`);
  }
  return verdictOutOfSync(application, view);
}

/** Applied and still different: the API server drops a field, and Argo CD applies it for ever. */
function verdictOutOfSync(application: LiveObject, view: EngineView): EngineVerdict {
  const name = fullNameOf(application);
  const soon = `${name}: Argo CD is about to apply the commit`;
  const finishedAt = timeAt(application, 'status', 'operationState', 'finishedAt');
  const isApplied = textAt(application, 'status', 'operationState', 'phase') === 'Succeeded' && finishedAt !== null;
  if (!isApplied) return waiting('OutOfSync', soon);
  // From the commit on: self-heal finishes one operation after the other.
  const until = new Date(view.committedAt.getTime() + view.patience);
  if (view.now < until) return waiting('OutOfSync', soon, { until });
  const differing = listAt(application, 'status', 'resources')
    .filter((resource) => textAt(resource, 'status') === 'OutOfSync')
    .map((resource) => `${textAt(resource, 'kind')} ${textAt(resource, 'name')}`);
  const message = sentences(
    `${name} was synced and is still OutOfSync${differing.length === 0 ? '' : `: ${differing.join(', ')}`}`,
    'The API server or a webhook drops or changes a field; argocd app diff shows which',
  );
  return waiting('OutOfSync', message);
}
