/** What each contender must be able to do; every one runs in a process of its own. */
import type { Size } from './base-repository.ts';

export interface ContenderWorld extends Size {
  /** Its own repository on the server. */
  readonly url: string;
  /** A bare copy of that repository, for those that need one. */
  readonly mirror: string;
  /** An empty folder. */
  readonly scratch: string;
}

/** Prepares outside the timing and gives what is timed. */
export type Action = () => Promise<void>;

export interface Contender {
  /** Knows the head, as after an earlier pass. */
  open(world: ContenderWorld): Promise<void>;
  /** The nth change on: so many deployments changed, one commit each, one push. */
  changes(first: number, count: number): Promise<Action>;
  /** From nothing until the first push could happen, PROVENANCE of each deployment read. */
  coldStart(world: ContenderWorld): Promise<Action>;
  /** A pass that finds nothing to do. */
  idle(): Promise<Action>;
  close(): Promise<void>;
}

/** The same for all, so that all end with the same tree. */
export function messageOf(change: number): string {
  return `deploy(agent): revision ${String(change).padStart(8, '0')}\n\nDeployment-Id: ${change}\n`;
}

export function secondsOf(change: number): number {
  return 1_700_001_000 + change;
}
