/** Objects in, one word of kstatus out; the numbers are those of a real rollout, version by version. */
import { describe, expect, it } from 'vitest';
import { kstatus } from '../../../src/core/kstatus/kstatus.ts';
import type { LiveObject } from '../../../src/domain/live-object.ts';
import { deployment, iso, object, pod, progressing, ready, rolledOut, statefulSet } from './live-objects.ts';

const word = (one: LiveObject | null): string => {
  const { status, reason } = kstatus(one);
  return reason === '' ? status : `${status} ${reason}`;
};
const [, isAvailable] = rolledOut;

describe('a Deployment', () => {
  it.each<[string, LiveObject, string]>([
    ['whose pods are all new and available', deployment(), 'Current'],
    [
      'of no pods at all',
      deployment('chat', {
        spec: { replicas: 0 },
        status: { replicas: 0, updatedReplicas: 0, readyReplicas: 0, availableReplicas: 0 },
      }),
      'Current',
    ],
    [
      'without a progress deadline',
      deployment('chat', { spec: { progressDeadlineSeconds: 2_147_483_647 }, status: { conditions: [isAvailable] } }),
      'Current',
    ],
    [
      'that is being deleted',
      deployment('chat', { metadata: { deletionTimestamp: iso(1) } }),
      'Terminating Terminating',
    ],
    [
      'whose newest generation was not seen, however well it looks',
      deployment('chat', { status: { observedGeneration: 1 } }),
      'InProgress LatestGenerationNotObserved',
    ],
    [
      'that no controller has looked at',
      object('Deployment', 'chat', { metadata: { generation: 1 } }),
      'InProgress LatestGenerationNotObserved',
    ],
    [
      'with too few pods',
      deployment('chat', { status: { replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 } }),
      'InProgress LessReplicas',
    ],
    ['that has made no new pod', deployment('chat', { status: { updatedReplicas: 0 } }), 'InProgress LessUpdated'],
    [
      'with an old pod beside the new ones',
      deployment('chat', { status: { replicas: 3, availableReplicas: 3 } }),
      'InProgress ExtraPods',
    ],
    [
      'whose new pod is not available',
      deployment('chat', { status: { availableReplicas: 1 } }),
      'InProgress LessAvailable',
    ],
    ['whose new pod is not ready', deployment('chat', { status: { readyReplicas: 1 } }), 'InProgress LessReady'],
    [
      'with right numbers, while it still says ReplicaSetUpdated',
      deployment('chat', { status: { conditions: [progressing('ReplicaSetUpdated'), isAvailable] } }),
      'InProgress ReplicaSetNotAvailable',
    ],
    [
      'that is not available',
      deployment('chat', { status: { conditions: [rolledOut[0]] } }),
      'InProgress NotAvailable',
    ],
    [
      'that is paused amid a rollout',
      deployment('chat', { spec: { paused: true }, status: { updatedReplicas: 1 } }),
      'InProgress DeploymentPaused',
    ],
    [
      'past its progress deadline',
      deployment('chat', {
        status: {
          updatedReplicas: 1,
          conditions: [
            progressing('ProgressDeadlineExceeded', 'ReplicaSet "chat-5d9" has timed out progressing.', 'False'),
          ],
        },
      }),
      'Failed ProgressDeadlineExceeded',
    ],
  ])('%s', (_, one, expected) => {
    expect(word(one)).toBe(expected);
  });

  it('tells the words of the quota that refuses its pods, the same at each attempt', () => {
    const refused = (name: string): string => {
      const message = `pods "${name}" is forbidden: exceeded quota: small, requested: requests.cpu=1, used: requests.cpu=4, limited: requests.cpu=4`;
      const conditions = [...rolledOut, { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message }];
      const {
        status,
        reason,
        message: words,
      } = kstatus(deployment('chat', { status: { updatedReplicas: 1, conditions } }));
      expect([status, reason]).toEqual(['InProgress', 'FailedCreate']);
      return words;
    };

    expect(refused('chat-5d9-abcde')).toContain(
      'Deployment chat cannot make a pod: a pod is forbidden: exceeded quota: small',
    );
    expect(refused('chat-5d9-abcde')).toBe(refused('chat-5d9-fghij'));
  });

  it('minds no refusal once all of its pods are there', () => {
    const refused = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'no' };

    expect(word(deployment('chat', { status: { conditions: [...rolledOut, refused] } }))).toBe('Current');
  });

  it('counts in words', () => {
    expect(kstatus(deployment('chat', { status: { availableReplicas: 1 } })).message).toBe(
      '1 of 2 pods are available (Deployment chat)',
    );
  });
});

