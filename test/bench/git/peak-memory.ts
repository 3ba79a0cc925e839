/** How much memory the processes that we started take at their height, all together; from Linux's /proc. */
import { readdirSync, readFileSync } from 'node:fs';

export class PeakMemory {
  readonly #timer: NodeJS.Timeout;
  #peakKb = 0;

  /** Slows down what it watches a little: not for a run that is timed. */
  constructor() {
    this.#timer = setInterval(() => this.#sample(), 1);
  }

  /** Megabytes. */
  stop(): number {
    clearInterval(this.#timer);
    return this.#peakKb / 1024;
  }

  #sample(): void {
    let sum = 0;
    const open = childrenOf(process.pid);
    for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
      sum += residentKb(pid);
      open.push(...childrenOf(pid));
    }
    this.#peakKb = Math.max(this.#peakKb, sum);
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

function residentKb(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
