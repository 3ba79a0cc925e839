/** Reports about the repositories of namespaces that a listener is not registered for: dropped, or nothing would bound them; pure. */
import type { NamespaceName } from '../../domain/identifiers.ts';
import type { Report } from '../../domain/report.ts';
import type { DroppedReports } from '../store/schema.ts';
import type { Ignored } from './fold-reports.ts';

export interface Unserved {
  readonly ignored: readonly Ignored[];
  /** For the owner of the listener to see; null where every namespace is served. */
  readonly dropped: DroppedReports | null;
}

const named = 5;
/** Who still reports them has said so with the last change or start; much later nobody may. */
const shownMs = 24 * 3_600_000;

export function unservedLanes(reports: readonly Report[], served: readonly NamespaceName[], now: Date): Unserved {
  const known = new Set(served);
  const ignored: Ignored[] = [];
  const names = new Set<NamespaceName>();
  for (const [index, report] of reports.entries()) {
    if (report.kind !== 'lane' || known.has(report.namespace)) continue;
    names.add(report.namespace);
    ignored.push({ index, why: `the listener is not registered for '${report.namespace}'` });
  }
  return { ignored, dropped: names.size === 0 ? null : { at: now.toISOString(), message: describe([...names]) } };
}

function describe(names: readonly NamespaceName[]): string {
  const shown = names.slice(0, named).map((name) => `'${name}'`);
  const more = names.length > shown.length ? ` and ${names.length - shown.length} more` : '';
  return (
    `it reports on repositories of namespace ${shown.join(', ')}${more}, for which it is not registered: add them to ` +
    'its k8s_namespaces, or take them from its configuration'
  );
}

export function describeDropped(dropped: DroppedReports | null, now: Date): string | null {
  if (dropped === null || now.getTime() - new Date(dropped.at).getTime() > shownMs) return null;
  return `${dropped.message} (last at ${dropped.at})`;
}
