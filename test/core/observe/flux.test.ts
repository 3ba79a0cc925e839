/** What Flux's objects say of our commit. */
import { describe, expect, it } from 'vitest';
import { fluxVerdict } from '../../../src/core/flux/flux.ts';
import type { EngineVerdict } from '../../../src/core/observe/engine.ts';
import type { LiveObject } from '../../../src/domain/live-object.ts';
import {
  at,
  committedAt,
  contains,
  fluxCondition,
  gitRepository,
  iso,
  kustomization,
  newer,
  older,
  ours,
} from './live-objects.ts';

const judge = (one: LiveObject | null, source: LiveObject | null = gitRepository(), now = at(5)): EngineVerdict =>
  fluxVerdict(
    { kustomization: one, gitRepository: source },
    { commit: ours, contains, committedAt, now, patience: 60_000 },
  );
const word = (said: EngineVerdict): string => (said.kind === 'synced' ? 'synced' : `${said.kind} ${said.reason}`);
const messageOf = (said: EngineVerdict): string => (said.kind === 'synced' ? '' : said.message);

const attempted = { lastAttemptedRevision: `main@sha1:${ours}`, lastAppliedRevision: `main@sha1:${older}` };
const progressing = [
  fluxCondition('Reconciling', 'True', 'Progressing', 'Building manifests'),
  fluxCondition('Ready', 'Unknown', 'Progressing', 'Reconciliation in progress'),
];
const failed = (reason: string, message: string) => ({
  ...attempted,
  conditions: [fluxCondition('Ready', 'False', reason, message)],
});
const beforeOurs = { artifact: { revision: `main@sha1:${older}` } };

describe('the way of a commit', () => {
  it.each<[string, LiveObject | null, LiveObject, string]>([
    ['not fetched yet', kustomization(), gitRepository(beforeOurs), 'waiting AwaitingFetch'],
    ['nothing fetched at all', kustomization(), gitRepository({ artifact: undefined }), 'waiting AwaitingFetch'],
    ['fetched, not begun', kustomization(), gitRepository(), 'waiting AwaitingApply'],
    [
      'fetched, and the Kustomization is new',
      kustomization({ lastAttemptedRevision: undefined }),
      gitRepository(),
      'waiting AwaitingApply',
    ],
    ['begun', kustomization({ ...attempted, conditions: progressing }), gitRepository(), 'waiting Applying'],
    [
      'applied',
      kustomization({
        ...attempted,
        lastAppliedRevision: `main@sha1:${ours}`,
        conditions: [fluxCondition('Ready', 'True', 'ReconciliationSucceeded', '')],
      }),
      gitRepository(),
      'synced',
    ],
    [
      'applied with a newer commit',
      kustomization({ lastAttemptedRevision: `main@sha1:${newer}`, lastAppliedRevision: `main@sha1:${newer}` }),
      gitRepository(),
      'synced',
    ],
    [
      'applied, and a later attempt fails',
      kustomization({ ...failed('BuildFailed', 'no'), lastAppliedRevision: `main@sha1:${ours}` }),
      gitRepository(),
      'synced',
    ],
    [
      'applied, by a source that we do not know',
      kustomization({ ...attempted, lastAppliedRevision: `main@sha1:${ours}` }),
      gitRepository(beforeOurs),
      'synced',
    ],
    ['not there yet', null, gitRepository(), 'waiting KustomizationMissing'],
    [
      'being deleted',
      { ...kustomization(), metadata: { ...kustomization().metadata, deletionTimestamp: iso(1) } },
      gitRepository(),
      'waiting KustomizationDeleting',
    ],
  ])('%s', (_, one, source, expected) => {
    expect(word(judge(one, source))).toBe(expected);
  });

  it('is no success while an attempt is under way, unless that waits for health', () => {
    const underWay = { ...attempted, conditions: progressing };

    expect(judge(kustomization(underWay))).toMatchObject({ isUnfinished: true, isRetrying: true });
    expect(judge(kustomization(underWay, { wait: true }))).toMatchObject({ isUnfinished: false });
  });

  it('says where Flux is', () => {
    expect(messageOf(judge(kustomization()))).toContain(`Kustomization flux-system/chat is at ${older.slice(0, 12)}`);
    expect(messageOf(judge(kustomization(), gitRepository(beforeOurs)))).toContain(
      'GitRepository flux-system/towpath-team-a',
    );
    expect(messageOf(judge(null))).toContain('root Kustomization');
  });
});

