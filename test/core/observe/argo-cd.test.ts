/** What an Application says of our commit: the recorded order in which real Argo CD changes its status, fact by fact. */
import { describe, expect, it } from 'vitest';
import { argoCdVerdict } from '../../../src/core/argo-cd/argo-cd.ts';
import type { EngineVerdict } from '../../../src/core/observe/engine.ts';
import type { LiveObject } from '../../../src/domain/live-object.ts';
import {
  type ApplicationShape,
  application,
  at,
  committedAt,
  condition,
  contains,
  iso,
  newer,
  older,
  ours,
  refusedService,
  retrying,
  succeeded,
  trying,
} from './live-objects.ts';

const judge = (one: LiveObject | null, now = at(5)): EngineVerdict =>
  argoCdVerdict(one, { commit: ours, contains, committedAt, now, patience: 60_000 });
const verdict = (shape: ApplicationShape, now = at(5)): EngineVerdict => judge(application(shape), now);
const word = (said: EngineVerdict): string => (said.kind === 'synced' ? 'synced' : `${said.kind} ${said.reason}`);
const messageOf = (said: EngineVerdict): string => (said.kind === 'synced' ? '' : said.message);

const atOurs = { status: 'OutOfSync', revision: ours };
const running = { phase: 'Running', operation: { sync: { revision: ours } } };
const asked = { operation: { sync: { revision: ours } } };

describe('push and refresh of a changed Deployment, one row per written version', () => {
  it.each<[string, ApplicationShape, string]>([
    ['before Argo CD looks', { operationState: succeeded(older) }, 'waiting AwaitingRefresh'],
    ['the operation is asked for, its state is gone', { ...asked }, 'waiting Syncing'],
    ['compared', { ...asked, sync: atOurs }, 'waiting Syncing'],
    ['running, without a result yet', { ...asked, sync: atOurs, operationState: running }, 'waiting Syncing'],
    [
      'running, with a result',
      { ...asked, sync: atOurs, operationState: { ...running, syncResult: { revision: ours } } },
      'waiting Syncing',
    ],
    [
      'succeeded, while the comparison is still the old one',
      { sync: atOurs, operationState: succeeded(ours) },
      'waiting OutOfSync',
    ],
    ['synced', { sync: { status: 'Synced', revision: ours }, operationState: succeeded(ours) }, 'synced'],
  ])('%s', (_, shape, expected) => {
    expect(word(verdict(shape))).toBe(expected);
  });
});

describe('synced', () => {
  const synced = { status: 'Synced', revision: ours };

  it.each<[string, ApplicationShape, string]>([
    ['is not believed of an older commit, however healthy (fact 1)', {}, 'waiting AwaitingRefresh'],
    [
      'is not believed while an operation runs (fact 2)',
      { ...asked, sync: synced, operationState: running },
      'waiting Syncing',
    ],
    [
      'needs no operation: a commit that changes nothing gets none (fact 3)',
      { sync: synced, operationState: succeeded(older) },
      'synced',
    ],
    [
      'holds beside the failed operation of an older commit (fact 3)',
      { sync: synced, operationState: { ...succeeded(older), phase: 'Failed' } },
      'synced',
    ],
    [
      'is not yet what Succeeded means (fact 4)',
      { sync: atOurs, operationState: succeeded(ours) },
      'waiting OutOfSync',
    ],
    [
      'is waited for when the operation is asked for anew, its state gone (fact 5)',
      { ...asked, sync: atOurs },
      'waiting Syncing',
    ],
    ['holds at a descendant of our commit (fact 9)', { sync: { status: 'Synced', revision: newer } }, 'synced'],
    [
      'holds of several sources, when one of them is ours',
      { sync: { status: 'Synced', revision: '', revisions: ['f'.repeat(40), ours] } },
      'synced',
    ],
    [
      'is not believed of several sources, when ours is at an older commit',
      { sync: { status: 'Synced', revision: '', revisions: [older] } },
      'waiting AwaitingRefresh',
    ],
    [
      'is believed of an unknown revision only where it was compared after the commit (fact 8)',
      { sync: { status: 'Synced', revision: 'main' } },
      'synced',
    ],
    [
      'is not believed of an unknown revision in the very second of the commit (fact 8)',
      { sync: { status: 'Synced', revision: 'main' }, status: { reconciledAt: iso(0) } },
      'waiting AwaitingRefresh',
    ],
    ['is nothing that Unknown proves', { sync: { status: 'Unknown', revision: 'main' } }, 'waiting AwaitingRefresh'],
  ])('%s', (_, shape, expected) => {
    expect(word(verdict(shape))).toBe(expected);
  });

  it('says nothing of health: Degraded is for the workloads to tell (fact 14)', () => {
    expect(word(verdict({ sync: synced, status: { health: { status: 'Degraded' } } }))).toBe('synced');
  });
});

