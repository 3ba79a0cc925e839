/** Which deployments are to be looked at, and when: after each change of theirs, and when time alone may tell more. */
import type { DeploymentId } from '../domain/identifiers.ts';

export interface Agenda {
  mark(id: DeploymentId): void;
  markAll(): void;
  /** Looks again then, unless something happens before; null: only when something happens. */
  later(id: DeploymentId, at: number | null): void;
  /** Takes what is due; `all` are those that there are. */
  take(now: number, all: () => readonly DeploymentId[]): readonly DeploymentId[];
  /** Milliseconds since 1970; null: nothing is planned. */
  next(): number | null;
}

export function createAgenda(): Agenda {
  const marked = new Set<DeploymentId>();
  const planned = new Map<DeploymentId, number>();
  let everything = false;
  return {
    mark: (id) => marked.add(id),
    markAll: () => {
      everything = true;
    },
    later: (id, at) => {
      if (at === null) planned.delete(id);
      else planned.set(id, at);
    },
    take: (now, all) => {
      const due = [...planned].filter(([, at]) => at <= now).map(([id]) => id);
      const taken = everything ? [...new Set([...all(), ...marked])] : [...new Set([...marked, ...due])];
      everything = false;
      marked.clear();
      for (const id of taken) planned.delete(id);
      return taken;
    },
    next: () => (planned.size === 0 ? null : Math.min(...planned.values())),
  };
}