describe('an apply that fails', () => {
  const refused =
    'Service/team-a/chat dry-run failed (Invalid): Service "chat" is invalid: spec.ports[0].targetPort: Invalid value: 99999999';

  it('tells the API server’s words', () => {
    const said = judge(kustomization(failed('ReconciliationFailed', refused)));

    expect(said).toMatchObject({
      kind: 'failed',
      reason: 'ReconciliationFailed',
      isRefusal: true,
      since: new Date(iso(3)),
    });
    expect(messageOf(said)).toContain(refused);
  });

  it.each([
    ['exceeded quota: small, requested: cpu=8', 'raise the quota'],
    ['admission webhook "guard" denied the request: no', 'policy'],
    ['deployments.apps "chat" is forbidden: User "x" cannot patch resource "deployments"', 'right that it lacks'],
    ['no matches for kind "ScaledObject" in version "keda.sh/v1alpha1"', 'Install the custom resource'],
    ['metadata.labels: Invalid value', 'new revision'],
  ])('%s: try %s', (words, advice) => {
    expect(messageOf(judge(kustomization(failed('ReconciliationFailed', words))))).toContain(advice);
  });

  it('is no refusal where git cannot be built', () => {
    const said = judge(
      kustomization(failed('BuildFailed', 'kustomize build failed: accumulating resources: no such file')),
    );

    expect(said).toMatchObject({ kind: 'failed', reason: 'BuildFailed', isRefusal: false });
    expect(messageOf(said)).toContain('cannot build what is in git');
  });

  it('fails where something old cannot be removed', () => {
    expect(word(judge(kustomization(failed('PruneFailed', 'Service/team-a/old delete failed'))))).toBe(
      'failed PruneFailed',
    );
  });

  it('is not believed before the newest generation is seen', () => {
    const behind = { ...kustomization(failed('BuildFailed', 'no')) };

    expect(word(judge({ ...behind, metadata: { ...behind.metadata, generation: 2 } }))).toBe('waiting Applying');
  });

  it('waits where the API server was away', () => {
    const away = 'Get "https://10.0.0.1:443/api": dial tcp 10.0.0.1:443: connect: connection refused';

    expect(word(judge(kustomization(failed('ReconciliationFailed', away))))).toBe('waiting ReconciliationFailed');
  });

  it('leaves health to the workloads', () => {
    const words =
      "health check failed after 5s: failed early due to stalled resources: [Deployment/team-a/chat status: 'Failed']";

    expect(word(judge(kustomization(failed('HealthCheckFailed', words))))).toBe('waiting HealthCheckFailed');
  });
});

describe('what keeps Flux from beginning', () => {
  const failing = (reason: string, message: string, type = 'Ready') =>
    kustomization({ conditions: [fluxCondition(type, type === 'Ready' ? 'False' : 'True', reason, message)] });

  it('may be a person who suspended it', () => {
    expect(word(judge(kustomization({}, { suspend: true })))).toBe('waiting Suspended');
    expect(word(judge(kustomization(), gitRepository(beforeOurs, { suspend: true })))).toBe('waiting Suspended');
    expect(messageOf(judge(kustomization({}, { suspend: true })))).toContain('flux resume');
  });

  it('may be what it depends on', () => {
    expect(word(judge(failing('DependencyNotReady', 'dependency flux-system/base is not ready')))).toBe(
      'waiting DependencyNotReady',
    );
  });

  it('may be a path that is not there: told after a while', () => {
    const one = failing(
      'ArtifactFailed',
      'kustomization path not found: stat /tmp/kustomization-123456/deployments/chat: no such file or directory',
    );

    expect(word(judge(one))).toBe('waiting ArtifactFailed');
    expect(word(judge(one, gitRepository(), at(100)))).toBe('failed ArtifactFailed');
    expect(messageOf(judge(one))).not.toContain('123456');
  });

  it('may be a stall, told after a while', () => {
    const one = failing('InvalidCELExpression', 'no such attribute', 'Stalled');

    expect(word(judge(one, gitRepository(), at(100)))).toBe('failed InvalidCELExpression');
  });

  it('is never how an older commit failed', () => {
    expect(word(judge(failing('BuildFailed', 'an old mistake'), gitRepository(), at(500)))).toBe(
      'waiting AwaitingApply',
    );
  });
});

describe('what keeps the source from our commit', () => {
  const source = (type: string, reason: string, message: string) => {
    const status = type === 'FetchFailed' ? 'True' : 'False';
    return gitRepository({
      ...beforeOurs,
      conditions: [fluxCondition('Ready', 'False', reason, message), fluxCondition(type, status, reason, message)],
    });
  };
  const from = (type: string, reason: string, message: string, now = at(5)) =>
    judge(null, source(type, reason, message), now);

  it('may be that there is none', () => {
    expect(word(judge(null, null))).toBe('waiting GitRepositoryMissing');
  });

  it('may be missing rights: told after a while', () => {
    const words =
      "failed to checkout and determine revision: unable to list remote for 'https://git.example/env.git': authentication required: Unauthorized";

    expect(word(from('FetchFailed', 'GitOperationFailed', words))).toBe('waiting GitOperationFailed');
    expect(word(from('FetchFailed', 'GitOperationFailed', words, at(100)))).toBe('failed GitOperationFailed');
    expect(word(from('FetchFailed', 'AuthenticationFailed', "failed to get secret 'flux-system/git'", at(100)))).toBe(
      'failed AuthenticationFailed',
    );
  });

  it('is nobody’s fault while the git server is away', () => {
    const words =
      'failed to checkout and determine revision: unable to clone: dial tcp 10.0.0.9:443: connect: connection refused';

    expect(word(from('FetchFailed', 'GitOperationFailed', words, at(500)))).toBe('waiting GitOperationFailed');
  });

  it('may be a signature: at once where our commit is named', () => {
    const words = (commit: string) =>
      `signature verification of commit '${commit}' failed: unable to verify with any of the given key rings`;

    expect(word(from('SourceVerified', 'InvalidCommitSignature', words(ours)))).toBe('failed InvalidCommitSignature');
    expect(word(from('SourceVerified', 'InvalidCommitSignature', words(older)))).toBe('waiting InvalidCommitSignature');
    expect(messageOf(from('SourceVerified', 'InvalidCommitSignature', words(ours)))).toContain('verification Secret');
  });

  it('is no longer its business once it has handed on our commit', () => {
    const conditions = [fluxCondition('FetchFailed', 'True', 'GitOperationFailed', 'no')];

    expect(word(judge(kustomization(), gitRepository({ conditions }), at(500)))).toBe('waiting AwaitingApply');
  });
});
