/** Says what keeps pods from being ready: which pod, whose words, and what to try. */
import type { LiveObject } from '../../domain/live-object.ts';
import { listAt, textAt, timeAt } from '../../domain/object-fields.ts';
import { conditionOf, conditionsOf } from '../observe/conditions.ts';
import { quote } from '../observe/words.ts';
import { explainContainers } from './containers.ts';
import { eventsAbout } from './events.ts';
import type { Explanation } from './words.ts';

export interface PodTrouble {
  readonly pod: string;
  /** Null where the trouble is the whole pod's. */
  readonly container: string | null;
  /** One CamelCase word, the kubelet's or the scheduler's own where they have one. */
  readonly reason: string;
  /** Names the pod; the same situation gives the same text. */
  readonly message: string;
  /** What to try; `''` where nothing need be done but wait. */
  readonly advice: string;
  /** It cannot start by itself soon. */
  readonly isStuck: boolean;
  readonly since: Date;
  /** When it last went wrong, where that is known. */
  readonly latest: Date | null;
  /** Its events would say more, and none was given. */
  readonly isPuzzling: boolean;
}

/** One trouble a pod that is neither ready nor at its end; what is stuck comes first, then by name. */
export function explainPods(pods: readonly LiveObject[], events: readonly LiveObject[]): readonly PodTrouble[] {
  return pods
    .flatMap((pod) => explainPod(pod, eventsAbout(pod, events)) ?? [])
    .sort((one, other) => rank(one) - rank(other) || (one.pod < other.pod ? -1 : 1));
}

function rank({ isStuck, reason }: PodTrouble): number {
  if (isStuck) return 0;
  return reason === 'ContainersNotReady' || reason === 'ContainerCreating' ? 2 : 1;
}

function explainPod(pod: LiveObject, events: readonly LiveObject[]): PodTrouble | null {
  const phase = textAt(pod, 'status', 'phase');
  if (pod.metadata.deletionTimestamp !== undefined || phase === 'Succeeded') return null;
  if (phase !== 'Failed' && conditionOf(pod, 'Ready', 'True')) return null;
  const found =
    ended(pod, phase) ?? unscheduled(pod) ?? explainContainers(pod, events) ?? creating(events) ?? waiting(events);
  const name = pod.metadata.name;
  return {
    pod: name,
    container: found.container ?? null,
    reason: found.reason,
    message: `Pod ${name}: ${found.words}`,
    advice: found.advice,
    isStuck: found.isStuck,
    since: found.since ?? beganAt(pod),
    latest: found.latest ?? null,
    isPuzzling: found.isPuzzling ?? false,
  };
}

/** The pod's own start; never later than its containers' first trouble. */
function beganAt(pod: LiveObject): Date {
  return timeAt(pod, 'status', 'startTime') ?? timeAt(pod, 'metadata', 'creationTimestamp') ?? new Date(0);
}

/** Evicted, preempted, or refused by its node; its workload makes another one. */
function ended(pod: LiveObject, phase: string): Explanation | null {
  if (phase !== 'Failed') return null;
  const reason = textAt(pod, 'status', 'reason') || 'PodFailed';
  const said = quote(textAt(pod, 'status', 'message'));
  const words = `${reason === 'Evicted' ? 'was evicted' : 'has failed'}${said && `: ${said}`}`;
  const advice = reason === 'Evicted' ? 'Raise its resource requests, or give the node more room' : '';
  return { reason, words, advice, isStuck: false };
}

function unscheduled(pod: LiveObject): Explanation | null {
  const condition = conditionOf(pod, 'PodScheduled', 'False');
  if (condition === undefined) return null;
  const said = quote(condition.message);
  const isVolume = /PersistentVolumeClaim|persistentvolumeclaim/.test(said);
  const claims = isVolume ? claimsOf(pod) : '';
  return {
    reason: isVolume ? 'VolumeClaimPending' : condition.reason || 'Unschedulable',
    words: `no node takes it${claims && ` while ${claims} has no volume`}: ${said}`,
    advice: isVolume
      ? 'Look at the claim and at the StorageClass that should make its volume'
      : adviceOfScheduler(said),
    isStuck: false,
    since: condition.since,
  };
}

function claimsOf(pod: LiveObject): string {
  const names = listAt(pod, 'spec', 'volumes')
    .map((volume) => textAt(volume, 'persistentVolumeClaim', 'claimName'))
    .filter((name) => name !== '');
  return names.length === 0 ? '' : `claim ${names.join(', ')}`;
}

function adviceOfScheduler(said: string): string {
  if (/Insufficient (?:cpu|memory|ephemeral-storage)/.test(said)) {
    return 'Ask for less cpu and memory, or add a node with more';
  }
  if (/taint|node affinity|node selector/i.test(said))
    return 'Compare its node selector and tolerations with the nodes';
  return 'Look at the nodes and at what the pod asks for';
}

const volumeReasons = new Set(['FailedMount', 'FailedAttachVolume', 'FailedMapVolume']);
const startReasons = new Set(['FailedCreatePodSandBox', 'NetworkNotReady', 'FailedCreatePodContainer']);

/** It has a node and no container runs yet: only events tell what its node waits for. */
function creating(events: readonly LiveObject[]): Explanation | null {
  const event = events.find((one) => {
    const reason = textAt(one, 'reason');
    return volumeReasons.has(reason) || startReasons.has(reason);
  });
  if (event === undefined) return null;
  const reason = textAt(event, 'reason');
  const said = quote(textAt(event, 'message') || textAt(event, 'note'));
  const isMissing = /(?:secret|configmap)s? "[^"]+" not found/.test(said);
  const advice = volumeReasons.has(reason)
    ? isMissing
      ? 'Make the Secret or ConfigMap that it names, or take the volume out of the deployment'
      : 'Look at its volumes and at the node that should mount them'
    : 'Look at the node that it is on, and at the network plugin';
  return { reason, words: `cannot be started: ${said}`, advice, isStuck: isMissing };
}

function waiting(events: readonly LiveObject[]): Explanation {
  const isPuzzling = events.length === 0;
  return { reason: 'ContainerCreating', words: 'is being started', advice: '', isStuck: false, isPuzzling };
}

/** When the last of these pods became ready; null where one is not, or there is none. */
export function readySince(pods: readonly LiveObject[]): Date | null {
  const times = pods
    .filter((pod) => pod.metadata.deletionTimestamp === undefined)
    .map((pod) => conditionsOf(pod).find(({ type, status }) => type === 'Ready' && status === 'True')?.since ?? null);
  if (times.length === 0 || times.includes(null)) return null;
  return new Date(Math.max(...times.map((time) => time?.getTime() ?? 0)));
}
