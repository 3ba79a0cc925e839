/** What each deployment needs, case by case: what is wanted, what git holds, what was said last. */
import { describe, expect, it } from 'vitest';
import { type Folder, makeFolder } from '../../src/core/folder.ts';
import { inputsDigest } from '../../src/core/inputs-digest.ts';
import { folderPath, keptSteps, type PlanInput, planNamespace } from '../../src/core/plan.ts';
import { contentDigest, type Provenance } from '../../src/core/provenance.ts';
import type { Desired, Present, Removed } from '../../src/domain/desired.ts';
import type { CommitId, ListenerId, NamespaceName, RevisionId, WorkspaceId } from '../../src/domain/identifiers.ts';
import { DeploymentId, DeploymentName } from '../../src/domain/identifiers.ts';
import type { LastReport } from '../../src/domain/report.ts';
import { resourceName } from '../../src/domain/resource-name.ts';

const listenerId = '11111111-1111-4111-8111-111111111111' as ListenerId;
const id = DeploymentId.parse('22222222-2222-4222-8222-222222222222');
const first = '33333333-3333-4333-8333-333333333333' as RevisionId;
const second = '44444444-4444-4444-8444-444444444444' as RevisionId;
const commit = 'c'.repeat(40) as CommitId;
const configuration = 'configuration';

const said = (revisionId: RevisionId, change: Partial<LastReport> = {}): LastReport => ({
  ...{ revisionId, stage: 'committed', outcome: 'succeeded', reason: 'Pushed', message: '', commit, pullRequest: null },
  at: '2026-01-01T00:00:00.000Z',
  ...change,
});
const common = { deploymentId: id, name: DeploymentName.parse('chat'), namespace: 'team-a' as NamespaceName };
const present = (change: Partial<Present> = {}): Present => ({
  ...{ kind: 'present', ...common, revisionId: first, secretsVersion: null, interrupted: false, lastReport: null },
  revisionNumber: null,
  ...change,
});
const removed = (lastReport: LastReport | null = null): Removed => ({
  kind: 'removed',
  ...common,
  lastReport,
  request: null,
});

const files = [{ path: 'kustomization.yaml', id: 'a'.repeat(40) }];
function folder(change: Partial<Provenance> = {}, path = folderPath(present(), 'flat'), held = files): Folder {
  const provenance: Provenance = {
    ...{ change: 'deploy', deploymentId: id, revisionId: first, workspaceId: id as string as WorkspaceId, listenerId },
    ...{ template: `t@sha256:${'0'.repeat(64)}`, inputsDigest: inputsDigest(configuration, first), image: 'chat:1' },
    ...{ revisionNumber: null, rollbackTo: null, rollbackToNumber: null, requestedBy: null, requestedAt: null },
    ...{ operator: null, why: null },
    ...{ secretsVersion: null, secretName: null, keyId: null, towpathVersion: '0.1.0', content: contentDigest(files) },
    ...change,
  };
  return makeFolder(path, held, provenance);
}
const edited = (change: Partial<Provenance> = {}) =>
  folder(change, undefined, [{ path: 'kustomization.yaml', id: 'b'.repeat(40) }]);
const foreign = makeFolder(folderPath(present(), 'flat'), files, null);
const others = folder({ listenerId: '55555555-5555-4555-8555-555555555555' as ListenerId });

function plan(desired: readonly Desired[], folders: readonly Folder[], change: Partial<PlanInput> = {}) {
  const settings = { layout: 'flat', rerender: 'next-revision', drift: 'hold' } as const;
  const input = { listenerId, settings, configuration, desired, folders, complete: true, emptyRepository: false };
  return planNamespace({ ...input, ...change });
}

const other = DeploymentId.parse('66666666-6666-4666-8666-666666666666');
const elsewhere = folderPath(present(), 'sharded');
const named = (path: string) => makeFolder(path, files, null);
const labelled = { labels: new Map([['deployments/x', new Set<string>([id])]]), has: () => false };
const applied = { labels: new Map(), has: (path: string) => path === `flux/${resourceName(common.name, id)}.yaml` };

