/** What keeps a revision's pods from running, and from when on each trouble fails the revision. */
import { type LiveObject, ownLabels } from '../../domain/live-object.ts';
import { timeAt } from '../../domain/object-fields.ts';
import { eventsAbout, eventWords } from '../explain-pods/events.ts';
import { explainPods, type PodTrouble, readySince } from '../explain-pods/explain-pods.ts';
import { conditionOf } from './conditions.ts';
import { adviceOfRefusal } from './engine.ts';
import type { Observation, SeenWorkload, Trouble } from './observation.ts';
import { nameOf, quote } from './words.ts';

export function findTroubles(
  observation: Observation,
  pods: readonly LiveObject[],
  workloads: readonly SeenWorkload[],
): readonly Trouble[] {
  const ofPods = podTroubles(observation, pods);
  const ofWorkloads = workloads.flatMap((workload) => workloadTrouble(observation, workload) ?? []);
  const all = [...ofPods, ...ofWorkloads];
  return [...all.filter(({ failAt }) => failAt !== null), ...all.filter(({ failAt }) => failAt === null)];
}

/** A pod that starts well needs no explaining. */
const startingMs = 10_000;

function podTroubles(observation: Observation, pods: readonly LiveObject[]): readonly Trouble[] {
  const { events, committedAt, rollout } = observation;
  const databases = pods.filter(isDatabase);
  const byName = new Map(pods.map((pod) => [pod.metadata.name, pod]));
  return explainPods(pods, events).flatMap((trouble) => {
    const object = byName.get(trouble.pod);
    if (object === undefined) return [];
    const from = isDatabase(object) ? later(trouble.since, committedAt) : blamedFrom(trouble, databases);
    const failAt = trouble.isStuck && from !== null ? after(from, rollout.stuckAfter) : null;
    const puzzlingAt = trouble.isPuzzling ? after(trouble.since, trouble.isStuck ? 0 : startingMs) : null;
    const { reason, message, advice } = trouble;
    return [{ object, reason, message, advice, failAt, puzzlingAt }];
  });
}

/** Databases are of no revision. */
function isDatabase({ metadata }: LiveObject): boolean {
  return metadata.labels?.[ownLabels.revision] === undefined;
}

const crashes = new Set(['CrashLoopBackOff', 'ContainerExited']);

/** A server may crash until its databases are ready; null: it cannot be blamed yet. */
function blamedFrom({ reason, since, latest }: PodTrouble, databases: readonly LiveObject[]): Date | null {
  if (!crashes.has(reason) || databases.length === 0) return since;
  const readyAt = readySince(databases);
  if (readyAt === null || (latest !== null && latest <= readyAt)) return null;
  return later(since, readyAt);
}

const refusedReasons = new Set(['FailedCreate', 'ReplicaFailure']);

/** Pods that cannot even be made: a quota, or an admission policy. A StatefulSet says so only by events. */
function workloadTrouble(observation: Observation, { object, status, isOurs }: SeenWorkload): Trouble | null {
  if (!isOurs || status.status !== 'InProgress') return null;
  const { events, committedAt, rollout } = observation;
  if (refusedReasons.has(status.reason)) {
    const since = conditionOf(object, 'ReplicaFailure', 'True')?.since ?? committedAt;
    const failAt = after(later(since, committedAt), rollout.stuckAfter);
    const advice = adviceOfRefusal(status.message);
    return { object, reason: status.reason, message: status.message, advice, failAt, puzzlingAt: null };
  }
  if (status.reason !== 'LessReplicas' || object.kind === 'Deployment') return null;
  const about = eventsAbout(object, events);
  const said = quote(eventWords(about, '', 'FailedCreate'));
  if (said === '') {
    const puzzlingAt = after(
      later(timeAt(object, 'metadata', 'creationTimestamp') ?? committedAt, committedAt),
      startingMs,
    );
    return { object, reason: status.reason, message: '', advice: '', failAt: null, puzzlingAt };
  }
  const message = `${nameOf(object)} cannot make a pod: ${said}`;
  const failAt = after(committedAt, rollout.stuckAfter);
  return { object, reason: 'FailedCreate', message, advice: adviceOfRefusal(said), failAt, puzzlingAt: null };
}

function later(one: Date, other: Date): Date {
  return one > other ? one : other;
}

function after(time: Date, ms: number): Date {
  return new Date(time.getTime() + ms);
}
