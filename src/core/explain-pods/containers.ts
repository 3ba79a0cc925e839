/** Says which container of a pod does not come up, and why: its image, its configuration, a crash, or its probes. */
import type { LiveObject } from '../../domain/live-object.ts';
import { fieldAt, listAt, textAt, timeAt } from '../../domain/object-fields.ts';
import { quote } from '../observe/words.ts';
import { explainCrash } from './crash.ts';
import { eventWords } from './events.ts';
import { explainImage } from './image.ts';
import type { Explanation } from './words.ts';

/** Init containers run first and in order, so theirs is the word while one of them has not ended. */
export function explainContainers(pod: LiveObject, events: readonly LiveObject[]): Explanation | null {
  const init = listAt(pod, 'status', 'initContainerStatuses').filter((one) => !isOver(one, pod));
  for (const status of [...init, ...listAt(pod, 'status', 'containerStatuses')]) {
    const found = explainContainer(status, events, init.includes(status) ? 'init container' : 'container');
    if (found) return { ...found, container: textAt(status, 'name') };
  }
  const running = init.find((status) => fieldAt(status, 'state', 'running') !== undefined);
  return running === undefined ? null : initRunning(textAt(running, 'name'));
}

/** Ended well, or a sidecar that has started. */
function isOver(status: unknown, pod: LiveObject): boolean {
  if (fieldAt(status, 'state', 'terminated', 'exitCode') === 0) return true;
  const spec = listAt(pod, 'spec', 'initContainers').find((one) => textAt(one, 'name') === textAt(status, 'name'));
  return textAt(spec, 'restartPolicy') === 'Always' && fieldAt(status, 'started') === true;
}

function explainContainer(status: unknown, events: readonly LiveObject[], kind: string): Explanation | null {
  if (fieldAt(status, 'ready') === true) return null;
  const name = `${kind} ${textAt(status, 'name')}`;
  return (
    explainImage(status, events, name) ??
    explainConfiguration(status, name) ??
    explainCrash(status, events, name) ??
    (kind === 'container' ? explainProbe(status, events, name) : null)
  );
}

const configurationReasons = new Set([
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'PreStartHookError',
  'PostStartHookError',
]);

function explainConfiguration(status: unknown, name: string): Explanation | null {
  const reason = textAt(status, 'state', 'waiting', 'reason');
  if (!configurationReasons.has(reason)) return null;
  const said = quote(textAt(status, 'state', 'waiting', 'message'));
  const isLacking = /not found|couldn't find key|non-existent config key/.test(said);
  const advice = isLacking
    ? 'Make the Secret or ConfigMap with that key in the namespace, or change what the deployment refers to'
    : 'Look at its command, environment, volumes and security settings';
  return { reason, words: `${name} cannot be made${said && `: ${said}`}`, advice, isStuck: true };
}

function explainProbe(status: unknown, events: readonly LiveObject[], name: string): Explanation | null {
  if (fieldAt(status, 'state', 'running') === undefined) return null;
  const since = timeAt(status, 'state', 'running', 'startedAt');
  const said = quote(eventWords(events, textAt(status, 'name'), 'Unhealthy'), 300);
  if (said === '') {
    const words = `${name} runs and is not ready yet`;
    return { reason: 'ContainersNotReady', words, advice: '', isStuck: false, since, isPuzzling: true };
  }
  const [, probe = 'Readiness'] = /^(Startup|Liveness|Readiness) probe/.exec(said) ?? [];
  return {
    reason: `${probe}ProbeFailing`,
    words: `${name} runs and is not ready: ${said}`,
    advice: 'Read its log (kubectl logs); its server must answer the probe',
    isStuck: false,
    since,
  };
}

function initRunning(name: string): Explanation {
  const words = `init container ${name} is still at work`;
  return { reason: 'InitContainerRunning', words, advice: '', isStuck: false, container: name };
}
