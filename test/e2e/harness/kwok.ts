/** KWOK in place of kubelets: its nodes, its stages, and the fates that a pod's image tag chooses. */
import { fateOfPod, fateStages } from './fates.ts';
import type { KubernetesObject } from './kubernetes.ts';

interface Stage extends KubernetesObject {
  readonly spec: { readonly selector: { readonly matchExpressions: readonly object[] } };
}

/** KWOK's own stages, made to leave pods with a fate alone, and ours beside them. */
export function stagesOf(own: readonly KubernetesObject[]): readonly KubernetesObject[] {
  // Stages that match one pod are drawn from by lot, so they must exclude each other.
  const leaveAlone = (stage: Stage): KubernetesObject => {
    const { selector } = stage.spec;
    const matchExpressions = [...selector.matchExpressions, { key: fateOfPod, operator: 'DoesNotExist' }];
    return { ...stage, spec: { ...stage.spec, selector: { ...selector, matchExpressions } } };
  };
  const makesReady = ['pod-ready', 'pod-complete'];
  return [
    ...own.map((one) => (makesReady.includes(one.metadata.name) ? leaveAlone(one as Stage) : one)),
    readyAgain,
    ...fateStages(),
  ];
}

/** While the API server is away no node tells that it lives, and its pods count as not ready; a kubelet would mend that. */
const readyAgain: KubernetesObject = {
  apiVersion: 'kwok.x-k8s.io/v1alpha1',
  kind: 'Stage',
  metadata: { name: 'pod-ready-again' },
  spec: {
    resourceRef: { apiGroup: 'v1', kind: 'Pod' },
    selector: {
      matchExpressions: [
        { key: '.metadata.deletionTimestamp', operator: 'DoesNotExist' },
        { key: '.status.phase', operator: 'In', values: ['Running'] },
        { key: '.status.conditions.[] | select( .type == "Ready" ) | .status', operator: 'In', values: ['False'] },
        { key: fateOfPod, operator: 'DoesNotExist' },
      ],
    },
    delay: { durationMilliseconds: 1_000 },
    next: {
      statusTemplate: [
        '{{ $now := Now }}',
        'conditions:',
        ...['Ready', 'ContainersReady'].flatMap((type) => [
          `- type: ${type}`,
          '  status: "True"',
          '  lastTransitionTime: {{ $now | Quote }}',
        ]),
        '',
      ].join('\n'),
    },
  },
};

/** Two nodes of 1,000 processors and 1 TiB each: KWOK's default, and what the scheduler counts with. */
export function nodes(): readonly KubernetesObject[] {
  return ['node-1', 'node-2'].map((name) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' },
      annotations: { 'kwok.x-k8s.io/node': 'fake', 'node.alpha.kubernetes.io/ttl': '0' },
    },
    spec: {},
  }));
}

/** What `kubectl logs` shows of any pod: one file, in the container runtime's format. */
export function logsOf(file: string): KubernetesObject {
  return {
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'ClusterLogs',
    metadata: { name: 'all' },
    spec: { logs: [{ logsFile: file, follow: false }] },
  };
}
