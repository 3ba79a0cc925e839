/** One revision seen in the cluster: how far it is, whether it has failed, and in which words that is said. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Observation } from '../../../src/core/observe/observation.ts';
import { expectedWorkloads, observe, type Verdict } from '../../../src/core/observe/observe.ts';
import type { EngineObjects, LiveObject } from '../../../src/domain/live-object.ts';
import {
  application,
  at,
  backOff,
  committedAt,
  condition,
  container,
  contains,
  crashing,
  deployment,
  event,
  fluxCondition,
  gitRepository,
  iso,
  kustomization,
  newer,
  object,
  older,
  olderRevisionId,
  ours,
  pod,
  progressing,
  ready,
  retrying,
  revisionId,
  rolledOut,
  statefulSet,
  succeeded,
  trying,
} from './live-objects.ts';

const api = deployment('chat');
const queue = deployment('chat-queue');
const redis = deployment('chat-redis', { revision: null });
const postgres = statefulSet();
const all = [api, queue, redis, postgres];
const expected = new Map([
  ['Deployment', 3],
  ['StatefulSet', 1],
]);
const other: EngineObjects = { kind: 'other' };
const argoCd = (one: LiveObject | null): EngineObjects => ({ kind: 'argo-cd', application: one });
const flux = (one: LiveObject | null): EngineObjects => ({
  ...{ kind: 'flux', kustomization: one, gitRepository: gitRepository() },
});

interface Scene extends Partial<Omit<Observation, 'live'>> {
  readonly workloads?: readonly LiveObject[];
  readonly pods?: readonly LiveObject[];
  readonly engine?: EngineObjects;
}

function see({ workloads = all, pods = [], engine = other, ...rest }: Scene = {}): Verdict {
  return observe({
    ...{ revisionId, commit: ours, events: [], expected, contains, committedAt, now: at(20), wasHealthy: false },
    rollout: { deadline: 600_000, stuckAfter: 60_000 },
    live: { workloads, pods, engine },
    ...rest,
  });
}
const word = ({ stage, outcome, reason }: Verdict): string => `${stage} ${outcome} ${reason}`;

const rolling = deployment('chat', {
  status: { availableReplicas: 1, conditions: [progressing('ReplicaSetUpdated')] },
});
const asBefore = (name: string) => deployment(name, { revision: olderRevisionId });
const waitingApplication = application();
const syncedApplication = application({ sync: { status: 'Synced', revision: ours }, operationState: succeeded(ours) });

describe('deployed', () => {
  it('is what all workloads of the revision prove', () => {
    const verdict = see();

    expect(word(verdict)).toBe('healthy succeeded Healthy');
    expect(verdict.message).toBe(
      'Everything runs: Deployment chat, Deployment chat-queue, Deployment chat-redis, StatefulSet chat-postgres',
    );
    expect(verdict).toMatchObject({ puzzling: [], lookAgainAt: null, blockedBy: null });
  });

  it('holds whatever the engine’s objects say', () => {
    const degraded = application({
      sync: { status: 'OutOfSync', revision: ours },
      status: { health: { status: 'Degraded' } },
    });
    const engines = [argoCd(null), argoCd(waitingApplication), argoCd(degraded), flux(null), flux(kustomization())];

    expect(new Set(engines.map((engine) => word(see({ engine }))))).toEqual(new Set(['healthy succeeded Healthy']));
  });

  it('says the same however many pods an autoscaler makes', () => {
    const more = { replicas: 5, updatedReplicas: 5, readyReplicas: 5, availableReplicas: 5 };
    const scaled = deployment('chat', { spec: { replicas: 5 }, status: more });

    expect(see({ workloads: [scaled, queue, redis, postgres] }).message).toBe(see().message);
  });

  it.each<[string, Scene]>([
    ['a workload bears another revision', { workloads: [api, asBefore('chat-queue'), redis, postgres] }],
    ['a workload is missing', { workloads: [api, redis, postgres] }],
    ['the database is missing', { workloads: [api, queue, redis] }],
    [
      'the database is not ready',
      { workloads: [api, queue, redis, statefulSet('db', { status: { readyReplicas: 0 } })] },
    ],
    [
      'a workload’s newest generation was not seen',
      { workloads: [deployment('chat', { status: { observedGeneration: 1 } }), queue, redis, postgres] },
    ],
    [
      'a workload is being deleted',
      { workloads: [...all, deployment('old', { metadata: { deletionTimestamp: iso(1) } })] },
    ],
    ['no workload bears a revision', { workloads: [redis, postgres], expected: new Map() }],
    ['nothing is there', { workloads: [], expected: new Map() }],
  ])('is not said while %s', (_, scene) => {
    expect(see(scene).outcome).toBe('progressing');
  });

  it('counts the workloads of a folder by the names of its files', () => {
    const names = ['kustomization.yaml', 'api.deployment.yaml', 'queue.deployment.yaml', 'postgres.statefulset.yaml'];

    expect(
      expectedWorkloads([...names, 'api.service.yaml', 'PROVENANCE', 'agent.lgp.yaml', 'x.deployment.yml']),
    ).toEqual(
      new Map([
        ['Deployment', 3],
        ['StatefulSet', 1],
        ['LGP', 1],
      ]),
    );
  });

  it('is proven by an LGP as well', () => {
    const counts = { replicas: 1, readyReplicas: 1, updatedReplicas: 1, availableReplicas: 1 };
    const lgp = object('LGP', 'chat', {
      metadata: { generation: 1, labels: { 'towpath.dev/revision-id': revisionId } },
      status: { observedGeneration: 1, deploymentStatus: counts },
    });

    expect(see({ workloads: [lgp], expected: new Map([['LGP', 1]]) }).message).toBe('Everything runs: LGP chat');
  });
});

describe('before the engine has applied the commit', () => {
  const before = [asBefore('chat'), asBefore('chat-queue'), redis, postgres];

  it.each<[string, EngineObjects, string]>([
    ['Argo CD has not looked', argoCd(waitingApplication), 'committed progressing AwaitingRefresh'],
    ['Argo CD has no Application', argoCd(null), 'committed progressing ApplicationMissing'],
    ['Argo CD says that it is done', argoCd(syncedApplication), 'committed progressing RevisionNotSeen'],
    ['Flux has not begun', flux(kustomization()), 'committed progressing AwaitingApply'],
    ['Flux has no Kustomization', flux(null), 'committed progressing KustomizationMissing'],
    ['somebody else applies', other, 'committed progressing AwaitingApply'],
  ])('%s', (_, engine, words) => {
    const verdict = see({ workloads: before, engine });

    expect(word(verdict)).toBe(words);
    expect(verdict.lookAgainAt).toEqual(at(600));
  });

  it('never takes the old Healthy for ours', () => {
    const engine = argoCd(application({ operationState: succeeded(older) }));

    expect(see({ workloads: before, engine }).stage).toBe('committed');
  });

  it('fails with what cannot be built, and names the stage that was not reached', () => {
    const shape = {
      sync: { status: 'Unknown', revision: 'main' },
      status: condition('ComparisonError', 'no such file'),
    };

    expect(word(see({ workloads: before, engine: argoCd(application(shape)) }))).toBe('synced failed ComparisonError');
  });

  it('looks again when patience ends', () => {
    const status = condition('InvalidSpecError', 'not permitted in project');
    const engine = argoCd(application({ sync: { status: 'Unknown', revision: older }, status }));

    expect(see({ workloads: before, engine }).lookAgainAt).toEqual(at(62.3));
    expect(word(see({ workloads: before, engine, now: at(63) }))).toBe('synced failed InvalidSpecError');
  });

  it('names the Application whose older commit is in the way', () => {
    const blocking = application({ sync: { status: 'OutOfSync', revision: ours }, operationState: retrying(older, 1) });
    const verdict = see({ workloads: before, engine: argoCd(blocking) });

    expect(word(verdict)).toBe('committed progressing BlockedByOlderCommit');
    expect(verdict.blockedBy).toBe(blocking);
    expect(see({ engine: argoCd(blocking) })).toMatchObject({ outcome: 'succeeded', blockedBy: blocking });
  });

  it('fails at the deadline with the last words of the engine', () => {
    const verdict = see({ workloads: before, engine: argoCd(null), now: at(600) });

    expect(word(verdict)).toBe('synced failed ApplicationMissing');
    expect(verdict.message).toMatch(/^Not synced within 10 min\. Argo CD has no Application/);
    expect(verdict.lookAgainAt).toBeNull();
  });

  it('is not troubled by a database that fails before the commit arrives', () => {
    const late = progressing('ProgressDeadlineExceeded', '', 'False');
    const failed = deployment('chat-redis', { revision: null, status: { updatedReplicas: 1, conditions: [late] } });

    expect(see({ workloads: [asBefore('chat'), failed] }).stage).toBe('committed');
    expect(see({ workloads: [asBefore('chat'), failed] }).outcome).toBe('progressing');
  });

  it('is not troubled by the pods of the older revision', () => {
    const pods = [pod('chat-old', { revision: olderRevisionId, status: { containerStatuses: [backOff] } })];

    expect(word(see({ workloads: before, pods, now: at(500) }))).toBe('committed progressing AwaitingApply');
  });
});

describe('while it rolls out', () => {
  const workloads = [rolling, queue, redis, postgres];

  it('counts pods', () => {
    const verdict = see({ workloads, engine: argoCd(syncedApplication) });

    expect(word(verdict)).toBe('synced progressing LessAvailable');
    expect(verdict.message).toBe('1 of 2 pods are available (Deployment chat).');
    expect(verdict.lookAgainAt).toEqual(at(600));
  });

  it('names what is still of another revision, and what the engine does', () => {
    const engine = argoCd(
      application({ sync: { status: 'OutOfSync', revision: ours }, operation: { sync: { revision: ours } } }),
    );
    const verdict = see({ workloads: [api, asBefore('chat-queue'), redis], engine });

    expect(word(verdict)).toBe('synced progressing PartlySynced');
    expect(verdict.message).toContain('Not there yet: 1 StatefulSet.');
    expect(verdict.message).toContain('Still of another revision: Deployment chat-queue.');
    expect(verdict.message).toContain(`is applying ${ours.slice(0, 12)}`);
  });

  it('says what keeps a pod from starting long before that fails it', () => {
    const pods = [pod('chat-5d9-x', { status: { containerStatuses: [backOff] } })];
    const verdict = see({ workloads, pods });

    expect(word(verdict)).toBe('synced progressing ImagePullBackOff');
    expect(verdict.message).toContain('Pod chat-5d9-x: container api-server cannot pull image');
    expect(verdict.lookAgainAt).toEqual(new Date(new Date(iso(2)).getTime() + 60_000));
  });

  it('does not take the older revision’s pods for its own', () => {
    const pods = [pod('chat-old', { revision: olderRevisionId, status: { containerStatuses: [backOff] } })];

    expect(word(see({ workloads, pods, now: at(500) }))).toBe('synced progressing LessAvailable');
  });

  it('waits for the workload that replaces one that is being deleted', () => {
    const ending = deployment('chat-queue', { metadata: { deletionTimestamp: iso(1) } });

    expect(see({ workloads: [api, ending, redis, postgres] }).message).toBe(
      'Not there yet: 1 Deployment. Waiting for whoever applies the branch. Deployment chat-queue is being deleted.',
    );
  });

  it('tells one trouble of several pods once, and two troubles both', () => {
    const pods = [
      pod('chat-5d9-x', { status: { containerStatuses: [backOff] } }),
      pod('chat-5d9-y', { status: { containerStatuses: [backOff] } }),
      pod('chat-queue-7c4-z', { status: { phase: 'Running', containerStatuses: [crashing(2)] } }),
    ];
    const { message } = see({ workloads, pods });

    expect(message.match(/cannot pull image/g)).toHaveLength(1);
    expect(message).toContain('Pod chat-queue-7c4-z: container api-server ended with exit code 1');
  });

  it('says the same when nothing has changed but the time', () => {
    const pods = [pod('chat-5d9-x', { status: { phase: 'Running', containerStatuses: [crashing(2)] } })];
    const messages = [10, 30, 59].map((seconds) => see({ workloads, pods, now: at(seconds) }).message);

    expect(new Set(messages).size).toBe(1);
  });

  it('lets a Deployment be whose old failure shows for a moment beside the new generation', () => {
    const stale = progressing('ProgressDeadlineExceeded', 'ReplicaSet "chat-111" has timed out progressing.', 'False');
    const owned = (owner: string) =>
      pod(`${owner}-x`, { metadata: { ownerReferences: [{ kind: 'ReplicaSet', name: owner, uid: 'r' }] } });
    const of = (updatedReplicas: number) => deployment('chat', { status: { updatedReplicas, conditions: [stale] } });
    const chat = (updated: number, pods: readonly LiveObject[]) =>
      word(see({ workloads: [of(updated), queue, redis, postgres], pods }));

    expect(chat(0, [])).toBe('synced progressing LessUpdated');
    expect(chat(1, [owned('chat-222'), owned('chat-queue-333')])).toContain('synced progressing');
    expect(chat(1, [owned('chat-111')])).toBe('healthy failed ProgressDeadlineExceeded');
    expect(chat(1, [owned('chat-queue-333')])).toBe('healthy failed ProgressDeadlineExceeded');
  });
});

describe('what fails it', () => {
  const workloads = [rolling, queue, redis, postgres];
  const stuck = [pod('chat-5d9-x', { status: { containerStatuses: [backOff] } })];

  it('is a pod of it that could not start for too long', () => {
    expect(word(see({ workloads, pods: stuck, now: at(61) }))).toBe('synced progressing ImagePullBackOff');
    const verdict = see({ workloads, pods: stuck, now: at(62) });
    expect(word(verdict)).toBe('healthy failed ImagePullBackOff');
    expect(verdict.message).toContain('not found. Check that the image and its tag or digest are in the registry.');
    expect(verdict.lookAgainAt).toBeNull();
  });

  it('is corrected by a late success', () => {
    expect(word(see({ pods: stuck, now: at(900) }))).toBe('healthy succeeded Healthy');
  });

  it('is a progress deadline, told with what the pods show', () => {
    const late = progressing('ProgressDeadlineExceeded', 'ReplicaSet "chat-5d9" has timed out progressing.', 'False');
    const failed = deployment('chat', { status: { updatedReplicas: 1, conditions: [late] } });
    const running = container({ state: { running: { startedAt: iso(3) } } });
    const one = pod('chat-5d9-x', {
      metadata: { ownerReferences: [{ kind: 'ReplicaSet', name: 'chat-5d9', uid: 'r' }] },
      status: { phase: 'Running', containerStatuses: [running] },
    });
    const events = [event(one, 'Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 503')];
    const verdict = see({ workloads: [failed, queue, redis, postgres], pods: [one], events });

    expect(word(verdict)).toBe('healthy failed ProgressDeadlineExceeded');
    expect(verdict.message).toContain('Deployment chat made no progress in time');
    expect(verdict.message).toContain('Readiness probe failed: HTTP probe failed with statuscode: 503');
  });

  it('is our own deadline, whatever Kubernetes allows', () => {
    expect(see({ workloads, now: at(599) }).outcome).toBe('progressing');
    const verdict = see({ workloads, now: at(600) });
    expect(word(verdict)).toBe('healthy failed LessAvailable');
    expect(verdict.message).toMatch(/^Not healthy within 10 min\. 1 of 2 pods/);
  });

  it('is a quota that refuses its pods, after a while', () => {
    const message = 'pods "chat-5d9-abcde" is forbidden: exceeded quota: small';
    const refused = {
      type: 'ReplicaFailure',
      status: 'True',
      reason: 'FailedCreate',
      message,
      lastTransitionTime: iso(-500),
    };
    const chat = deployment('chat', { status: { updatedReplicas: 0, conditions: [...rolledOut, refused] } });
    const scene = { workloads: [chat, queue, redis, postgres] };

    expect(word(see(scene))).toBe('synced progressing FailedCreate');
    expect(see(scene).lookAgainAt).toEqual(at(60));
    expect(word(see({ ...scene, now: at(60) }))).toBe('healthy failed FailedCreate');
    expect(see({ ...scene, now: at(60) }).message).toContain('exceeded quota: small. Ask for less, or raise the quota');
  });

  it('is a quota that refuses the database’s pod, which only events tell', () => {
    const empty = statefulSet('chat-postgres', {
      status: { replicas: 0, readyReplicas: 0 },
      metadata: { creationTimestamp: iso(1) },
    });
    const scene = { workloads: [api, queue, redis, empty] };
    const events = [
      event(
        empty,
        'FailedCreate',
        'create Pod chat-postgres-0 failed error: pods "chat-postgres-0" is forbidden: exceeded quota: small',
      ),
    ];

    expect(see(scene).puzzling).toEqual([empty]);
    expect(word(see({ ...scene, events }))).toBe('synced progressing FailedCreate');
    expect(word(see({ ...scene, events, now: at(60) }))).toBe('healthy failed FailedCreate');
  });

  it('is the database’s pod as well, from the commit on', () => {
    const pending = pod('chat-postgres-0', {
      revision: null,
      metadata: { creationTimestamp: iso(-900) },
      status: { startTime: iso(-900), containerStatuses: [backOff] },
    });
    const scene = {
      workloads: [api, queue, redis, statefulSet('chat-postgres', { status: { readyReplicas: 0 } })],
      pods: [pending],
    };

    expect(word(see({ ...scene, now: at(59) }))).toBe('synced progressing ImagePullBackOff');
    expect(word(see({ ...scene, now: at(60) }))).toBe('healthy failed ImagePullBackOff');
  });
});

describe('a server that crashes until its database is ready', () => {
  const server = (finished: number) => {
    const end = { terminated: { exitCode: 1, reason: 'Error', finishedAt: iso(finished) } };
    return pod('chat-5d9-x', { status: { phase: 'Running', containerStatuses: [crashing(3, { lastState: end })] } });
  };
  const database = (conditions: readonly unknown[]) =>
    pod('chat-postgres-0', { revision: null, status: { phase: 'Running', conditions } });
  const workloads = [rolling, queue, redis, postgres];

  it('is not blamed before', () => {
    const pods = [server(90), database([{ type: 'Ready', status: 'False' }])];

    expect(word(see({ workloads, pods, now: at(200) }))).toBe('synced progressing CrashLoopBackOff');
  });

  it('is not blamed for a crash before', () => {
    expect(see({ workloads, pods: [server(90), database([ready(100)])], now: at(200) }).outcome).toBe('progressing');
  });

  it('is blamed for crashing on', () => {
    const pods = [server(120), database([ready(100)])];

    expect(see({ workloads, pods, now: at(159) }).outcome).toBe('progressing');
    expect(word(see({ workloads, pods, now: at(161) }))).toBe('healthy failed CrashLoopBackOff');
  });

  it('is blamed at once where there is no database to wait for', () => {
    expect(word(see({ workloads, pods: [server(30)], now: at(62) }))).toBe('healthy failed CrashLoopBackOff');
  });
});

describe('one refused object beside healthy Deployments', () => {
  const refused = (operationState: Record<string, unknown>) =>
    argoCd(
      application({
        sync: { status: 'OutOfSync', revision: ours },
        operation: { sync: { revision: ours } },
        operationState,
      }),
    );

  it('is no success while it is tried a second time', () => {
    expect(word(see({ engine: refused(retrying(ours, 1)) }))).toBe('synced progressing Retrying');
  });

  it('fails the revision, though all pods run', () => {
    const verdict = see({ engine: refused(retrying(ours, 2)) });

    expect(word(verdict)).toBe('synced failed SyncFailed');
    expect(verdict.message).toContain('Service chat: Service "chat" is invalid');
  });

  it('keeps its word between two attempts', () => {
    const { stage, outcome, reason, message } = see({ engine: refused(retrying(ours, 2)) });
    const last = { stage, outcome, reason, message };

    expect(see({ engine: refused(trying(ours, 2)), last })).toMatchObject(last);
    expect(word(see({ engine: refused(trying(ours, 2)), last: null }))).toBe('synced progressing Retrying');
  });

  it('is corrected once it is taken', () => {
    expect(word(see({ engine: argoCd(syncedApplication) }))).toBe('healthy succeeded Healthy');
  });

  it('fails with Flux, and keeps its word while Flux tries again', () => {
    const attempted = { lastAttemptedRevision: `main@sha1:${ours}` };
    const failed = kustomization({
      ...attempted,
      conditions: [fluxCondition('Ready', 'False', 'ReconciliationFailed', 'Service/chat dry-run failed')],
    });
    const trying = kustomization({ ...attempted, conditions: [fluxCondition('Ready', 'Unknown', 'Progressing', '')] });
    const verdict = see({ engine: flux(failed) });

    expect(word(verdict)).toBe('synced failed ReconciliationFailed');
    expect(word(see({ engine: flux(trying), last: verdict }))).toBe('synced failed ReconciliationFailed');
    expect(word(see({ engine: flux(trying) }))).toBe('synced progressing Applying');
  });

  it('does not lay a later commit’s mistake at its door', () => {
    const broken = {
      sync: { status: 'Unknown', revision: newer },
      status: condition('ComparisonError', 'no such file'),
    };
    const engine = argoCd(application(broken));

    expect(word(see({ engine }))).toBe('healthy succeeded Healthy');
    expect(word(see({ engine, workloads: [rolling, queue, redis, postgres] }))).toBe(
      'synced progressing LessAvailable',
    );
  });
});

describe('events', () => {
  const running = container({ state: { running: { startedAt: iso(5) } } });
  const one = pod('chat-5d9-x', { status: { phase: 'Running', containerStatuses: [running] } });
  const scene = { workloads: [rolling, queue, redis, postgres], pods: [one] };

  it('are not asked for while a pod merely starts', () => {
    const verdict = see({ ...scene, now: at(10) });

    expect(verdict.puzzling).toEqual([]);
    expect(verdict.lookAgainAt).toEqual(new Date(new Date(iso(5)).getTime() + 10_000));
  });

  it('are asked for when that takes longer, and answer the question', () => {
    expect(see(scene).puzzling).toEqual([one]);
    const events = [event(one, 'Unhealthy', 'Readiness probe failed: connection refused')];
    expect(see({ ...scene, events })).toMatchObject({ reason: 'ReadinessProbeFailing', puzzling: [] });
  });
});

describe('after it was deployed', () => {
  const wasHealthy = { wasHealthy: true, now: at(90_000) };

  it('is well as long as everything runs', () => {
    expect(word(see(wasHealthy))).toBe('healthy succeeded Healthy');
    expect(word(see({ ...wasHealthy, engine: argoCd(null) }))).toBe('healthy succeeded Healthy');
  });

  it.each<[string, Scene, string]>([
    [
      'a pod crashes',
      {
        workloads: [rolling, queue, redis, postgres],
        pods: [pod('chat-5d9-x', { status: { phase: 'Running', containerStatuses: [crashing(5)] } })],
      },
      'CrashLoopBackOff',
    ],
    ['a workload was deleted', { workloads: [queue, redis, postgres] }, 'PartlySynced'],
    ['everything was deleted', { workloads: [] }, 'WorkloadsMissing'],
    ['somebody rolled all of it back by hand', { workloads: [asBefore('chat')] }, 'WorkloadsMissing'],
    ['somebody rolled back by hand', { workloads: [asBefore('chat'), queue, redis, postgres] }, 'PartlySynced'],
    [
      'a Deployment failed',
      {
        workloads: [
          deployment('chat', {
            status: { updatedReplicas: 1, conditions: [progressing('ProgressDeadlineExceeded', '', 'False')] },
          }),
          queue,
          redis,
          postgres,
        ],
      },
      'ProgressDeadlineExceeded',
    ],
  ])('tells that %s, and fails it no more', (_, scene, reason) => {
    expect(word(see({ ...scene, ...wasHealthy }))).toBe(`healthy progressing ${reason}`);
  });
});

describe('for whatever may be seen', () => {
  const revision = fc.constantFrom(revisionId, olderRevisionId, null);
  const workload = fc.record({ revision, seen: fc.nat(3), available: fc.nat(2), isSet: fc.boolean() });
  const engine = fc.constantFrom<EngineObjects>(
    other,
    argoCd(null),
    argoCd(syncedApplication),
    argoCd(waitingApplication),
    flux(null),
    flux(kustomization()),
  );
  const podStatus = fc.constantFrom(backOff, crashing(1), crashing(9), container({ state: { running: {} } }));

  it('never says succeeded where a label differs, a generation is behind, or a pod is missing', () => {
    let succeeded = 0;
    fc.assert(
      fc.property(
        fc.array(workload, { maxLength: 4 }),
        engine,
        fc.boolean(),
        fc.nat(1000),
        (shapes, objects, wasHealthy, seconds) => {
          const workloads = shapes.map(({ revision: label, seen, available, isSet }, index) =>
            isSet
              ? statefulSet(`w${index}`, {
                  metadata: { generation: 2 },
                  status: { observedGeneration: seen, readyReplicas: available },
                })
              : deployment(`w${index}`, {
                  revision: label,
                  status: { observedGeneration: seen, availableReplicas: available },
                }),
          );
          const verdict = see({ workloads, engine: objects, wasHealthy, now: at(seconds), expected: new Map() });
          if (verdict.outcome !== 'succeeded') return;
          succeeded += 1;
          const labelled = shapes.filter(({ isSet, revision: label }) => !isSet && label !== null);
          expect(labelled.length).toBeGreaterThan(0);
          expect(labelled.every(({ revision: label }) => label === revisionId)).toBe(true);
          expect(shapes.every(({ seen, available, isSet }) => seen >= 2 && available >= (isSet ? 1 : 2))).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
    expect(succeeded).toBeGreaterThan(0);
  });

  it('always has a reason of one word, a message, and no next look in the past', () => {
    fc.assert(
      fc.property(
        fc.subarray(all),
        fc.array(podStatus, { maxLength: 3 }),
        engine,
        fc.boolean(),
        fc.nat(1000),
        (workloads, statuses, objects, wasHealthy, seconds) => {
          const pods = statuses.map((status, index) =>
            pod(`p${index}`, { status: { phase: 'Running', containerStatuses: [status] } }),
          );
          const verdict = see({ workloads, pods, engine: objects, wasHealthy, now: at(seconds) });

          expect(verdict.reason).toMatch(/^[A-Z][A-Za-z]{2,60}$/);
          expect(verdict.message).not.toBe('');
          if (verdict.lookAgainAt !== null)
            expect(verdict.lookAgainAt.getTime()).toBeGreaterThan(at(seconds).getTime());
          if (wasHealthy) expect(verdict.outcome).not.toBe('failed');
          if (verdict.outcome === 'progressing' && !wasHealthy) expect(verdict.lookAgainAt).not.toBeNull();
        },
      ),
    );
  });
});
