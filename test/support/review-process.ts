/** A listener under review that can be killed between any two of its calls: what it was about to do or say is lost. */
import { httpControlPlane } from '../../src/adapters/control-plane/http.ts';
import { TowpathError } from '../../src/domain/failure.ts';
import type { NamespaceParts } from '../../src/listener/context.ts';
import { listenTo } from './listener-world.ts';
import { memoryRepository } from './memory-repository.ts';
import type { ReviewWorld } from './review-world.ts';
import type { ScriptedControlPlane } from './scripted-control-plane.ts';

export type Moment = 'before' | 'after' | 'on its way';

export interface ReviewProcess {
  readonly isDead: boolean;
  /** After so many calls from now, before the next is made, right after it, or while it is still on its way. */
  killAfter(calls: number, when: Moment): void;
  /** What was on its way and arrives only now. */
  arrive(): Promise<void>;
  wake(): void;
  stop(): Promise<void>;
}

export function startReviewProcess(
  world: ReviewWorld,
  plane: ScriptedControlPlane,
  parts: Pick<NamespaceParts, 'review'>,
  namespace: Readonly<Record<string, unknown>>,
): ReviewProcess {
  const fate: Fate = { left: Number.POSITIVE_INFINITY, when: 'before', onItsWay: async () => undefined };
  const mortal = <T extends object>(port: T): T => mortalPort(port, fate);
  const { url, listenerId } = plane;
  const controlPlane = httpControlPlane({ url, apiKey: 'listener-key' }, listenerId);
  const { review } = parts;
  const running = listenTo({
    controlPlane: mortal(controlPlane),
    ...{ listenerId, url },
    repository: mortal(memoryRepository(world.remote)),
    parts: { review: review && { ...review, forge: mortal(review.forge), branches: mortal(review.branches) } },
    namespace: { credentials: { passwordFile: '/nowhere' }, ...namespace },
    timings: { stopMs: 1 },
  });
  return {
    get isDead() {
      return fate.left < 0;
    },
    killAfter: (calls, when) => Object.assign(fate, { left: calls, when }),
    arrive: async () => {
      // Whoever asked does not hear the answer.
      await fate.onItsWay().catch(() => undefined);
      fate.onItsWay = async () => undefined;
    },
    wake: () => running.wake(),
    stop: async () => {
      fate.left = -1;
      await running.stop();
    },
  };
}

/** To ask costs no call: only what leaves the process, or comes into it, is counted. */
const within = new Set(['budgets', 'dispose', 'close', 'desired', 'info']);

interface Fate {
  left: number;
  when: Moment;
  onItsWay: () => Promise<unknown>;
}

function mortalPort<T extends object>(port: T, fate: Fate): T {
  const isForge = 'markMerged' in port;
  const counted = (name: string): boolean => !within.has(name) || (name === 'close' && isForge);
  return new Proxy(port, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function' || !counted(String(name))) return method;
      return async (...given: readonly unknown[]) => {
        const isLast = fate.left === 0;
        const call = async (): Promise<unknown> => Reflect.apply(method, target, given);
        // A report of a term that is over is refused.
        if (isLast && fate.when === 'on its way' && name !== 'report') fate.onItsWay = call;
        if (fate.left < 0 || (isLast && fate.when !== 'after')) throw died(fate);
        fate.left -= 1;
        const answer = await call();
        if (isLast) throw died(fate);
        return answer;
      };
    },
  });
}

function died(fate: Fate): TowpathError {
  fate.left = -1;
  return new TowpathError('waiting', 'NotLeading', 'This process is dead');
}
