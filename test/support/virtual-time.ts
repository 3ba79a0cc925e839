/** Time that passes only when a test lets it, and processes in it whose clocks differ and that can be stopped for a while. */
import { setImmediate as settle } from 'node:timers/promises';
import type { Clock } from '../../src/ports.ts';

export interface VirtualTime {
  readonly nowMs: number;
  after(ms: number, happen: () => void): () => void;
  /** One event after the other; `look` is called after each, when all that follows from it at once has happened. */
  run(forMs: number, look?: () => void): Promise<void>;
}

export function virtualTime(): VirtualTime {
  const events: { at: number; order: number; happen: () => void }[] = [];
  let nowMs = 0;
  let order = 0;
  return {
    get nowMs() {
      return nowMs;
    },
    after(ms, happen) {
      order += 1;
      const event = { at: nowMs + Math.max(0, ms), order, happen };
      events.push(event);
      return () => {
        const index = events.indexOf(event);
        if (index >= 0) events.splice(index, 1);
      };
    },
    async run(forMs, look = () => undefined) {
      const end = nowMs + forMs;
      await settle();
      for (;;) {
        events.sort((one, other) => one.at - other.at || one.order - other.order);
        const next = events[0];
        if (!next || next.at > end) break;
        events.shift();
        nowMs = next.at;
        next.happen();
        await settle();
        look();
      }
      nowMs = end;
    },
  };
}

export interface VirtualProcess {
  readonly clock: Clock;
  readonly monotonic: () => number;
  readonly isStopped: boolean;
  /** As SIGSTOP and SIGCONT do: nothing of it happens meanwhile, but time goes on. */
  stopFor(ms: number): void;
  /** Does something in this process after so many milliseconds of the world, or once it goes on. */
  after(ms: number, happen: () => void): () => void;
  /** As a machine's sleep, or an administrator, does: only the wall clock notices. */
  setClockForward(ms: number): void;
}

/** `rate`: how much faster than the world's its clock runs; `wallMs`: what its wall clock says at the beginning. */
export function virtualProcess(time: VirtualTime, { rate = 1, wallMs = 1_772_366_400_000 } = {}): VirtualProcess {
  let stoppedUntil = 0;
  let ahead = 0;
  const after = (ms: number, happen: () => void): (() => void) => {
    let cancel = time.after(ms, function occur() {
      if (stoppedUntil <= time.nowMs) happen();
      else cancel = time.after(stoppedUntil - time.nowMs, occur);
    });
    return () => cancel();
  };
  const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const stop = (): void => {
        cancel();
        reject(signal?.reason);
      };
      const cancel = after(ms / rate, () => {
        signal?.removeEventListener('abort', stop);
        resolve();
      });
      signal?.addEventListener('abort', stop, { once: true });
    });
  return {
    clock: { now: () => new Date(wallMs + ahead + time.nowMs * rate), sleep },
    monotonic: () => time.nowMs * rate,
    get isStopped() {
      return stoppedUntil > time.nowMs;
    },
    stopFor(ms) {
      stoppedUntil = Math.max(stoppedUntil, time.nowMs + ms);
      // Somebody may look at the very moment when it goes on, before anything in it has happened.
      time.after(ms, () => undefined);
    },
    after,
    setClockForward(ms) {
      ahead += ms;
    },
  };
}