describe('a StatefulSet', () => {
  it.each<[string, LiveObject, string]>([
    ['whose pods are ready', statefulSet(), 'Current'],
    [
      'updated by hand',
      statefulSet('db', { spec: { updateStrategy: { type: 'OnDelete' } }, status: { readyReplicas: 0 } }),
      'Current',
    ],
    ['without a pod', statefulSet('db', { status: { replicas: 0, readyReplicas: 0 } }), 'InProgress LessReplicas'],
    ['whose pod is not ready', statefulSet('db', { status: { readyReplicas: 0 } }), 'InProgress LessReady'],
    ['with a pod too many', statefulSet('db', { status: { replicas: 2, readyReplicas: 2 } }), 'InProgress ExtraPods'],
    [
      'whose pod is of the old template',
      statefulSet('db', { status: { updateRevision: 'db-2', updatedReplicas: 0 } }),
      'InProgress LessUpdated',
    ],
    [
      'that has not written down its new revision',
      statefulSet('db', { status: { updateRevision: 'db-2' } }),
      'InProgress RevisionMismatch',
    ],
    [
      'up to its partition',
      statefulSet('db', {
        spec: { replicas: 2, updateStrategy: { rollingUpdate: { partition: 1 } } },
        status: { replicas: 2, readyReplicas: 2, updateRevision: 'db-2', updatedReplicas: 1 },
      }),
      'Current',
    ],
    [
      'whose newest generation was not seen',
      statefulSet('db', { metadata: { generation: 2 } }),
      'InProgress LatestGenerationNotObserved',
    ],
  ])('%s', (_, one, expected) => {
    expect(word(one)).toBe(expected);
  });
});

describe('an LGP of LangChain’s operator', () => {
  const counts = { replicas: 2, readyReplicas: 2, updatedReplicas: 2, availableReplicas: 2 };
  const lgp = (status: Record<string, unknown>, spec: Record<string, unknown> = { serverSpec: { replicas: 2 } }) =>
    object('LGP', 'chat', { metadata: { generation: 3 }, spec, status: { observedGeneration: 3, ...status } });
  const says = (type: string, status: string) => ({
    conditions: [{ type, status, reason: 'Operator', message: 'so it is' }],
  });

  it.each<[string, LiveObject, string]>([
    ['whose server runs', lgp({ deploymentStatus: counts }), 'Current'],
    [
      'that the operator has not looked at',
      lgp({ observedGeneration: 2, deploymentStatus: counts }),
      'InProgress LatestGenerationNotObserved',
    ],
    [
      'that the operator has never looked at',
      object('LGP', 'chat', { metadata: { generation: 1 } }),
      'InProgress LatestGenerationNotObserved',
    ],
    ['without numbers', lgp({}), 'InProgress NoStatus'],
    ['with too few pods', lgp({ deploymentStatus: { ...counts, replicas: 1 } }), 'InProgress LessReplicas'],
    ['with an old pod', lgp({ deploymentStatus: { ...counts, updatedReplicas: 1 } }), 'InProgress LessUpdated'],
    [
      'with a pod that is not available',
      lgp({ deploymentStatus: { ...counts, availableReplicas: 1 } }),
      'InProgress LessAvailable',
    ],
    [
      'with a pod that is not ready',
      lgp({ deploymentStatus: { ...counts, readyReplicas: 1 } }),
      'InProgress LessReady',
    ],
    [
      'that an autoscaler keeps at its least',
      lgp(
        { deploymentStatus: { ...counts, replicas: 1 } },
        { autoscaling: { enabled: true, minReplicas: 1 }, serverSpec: { replicas: 5 } },
      ),
      'Current',
    ],
    [
      'that is said not to be ready',
      lgp({ deploymentStatus: counts, ...says('Ready', 'False') }),
      'InProgress Operator',
    ],
    ['that is said to be degraded', lgp({ deploymentStatus: counts, ...says('Degraded', 'True') }), 'Failed Operator'],
    ['with a condition that we do not know', lgp({ deploymentStatus: counts, ...says('Painted', 'False') }), 'Current'],
  ])('%s', (_, one, expected) => {
    expect(word(one)).toBe(expected);
  });
});