describe('an object that the API server refuses', () => {
  const tried = (operationState: Record<string, unknown>) => verdict({ ...asked, sync: atOurs, operationState });

  it('is retried once before it is told, and no success meanwhile', () => {
    expect(tried(retrying(ours, 1))).toMatchObject({
      kind: 'waiting',
      reason: 'Retrying',
      isUnfinished: true,
      isRetrying: false,
    });
    expect(messageOf(tried(retrying(ours, 1)))).toContain('Service chat: Service "chat" is invalid');
  });

  it('fails when it was refused twice, with the API server’s own words (facts 6, 10)', () => {
    const said = tried(retrying(ours, 2));

    expect(said).toMatchObject({ kind: 'failed', reason: 'SyncFailed', isRefusal: true, since: new Date(iso(4)) });
    expect(messageOf(said)).toBe(
      `Application argocd/team-a-chat: Argo CD cannot apply ${ours.slice(0, 12)}: Service chat: Service "chat" is invalid: spec.ports[0].targetPort: Invalid value: 99999999: must be between 1 and 65535, inclusive. Correct what the message names by a new revision.`,
    );
  });

  it('is told in the same words at each attempt', () => {
    const later = { ...refusedService, message: refusedService.message.replace('539023458', '771840012') };
    const again = { ...retrying(ours, 9), syncResult: { revision: ours, resources: [later] } };

    expect(messageOf(tried(again))).toBe(messageOf(tried(retrying(ours, 2))));
  });

  it('is not taken back between two attempts, when Argo CD has emptied the result', () => {
    expect(tried(trying(ours, 2))).toMatchObject({ kind: 'waiting', isUnfinished: true, isRetrying: true });
    expect(tried(trying(ours, 1))).toMatchObject({ kind: 'waiting', isUnfinished: true, isRetrying: false });
  });

  it('is known as ours by the comparison where retry.refresh has emptied what was asked for (fact 6)', () => {
    const operationState = { ...trying(ours, 2), operation: { sync: { revision: '' } } };
    const said = verdict({ operation: { sync: {} }, sync: atOurs, operationState });

    expect(said).toMatchObject({ kind: 'waiting', isUnfinished: true, isRetrying: true });
  });

  it('fails at once when Argo CD has given up (fact 11)', () => {
    const failed = { ...retrying(ours, 2), phase: 'Failed' };

    expect(word(verdict({ sync: atOurs, operationState: failed }))).toBe('failed SyncFailed');
  });

  it('is known from the condition alone, which names the commit (fact 11)', () => {
    const words = `Failed last sync attempt to [${ours}]: one or more objects failed to apply, reason: admission webhook "guard" denied the request: no (retried 2 times).`;
    const said = verdict({ sync: atOurs, status: condition('SyncError', words) });

    expect(word(said)).toBe('failed SyncError');
    expect(messageOf(said)).toContain(
      'admission webhook "guard" denied the request: no. Change what the policy objects to',
    );
    expect(word(verdict({ sync: atOurs, status: condition('SyncError', words.replace(ours, older)) }))).toBe(
      'waiting OutOfSync',
    );
  });

  it('counts for a descendant of our commit: it is our folder all the same (fact 9)', () => {
    const said = verdict({
      ...asked,
      sync: { status: 'OutOfSync', revision: newer },
      operationState: retrying(newer, 2),
    });

    expect(word(said)).toBe('failed SyncFailed');
  });

  it('names five objects at most', () => {
    const resources = [1, 2, 3, 4, 5, 6, 7].map((n) => ({ ...refusedService, name: `s${n}`, message: 'no' }));
    const said = tried({ ...retrying(ours, 2), syncResult: { revision: ours, resources } });

    expect(messageOf(said)).toContain('Service s5: no; and 2 more');
    expect(messageOf(said)).not.toContain('s6');
  });

  it('is nobody’s fault while the repo-server does not answer', () => {
    const message =
      'ComparisonError: rpc error: code = Unavailable desc = connection error: dial tcp 10.0.0.1:8081: connection refused';
    const said = tried({ ...retrying(ours, 3), message, syncResult: { revision: ours, resources: [] } });

    expect(said).toMatchObject({ kind: 'waiting', reason: 'SyncError' });
  });
});

