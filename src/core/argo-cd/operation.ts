/** Reads the operation of an Argo CD Application: whose commit it is about, how often it was tried, what was refused. */
import type { LiveObject } from '../../domain/live-object.ts';
import { fieldAt, listAt, numberAt, textAt, timeAt } from '../../domain/object-fields.ts';
import {
  adviceOfRefusal,
  containsAny,
  type EngineVerdict,
  type EngineView,
  failed,
  isConnectionTrouble,
  waiting,
} from '../observe/engine.ts';
import { fullNameOf, quote, sentences, shortRevision } from '../observe/words.ts';
import { operationRevisions } from './revisions.ts';

interface Operation {
  readonly application: LiveObject;
  /** `name` for messages. */
  readonly revision: string;
  /** Whether it is about a revision that holds our commit. */
  readonly contained: boolean | null;
  readonly phase: string;
  readonly isRunning: boolean;
  readonly retries: number;
  /** Of its last attempt; set between two attempts too. */
  readonly finishedAt: Date | null;
  /** Each refused object with the API server's words. */
  readonly refused: readonly string[];
  readonly said: string;
}

export function operationOf(application: LiveObject, view: EngineView): Operation {
  const state = fieldAt(application, 'status', 'operationState');
  const revisions = operationRevisions(application);
  const phase = textAt(state, 'phase');
  return {
    application,
    revision: revisions.map(shortRevision).join(', '),
    contained: containsAny(view, revisions),
    phase,
    isRunning: phase === 'Running' || phase === 'Terminating' || fieldAt(application, 'operation') !== undefined,
    retries: numberAt(state, 'retryCount') ?? 0,
    finishedAt: timeAt(state, 'finishedAt'),
    refused: refusedBy(state),
    said: textAt(state, 'message'),
  };
}

function refusedBy(state: unknown): readonly string[] {
  return listAt(state, 'syncResult', 'resources')
    .filter((resource) => textAt(resource, 'status') === 'SyncFailed')
    .map((resource) => {
      const name = `${textAt(resource, 'kind')} ${textAt(resource, 'name')}`;
      return `${name}: ${quote(textAt(resource, 'message'))}`;
    });
}

/** While an operation retries an older commit, Argo CD starts nothing for a newer one. */
export function verdictOfOther(operation: Operation): EngineVerdict | null {
  const { application, isRunning, contained, revision, phase } = operation;
  if (!isRunning || contained !== false) return null;
  const name = fullNameOf(application);
  const isStuck = operation.retries >= 1 || operation.refused.length > 0;
  if (!isStuck || phase === 'Terminating') {
    return waiting('OlderOperation', `${name} is still applying ${revision}, an older commit`);
  }
  const message = sentences(
    `${name} goes on retrying ${revision}, an older commit, and takes no newer one meanwhile: ${reasonOf(operation)}`,
    'Ending that operation lets it go on (argocd app terminate-op)',
  );
  return { kind: 'blocked', reason: 'BlockedByOlderCommit', message, application };
}

export function verdictOfOperation(operation: Operation): EngineVerdict | null {
  const { application, contained, phase, isRunning, refused } = operation;
  if (contained === false) return null;
  if (contained === true && (phase === 'Failed' || phase === 'Error')) return failure(operation);
  if (!isRunning) return null;
  const name = fullNameOf(application);
  const isUnfinished = contained === true && (operation.retries >= 1 || refused.length > 0);
  if (!isUnfinished) return waiting('Syncing', `${name} is applying ${operation.revision}`);
  return retried(operation, name);
}

/** Once may be chance (a webhook that is not up yet); told is what was refused twice. */
const convincing = 2;

function retried(operation: Operation, name: string): EngineVerdict {
  if (operation.finishedAt === null) {
    return waiting('Retrying', `${name} tries again to apply ${operation.revision}`, {
      isUnfinished: true,
      isRetrying: operation.retries >= convincing,
    });
  }
  if (operation.retries >= convincing) return failure(operation);
  const message = `${name} could not apply ${operation.revision} and tries again: ${reasonOf(operation)}`;
  return waiting('Retrying', message, { isUnfinished: true });
}

function failure(operation: Operation): EngineVerdict {
  const { application, revision, refused, finishedAt } = operation;
  const name = fullNameOf(application);
  const why = reasonOf(operation);
  if (refused.length === 0 && isConnectionTrouble(operation.said)) {
    const message = sentences(`${name}: Argo CD could not apply ${revision} for now: ${why}`, 'It tries again');
    return waiting('SyncError', message, { isUnfinished: true });
  }
  const message = sentences(`${name}: Argo CD cannot apply ${revision}: ${why}`, adviceOfRefusal(why));
  const isRefusal = refused.length > 0;
  return failed(isRefusal ? 'SyncFailed' : 'SyncError', message, { since: finishedAt, isRefusal });
}

const mostNamed = 5;

function reasonOf({ refused, said }: Operation): string {
  if (refused.length === 0) return quote(said, 1000) || 'it does not say why';
  const more = refused.length > mostNamed ? [`and ${refused.length - mostNamed} more`] : [];
  return [...refused.slice(0, mostNamed), ...more].join('; ');
}
