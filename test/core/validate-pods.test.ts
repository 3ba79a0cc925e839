/** The policy on rendered pods: a template of one's own opens no door that the configuration keeps shut. */
import { describe, expect, it } from 'vitest';
import { sampleInput, sampleName } from '../support/hand-written-deployment.ts';
import { complain, type Edit, edited, refuses } from '../support/validation.ts';

const api = 'api.deployment.yaml';
const foreign = 'billing-bot-0123456789';
const hostAccess = 'policy.allowHostAccess';
const privileged = 'policy.allowPrivileged';
const belongs = 'belongs to another deployment or to its database';

const inPod = (title: string, yaml: string, said: readonly string[]): Edit => [
  title,
  api,
  '      containers:',
  `      ${yaml}\n      containers:`,
  said,
];
const inContainer = (title: string, yaml: string, said: readonly string[]): Edit => [
  title,
  api,
  '          ports:',
  `          ${yaml}\n          ports:`,
  said,
];
const inContext = (title: string, yaml: string, said: readonly string[]): Edit => [
  title,
  api,
  '            allowPrivilegeEscalation: false',
  `            ${yaml}`,
  said,
];
const volume = (title: string, yaml: string, said: readonly string[]): Edit =>
  inPod(title, `volumes:\n        - name: more\n          ${yaml}`, said);

const doors: readonly Edit[] = [
  inPod('the network of the node', 'hostNetwork: true', [hostAccess]),
  inPod('the processes of the node', 'hostPID: true', [hostAccess]),
  inPod('the memory of the node', 'hostIPC: true', [hostAccess]),
  volume('folders of the node', 'hostPath:\n            path: /', [hostAccess]),
  volume('nfs', 'nfs:\n            server: nas\n            path: /', [hostAccess]),
  volume('iscsi', 'iscsi:\n            targetPortal: a\n            iqn: b\n            lun: 0', [hostAccess]),
  ['a port of the node', api, 'containerPort: 8000', 'containerPort: 8000\n              hostPort: 80', [hostAccess]],
];
const affinity = (title: string, yaml: string, said: string): Edit => inPod(title, `affinity: ${yaml}`, [said]);
const nodes = (rule: string): string =>
  `{ nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [${rule}] }] } } }`;
const places: readonly Edit[] = [
  inPod('a label of nodes that is none', 'nodeSelector: { "a b": c }', ['"a b" is no name of a label']),
  inPod('a value of nodes that is none', 'nodeSelector: { a: "b c" }', ['"b c" is no value of a label']),
  inPod('a toleration without key', 'tolerations: [{ value: a }]', ['tolerates every taint only with operator Exists']),
  inPod('a toleration with a value too many', 'tolerations: [{ key: a, operator: Exists, value: b }]', [
    'has a value, which operator Exists does not take',
  ]),
  inPod('a toleration for a while that never begins', 'tolerations: [{ key: a, value: b, tolerationSeconds: 3 }]', [
    'only effect NoExecute takes',
  ]),
  inPod('a toleration of no taint', 'tolerations: [{ key: a b, operator: Exists }]', ['"a b" is no name of a label']),
  affinity('no values', nodes('{ key: a, operator: In }'), 'operator In names no values'),
  affinity('values too many', nodes('{ key: a, operator: Exists, values: [b] }'), 'operator Exists takes no values'),
  affinity('no number', nodes('{ key: a, operator: Gt, values: [b] }'), 'operator Gt takes one whole number'),
  affinity(
    'an unknown operator',
    nodes('{ key: a, operator: Like }'),
    'expected In, NotIn, Exists, DoesNotExist, Gt, Lt',
  ),
  affinity('no label', nodes('{ key: a b, operator: Exists }'), '"a b" is no name of a label'),
  affinity(
    'a weight beyond all',
    '{ podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 500, podAffinityTerm: { topologyKey: a } }] } }',
    'must be 1 to 100',
  ),
  affinity(
    'no topology',
    '{ podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "", labelSelector: {} }] } }',
    'names no label of the nodes',
  ),
];
describe('where pods run', () => {
  refuses(places);

  it('lets through what the API server takes', () => {
    const yaml = `nodeSelector: { a: "" }
      tolerations: [{ operator: Exists }, { key: a, value: b, effect: NoExecute, tolerationSeconds: 3 }, { key: a }]
      affinity: ${nodes('{ key: a.example/b, operator: Gt, values: ["3"] }, { key: b, operator: NotIn, values: [c] }')}
      containers:`;

    expect(complain(edited(api, '      containers:', `      ${yaml}`))).toEqual([]);
  });
});

const rights: readonly Edit[] = [
  inContext('a privileged container', 'privileged: true', [privileged]),
  inContext('privilege escalation', 'allowPrivilegeEscalation: true', [privileged]),
  inContext('root', 'runAsUser: 0', [privileged]),
  inContext('no seccomp', 'seccompProfile:\n              type: Unconfined', [privileged]),
  inContext('a bare /proc', 'procMount: Unmasked', [privileged]),
  inPod('root for the whole pod', 'securityContext:\n        runAsUser: 0', [privileged]),
  inPod(
    'an unsafe sysctl',
    'securityContext:\n        sysctls:\n          - name: kernel.msgmax\n            value: "1"',
    [privileged],
  ),
  [
    'an added capability',
    api,
    '              drop:\n                - ALL',
    '              add:\n                - SYS_ADMIN',
    [privileged],
  ],
];

