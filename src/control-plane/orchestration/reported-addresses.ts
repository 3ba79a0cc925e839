/** What a listener gives as an address is shown as a link, so it has to be one of a page. */
import type { Report } from '../../domain/report.ts';
import { webAddress } from '../../domain/web-address.ts';
import type { Ignored } from './fold-reports.ts';

const fields = ['url', 'pullRequest'] as const;

/** The reports count all the same, without what is no address; `dropped` says what was. */
export function withWebAddresses(reports: readonly Report[]): {
  readonly reports: readonly Report[];
  readonly dropped: readonly Ignored[];
} {
  const dropped: Ignored[] = [];
  const cleaned = reports.map((report, index) => {
    if (report.kind !== 'revision') return report;
    const wrong = fields.filter((field) => report[field] !== null && webAddress(report[field]) === null);
    if (wrong.length === 0) return report;
    dropped.push({ index, why: `no http or https address, so not shown: ${wrong.join(', ')}` });
    return { ...report, ...Object.fromEntries(wrong.map((field) => [field, null])) };
  });
  return { reports: cleaned, dropped };
}
