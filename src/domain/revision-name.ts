/** The one way in which a revision is called in everything that people read: its number, and eight digits of its id. */
import type { RevisionId } from './identifiers.ts';

interface NamedRevision {
  readonly id: RevisionId;
  /** 1, 2, 3 … within its deployment; null where a control plane does not count. */
  readonly number: number | null;
}

/** `revision 5 (779981da)`, or `revision 779981da` where nobody counts. */
export function revisionName({ id, number }: NamedRevision): string {
  return number === null ? `revision ${shortRevision(id)}` : `revision ${number} (${shortRevision(id)})`;
}

export function shortRevision(id: RevisionId): string {
  return id.slice(0, 8);
}

/** Whether the first revision that a line names is this one, as this version or an older one calls it. */
export function namesRevision(line: string, id: RevisionId): boolean {
  return /\brevision (?:\d+ \()?([0-9a-f]{8})\b/.exec(line)?.[1] === shortRevision(id);
}