describe('a bad older commit (fact 10)', () => {
  const sync = { status: 'OutOfSync', revision: ours };
  const operation = { sync: { revision: older } };

  it('blocks ours while it is retried, and says so', () => {
    const one = application({ operation, sync, operationState: retrying(older, 1) });
    const said = judge(one);

    expect(said).toMatchObject({ kind: 'blocked', reason: 'BlockedByOlderCommit', application: one });
    expect(messageOf(said)).toContain(`retrying ${older.slice(0, 12)}, an older commit`);
    expect(messageOf(said)).toContain('Service "chat" is invalid');
  });

  it('blocks even where the repair takes back what it did, for it would be applied again', () => {
    expect(
      word(verdict({ operation, sync: { status: 'Synced', revision: ours }, operationState: retrying(older, 1) })),
    ).toBe('blocked BlockedByOlderCommit');
  });

  it.each<[string, Record<string, unknown>]>([
    ['has just begun', { phase: 'Running', operation }],
    ['is being ended already', { ...retrying(older, 1), phase: 'Terminating' }],
  ])('is waited for when its operation %s', (_, operationState) => {
    expect(word(verdict({ operation, sync, operationState }))).toBe('waiting OlderOperation');
  });

  it('is never taken for older without proof', () => {
    expect(word(verdict({ operation, sync, operationState: retrying('f'.repeat(40), 3) }))).toBe('waiting Syncing');
  });

  it('is forgotten once it has failed', () => {
    expect(word(verdict({ sync, operationState: { ...retrying(older, 1), phase: 'Failed' } }))).toBe(
      'waiting OutOfSync',
    );
  });
});

