/** What Flux's Kustomization and GitRepository say about one commit of ours. */
import type { LiveObject } from '../../domain/live-object.ts';
import { fieldAt, listAt, numberAt, textAt } from '../../domain/object-fields.ts';
import { type Condition, conditionOf } from '../observe/conditions.ts';
import {
  adviceOfRefusal,
  type EngineVerdict,
  type EngineView,
  failed,
  failedAfterPatience,
  isConnectionTrouble,
  waiting,
} from '../observe/engine.ts';
import { fullNameOf, quote, sentences, shortRevision } from '../observe/words.ts';
import { fluxSourceVerdict } from './source.ts';

interface FluxObjects {
  readonly kustomization: LiveObject | null;
  readonly gitRepository: LiveObject | null;
}

export function fluxVerdict({ kustomization, gitRepository }: FluxObjects, view: EngineView): EngineVerdict {
  if (kustomization !== null && holds(view, textAt(kustomization, 'status', 'lastAttemptedRevision'))) {
    return verdictOfAttempt(kustomization, view);
  }
  return fluxSourceVerdict(gitRepository, view) ?? beforeAttempt(kustomization, view);
}

/** `main@sha1:<40 hex>` names its commit last. */
function commitOfRevision(revision: string): string {
  return /[0-9a-f]{40}$/.exec(revision)?.[0] ?? revision;
}

function holds(view: EngineView, revision: string): boolean {
  return revision !== '' && view.contains(commitOfRevision(revision)) === true;
}

/** It has begun to apply a revision that holds our commit. */
function verdictOfAttempt(kustomization: LiveObject, view: EngineView): EngineVerdict {
  // Applied once is applied: a later failure is a later commit's.
  if (holds(view, textAt(kustomization, 'status', 'lastAppliedRevision'))) return { kind: 'synced' };
  const name = fullNameOf(kustomization);
  const ready = conditionOf(kustomization, 'Ready');
  if (ready?.status === 'False' && !isBehind(kustomization)) return verdictOfFailure(kustomization, ready, view);
  if (fieldAt(kustomization, 'spec', 'suspend') === true) return suspended(name);
  // With `wait` an attempt lasts until the pods are healthy, and that is for us to judge.
  const waitsForHealth =
    fieldAt(kustomization, 'spec', 'wait') === true || listAt(kustomization, 'spec', 'healthChecks').length > 0;
  const revision = shortRevision(commitOfRevision(textAt(kustomization, 'status', 'lastAttemptedRevision')));
  return waiting('Applying', `${name}: Flux is applying ${revision}`, {
    isUnfinished: !waitsForHealth,
    isRetrying: true,
  });
}

function isBehind({ metadata, status }: LiveObject): boolean {
  const seen = numberAt(status, 'observedGeneration');
  return metadata.generation !== undefined && seen !== undefined && seen >= 0 && seen < metadata.generation;
}

/** Flux ends an attempt for these, though nothing of ours was refused. */
const notOurs = new Set(['HealthCheckFailed', 'HealthCheckCanceled', 'DependencyNotReady', 'Progressing']);

function verdictOfFailure(kustomization: LiveObject, ready: Condition, view: EngineView): EngineVerdict {
  const name = fullNameOf(kustomization);
  const { reason, message: words, since } = ready;
  const said = quote(words, 1500);
  if (notOurs.has(reason)) return waiting(reason, `${name} is not ready: ${said}`);
  if (isConnectionTrouble(words)) {
    return waiting(reason, sentences(`${name}: Flux could not apply the commit for now: ${said}`, 'It tries again'), {
      isUnfinished: true,
    });
  }
  const what = doings.get(reason) ?? 'apply the commit';
  const message = sentences(`${name}: Flux cannot ${what}: ${said}`, adviceOf(reason, said));
  if (reason === 'ArtifactFailed') return failedAfterPatience(view, reason, message, since);
  return failed(reason || 'ReconciliationFailed', message, { since, isRefusal: reason !== 'BuildFailed' });
}

const doings: ReadonlyMap<string, string> = new Map([
  ['BuildFailed', 'build what is in git'],
  ['PruneFailed', 'remove what is no longer in git'],
  ['ArtifactFailed', 'take the folder from its source'],
]);

function adviceOf(reason: string, said: string): string {
  if (reason === 'BuildFailed') {
    return 'Correct the folder in git, or the components that it takes in; kustomize build shows the same';
  }
  if (reason === 'ArtifactFailed') return 'Look at its path and at the source-controller';
  return adviceOfRefusal(said);
}

/** Flux has fetched the commit, and the Kustomization has not begun with it. */
function beforeAttempt(kustomization: LiveObject | null, view: EngineView): EngineVerdict {
  if (kustomization === null) {
    const message = sentences(
      'Flux has no Kustomization for this folder yet',
      'If that lasts, look at the root Kustomization over flux/, which makes it (towpath bootstrap flux)',
    );
    return waiting('KustomizationMissing', message);
  }
  const name = fullNameOf(kustomization);
  if (kustomization.metadata.deletionTimestamp !== undefined) {
    return waiting('KustomizationDeleting', `${name} is being deleted`);
  }
  if (fieldAt(kustomization, 'spec', 'suspend') === true) return suspended(name);
  const condition = conditionOf(kustomization, 'Stalled', 'True') ?? conditionOf(kustomization, 'Ready', 'False');
  const stalled = condition && !isBehind(kustomization) ? verdictOfStall(name, condition, view) : null;
  if (stalled) return stalled;
  const at = textAt(kustomization, 'status', 'lastAttemptedRevision');
  const where = at === '' ? 'has applied nothing yet' : `is at ${shortRevision(commitOfRevision(at))}`;
  return waiting('AwaitingApply', `${name} ${where}; Flux is about to apply the commit`);
}

function suspended(name: string): EngineVerdict {
  return waiting('Suspended', `${name} is suspended: flux resume kustomization lets it go on`);
}

/** What keeps it from beginning; how an older commit failed says nothing. */
function verdictOfStall(name: string, condition: Condition, view: EngineView): EngineVerdict | null {
  const { type, reason, message: words, since } = condition;
  const said = quote(words, 1000);
  if (reason === 'DependencyNotReady') return waiting(reason, `${name} waits for what it depends on: ${said}`);
  if (type !== 'Stalled' && reason !== 'ArtifactFailed') return null;
  const message = sentences(`${name}: Flux cannot begin: ${said}`, adviceOf('ArtifactFailed', said));
  if (isConnectionTrouble(words)) return waiting(reason, message);
  return failedAfterPatience(view, reason || 'Stalled', message, since);
}
