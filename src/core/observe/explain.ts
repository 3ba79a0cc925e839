/** Puts what was seen into words: the same situation always into the same ones, for each other message is a report. */
import type { EngineVerdict } from './engine.ts';
import type { SeenWorkload, Sight, Trouble } from './observation.ts';
import { nameOf, sentences } from './words.ts';

interface Explained {
  readonly reason: string;
  readonly message: string;
}

/** Not the number of pods: autoscalers change it all day. */
export function runningWords({ workloads }: Sight): string {
  return `Everything runs: ${namesOf(workloads)}`;
}

export function explainSight(sight: Sight, engine: EngineVerdict): Explained {
  return sight.fresh.length === 0 ? explainAbsence(sight, engine) : explainWorkloads(sight, engine);
}

/** The same after it ran. */
export function explainLoss(sight: Sight, engine: EngineVerdict): Explained {
  if (sight.fresh.length > 0) return explainWorkloads(sight, engine);
  const message = sentences(
    'No workload of this revision is in the namespace any more',
    staleWords(sight),
    engine.kind === 'synced' ? '' : engine.message,
  );
  return { reason: 'WorkloadsMissing', message };
}

function explainAbsence(sight: Sight, engine: EngineVerdict): Explained {
  if (engine.kind !== 'synced') return { reason: engine.reason, message: engine.message };
  const there = sight.workloads.length === 0 ? 'no workload' : 'no workload of this revision';
  const message = sentences(
    `The engine says that it has applied the commit, and ${there} is in the namespace`,
    'Look at the labels and the namespace that components give to the objects',
  );
  return { reason: 'RevisionNotSeen', message };
}

function explainWorkloads(sight: Sight, engine: EngineVerdict): Explained {
  const unready = sight.workloads.filter(({ isOurs, status }) => isOurs && status.status !== 'Current');
  const troubles = distinct(sight.troubles.filter(({ message }) => message !== ''));
  const told = new Set(troubles.map(({ message }) => message));
  const isApart = sight.stale.length > 0 || sight.missing.length > 0;
  const engineWords = engine.kind !== 'synced' && (isApart || engine.kind === 'blocked' || unready.length === 0);
  const message = sentences(
    sight.missing.length === 0 ? '' : `Not there yet: ${sight.missing.join(', ')}`,
    staleWords(sight),
    engineWords ? engine.message : '',
    ...unready.map(({ status }) => status.message).filter((words) => !told.has(words)),
    ...troubles.flatMap(({ message: words, advice }) => [words, advice]),
  );
  return { reason: reasonOf(sight, unready, engineWords ? engine : null), message };
}

function staleWords({ stale }: Sight): string {
  return stale.length === 0 ? '' : `Still of another revision: ${namesOf(stale)}`;
}

/** What merely starts is no reason as long as there is a better one. */
const plain = new Set(['ContainerCreating', 'ContainersNotReady', 'InitContainerRunning', 'LessReplicas']);

function reasonOf(sight: Sight, unready: readonly SeenWorkload[], engine: EngineVerdict | null): string {
  const trouble = sight.troubles.find(({ reason }) => !plain.has(reason));
  if (trouble !== undefined) return trouble.reason;
  if (sight.stale.length > 0 || sight.missing.length > 0) return 'PartlySynced';
  const workload = unready.find(({ status }) => status.reason !== '');
  return workload?.status.reason ?? (engine !== null && engine.kind !== 'synced' ? engine.reason : 'InProgress');
}

const mostTroubles = 3;

/** Pods of one template mostly share one trouble: it is told once. */
function distinct(troubles: readonly Trouble[]): readonly Trouble[] {
  const found = new Map<string, Trouble>();
  for (const trouble of troubles) {
    const key = trouble.message.replace(`Pod ${trouble.object.metadata.name}:`, '');
    if (!found.has(key)) found.set(key, trouble);
  }
  return [...found.values()].slice(0, mostTroubles);
}

function namesOf(workloads: readonly SeenWorkload[]): string {
  return workloads.map(({ object }) => nameOf(object)).join(', ');
}