describe('what cannot be compared (facts 7, 8, 16)', () => {
  const broken =
    'Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = `kustomize build <path to cached source>/deployments/chat` failed exit status 1: Error: accumulating resources: no such file or directory';
  const refused =
    'Failed to load target state: failed to list refs: authentication required: Failed to authenticate user\n';
  const comparison = (words: string, status: Record<string, unknown> = {}, revision = 'main') => ({
    sync: { status: 'Unknown', revision },
    operationState: succeeded(older),
    status: { ...condition('ComparisonError', words), ...status },
  });

  it('fails with kustomize’s words, once it was compared after the commit', () => {
    const said = verdict(comparison(broken));

    expect(word(said)).toBe('failed ComparisonError');
    expect(messageOf(said)).toContain('accumulating resources: no such file or directory');
    expect(said).toMatchObject({ isRefusal: false });
  });

  it.each([
    ['an older comparison', { reconciledAt: iso(-10) }],
    ['one of the very second of the commit', { reconciledAt: iso(0) }],
    ['one of no known time', { reconciledAt: undefined }],
  ])('is not believed of %s', (_, status) => {
    expect(word(verdict(comparison(broken, status)))).toBe('waiting AwaitingRefresh');
  });

  it('is not believed of an older commit', () => {
    expect(word(verdict(comparison(broken, {}, older)))).toBe('waiting AwaitingRefresh');
  });

  it('gives missing rights a while, then tells whose they are', () => {
    expect(verdict(comparison(refused), at(59))).toMatchObject({
      kind: 'waiting',
      reason: 'ComparisonError',
      until: at(62.3),
    });
    const said = verdict(comparison(refused), at(63));
    expect(word(said)).toBe('failed ComparisonError');
    expect(messageOf(said)).toContain('Correct the credentials that Argo CD has');
  });

  it('waits while the repo-server is away', () => {
    const away =
      'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp 10.0.0.1:8081: connect: connection refused"';

    expect(word(verdict(comparison(away), at(500)))).toBe('waiting ComparisonError');
  });

  it('fails at once where a commit is not signed: there the sha is named', () => {
    const words = `GIT/GPG: Failed verifying revision ${ours} by 'Bot <bot@example.invalid>': unsigned (key_id=)`;
    const unsigned = { ...comparison(words, {}, ours), ...asked, operationState: retrying(ours, 1) };
    const said = verdict({ ...unsigned, sync: { status: 'OutOfSync', revision: ours } });

    expect(word(said)).toBe('failed ComparisonError');
    expect(messageOf(said)).toContain('signed with a key that the AppProject lists');
  });

  it('shows no credentials of a URL', () => {
    const words = 'failed to list refs: Get "https://bot:hunter22@git.example/env.git": unexpected status 500';

    expect(messageOf(verdict(comparison(words)))).not.toContain('hunter22');
  });
});

describe('applied and still OutOfSync (fact 12)', () => {
  const dropped = {
    sync: atOurs,
    operationState: succeeded(ours),
    status: {
      resources: [
        { kind: 'Service', name: 'chat', status: 'Synced' },
        { kind: 'Deployment', name: 'chat', status: 'OutOfSync' },
      ],
    },
  };

  it('is waited for at first', () => {
    expect(verdict(dropped)).toMatchObject({ kind: 'waiting', reason: 'OutOfSync', until: at(60) });
  });

  it('names the object whose field the API server drops, after a while', () => {
    const said = verdict(dropped, at(60));

    expect(said).toMatchObject({ kind: 'waiting', reason: 'OutOfSync', until: null });
    expect(messageOf(said)).toContain('still OutOfSync: Deployment chat');
  });
});

describe('an Application that cannot begin', () => {
  const synced = { sync: atOurs };

  it('may not be there yet', () => {
    expect(word(judge(null))).toBe('waiting ApplicationMissing');
    expect(messageOf(judge(null))).toContain('ApplicationSet');
  });

  it('may be on its way out', () => {
    expect(word(verdict({ ...synced, metadata: { deletionTimestamp: iso(1) } }))).toBe('waiting ApplicationDeleting');
  });

  it.each([
    ['has no policy', { syncPolicy: {} }],
    ['has switched it off', { syncPolicy: { automated: { enabled: false } } }],
  ])('is synced by hand where it %s', (_, spec) => {
    expect(word(verdict({ ...synced, spec }))).toBe('waiting SyncIsManual');
  });

  it('is refused by its project: told after a while', () => {
    const words = "application repo https://git.example/team-a.git is not permitted in project 'team-a'";
    const shape = { sync: { status: 'Unknown', revision: older }, status: condition('InvalidSpecError', words) };

    expect(word(verdict(shape))).toBe('waiting InvalidSpecError');
    expect(word(verdict(shape, at(100)))).toBe('failed InvalidSpecError');
    expect(messageOf(verdict(shape, at(100)))).toContain('what the AppProject allows');
  });

  it('may have no status at all', () => {
    const bare = { apiVersion: 'v1', kind: 'Application', metadata: { name: 'chat', namespace: 'argocd', uid: 'u' } };

    expect(word(judge(bare))).toBe('waiting AwaitingRefresh');
  });
});
