/** The fates of pods, as KWOK stages: what a kubelet would report of an image that is missing, crashes or is slow. */
import type { KubernetesObject } from './kubernetes.ts';

interface Fate {
  readonly name: 'missing' | 'crash' | 'notready' | 'slow';
  readonly phase: 'Pending' | 'Running';
  readonly ready: boolean;
  readonly started: boolean;
  readonly restarts: number;
  /** Lines of a container's status, in KWOK's template language; `.name` and `.image` are the container's. */
  readonly state: readonly string[];
  readonly event?: { readonly type: 'Warning'; readonly reason: string; readonly message: string };
  readonly delayMs?: number;
}

/** The annotation that gives a pod a fate, whatever its images are. */
const fateAnnotation = 'e2e.towpath.dev/fate';
const slowPodMs = 8_000;
/** A container that crashes does so again and again: its last end must not be older than the databases it waits for. */
const crashAgainMs = 5_000;

const running = ['state:', '  running:', '    startedAt: {{ $now | Quote }}'];
const fates: readonly Fate[] = [
  {
    name: 'missing',
    phase: 'Pending',
    ready: false,
    started: false,
    restarts: 0,
    state: waiting('ImagePullBackOff', 'Back-off pulling image \\"%s\\": not found', '.image'),
    event: { type: 'Warning', reason: 'Failed', message: 'Failed to pull image: not found' },
  },
  {
    name: 'crash',
    phase: 'Running',
    ready: false,
    started: false,
    restarts: 3,
    state: [
      ...waiting('CrashLoopBackOff', 'back-off 40s restarting failed container=%s', '.name'),
      'lastState:',
      '  terminated:',
      '    exitCode: 1',
      '    reason: Error',
      '    startedAt: {{ $now | Quote }}',
      '    finishedAt: {{ $now | Quote }}',
    ],
    event: { type: 'Warning', reason: 'BackOff', message: 'Back-off restarting failed container' },
  },
  {
    name: 'notready',
    phase: 'Running',
    ready: false,
    started: true,
    restarts: 0,
    state: running,
    event: {
      type: 'Warning',
      reason: 'Unhealthy',
      message: 'Readiness probe failed: HTTP probe failed with statuscode: 503',
    },
  },
  { name: 'slow', phase: 'Running', ready: true, started: true, restarts: 0, state: running, delayMs: slowPodMs },
];

/** A jq expression: the fate that the annotation names, else the one that an image's tag begins with. */
export const fateOfPod =
  `(.metadata.annotations["${fateAnnotation}"] // ([.spec.containers[].image ` +
  `| capture(":(?<fate>${fates.map((one) => one.name).join('|')})-[^/:@]*(@.*)?$").fate] | .[0]))`;

export function fateStages(): readonly KubernetesObject[] {
  const waitingFor = '.status.containerStatuses.[].state.waiting.reason';
  const stages = fates.map((fate) =>
    stage(`pod-fate-${fate.name}`, fate, {
      // A pod whose image is missing stays Pending: once is enough.
      when: [pending, { key: waitingFor, operator: 'NotIn', values: ['ImagePullBackOff'] }],
      delayMs: fate.delayMs ?? 0,
      statusTemplate: statusTemplate(fate),
    }),
  );
  const again = fates
    .filter(({ name }) => name === 'crash')
    .map((fate) =>
      stage('pod-fate-crash-again', fate, {
        when: [{ key: waitingFor, operator: 'In', values: ['CrashLoopBackOff'] }],
        delayMs: crashAgainMs,
        statusTemplate: ['{{ $now := Now }}', ...containers(fate), ''].join('\n'),
      }),
    );
  return [...stages, ...again];
}

const pending = { key: '.status.phase', operator: 'In', values: ['Pending'] };

function stage(
  name: string,
  fate: Fate,
  {
    when,
    delayMs,
    statusTemplate: template,
  }: Readonly<{ when: readonly object[]; delayMs: number; statusTemplate: string }>,
): KubernetesObject {
  return {
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'Stage',
    metadata: { name },
    spec: {
      resourceRef: { apiGroup: 'v1', kind: 'Pod' },
      selector: {
        matchExpressions: [
          { key: '.metadata.deletionTimestamp', operator: 'DoesNotExist' },
          { key: '.spec.nodeName', operator: 'Exists' },
          ...when,
          { key: fateOfPod, operator: 'In', values: [fate.name] },
        ],
      },
      ...(delayMs > 0 ? { delay: { durationMilliseconds: delayMs } } : {}),
      next: { ...(fate.event ? { event: fate.event } : {}), statusTemplate: template },
    },
  };
}

function waiting(reason: string, message: string, argument: '.name' | '.image'): readonly string[] {
  return [
    'state:',
    '  waiting:',
    `    reason: ${reason}`,
    `    message: {{ printf "${message}" ${argument} | Quote }}`,
  ];
}

function statusTemplate(fate: Fate): string {
  return [
    '{{ $now := Now }}',
    `phase: ${fate.phase}`,
    'startTime: {{ $now | Quote }}',
    'conditions:',
    ...condition('PodReadyToStartContainers', true),
    ...condition('Initialized', true),
    ...condition('Ready', fate.ready),
    ...condition('ContainersReady', fate.ready),
    ...containers(fate),
    '{{ with NodeIPsWith .spec.nodeName }}',
    'hostIP: {{ index . 0 | Quote }}',
    '{{ end }}',
    '{{ with PodIPsWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) }}',
    'podIP: {{ index . 0 | Quote }}',
    'podIPs:',
    '{{ range . }}',
    '- ip: {{ . | Quote }}',
    '{{ end }}',
    '{{ end }}',
    '',
  ].join('\n');
}

function condition(type: string, holds: boolean): readonly string[] {
  const names = '{{ range $i, $c := .spec.containers }}{{ if $i }} {{ end }}{{ $c.name }}{{ end }}';
  return [
    `- type: ${type}`,
    `  status: "${holds ? 'True' : 'False'}"`,
    '  lastTransitionTime: {{ $now | Quote }}',
    ...(holds ? [] : ['  reason: ContainersNotReady', `  message: 'containers with unready status: [${names}]'`]),
  ];
}

function containers(fate: Fate): readonly string[] {
  return [
    'containerStatuses:',
    '{{ range .spec.containers }}',
    ...containerStatus(fate.ready, fate.restarts, [`started: ${fate.started}`, ...fate.state]),
    '{{ end }}',
    'initContainerStatuses:',
    '{{ range .spec.initContainers }}',
    ...containerStatus(true, 0, ['state:', '  terminated:', '    exitCode: 0', '    reason: Completed']),
    '{{ end }}',
  ];
}

function containerStatus(ready: boolean, restarts: number, lines: readonly string[]): readonly string[] {
  return [
    '- name: {{ .name | Quote }}',
    '  image: {{ .image | Quote }}',
    `  ready: ${ready}`,
    `  restartCount: ${restarts}`,
    ...lines.map((line) => `  ${line}`),
  ];
}
