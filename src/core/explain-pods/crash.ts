/** Says how a container ended that should go on running: exit code, last words, and how often, counted coarsely. */
import type { LiveObject } from '../../domain/live-object.ts';
import { fieldAt, numberAt, textAt, timeAt } from '../../domain/object-fields.ts';
import { quote } from '../observe/words.ts';
import { eventWords } from './events.ts';
import type { Explanation } from './words.ts';

/** Fewer may still be a server that waits for its database. */
const manyRestarts = 3;

/**
 * A container that crashes is, in turn, ended, waiting and running again; while it is not ready these are one
 * situation, told by how it last ended.
 */
export function explainCrash(status: unknown, events: readonly LiveObject[], name: string): Explanation | null {
  const end = lastEnd(status);
  if (end === undefined) return null;
  const restarts = numberAt(status, 'restartCount') ?? 0;
  const isLooping = restarts >= 2 || textAt(status, 'state', 'waiting', 'reason') === 'CrashLoopBackOff';
  const code = numberAt(end, 'exitCode');
  const why = textAt(end, 'reason');
  const isOutOfMemory = why === 'OOMKilled';
  const probe = quote(eventWords(events, textAt(status, 'name'), 'Unhealthy'), 300);
  const said = quote(textAt(end, 'message'));
  const words = [
    `${name} ended with exit code ${code ?? 'unknown'}${why && why !== 'Error' ? ` (${why})` : ''}${howOften(restarts)}`,
    said && `it said: ${said}`,
    probe && `the kubelet says: ${probe}`,
  ];
  return {
    reason: isOutOfMemory ? 'OOMKilled' : isLooping ? 'CrashLoopBackOff' : 'ContainerExited',
    words: words.filter((part) => part !== '').join('; '),
    advice: adviceOf(isOutOfMemory, code, probe),
    isStuck: restarts >= manyRestarts,
    latest: timeAt(end, 'finishedAt'),
  };
}

function lastEnd(status: unknown): unknown {
  return fieldAt(status, 'state', 'terminated') ?? fieldAt(status, 'lastState', 'terminated');
}

function howOften(restarts: number): string {
  if (restarts >= manyRestarts) return `, ${manyRestarts} or more times`;
  return restarts === 2 ? ', twice' : '';
}

function adviceOf(isOutOfMemory: boolean, code: number | undefined, probe: string): string {
  if (isOutOfMemory) return 'Raise its memory limit, or let it use less';
  if (code === 126 || code === 127 || code === 128) return 'Check the command of the image: it cannot be started';
  if (probe.startsWith('Liveness') || probe.startsWith('Startup')) {
    return 'Read its log (kubectl logs --previous); its server must answer the probe in time';
  }
  return 'Read its log (kubectl logs --previous)';
}
