/** What kstatus says of an object, and how each answer is made. */

type StatusWord = 'Current' | 'InProgress' | 'Failed' | 'Terminating' | 'NotFound' | 'Unknown';

export interface ObjectStatus {
  readonly status: StatusWord;
  /** One CamelCase word; `''` where all is well. */
  readonly reason: string;
  readonly message: string;
}

export function stated(status: StatusWord, reason: string, message: string): ObjectStatus {
  return { status, reason, message };
}

export function current(message: string): ObjectStatus {
  return stated('Current', '', message);
}

export function inProgress(reason: string, message: string): ObjectStatus {
  return stated('InProgress', reason, message);
}

export function failed(reason: string, message: string): ObjectStatus {
  return stated('Failed', reason, message);
}

interface Count {
  readonly reason: string;
  readonly have: number;
  readonly want: number;
  /** How the two numbers go on: `pods are ready`. */
  readonly words: string;
}

/** The first count that is short; null where none is. */
export function shortage(name: string, counts: readonly Count[]): ObjectStatus | null {
  const short = counts.find(({ have, want }) => have < want);
  if (short === undefined) return null;
  return inProgress(short.reason, `${short.have} of ${short.want} ${short.words} (${name})`);
}
