/** What is wanted, held in memory: fed by the long poll, corrected by what we ourselves have reported since. */
import { lastReportOf } from '../core/report.ts';
import type { Desired } from '../domain/desired.ts';
import type { DeploymentId, NamespaceName } from '../domain/identifiers.ts';
import type { LastReport, Report } from '../domain/report.ts';

interface Known {
  readonly desired: Desired;
  /** The same with the newer of the two last words; stays the same object until something changes. */
  readonly current: Desired;
  /** Our own last word where the control plane may not know it yet. */
  readonly said: LastReport | null;
  /** Removed, and said so: what comes back under its name is an orphan. */
  readonly finished: boolean;
}

export interface DesiredState {
  /** True once a whole listing was seen; before that nobody can tell an orphan. */
  readonly complete: boolean;
  /** Raised by each change in the namespace. */
  version(namespace: NamespaceName): number;
  items(namespace: NamespaceName): readonly Desired[];
  find(id: DeploymentId): Desired | undefined;
  /** Takes news; answers which namespaces they concern. */
  apply(items: readonly Desired[]): ReadonlySet<NamespaceName>;
  /** Takes a whole listing, begun at `since`: what it lacks is forgotten, which removes nothing from git. */
  replace(items: readonly Desired[], since: Date): ReadonlySet<NamespaceName>;
  /** Remembers our own reports until the control plane hands them back. */
  note(reports: readonly Report[]): void;
}

export function createDesiredState(): DesiredState {
  const known = new Map<DeploymentId, Known>();
  const versions = new Map<NamespaceName, number>();
  let complete = false;

  const raise = (namespaces: ReadonlySet<NamespaceName>): ReadonlySet<NamespaceName> => {
    for (const namespace of namespaces) versions.set(namespace, (versions.get(namespace) ?? 0) + 1);
    return namespaces;
  };
  const take = (items: readonly Desired[], said: (id: DeploymentId) => LastReport | null): Set<NamespaceName> => {
    for (const desired of items) {
      known.set(desired.deploymentId, makeKnown(desired, said(desired.deploymentId), false));
    }
    return new Set(items.map((item) => item.namespace));
  };

  return {
    get complete() {
      return complete;
    },
    version: (namespace) => versions.get(namespace) ?? 0,
    items: (namespace) =>
      [...known.values()]
        .filter((one) => one.desired.namespace === namespace && !one.finished)
        .map((one) => one.current),
    find: (id) => {
      const found = known.get(id);
      return found && !found.finished ? found.current : undefined;
    },
    apply: (items) => raise(take(items, (id) => known.get(id)?.said ?? null)),
    replace: (items, since) => {
      const listed = new Set(items.map((item) => item.deploymentId));
      const gone = [...known.values()].filter((one) => !listed.has(one.desired.deploymentId)).map((one) => one.desired);
      for (const one of gone) known.delete(one.deploymentId);
      // What we said before this listing began and it does not show was lost with a restored database: say it again.
      const touched = take(items, (id) => sayingAfter(known.get(id)?.said ?? null, since));
      const first = !complete;
      complete = true;
      const all = new Set([...touched, ...gone.map((one) => one.namespace), ...(first ? versions.keys() : [])]);
      return raise(all);
    },
    note: (reports) => {
      for (const report of reports) {
        const found = report.kind === 'lane' ? undefined : known.get(report.deploymentId);
        if (found) known.set(found.desired.deploymentId, afterReport(found, report));
      }
    },
  };
}

function afterReport({ desired, said }: Known, report: Report): Known {
  return makeKnown(desired, lastReportOf(report) ?? said, report.kind === 'removal' && report.outcome === 'succeeded');
}

function makeKnown(desired: Desired, said: LastReport | null, finished: boolean): Known {
  const isOlder = said === null || (desired.lastReport !== null && isNewer(desired, desired.lastReport, said));
  return { desired, said, finished, current: isOlder ? desired : { ...desired, lastReport: said } };
}

/** Times come from the clocks of whoever reported: what speaks of the wanted revision counts, whatever its time says. */
function isNewer(desired: Desired, theirs: LastReport, ours: LastReport): boolean {
  if (desired.kind === 'present' && theirs.revisionId !== ours.revisionId) {
    if (theirs.revisionId === desired.revisionId) return true;
    if (ours.revisionId === desired.revisionId) return false;
  }
  return theirs.at >= ours.at;
}

function sayingAfter(said: LastReport | null, since: Date): LastReport | null {
  return said !== null && said.at >= since.toISOString() ? said : null;
}