describe('other objects', () => {
  const daemon = (status: Record<string, unknown>) =>
    object('DaemonSet', 'd', { metadata: { generation: 1 }, status: { observedGeneration: 1, ...status } });
  const all = {
    desiredNumberScheduled: 2,
    currentNumberScheduled: 2,
    updatedNumberScheduled: 2,
    numberAvailable: 2,
    numberReady: 2,
  };
  const replicas = (status: Record<string, unknown>) =>
    object('ReplicaSet', 'r', {
      metadata: { generation: 1 },
      spec: { replicas: 1 },
      status: { observedGeneration: 1, ...status },
    });
  const made = { replicas: 1, fullyLabeledReplicas: 1, availableReplicas: 1, readyReplicas: 1 };
  const says = (type: string, status: string) => ({ conditions: [{ type, status, reason: 'Because', message: 'so' }] });
  const running = { phase: 'Running', conditions: [] };

  it.each<[string, LiveObject | null, string]>([
    ['what is not there', null, 'NotFound NotFound'],
    ['a DaemonSet on all nodes', daemon(all), 'Current'],
    ['a DaemonSet that is not scheduled', daemon({}), 'InProgress NoDesiredNumber'],
    ['a DaemonSet that lacks a node', daemon({ ...all, numberReady: 1 }), 'InProgress LessReady'],
    ['a ReplicaSet with its pods', replicas(made), 'Current'],
    ['a ReplicaSet with an unready pod', replicas({ ...made, readyReplicas: 0 }), 'InProgress LessReady'],
    ['a ReplicaSet that is refused', replicas({ ...made, ...says('ReplicaFailure', 'True') }), 'InProgress Because'],
    ['a ready pod', pod('p', { status: { phase: 'Running', conditions: [ready()] } }), 'Current'],
    ['a pod that has ended well', pod('p', { status: { phase: 'Succeeded' } }), 'Current'],
    [
      'an evicted pod',
      pod('p', { status: { phase: 'Failed', reason: 'Evicted', message: 'low on memory' } }),
      'Failed Evicted',
    ],
    [
      'a pod that crashes',
      pod('p', {
        status: { ...running, containerStatuses: [{ name: 'a', state: { waiting: { reason: 'CrashLoopBackOff' } } }] },
      }),
      'Failed ContainerCrashLooping',
    ],
    ['a pod that runs and is not ready', pod('p', { status: running }), 'InProgress PodRunningNotReady'],
    [
      'a pod without a node',
      pod('p', {
        status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'no' }] },
      }),
      'InProgress Unschedulable',
    ],
    ['a pod that starts', pod(), 'InProgress PodPending'],
    ['a bound claim', object('PersistentVolumeClaim', 'c', { status: { phase: 'Bound' } }), 'Current'],
    [
      'a claim without a volume',
      object('PersistentVolumeClaim', 'c', { status: { phase: 'Pending' } }),
      'InProgress NotBound',
    ],
    [
      'a claim that lost its volume',
      object('PersistentVolumeClaim', 'c', { status: { phase: 'Lost' } }),
      'Failed ClaimLost',
    ],
    ['an object without conditions', object('ScaledObject', 's'), 'Current'],
    ['an object that is ready', object('ScaledObject', 's', { status: says('Ready', 'True') }), 'Current'],
    [
      'an object that is not ready',
      object('ScaledObject', 's', { status: says('Ready', 'False') }),
      'InProgress Because',
    ],
    ['an object that is stalled', object('Kustomization', 'k', { status: says('Stalled', 'True') }), 'Failed Because'],
    [
      'an object that is reconciling',
      object('Kustomization', 'k', { status: says('Reconciling', 'True') }),
      'InProgress Because',
    ],
    [
      'an object of a newer generation',
      object('ScaledObject', 's', { metadata: { generation: 2 }, status: { observedGeneration: 1 } }),
      'InProgress LatestGenerationNotObserved',
    ],
  ])('%s', (_, one, expected) => {
    expect(word(one)).toBe(expected);
  });
});
