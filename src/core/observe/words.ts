/** Other programs' words, made fit for a report: no credentials, nothing that ticks, one line, and not too long. */
import type { LiveObject } from '../../domain/live-object.ts';
import { redact } from '../../domain/redaction.ts';
import { plainLine } from '../plain-line.ts';

/** `Deployment research-agent-3f9c2a71d0`, as kubectl and people name it. */
export function nameOf(object: LiveObject): string {
  return `${object.kind} ${object.metadata.name}`;
}

/** With its namespace, for what lies beside the engine and not beside the deployment. */
export function fullNameOf(object: LiveObject): string {
  const { name, namespace } = object.metadata;
  return `${object.kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
}

export function quote(words: string, limit = 600): string {
  const text = ticking.reduce((done, [shape, instead]) => done.replace(shape, instead), redact(words));
  return plainLine(text, limit).replace(/[.:;,\s]+$/, '');
}

export function shortRevision(revision: string): string {
  return /^[0-9a-f]{40}$/.test(revision) ? revision.slice(0, 12) : plainLine(revision, 80);
}

/** Sentences of one message; what is empty is left out. */
export function sentences(...parts: readonly string[]): string {
  return parts
    .filter((part) => part !== '')
    .map((part) => (/[.!?…]$/.test(part) ? part : `${part}.`))
    .join(' ');
}

export function durationWords(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds >= 120 && seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

type Shapes = readonly (readonly [RegExp, string])[];

/** Each of them differs at every attempt, and each different message would be a report of its own. */
const ticking: Shapes = [
  [/\brpc error: code = \w+ desc = /g, ''],
  [/\berror when (?:patching|creating|applying|replacing) "[^"]*": /g, ''],
  [/\/(?:dev\/shm|tmp)\/[\w.-]*\d{3,}(?=[/"'`\s:,;)]|$)/g, '…'],
  [/\.?\s*\(retried \d+ times?\)\.?/g, ''],
  [/\.?\s*Retrying attempt #\d+ at [^.]*\.?/g, ''],
  [/\b[Bb]ack-off \d[\dhms.]* /g, 'back-off '],
  // Pods that were never made have another name at each attempt.
  [/\bpods? "[^"]+" is forbidden/g, 'a pod is forbidden'],
  [/\s*preemption: .*$/gs, ''],
];