const restoring = { layout: 'flat', rerender: 'next-revision', drift: 'restore' } as const;
const rerendering = { layout: 'flat', rerender: 'now', drift: 'hold' } as const;

describe('a deployment that is wanted', () => {
  it.each<[string, string, Present, readonly Folder[], Partial<PlanInput>]>([
    ['is laid down where nothing is', 'lay-down', present(), [], {}],
    ['is kept where it lies', 'keep', present({ lastReport: said(first) }), [folder()], {}],
    ['is kept where its report was lost', 'keep', present(), [folder()], {}],
    [
      'is updated to a new revision',
      'update',
      present({ revisionId: second, lastReport: said(first) }),
      [folder()],
      {},
    ],
    ['is updated over an edit', 'update', present({ revisionId: second, lastReport: said(first) }), [edited()], {}],
    [
      'is laid down again by a new revision',
      'lay-down',
      present({ revisionId: second, lastReport: said(first) }),
      [],
      {},
    ],
    ['is left when outdated', 'outdated', present(), [folder({ inputsDigest: `sha256:${'9'.repeat(64)}` })], {}],
    [
      'is made anew when outdated and told to',
      'rerender',
      present(),
      [folder({ inputsDigest: `sha256:${'9'.repeat(64)}` })],
      { settings: rerendering },
    ],
    ['is held when edited', 'hold', present({ lastReport: said(first) }), [edited()], {}],
    ['is held when edited, also where the report was lost', 'hold', present(), [edited()], {}],
    [
      'is restored when edited and told to',
      'restore',
      present({ lastReport: said(first) }),
      [edited()],
      { settings: restoring },
    ],
    ['is held when reverted', 'hold', present({ revisionId: second, lastReport: said(second) }), [folder()], {}],
    [
      'is restored when reverted and told to',
      'restore',
      present({ revisionId: second, lastReport: said(second) }),
      [folder()],
      { settings: restoring },
    ],
    ['is held when removed in git', 'hold', present({ lastReport: said(first) }), [], {}],
    [
      'stays held when it was reported so',
      'hold',
      present({ lastReport: said(first, { outcome: 'failed', reason: 'RemovedInGit' }) }),
      [],
      {},
    ],
    [
      'is laid down in an emptied repository',
      'lay-down',
      present({ lastReport: said(first) }),
      [],
      { emptyRepository: true },
    ],
    [
      'is tried again after a failure before the push',
      'lay-down',
      present({ lastReport: said(first, { outcome: 'failed', commit: null }) }),
      [],
      {},
    ],
    ['is not published when interrupted', 'interrupted', present({ interrupted: true }), [], {}],
    [
      'is not updated when interrupted',
      'interrupted',
      present({ revisionId: second, interrupted: true }),
      [folder()],
      {},
    ],
    [
      'is not restored when interrupted',
      'interrupted',
      present({ interrupted: true, lastReport: said(first) }),
      [edited()],
      { settings: restoring },
    ],
    ['stays when interrupted after its push', 'keep', present({ interrupted: true }), [folder()], {}],
    ['never touches a foreign folder', 'foreign', present(), [foreign], {}],
    ['never touches another listener’s folder', 'foreign', present(), [others], {}],
    [
      'moves from another layout',
      'update',
      present({ revisionId: second }),
      [folder({}, 'deployments/ab/chat-0123456789')],
      {},
    ],
  ])('%s', (_name, kind, desired, folders, change) => {
    const { steps, orphans } = plan([desired], folders, change);

    expect(steps.map((step) => step.kind)).toEqual([kind]);
    expect(orphans).toEqual([]);
  });
});

describe('a deployment under another layout', () => {
  const elsewhere = folder({}, 'deployments/ab/chat-0123456789');
  const next = present({ revisionId: second, lastReport: said(first) });

  it('moves to where it belongs', () => {
    expect(plan([next], [elsewhere]).steps).toMatchObject([{ kind: 'update', path: folderPath(next, 'flat') }]);
  });

  it.each([
    ['a foreign folder', foreign],
    ['another listener’s folder', others],
  ])('never moves onto %s', (_name, there) => {
    expect(plan([next], [elsewhere, there]).steps).toMatchObject([{ kind: 'update', path: elsewhere.path }]);
  });
});

