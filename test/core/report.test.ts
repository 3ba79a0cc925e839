/** What every report hands on: the control plane remembers the last one alone, and what it leaves out is lost. */
import { describe, expect, it } from 'vitest';
import {
  reportCommitted,
  reportFailed,
  reportHeld,
  reportInReview,
  reportObserved,
  reportRendered,
  reportWaiting,
  type Subject,
} from '../../src/core/report.ts';
import type { CommitId, DeploymentId, RevisionId } from '../../src/domain/identifiers.ts';
import type { LastReport, RevisionReport } from '../../src/domain/report.ts';

const now = new Date('2026-01-02T03:04:05.000Z');
const [revisionId, older] = ['revision' as RevisionId, 'older' as RevisionId];
const commit = 'c'.repeat(40) as CommitId;
const pullRequest = 'https://git.example/pulls/7';
const names = { name: 'chat' as never, namespace: 'team-a' as never, path: 'deployments/chat' };

const reports: readonly (readonly [string, (of: Subject) => RevisionReport])[] = [
  ['rendered', (of) => reportRendered(of, 3, 'agent-server@sha256:0', now)],
  ['present in git', (of) => reportCommitted(of, { ...committed, commit: null }, now)],
  ['failed while rendering', (of) => reportFailed(of, { stage: 'rendered', reason: 'X', message: '' }, now)],
  ['failed while committing', (of) => reportFailed(of, { stage: 'committed', reason: 'X', message: '' }, now)],
  ['in review', (of) => reportInReview(of, { ...review, pullRequest: null }, now)],
  ['waiting', (of) => reportWaiting(of, 'X', '', now)],
  ['held', (of) => reportHeld({ ...of, ...names, drift: 'edited', commit: null, changes: [] }, now)],
  ['observed', (of) => reportObserved(of, { ...seen, commit: null }, now)],
];
const committed = { engine: null, branch: 'main', repository: 'x', notes: [], url: null };
const review = { outcome: 'progressing', reason: 'InReview', message: '' } as const;
const seen = { stage: 'healthy', outcome: 'succeeded', reason: 'Healthy', message: '', url: null } as const;

const saidBefore = (change: Partial<LastReport>): Subject => ({
  deploymentId: 'deployment' as DeploymentId,
  revisionId,
  lastReport: {
    ...{ revisionId, stage: 'committed', outcome: 'progressing', reason: 'Pushed', message: '', commit, pullRequest },
    at: '2026-01-01T00:00:00.000Z',
    ...change,
  },
});

describe.each(reports)('a report that a revision is %s', (_name, report) => {
  it('keeps the commit and the pull request of this revision', () => {
    expect(report(saidBefore({}))).toMatchObject({ commit, pullRequest, lastCommit: commit });
  });

  it('keeps the last commit of an older revision, and takes it for none of this one', () => {
    expect(report(saidBefore({ revisionId: older }))).toMatchObject({
      commit: null,
      pullRequest: null,
      lastCommit: commit,
    });
  });

  it('keeps it through any number of reports that name none', () => {
    const last = saidBefore({ revisionId: older, commit: null, lastCommit: commit });

    expect(report(last)).toMatchObject({ commit: null, lastCommit: commit });
  });

  it('invents nothing', () => {
    expect(report({ ...saidBefore({}), lastReport: null })).toMatchObject({
      commit: null,
      pullRequest: null,
      lastCommit: null,
    });
  });
});
