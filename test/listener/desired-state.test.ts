/** Which of two last words about a deployment counts: the control plane's, or our own that it may not know yet. */
import { expect, it } from 'vitest';
import type { Present } from '../../src/domain/desired.ts';
import {
  type CommitId,
  DeploymentId,
  DeploymentName,
  NamespaceName,
  RevisionId,
} from '../../src/domain/identifiers.ts';
import type { LastReport, RevisionReport } from '../../src/domain/report.ts';
import { createDesiredState } from '../../src/listener/desired-state.ts';

const deploymentId = DeploymentId.parse('11111111-1111-4111-8111-111111111111');
const first = RevisionId.parse('22222222-2222-4222-8222-222222222222');
const second = RevisionId.parse('33333333-3333-4333-8333-333333333333');
const namespace = NamespaceName.parse('team-a');

const said = (revisionId: RevisionId, at: string): LastReport => ({
  ...{ revisionId, stage: 'committed', outcome: 'succeeded', reason: 'Pushed', message: '', pullRequest: null, at },
  commit: 'c'.repeat(40) as CommitId,
});
const report = (revisionId: RevisionId, at: string): RevisionReport => ({
  kind: 'revision',
  deploymentId,
  url: null,
  ...said(revisionId, at),
});
const wanted = (revisionId: RevisionId, lastReport: LastReport | null): Present => ({
  ...{ kind: 'present', deploymentId, name: DeploymentName.parse('chat'), namespace, secretsVersion: null },
  ...{ interrupted: false, revisionNumber: null, revisionId, lastReport },
});

const now = '2026-01-01T01:00:00Z';

it.each([
  ['our own where the control plane has none', second, null, now],
  ['the newer one of the same revision', second, said(second, '2026-01-01T02:00:00Z'), '2026-01-01T02:00:00Z'],
  ['ours of the wanted revision, though a clock that ran ahead wrote the other', second, said(first, '2030'), now],
  ['theirs of the wanted revision, though ours of the one before is newer', first, said(second, '2020'), '2020'],
])('is %s', (_name, ours, theirs, at) => {
  const desired = createDesiredState();
  desired.apply([wanted(second, theirs)]);

  desired.note([report(ours, now)]);

  expect(desired.items(namespace)[0]?.lastReport?.at).toBe(at);
});