describe('a deployment that is to go', () => {
  it.each<[string, string, Removed, readonly Folder[], Partial<PlanInput>]>([
    ['is removed where it lies', 'remove', removed(said(first)), [folder()], {}],
    ['is removed without a report of ours', 'remove', removed(), [folder()], {}],
    ['is held when edited', 'remove-held', removed(said(first)), [edited()], {}],
    ['is removed when edited and told to restore', 'remove', removed(said(first)), [edited()], { settings: restoring }],
    ['is gone where nothing is', 'removed', removed(), [], {}],
    ['waits where its folder lost its PROVENANCE', 'remove-foreign', removed(said(first)), [foreign], {}],
    ['waits there whatever was said of it last', 'remove-foreign', removed(), [foreign], {}],
    ['waits where another listener has taken its folder', 'remove-foreign', removed(), [others], {}],
    ['waits where that folder lies under another layout', 'remove-foreign', removed(), [named(elsewhere)], {}],
    [
      'waits where another listener has it elsewhere',
      'remove-foreign',
      removed(),
      [{ ...others, path: 'deployments/x' }],
      {},
    ],
    [
      'waits where what is there names another deployment',
      'remove-foreign',
      removed(),
      [folder({ deploymentId: other })],
      {},
    ],
    [
      'waits where its label is in a folder of another name',
      'remove-foreign',
      removed(),
      [named('deployments/x')],
      { traces: labelled },
    ],
    ['waits where Flux is still told to apply it', 'remove-foreign', removed(), [], { traces: applied }],
    [
      'is gone where all else is of others',
      'removed',
      removed(),
      [named('deployments/x'), folder({ deploymentId: other }, 'deployments/y')],
      {},
    ],
  ])('%s', (_name, kind, desired, folders, change) => {
    expect(plan([desired], folders, change).steps.map((step) => step.kind)).toEqual([kind]);
  });

  it('takes its copies along, the folder where it belongs first', () => {
    const copy = folder({}, 'deployments/copy');

    expect(plan([removed()], [copy, folder()]).steps).toEqual([
      expect.objectContaining({ kind: 'remove', folder: folder(), copies: [copy], remnants: [] }),
    ]);
  });

  it('is held for a copy that a person has edited', () => {
    const copy = edited();

    expect(plan([removed()], [folder({}, 'deployments/copy'), copy]).steps).toMatchObject([
      { kind: 'remove-held', folder: { path: copy.path }, copies: [{ path: 'deployments/copy' }] },
    ]);
  });

  it('is removed beside a folder that could be its own, and says so', () => {
    expect(plan([removed()], [folder(), named('deployments/x')], { traces: labelled }).steps).toMatchObject([
      { kind: 'remove', remnants: [{ path: 'deployments/x', doubt: 'its-manifests' }] },
    ]);
  });
});

describe('a folder that nobody wants', () => {
  it('is named as an orphan, and nothing is done about it', () => {
    expect(plan([], [folder()])).toEqual({ steps: [], orphans: [folder().path] });
  });

  it('is not named before the whole listing was seen', () => {
    expect(plan([], [folder()], { complete: false }).orphans).toEqual([]);
  });

  it('is none of ours when another listener made it', () => {
    expect(plan([], [others, foreign]).orphans).toEqual([]);
  });
});

describe('a plan after another', () => {
  it('keeps without a second look what did not change, and sees what did', () => {
    const wanted = present({ lastReport: said(first) });
    const lying = folder();
    const kept = keptSteps(plan([wanted], [lying]));

    expect(plan([wanted], [lying], { kept }).steps[0]).toBe(kept.get(id));
    expect(plan([wanted], [edited()], { kept }).steps[0]?.kind).toBe('hold');
    expect(plan([wanted], [], { kept }).steps[0]?.kind).toBe('hold');
    expect(plan([present({ revisionId: second })], [lying], { kept }).steps[0]?.kind).toBe('update');
    expect(plan([removed()], [lying], { kept }).steps[0]?.kind).toBe('remove');
  });
});
