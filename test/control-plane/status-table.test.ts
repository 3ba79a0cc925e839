/** Every status against everything that a listener can say, as the README's tables have it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decideReport } from '../../src/control-plane/orchestration/report-decision.ts';
import { columnOf, type RevisionStatus, revisionStatuses } from '../../src/control-plane/orchestration/status.ts';
import type { RevisionRow } from '../../src/control-plane/store/rows.ts';
import { Outcome, type RevisionReport, Stage } from '../../src/domain/report.ts';

const now = new Date('2026-01-02T03:04:05.000Z');

/** Cells of a Markdown table that begins with this head, without marks of code. */
function table(head: string): readonly (readonly string[])[] {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
  const lines = readme.slice(readme.indexOf(`| ${head} `)).split('\n');
  const rows = lines.slice(
    2,
    lines.findIndex((line) => !line.startsWith('|')),
  );
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.replaceAll('`', '').trim()),
  );
}

const columns = ['before git', 'in git', 'healthy', 'failed', 'succeeded'];
const nextOf = new Map(
  table('Status now').flatMap(([statuses = '', ...cells]) =>
    statuses.split(/, | or /).map((status) => [status, cells] as const),
  ),
);

/** What hosted builds alone would say is on its way, too. */
function expected(present: RevisionStatus, report: Pick<RevisionReport, 'stage' | 'outcome'>): string {
  const cells = nextOf.get(present) ?? nextOf.get('QUEUED') ?? [];
  return cells[columns.indexOf(columnOf(report))] ?? 'no such column';
}

const revision = (status: RevisionStatus): RevisionRow =>
  ({
    status,
    stage: 'queued',
    outcome: 'progressing',
    reason: 'Before',
    message: 'before',
    lastReport: null,
    commit: null,
  }) as never;

const reportOf = (stage: Stage, outcome: Outcome, reason: string): RevisionReport =>
  ({
    kind: 'revision',
    stage,
    outcome,
    reason,
    message: `${stage} ${outcome} ${reason}`,
    commit: null,
    pullRequest: null,
  }) as never;

/** By stage, outcome and reason; `any…` stands for a word that no row names. */
const told = table('Stage').map(([stage, outcome, reason = '', status]) => ({
  report: reportOf(Stage.parse(stage), Outcome.parse(outcome), reason.startsWith('any') ? 'AnyOther' : reason),
  status,
}));

const reportedOn = (row: RevisionRow, report: RevisionReport): RevisionRow => ({
  ...row,
  ...decideReport(row, report, now).revision,
});

describe('the table of transitions', () => {
  it('has a row for each status that a listener can lead to, and a column for each kind of report', () => {
    expect([...nextOf.keys()].sort()).toEqual(
      ['AWAITING_DEPLOY', 'DEPLOYED', 'DEPLOYING', 'DEPLOY_FAILED', 'INTERRUPTED', 'QUEUED', 'SKIPPED'].sort(),
    );
    for (const cells of nextOf.values()) expect(cells).toHaveLength(columns.length);
  });

  it.each(revisionStatuses)('is what becomes of %s', (present) => {
    for (const stage of Stage.options) {
      for (const outcome of Outcome.options) {
        const report = reportOf(stage, outcome, 'AnyOther');
        const next = expected(present, report);
        const { status, message, reason } = reportedOn(revision(present), report);

        expect([status, `${present} ${stage} ${outcome}`]).toEqual([
          next === 'stays' ? present : next,
          `${present} ${stage} ${outcome}`,
        ]);
        // Words and status change together, or not at all.
        expect([message, reason]).toEqual(next === 'stays' ? ['before', 'Before'] : [report.message, report.reason]);
      }
    }
  });
});

describe('the table of reports', () => {
  const cases = told.map((each) => [each.report.message, each] as const);

  it.each(cases)('leads from a new revision to its status: %s', (_words, { report, status }) => {
    const isIll = columnOf(report) === 'healthy';

    expect(reportedOn(revision(isIll ? 'DEPLOYED' : 'QUEUED'), report)).toMatchObject({
      status,
      message: report.message,
    });
  });

  it.each(cases)('is followed by every other without a contradiction: %s', (_words, { report: first }) => {
    for (const { report: second, status } of told) {
      const before = reportedOn(revision('QUEUED'), first);
      const row = reportedOn(before, second);
      const isIll = columnOf(second) === 'healthy' && before.status !== 'DEPLOYED';

      expect([row.status, row.message]).toEqual([isIll ? 'DEPLOYING' : status, second.message]);
      expect(row.finishedAt === null).toBe(!['DEPLOYED', 'DEPLOY_FAILED'].includes(row.status));
    }
  });
});