describe('doors to the node', () => {
  refuses(doors);

  it.each(doors)('opens for %s where the configuration says so', (_, path, search, replacement) => {
    const input = sampleInput({ namespace: { policy: { allowHostAccess: true } } });

    expect(complain(edited(path, search, replacement), input)).toEqual([]);
  });
});

describe('rights', () => {
  refuses(rights);

  it.each(rights)('are given for %s where the configuration says so', (_, path, search, replacement) => {
    const input = sampleInput({ namespace: { policy: { allowPrivileged: true } } });

    expect(complain(edited(path, search, replacement), input)).toEqual([]);
  });
});

describe('what belongs to others', () => {
  refuses([
    volume('another deployment’s Secret as a volume', `secret:\n            secretName: ${foreign}-env-0123456789`, [
      belongs,
    ]),
    volume(
      'it in a projection',
      `projected:\n            sources:\n              - secret:\n                  name: ${foreign}-database`,
      [belongs],
    ),
    volume(
      'it for a driver',
      `csi:\n            driver: a\n            nodePublishSecretRef:\n              name: ${foreign}-database`,
      [belongs],
    ),
    volume('another deployment’s data', `persistentVolumeClaim:\n            claimName: data-${foreign}-postgres-0`, [
      belongs,
    ]),
    volume(
      'a token of the service account',
      'projected:\n            sources:\n              - serviceAccountToken:\n                  path: token',
      ['policy.allowServiceAccountTokens'],
    ),
    ['it in a variable', api, `name: ${sampleName}-database`, `name: ${foreign}-database`, [belongs]],
    inContainer(
      'it in all variables',
      `envFrom:\n            - secretRef:\n                name: ${foreign}-env-0123456789`,
      [belongs],
    ),
    inPod('it for pulling images', `imagePullSecrets:\n        - name: ${foreign}-registry`, [belongs]),
    inPod('another deployment’s ServiceAccount', `serviceAccountName: ${foreign}`, [belongs]),
  ]);

  it('refuses what policy.reservedSecrets names', () => {
    const input = sampleInput({ namespace: { policy: { reservedSecrets: ['payroll'] } } });
    const files = edited(api, `name: ${sampleName}-database`, 'name: payroll');

    expect(complain(files, input)).toEqual([
      expect.stringContaining('"payroll" is reserved by policy.reservedSecrets'),
    ]);
    expect(complain(files)).toEqual([]);
  });
});

describe('containers and mounts', () => {
  refuses([
    inPod('one container name in both lists', 'initContainers:\n        - name: api\n          image: a', [
      'repeats the container name "api"',
    ]),
    inContainer('a mount without its volume', 'volumeMounts:\n            - name: none\n              mountPath: /x', [
      'there is no volume "none"',
    ]),
    inContainer(
      'a mount over the container’s own programs',
      'volumeMounts:\n            - name: none\n              mountPath: /usr',
      ['there is no volume', 'would hide /usr'],
    ),
  ]);

  it('lets the claim of a StatefulSet be mounted', () => {
    expect(
      complain(edited('postgres.statefulset.yaml', 'mountPath: /var/lib/postgresql/data', 'mountPath: /data')),
    ).toEqual([]);
  });
});

describe('objects of any shape', () => {
  const odd = ['null', '5', '"x"', '[]', '{}', 'true', '[null]', '[5]', '{a: null}'];
  const places: readonly (readonly [string, string])[] = [
    ['      containers:', '      containers: @\n      x:'],
    ['          env:', '          env: @\n          x:'],
    ['          ports:', '          ports: @\n          x:'],
    ['          securityContext:', '          securityContext: @\n          x:'],
    ['          resources:', '          resources: @\n          x:'],
    ['  selector:', '  selector: @\n  x:'],
    ['  template:', '  template: @\n  x:'],
    ['metadata:', 'metadata: @\nx:'],
    ['spec:', 'spec: @\nx:'],
    ['kind: Deployment', 'kind: @'],
    ['apiVersion: apps/v1', 'apiVersion: @'],
  ];

  it.each(places)('are refused without a fault where %s changes', (search, replacement) => {
    for (const value of odd)
      expect(complain(edited(api, search, replacement.replace('@', value))), value).not.toEqual([]);
  });

  it.each([
    ['      containers:', '      volumes: @\n      containers:'],
    ['      containers:', '      volumes: [{name: a, projected: @}]\n      containers:'],
    ['      containers:', '      imagePullSecrets: @\n      containers:'],
  ])('give no fault where %s changes, be they right or wrong', (search, replacement) => {
    for (const value of odd)
      expect(complain(edited(api, search, replacement.replace('@', value)))).toBeInstanceOf(Array);
  });

  it('are refused without a fault in any file', () => {
    const paths = [
      'kustomization.yaml',
      'route.ingress.yaml',
      'network.networkpolicy.yaml',
      'autoscaler.horizontalpodautoscaler.yaml',
      'postgres.statefulset.yaml',
    ];
    for (const path of paths) {
      const key = path === 'kustomization.yaml' ? 'resources:' : 'spec:';
      for (const value of odd)
        expect(complain(edited(path, key, `${key} ${value}\nx:`)), `${path} ${value}`).not.toEqual([]);
    }
  });
});
